# Reads GGUF files with NumPy alone and turns their blocks into float32.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import struct

import numpy

# Type of a metadata value -> its struct letter; 8 is a string, 9 an array.
SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?",
    10: "Q", 11: "q", 12: "d",
}  # fmt: skip


def halves(blocks, start):
    """The float16 at a byte of each block, as a float32 column."""
    data = numpy.ascontiguousarray(blocks[:, start : start + 2])
    return data.view("<f2").astype(numpy.float32)


def nibbles(data):
    """Low nibbles of all bytes, then high nibbles."""
    return numpy.concatenate([data & 15, data >> 4], axis=-1)


def fifth_bits(blocks, start):
    """Bit j of a little-endian word as element j, moved to bit 4."""
    word = numpy.ascontiguousarray(blocks[:, start : start + 4]).view("<u4")
    return ((word >> numpy.arange(32, dtype="<u4") & 1) << 4).astype(numpy.uint8)


def q4_0(blocks):
    codes = nibbles(blocks[:, 2:]).astype(numpy.int8) - 8
    return halves(blocks, 0) * codes


def q4_1(blocks):
    return halves(blocks, 0) * nibbles(blocks[:, 4:]) + halves(blocks, 2)


def q5_0(blocks):
    codes = (nibbles(blocks[:, 6:]) | fifth_bits(blocks, 2)).astype(numpy.int8)
    return halves(blocks, 0) * (codes - 16)


def q5_1(blocks):
    codes = nibbles(blocks[:, 8:]) | fifth_bits(blocks, 4)
    return halves(blocks, 0) * codes + halves(blocks, 2)


def q8_0(blocks):
    return halves(blocks, 0) * numpy.ascontiguousarray(blocks[:, 2:]).view(numpy.int8)


def six_bit_pairs(data):
    """Eight scales and eight minima of six bits from twelve bytes."""
    low, middle, high = data[:, :4], data[:, 4:8], data[:, 8:12]
    scales = [low & 63, (high & 15) | (low >> 6 << 4)]
    minima = [middle & 63, (high >> 4) | (middle >> 6 << 4)]
    return numpy.concatenate(scales, axis=1), numpy.concatenate(minima, axis=1)


def scaled_sub_blocks(blocks, codes):
    """Codes [blocks, 8, 32] of a block that starts with two float16 and twelve
    bytes of scales and minima."""
    scales, minima = six_bit_pairs(blocks[:, 4:16])
    scales = (halves(blocks, 0) * scales)[:, :, None]
    minima = (halves(blocks, 2) * minima)[:, :, None]
    return (scales * codes - minima).reshape(len(blocks), 256)


def q4_k(blocks):
    codes = nibbles(blocks[:, 16:].reshape(-1, 4, 32)).reshape(-1, 8, 32)
    return scaled_sub_blocks(blocks, codes)


def q5_k(blocks):
    codes = nibbles(blocks[:, 48:].reshape(-1, 4, 32)).reshape(-1, 8, 32)
    planes = blocks[:, 16:48, None] >> numpy.arange(8, dtype=numpy.uint8) & 1
    codes = codes | planes.transpose(0, 2, 1) << 4
    return scaled_sub_blocks(blocks, codes)


def q6_k(blocks):
    low = blocks[:, :128].reshape(-1, 2, 2, 32)
    low = nibbles(low.reshape(-1, 2, 64)).reshape(-1, 2, 4, 32)
    high = blocks[:, 128:192].reshape(-1, 2, 1, 32)
    shifts = numpy.arange(0, 8, 2, dtype=numpy.uint8).reshape(1, 1, 4, 1)
    codes = (low | (high >> shifts & 3) << 4).astype(numpy.int8) - 32
    scales = numpy.ascontiguousarray(blocks[:, 192:208]).view(numpy.int8)
    scales = halves(blocks, 208) * scales
    return (scales[:, :, None] * codes.reshape(-1, 16, 16)).reshape(-1, 256)


