# Blocks of the GGUF format: random ones, and the numbers that their bits mean.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""One bit field after the other, as the format describes them; `element` is a number inside
of a block. published.py compares them with the decoders of the package gguf."""

import dataclasses
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


@dataclasses.dataclass
class Block:
    number: int  # in a GGUF file
    elements: int
    size: int
    halves: tuple[int, ...]
    element: typing.Callable
    powers: tuple[int, ...] = ()  # bytes of exponents

    def draw(self, random, count):
        """Bytes of any value, with scales that are numbers."""
        data = random.randint(0, 256, (count, self.size)).astype(np.uint8)
        for at in self.halves:
            scales = random.uniform(-0.02, 0.02, count).astype("<f2")
            data[:, at : at + 2] = scales.view(np.uint8).reshape(count, 2)
        for at in self.powers:
            data[:, at] = random.randint(118, 123, count)
        return data

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
    "Q4_K": Block(12, 256, 144, (0, 2), q4_k),
    "Q5_K": Block(13, 256, 176, (0, 2), q5_k),
    "Q6_K": Block(14, 256, 210, (208,), q6_k),
    "MXFP4": Block(39, 32, 17, (), mxfp4, (0,)),
}
