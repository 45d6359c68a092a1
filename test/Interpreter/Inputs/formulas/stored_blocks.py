# Blocks of the GGUF format: random ones, and the numbers that their bits mean.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""One bit field after the other, as the format describes them; `element` is a number inside
of a block. published.py compares them with the decoders of the package gguf."""

import dataclasses
import functools
import pathlib
import re
import typing

import numpy as np


def half(block, at):
    return float(np.frombuffer(bytes(block[at : at + 2]), "<f2")[0])


def nibble(block, start, element, run=32):
    """Codes of `run` elements: low halves of run / 2 bytes, then their high halves."""
    byte = block[start + element % (run // 2)]
    return int(byte) >> 4 if element >= run // 2 else int(byte) & 15


def bit(block, start, number):
    return int(block[start + number // 8]) >> (number % 8) & 1


def signed_byte(block, at):
    return int(block[at]) - 256 * (int(block[at]) > 127)


def q4_0(b, i):
    return half(b, 0) * (nibble(b, 2, i) - 8)


def q4_1(b, i):
    return half(b, 0) * nibble(b, 4, i) + half(b, 2)


def q5_0(b, i):
    return half(b, 0) * (nibble(b, 6, i) + 16 * bit(b, 2, i) - 16)


def q5_1(b, i):
    return half(b, 0) * (nibble(b, 8, i) + 16 * bit(b, 4, i)) + half(b, 2)


def q8_0(b, i):
    return half(b, 0) * signed_byte(b, 2 + i)


def scale_and_minimum(b, sub):
    """Two numbers of six bits in the twelve bytes from 4 on."""
    s = [int(byte) for byte in b[4:16]]
    if sub < 4:
        return s[sub] % 64, s[sub + 4] % 64
    return (
        s[sub + 4] % 16 + 16 * (s[sub - 4] // 64),
        s[sub + 4] // 16 + 16 * (s[sub] // 64),
    )


def q4_k(b, i):
    scale, minimum = scale_and_minimum(b, i // 32)
    code = nibble(b, 16 + i // 64 * 32, i % 64, 64)
    return half(b, 0) * scale * code - half(b, 2) * minimum


def q5_k(b, i):
    scale, minimum = scale_and_minimum(b, i // 32)
    code = nibble(b, 48 + i // 64 * 32, i % 64, 64)
    code += 16 * (int(b[16 + i % 32]) >> (i // 32) & 1)
    return half(b, 0) * scale * code - half(b, 2) * minimum


def q6_k(b, i):
    part, rest = divmod(i, 128)
    low = int(b[64 * part + rest % 64])
    code = low >> 4 if rest >= 64 else low & 15
    code += 16 * (int(b[128 + 32 * part + rest % 32]) >> (2 * (rest // 32)) & 3)
    return half(b, 208) * signed_byte(b, 192 + i // 16) * (code - 32)


def mxfp4(b, i):
    code = nibble(b, 1, i)
    exponent = code // 2 % 4
    fraction = code % 2 / 2
    size = 2.0 ** (exponent - 1) * (1 + fraction) if exponent else fraction
    return (1 - code // 8 * 2) * size * 2.0 ** (int(b[0]) - 127)


def field(block, at, width):
    """The number whose lowest bit is bit `at` of the block."""
    return sum(bit(block, 0, at + i) << i for i in range(width))


def pair(b, start, i):
    """Codes of 2 bits: quarters of 128 elements share 32 bytes."""
    return field(b, 8 * (start + i // 128 * 32 + i % 32) + i % 128 // 32 * 2, 2)


def q2_k(b, i):
    scale, minimum = int(b[i // 16]) % 16, int(b[i // 16]) // 16
    return half(b, 80) * scale * pair(b, 16, i) - half(b, 82) * minimum


def q3_k(b, i):
    sub = i // 16
    scale = field(b, 8 * (96 + sub % 8) + sub // 8 * 4, 4)
    scale += 16 * field(b, 8 * (104 + sub % 4) + sub // 4 * 2, 2)
    code = pair(b, 32, i) + 4 * field(b, 8 * (i % 32) + i // 32, 1)
    return half(b, 108) * (scale - 32) * (code - 4)


UNEVEN = [-127, -104, -83, -65, -49, -35, -22, -10]
UNEVEN += [1, 13, 25, 38, 53, 69, 89, 113]


def iq4_nl(b, i):
    return half(b, 0) * UNEVEN[nibble(b, 2, i)]


def iq4_xs(b, i):
    sub = i // 32
    scale = field(b, 8 * 4 + 4 * sub, 4) + 16 * field(b, 8 * 2 + 2 * sub, 2)
    return half(b, 0) * (scale - 32) * UNEVEN[nibble(b, 8 + 16 * sub, i % 32)]


@functools.cache
def points(name):
    root = pathlib.Path(__file__).resolve().parents[4]
    text = (root / "lib/Support/GgufGrids.cpp").read_text()
    return [int(word, 16) for word in re.findall("0x....", text.split(name + "[")[1].split("}")[0])]


def digit(name, point, k, width=2):
    return points(name)[point] >> width * k & (1 << width) - 1


def even_sign(b, at, k):
    """Of seven bits, or of the one that makes an even number of them."""
    seven = [field(b, at + i, 1) for i in range(7)]
    return -1 if (seven + [sum(seven) % 2])[k] else 1


def iq2_xxs(b, i):
    group, lane, k = i // 32, i % 32 // 8, i % 8
    at = 2 + 8 * group
    scale = half(b, 0) * (0.5 + field(b, 8 * at + 60, 4)) / 4
    number = [8, 25, 43][digit("kGridIQ2XXS", int(b[at + lane]), k)]
    return scale * number * even_sign(b, 8 * at + 32 + 7 * lane, k)


def iq2_xs(b, i):
    at = 8 * 2 + 16 * (i // 8)
    scale = half(b, 0) * (0.5 + field(b, 8 * 66 + 4 * (i // 16), 4)) / 4
    number = [8, 25, 43][digit("kGridIQ2XS", field(b, at, 9), i % 8)]
    return scale * number * even_sign(b, at + 9, i % 8)


def iq2_s(b, i):
    point = int(b[2 + i // 8]) + 256 * field(b, 8 * 66 + 2 * (i // 8), 2)
    scale = half(b, 0) * (0.5 + field(b, 8 * 74 + 4 * (i // 16), 4)) / 4
    number = [8, 25, 43][digit("kGridIQ2S", point, i % 8)]
    return scale * number * (1 - 2 * bit(b, 34, i))


def iq3_xxs(b, i):
    word = 8 * (66 + 4 * (i // 32))
    scale = half(b, 0) * (0.5 + field(b, word + 28, 4)) / 2
    point = digit("kGridIQ3XXS", int(b[2 + i // 4]), i % 4, 3)
    number = [4, 12, 20, 28, 36, 44, 52, 62][point]
    return scale * number * even_sign(b, word + 7 * (i % 32 // 8), i % 8)


def iq3_s(b, i):
    point = int(b[2 + i // 4]) + 256 * bit(b, 66, i // 4)
    scale = half(b, 0) * (1 + 2 * field(b, 8 * 106 + 4 * (i // 32), 4))
    number = 1 + 2 * digit("kGridIQ3S", point, i % 4, 3)
    return scale * number * (1 - 2 * bit(b, 74, i))


def iq1_s(b, i):
    word = 8 * 34 + 16 * (i // 32)
    point = int(b[2 + i // 8]) + 256 * field(b, word + 3 * (i % 32 // 8), 3)
    number = digit("kGridIQ1", point, i % 8) - 1
    shift = (1 - 2 * field(b, word + 15, 1)) / 8
    return half(b, 0) * (2 * field(b, word + 12, 3) + 1) * (number + shift)


def iq1_m(b, i):
    point = int(b[i // 8]) + 256 * field(b, 8 * 32 + 4 * (i // 8), 3)
    number = digit("kGridIQ1", point, i % 8) - 1
    shift = (1 - 2 * field(b, 8 * 32 + 4 * (i // 8) + 3, 1)) / 8
    sub = i // 16
    scale = 2 * field(b, 8 * 48 + 16 * (sub // 4) + 3 * (sub % 4), 3) + 1
    word = sum(field(b, 8 * 48 + 16 * n + 12, 4) << 4 * n for n in range(4))
    return float(np.array(word, "<u2").view("<f2")) * scale * (number + shift)


def tq1_0(b, i):
    """The byte is five digits of base 3, as a number of 0 to 242, times 256 / 243."""
    if i < 160:
        at, place = i % 32, i // 32
    elif i < 240:
        at, place = 32 + i % 16, (i - 160) // 16
    else:
        at, place = 48 + i % 4, (i - 240) // 4
    rest = int(b[at]) * 3**place % 256
    return half(b, 52) * (rest * 3 // 256 - 1)


def tq2_0(b, i):
    return half(b, 64) * (pair(b, 0, i) - 1)


@dataclasses.dataclass
class Block:
    number: int  # in a GGUF file
    elements: int
    size: int
    halves: tuple[int, ...]
    element: typing.Callable
    powers: tuple[int, ...] = ()  # bytes of exponents
    spread: int | None = None  # words with four bits each of a half

    def draw(self, random, count):
        """Bytes of any value, with scales that are numbers."""
        data = random.randint(0, 256, (count, self.size)).astype(np.uint8)
        for at in self.halves:
            self.put_half(data, at, random.uniform(-0.02, 0.02, count))
        if self.spread is not None:
            self.put_spread(data, random.uniform(-0.02, 0.02, count))
        for at in self.powers:
            data[:, at] = random.randint(118, 123, count)
        return data

    def put_half(self, data, at, values):
        halves = values.astype("<f2").view(np.uint8)
        data[:, at : at + 2] = halves.reshape(len(data), 2)

    def put_spread(self, data, values):
        bits = values.astype("<f2").view("<u2")
        for n in range(4):
            high = data[:, self.spread + 2 * n + 1]
            high[:] = high % 16 + (bits >> 4 * n) % 16 * 16

    def scale(self, data, factor):
        """Multiplies what scales the numbers of each block."""
        for at in self.halves:
            halves = data[:, at : at + 2].copy().view("<f2")[:, 0]
            self.put_half(data, at, halves * np.float16(factor))
        if self.spread is not None:
            words = [data[:, self.spread + 2 * n + 1].astype("<u2") >> 4 for n in range(4)]
            bits = sum(word << 4 * n for n, word in enumerate(words))
            self.put_spread(data, bits.view("<f2") * np.float16(factor))

    def decode(self, data):
        return np.array(
            [[self.element(block, i) for i in range(self.elements)] for block in data]
        )


BLOCKS = {
    "Q4_0": Block(2, 32, 18, (0,), q4_0),
    "Q4_1": Block(3, 32, 20, (0, 2), q4_1),
    "Q5_0": Block(6, 32, 22, (0,), q5_0),
    "Q5_1": Block(7, 32, 24, (0, 2), q5_1),
    "Q8_0": Block(8, 32, 34, (0,), q8_0),
    "Q2_K": Block(10, 256, 84, (80, 82), q2_k),
    "Q3_K": Block(11, 256, 110, (108,), q3_k),
    "Q4_K": Block(12, 256, 144, (0, 2), q4_k),
    "Q5_K": Block(13, 256, 176, (0, 2), q5_k),
    "Q6_K": Block(14, 256, 210, (208,), q6_k),
    "IQ2_XXS": Block(16, 256, 66, (0,), iq2_xxs),
    "IQ2_XS": Block(17, 256, 74, (0,), iq2_xs),
    "IQ3_XXS": Block(18, 256, 98, (0,), iq3_xxs),
    "IQ1_S": Block(19, 256, 50, (0,), iq1_s),
    "IQ4_NL": Block(20, 32, 18, (0,), iq4_nl),
    "IQ3_S": Block(21, 256, 110, (0,), iq3_s),
    "IQ2_S": Block(22, 256, 82, (0,), iq2_s),
    "IQ4_XS": Block(23, 256, 136, (0,), iq4_xs),
    "IQ1_M": Block(29, 256, 56, (), iq1_m, spread=48),
    "TQ1_0": Block(34, 256, 54, (52,), tq1_0),
    "TQ2_0": Block(35, 256, 66, (64,), tq2_0),
    "MXFP4": Block(39, 32, 17, (), mxfp4, (0,)),
}
