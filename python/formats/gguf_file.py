# Reads GGUF files with NumPy alone and turns their blocks into float32.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import functools
import pathlib
import re
import struct

import numpy

from formats.safetensors_file import E2M1

GRIDS = pathlib.Path(__file__).resolve().parents[2] / "lib/Support/GgufGrids.cpp"

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


def bits(blocks, start, count, width, per_word=8):
    """`count` numbers of `width` bits from a byte on, lowest first, in words of
    `per_word` bits that have as many as fit."""
    each, size = per_word // width, per_word // 8
    data = numpy.ascontiguousarray(blocks[:, start : start + -(-count // each) * size])
    words = data.view(f"<u{size}").astype(numpy.int64)[:, :, None]
    numbers = words >> numpy.arange(0, each * width, width) & ((1 << width) - 1)
    return numbers.reshape(len(blocks), -1)[:, :count]


def runs_of_pairs(blocks, start):
    """256 codes of 2 bits: four runs of 32 in 32 bytes."""
    data = blocks[:, start : start + 64].reshape(-1, 2, 1, 32).astype(numpy.int32)
    shifts = numpy.arange(0, 8, 2).reshape(1, 1, 4, 1)
    return (data >> shifts & 3).reshape(-1, 256)


def scaled(scales, codes):
    """Codes of a block by the scales of their runs."""
    return (scales[:, :, None] * codes.reshape(*scales.shape, -1)).reshape(len(codes), -1)


def q2_k(blocks):
    scales = halves(blocks, 80) * (blocks[:, :16] & 15)
    minima = halves(blocks, 82) * (blocks[:, :16] >> 4)
    codes = runs_of_pairs(blocks, 16).astype(numpy.float32)
    return scaled(scales, codes) - numpy.repeat(minima, 16, axis=1)


def q3_k(blocks):
    low, high = blocks[:, 96:104], blocks[:, 104:108]
    low = numpy.concatenate([low & 15, low >> 4], axis=1)
    high = numpy.concatenate([high >> shift & 3 for shift in (0, 2, 4, 6)], axis=1)
    scales = (low | high << 4).astype(numpy.float32) - 32
    third = blocks[:, None, :32] >> numpy.arange(8, dtype=numpy.uint8)[:, None] & 1
    codes = runs_of_pairs(blocks, 32) + 4 * third.reshape(-1, 256).astype(int) - 4
    return scaled(halves(blocks, 108) * scales, codes.astype(numpy.float32))


# What the codes of IQ4 mean.
UNEVEN = numpy.array(
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
    numpy.float32,
)


def iq4_nl(blocks):
    return halves(blocks, 0) * UNEVEN[nibbles(blocks[:, 2:])]


def iq4_xs(blocks):
    scales = bits(blocks, 4, 8, 4) | bits(blocks, 2, 8, 2) << 4
    scales = halves(blocks, 0) * (scales - 32).astype(numpy.float32)
    codes = nibbles(blocks[:, 8:].reshape(-1, 8, 16)).reshape(-1, 256)
    return scaled(scales, UNEVEN[codes])


@functools.cache
def grid(name):
    """The points of a grid, as numbers from 0 on."""
    text = re.search(name + r"\[\d+\] = \{(.*?)\}", GRIDS.read_text(), re.S).group(1)
    points = numpy.array([int(point, 16) for point in re.findall(r"0x\w+", text)])
    width, count = (3, 4) if "IQ3" in name else (2, 8)
    return points[:, None] >> numpy.arange(count) * width & ((1 << width) - 1)


def even_signs(sevens):
    """Seven signs, and the one that makes their number even."""
    signs = sevens[:, :, None] >> numpy.arange(7) & 1
    last = signs.sum(axis=2, keepdims=True) & 1
    return numpy.concatenate([signs, last], axis=2).reshape(len(sevens), -1)


def signed(numbers, signs):
    return numpy.where(signs, -numbers, numbers).astype(numpy.float32)


TWO_BITS = numpy.array([8, 25, 43])
THREE_BITS = numpy.array([4, 12, 20, 28, 36, 44, 52, 62])


def points_of(name, indices):
    return grid(name)[indices].reshape(len(indices), -1)


def words_and_scales(blocks, start, step):
    """Every word of 32 bits: four times seven signs, and four bits of scale."""
    words = numpy.ascontiguousarray(blocks[:, start:]).reshape(len(blocks), -1)
    words = numpy.stack(
        [words[:, i * step : i * step + 4].copy().view("<u4")[:, 0] for i in range(8)],
        axis=1,
    ).astype(numpy.int64)
    sevens = (words[:, :, None] >> numpy.arange(0, 28, 7) & 127).reshape(-1, 32)
    return sevens, (2 * (words >> 28) + 1).astype(numpy.float32)


def iq2_xxs(blocks):
    indices = blocks[:, 2:].reshape(-1, 8, 8)[:, :, :4].reshape(-1, 32)
    sevens, scales = words_and_scales(blocks, 6, 8)
    numbers = signed(TWO_BITS[points_of("kGridIQ2XXS", indices)], even_signs(sevens))
    return scaled(halves(blocks, 0) / 8 * scales, numbers)


def iq2_xs(blocks):
    words = numpy.ascontiguousarray(blocks[:, 2:66]).view("<u2").astype(int)
    scales = (2 * bits(blocks, 66, 16, 4) + 1).astype(numpy.float32)
    numbers = TWO_BITS[points_of("kGridIQ2XS", words & 511)]
    numbers = signed(numbers, even_signs(words >> 9))
    return scaled(halves(blocks, 0) / 8 * scales, numbers)


def iq2_s(blocks):
    indices = blocks[:, 2:34] + 256 * bits(blocks, 66, 32, 2)
    scales = (2 * bits(blocks, 74, 16, 4) + 1).astype(numpy.float32)
    numbers = TWO_BITS[points_of("kGridIQ2S", indices)]
    numbers = signed(numbers, bits(blocks, 34, 256, 1))
    return scaled(halves(blocks, 0) / 8 * scales, numbers)


def iq3_xxs(blocks):
    sevens, scales = words_and_scales(blocks, 66, 4)
    numbers = THREE_BITS[points_of("kGridIQ3XXS", blocks[:, 2:66])]
    return scaled(halves(blocks, 0) / 4 * scales, signed(numbers, even_signs(sevens)))


def iq3_s(blocks):
    indices = blocks[:, 2:66] + 256 * bits(blocks, 66, 64, 1)
    scales = (2 * bits(blocks, 106, 8, 4) + 1).astype(numpy.float32)
    numbers = 2 * points_of("kGridIQ3S", indices) + 1
    return scaled(halves(blocks, 0) * scales, signed(numbers, bits(blocks, 74, 256, 1)))


def shifted(indices, less):
    """-1, 0 and 1 plus or minus an eighth."""
    shifts = numpy.where(less, numpy.float32(-0.125), numpy.float32(0.125))
    numbers = points_of("kGridIQ1", indices) - 1
    return numbers + numpy.repeat(shifts, numbers.shape[1] // shifts.shape[1], axis=1)


def iq1_s(blocks):
    words = numpy.ascontiguousarray(blocks[:, 34:]).view("<u2").astype(int)
    indices = blocks[:, 2:34] + 256 * bits(blocks, 34, 40, 3, 16).reshape(
        -1, 8, 5
    )[:, :, :4].reshape(-1, 32)
    scales = halves(blocks, 0) * (2 * (words >> 12 & 7) + 1).astype(numpy.float32)
    return scaled(scales, shifted(indices, words >> 15).astype(numpy.float32))


def iq1_m(blocks):
    words = numpy.ascontiguousarray(blocks[:, 48:]).view("<u2").astype(int)
    half = (words >> 12 << numpy.arange(0, 16, 4)).sum(axis=1).astype("<u2")
    half = half.view("<f2").astype(numpy.float32)[:, None]
    scales = bits(blocks, 48, 20, 3, 16).reshape(-1, 4, 5)[:, :, :4].reshape(-1, 16)
    high = bits(blocks, 32, 32, 4)
    numbers = shifted(blocks[:, :32] + 256 * (high & 7), high >> 3)
    scales = half * (2 * scales + 1).astype(numpy.float32)
    return scaled(scales, numbers.astype(numpy.float32))


def tq1_0(blocks):
    digits = []
    for start, end, count in [(0, 32, 5), (32, 48, 5), (48, 52, 4)]:
        for power in range(count):
            byte = blocks[:, start:end].astype(int) * 3**power % 256
            digits.append(byte * 3 // 256 - 1)
    return halves(blocks, 52) * numpy.concatenate(digits, axis=1).astype(numpy.float32)


def tq2_0(blocks):
    return halves(blocks, 64) * (runs_of_pairs(blocks, 0) - 1).astype(numpy.float32)


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
    10: ("Q2_K", 256, 84, q2_k),
    11: ("Q3_K", 256, 110, q3_k),
    12: ("Q4_K", 256, 144, q4_k),
    13: ("Q5_K", 256, 176, q5_k),
    14: ("Q6_K", 256, 210, q6_k),
    16: ("IQ2_XXS", 256, 66, iq2_xxs),
    17: ("IQ2_XS", 256, 74, iq2_xs),
    18: ("IQ3_XXS", 256, 98, iq3_xxs),
    19: ("IQ1_S", 256, 50, iq1_s),
    20: ("IQ4_NL", 32, 18, iq4_nl),
    21: ("IQ3_S", 256, 110, iq3_s),
    22: ("IQ2_S", 256, 82, iq2_s),
    23: ("IQ4_XS", 256, 136, iq4_xs),
    29: ("IQ1_M", 256, 56, iq1_m),
    34: ("TQ1_0", 256, 54, tq1_0),
    35: ("TQ2_0", 256, 66, tq2_0),
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
