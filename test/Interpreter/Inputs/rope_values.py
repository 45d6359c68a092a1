# Rotates the numbers of rope.mlir another way: as complex numbers, with frequencies from the papers' own words.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import cmath
import math


def plain(dims, theta):
    return [1 / theta ** (2 * i / dims) for i in range(dims // 2)]


def llama3(dims, theta, factor, original, low, high):
    """Waves longer than original / low are stretched by factor, those shorter than
    original / high stay, and the blend between is linear in turns per context."""
    result = []
    for frequency in plain(dims, theta):
        turns = original * frequency / (2 * math.pi)
        keep = min(max((turns - low) / (high - low), 0), 1)
        result.append(frequency * (keep + (1 - keep) / factor))
    return result


def yarn(dims, theta, factor, original, fast, slow):
    """Dimensions that turn more often than `fast` stay, those that turn less often
    than `slow` are interpolated."""

    def dimension(turns):
        return dims * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta))

    first = max(math.floor(dimension(fast)), 0)
    last = min(math.ceil(dimension(slow)), dims - 1)
    result = []
    for i, frequency in enumerate(plain(dims, theta)):
        ramp = min(max((i - first) / max(last - first, 0.001), 0), 1)
        result.append(frequency / factor * ramp + frequency * (1 - ramp))
    return result


def rotate(row, position, frequencies, interleaved, begin, factor=1):
    row, half = list(row), len(frequencies)
    for i, frequency in enumerate(frequencies):
        a = begin + (2 * i if interleaved else i)
        b = a + (1 if interleaved else half)
        turned = complex(row[a], row[b]) * cmath.exp(1j * position * frequency) * factor
        row[a], row[b] = turned.real, turned.imag
    return row


def show(number, rows):
    text = "], [".join(", ".join("%.6g" % value for value in row) for row in rows)
    print(f"result {number}: 2x10xf32 = [[{text}]]")


ROWS = [[1 + i for i in range(10)], [10 + i for i in range(10)]]
POSITIONS = [0, 1000]
CASES = [
    (plain(8, 1e4), False, 0, 1),
    (plain(8, 1e4), True, 2, 1),
    ([f / 4 for f in plain(8, 1e4)], False, 0, 1),
    (llama3(8, 5e5, 8, 64, 1, 4), False, 2, 1),
    (yarn(8, 1e4, 40, 64, 32, 1), True, 0, 1.25),
]
for number, (frequencies, interleaved, begin, factor) in enumerate(CASES):
    show(
        number,
        [
            rotate(row, position, frequencies, interleaved, begin, factor)
            for row, position in zip(ROWS, POSITIONS)
        ],
    )
