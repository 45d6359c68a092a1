# Decodes random blocks of every GGUF format element by element, and rounds to e4m3 and bfloat16.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import sys

import numpy

sys.path[:0] = sys.argv[1:]
from stored_blocks import BLOCKS  # noqa: E402

from formats import gguf_file, safetensors_file  # noqa: E402


def half(block, at):
    return float(numpy.frombuffer(bytes(block[at : at + 2]), "<f2")[0])


def nibble(data, index, half_size):
    return data[index] & 15 if index < half_size else data[index - half_size] >> 4


def six_bits(b, j):
    if j < 4:
        return b[j] & 63, b[j + 4] & 63
    scale = (b[j + 4] & 15) | (b[j - 4] >> 6) << 4
    return scale, (b[j + 4] >> 4) | (b[j] >> 6) << 4


def small_block(name, block, j):
    """Element j of a block of 32."""
    if name == "MXFP4":
        code = nibble(block[1:], j, 16)
        exponent, mantissa = code >> 1 & 3, code & 1
        value = (2 + mantissa) * 2.0 ** (exponent - 2) if exponent else mantissa / 2
        return (-value if code & 8 else value) * 2.0 ** (block[0] - 127)
    if name == "Q8_0":
        return half(block, 0) * int(numpy.int8(numpy.uint8(block[2 + j])))
    if name == "Q4_0":
        return half(block, 0) * (nibble(block[2:], j, 16) - 8)
    if name == "Q4_1":
        return half(block, 0) * nibble(block[4:], j, 16) + half(block, 2)
    start = 2 if name == "Q5_0" else 4
    word = int.from_bytes(bytes(block[start : start + 4]), "little")
    code = nibble(block[start + 4 :], j, 16) | (word >> j & 1) << 4
    if name == "Q5_0":
        return half(block, 0) * (code - 16)
    return half(block, 0) * code + half(block, 2)


def large_block(name, block, j):
    """Element j of a block of 256."""
    if name == "Q6_K":
        part, rest = divmod(j, 128)
        quarter, l = divmod(rest, 32)
        low = block[64 * part + l + (32 if quarter % 2 else 0)]
        low = low & 15 if quarter < 2 else low >> 4
        high = block[128 + 32 * part + l] >> 2 * quarter & 3
        scale = int(
            numpy.int8(numpy.uint8(block[192 + 8 * part + l // 16 + 2 * quarter]))
        )
        return half(block, 208) * scale * ((low | high << 4) - 32)
    sub, l = divmod(j, 32)
    scale, minimum = six_bits(block[4:16], sub)
    codes = block[16:] if name == "Q4_K" else block[48:]
    code = codes[32 * (sub // 2) + l]
    code = code >> 4 if sub % 2 else code & 15
    if name == "Q5_K":
        code |= (block[16 + l] >> sub & 1) << 4
    return half(block, 0) * scale * code - half(block, 2) * minimum


# Of the others, the decoder of the tests of the interpreter is compared. Products of
# up to 24 bits are exact.
OWN = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "MXFP4")


def check_blocks():
    random = numpy.random.RandomState(11)
    for name, elements, size, decode in gguf_file.FORMATS.values():
        if elements == 1:
            continue
        if name not in OWN:
            blocks = BLOCKS[name].draw(random, 5)
            good = (decode(blocks) == BLOCKS[name].decode(blocks)).all()
            print(name, "agrees" if good else "differs")
            continue
        blocks = random.randint(0, 256, (5, size)).astype(numpy.uint8)
        # Scales are float16 numbers; random bytes might be none.
        if name == "MXFP4":
            blocks[:, 0] = [0, 1, 120, 127, 130]
        where = {"Q6_K": [208], "MXFP4": [], "Q4_0": [0], "Q5_0": [0], "Q8_0": [0]}.get(name, [0, 2])
        for at in where:
            scales = random.standard_normal(5).astype("<f2")
            blocks[:, at : at + 2] = scales.view(numpy.uint8).reshape(5, 2)
        element = small_block if elements == 32 else large_block
        expected = numpy.array(
            [
                [element(name, block, j) for j in range(elements)]
                for block in blocks.tolist()
            ]
        )
        given = decode(blocks)
        # Each side rounds a product or two to float32; the sum may cancel.
        error = numpy.abs(given - expected).max() / numpy.abs(expected).max()
        print(name, "agrees" if error < 3e-7 else f"differs by {error}")


def check_rounding():
    values = safetensors_file.E4M3
    codes = numpy.arange(256)[~numpy.isnan(values)]
    again = safetensors_file.to_e4m3(values[codes])
    print("e4m3", "agrees" if (again == codes).all() else "differs")
    # Halfway between two codes the even one wins; next to it, the nearer.
    low = numpy.arange(126)
    middle = (values[low].astype(float) + values[low + 1]) / 2
    ties = safetensors_file.to_e4m3(middle) == low + low % 2
    above = safetensors_file.to_e4m3(middle * (1 + 1e-9)) == low + 1
    below = safetensors_file.to_e4m3(-middle * (1 - 1e-9)) == (low | 128)
    good = ties.all() and above.all() and below.all()
    print("e4m3 ties", "agrees" if good else "differs")
    bits = numpy.array([0x3F808000, 0x3F818000, 0x3F808001, 0xC0FFFFFF], numpy.uint32)
    given = safetensors_file.to_bfloat16(bits.view(numpy.float32))
    good = given.tolist() == [0x3F80, 0x3F82, 0x3F81, 0xC100]
    print("bfloat16", "agrees" if good else "differs")


check_blocks()
check_rounding()