# Floats of 4 bits: sign, two bits of exponent with bias 1, one of mantissa.
E2M1 = numpy.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], numpy.float32)
E2M1 = numpy.concatenate([E2M1, -E2M1])


def mxfp4(blocks):
    scales = numpy.ldexp(numpy.float32(1), blocks[:, :1].astype(int) - 127)
    return scales.astype(numpy.float32) * E2M1[nibbles(blocks[:, 1:])]


# Number of a format -> name, elements and bytes of a block, and its decoder.
FORMATS = {
    0: ("F32", 1, 4, lambda blocks: blocks.view("<f4")),
    1: ("F16", 1, 2, lambda blocks: blocks.view("<f2").astype(numpy.float32)),
    2: ("Q4_0", 32, 18, q4_0),
    3: ("Q4_1", 32, 20, q4_1),
    6: ("Q5_0", 32, 22, q5_0),
    7: ("Q5_1", 32, 24, q5_1),
    8: ("Q8_0", 32, 34, q8_0),
    12: ("Q4_K", 256, 144, q4_k),
    13: ("Q5_K", 256, 176, q5_k),
    14: ("Q6_K", 256, 210, q6_k),
    39: ("MXFP4", 32, 17, mxfp4),
    30: ("BF16", 1, 2, lambda b: (b.view("<u2").astype("<u4") << 16).view("<f4")),
}


class Gguf:
    """The metadata and tensors of one file; tensors are decoded on demand."""

    def __init__(self, path):
        self.path = path
        self.data = numpy.memmap(path, numpy.uint8, "r")
        self.at = 0
        if bytes(self.data[:4]) != b"GGUF":
            raise ValueError(f"'{path}' is no GGUF file: it does not begin with GGUF")
        self.at = 4
        version = self.scalar("I")
        if version not in (2, 3):
            raise ValueError(f"'{path}' has GGUF version {version}; known: 2, 3")
        tensors, keys = self.scalar("Q"), self.scalar("Q")
        self.metadata = {}
        for _ in range(keys):
            key = self.string()
            self.metadata[key] = self.value(self.scalar("I"))
        self.places = dict(self.place() for _ in range(tensors))
        alignment = self.metadata.get("general.alignment", 32)
        self.start = -(-self.at // alignment) * alignment

    def scalar(self, letter):
        size = struct.calcsize("<" + letter)
        piece = bytes(self.data[self.at : self.at + size])
        self.at += size
        return struct.unpack("<" + letter, piece)[0]

    def string(self):
        length = self.scalar("Q")
        self.at += length
        return bytes(self.data[self.at - length : self.at]).decode("utf-8", "replace")

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind != 9:
            return self.scalar(SCALARS[kind])
        kind, count = self.scalar("I"), self.scalar("Q")
        return [self.value(kind) for _ in range(count)]

    def place(self):
        """The name of a tensor, and its shape (slowest axis first), format and
        offset."""
        name = self.string()
        sizes = [self.scalar("Q") for _ in range(self.scalar("I"))]
        kind = self.scalar("I")
        return name, (sizes[::-1], kind, self.scalar("Q"))

    def __contains__(self, name):
        return name in self.places

    def __getitem__(self, name):
        shape, kind, offset = self.places[name]
        if kind not in FORMATS:
            known = ", ".join(entry[0] for entry in FORMATS.values())
            raise ValueError(
                f"tensor '{name}' has GGUF format {kind}, which cannot be decoded; "
                f"known: {known}"
            )
        _, elements, size, decode = FORMATS[kind]
        count = int(numpy.prod(shape, dtype=numpy.int64)) // elements
        start = self.start + offset
        blocks = numpy.array(self.data[start : start + count * size])
        # Blocks of one element are decoded as one flat row.
        blocks = blocks.reshape((count, size) if elements > 1 else (1, -1))
        return decode(blocks).astype(numpy.float32).reshape(shape)
