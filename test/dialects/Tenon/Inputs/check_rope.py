#!/usr/bin/env python3
"""Compares frequencies of rotary embeddings with ones computed in decimal arithmetic.

Usage: tenon-opt MODULE --test-rope ... 2>&1 | check_rope.py
       check_rope.py --module MODULE > X.mlir
       tenon-run X.mlir --exact --print --digits=17 | check_rope.py --interpreted MODULE

The first is the compiler's copy of the formulas, the others are the interpreter's: X.mlir
rotates the pairs (1, 0) by one position, and the angles of the results are the frequencies.

The configurations are those of published models, in the words of their config
files, and the formulas those of the papers, with wavelengths and dimensions
where the compiler may use something else. A double has an error of 2^-53 for
each operation. A frequency is the result of at most 16, and a ramp between two
bounds adds the error of a bound, of at most `dims` times 16 of those, over the
length of the ramp: in all less than 1e-12 of the frequency, for the ramps here
that are longer than a thousandth.
"""

import decimal
import math
import re
import sys
from decimal import Decimal as D

TOLERANCE = D("1e-12")

MODELS = {
    "default": dict(dims=64, theta=10000),
    "single_pair": dict(dims=2, theta=1),
    "linear": dict(dims=256, theta=1000000, rope_type="linear", factor=8),
    "llama3": dict(
        dims=128, theta=500000, rope_type="llama3", factor=8,
        low_freq_factor=1, high_freq_factor=4, original_max_position_embeddings=8192,
    ),
    "llama3_of_small_heads": dict(
        dims=64, theta=500000, rope_type="llama3", factor=32,
        low_freq_factor=1, high_freq_factor=4, original_max_position_embeddings=8192,
    ),
    "yarn": dict(
        dims=64, theta=10000, rope_type="yarn", factor=40,
        beta_fast=32, beta_slow=1, original_max_position_embeddings=4096,
    ),
    "yarn_without_truncation": dict(
        dims=64, theta=150000, rope_type="yarn", factor=32, truncate=False,
        beta_fast=32, beta_slow=1, original_max_position_embeddings=4096,
        attention="1.3465735902799727",
    ),
    "yarn_with_a_step": dict(
        dims=64, theta=50000, rope_type="yarn", factor=32,
        beta_fast=1, beta_slow=1, original_max_position_embeddings=4096,
    ),
    "yarn_with_equal_bounds": dict(
        dims=6, theta=10000, rope_type="yarn", factor=4, truncate=False,
        beta_fast=8, beta_slow=8, original_max_position_embeddings=64,
    ),
    "yarn_at_the_first_pair": dict(
        dims=14, theta=10000, rope_type="yarn", factor=4,
        beta_fast=32, beta_slow=1, original_max_position_embeddings=64,
    ),
    "yarn_at_the_last_pair": dict(
        dims=14, theta=3, rope_type="yarn", factor=4,
        beta_fast=32, beta_slow=1, original_max_position_embeddings=4096,
    ),
    "yarn_beyond_the_last_pair": dict(
        dims=14, theta=2, rope_type="yarn", factor=4,
        beta_fast=32, beta_slow=1, original_max_position_embeddings=100,
    ),
    "divided": dict(
        dims=6, theta=10000, rope_type="longrope", factors=["1.08", "2.5", "40.75"],
        attention="1.19",
    ),
}


def arctan_of_inverse(n):
    """Returns the arcus tangent of 1 / n by its series."""
    total, power, k = D(0), D(1) / n, 0
    while power > D(10) ** -60:
        total += power / (2 * k + 1) * (-1) ** k
        power /= n * n
        k += 1
    return total


def two_pi():
    """Machin's formula."""
    return 8 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))


def frequencies(dims, theta, rope_type="default", **scaling):
    """Yields the frequency of each pair, in radians for each position."""
    for i in range(dims // 2):
        # theta ** (2 i / dims) positions for one radian
        plain = 1 / D(theta) ** (D(2 * i) / dims)
        yield SCALINGS[rope_type](plain, i, dims, theta, **scaling)


def keep(plain, i, dims, theta):
    return plain


def interpolate(plain, i, dims, theta, factor):
    return plain / factor


def llama3(plain, i, dims, theta, factor, low_freq_factor, high_freq_factor,
           original_max_position_embeddings):
    rotations = original_max_position_embeddings * plain / two_pi()
    if rotations > high_freq_factor:
        return plain
    if rotations < low_freq_factor:
        return plain / factor
    smooth = (rotations - low_freq_factor) / (high_freq_factor - low_freq_factor)
    return (1 - smooth) * plain / factor + smooth * plain


def yarn(plain, i, dims, theta, factor, beta_fast, beta_slow,
         original_max_position_embeddings, truncate=True, attention=None):
    def dimension_of(rotations):
        wave = original_max_position_embeddings / (rotations * two_pi())
        return dims * wave.ln() / (2 * D(theta).ln())

    first, last = dimension_of(beta_fast), dimension_of(beta_slow)
    if truncate:
        first = first.to_integral_value(decimal.ROUND_FLOOR)
        last = last.to_integral_value(decimal.ROUND_CEILING)
    first, last = max(first, D(0)), min(last, D(dims - 1))
    if first == last:
        last += D("0.001")
    extrapolated = 1 - min(max((i - first) / (last - first), D(0)), D(1))
    return plain / factor * (1 - extrapolated) + plain * extrapolated


def longrope(plain, i, dims, theta, factors, attention):
    return plain / D(factors[i])


SCALINGS = {"default": keep, "longrope": longrope, "linear": interpolate, "llama3": llama3, "yarn": yarn}


def read_remarks(lines):
    seen = {}
    for line in lines:
        match = re.search(r"remark: (\w+) (frequencies|attention) (.*)", line)
        if match:
            seen[match[1], match[2]] = [D(x) for x in match[3].split()]
    return seen


def list_attributes(module):
    """Names and attributes `test.rope` of a module."""
    with open(module) as file:
        return re.findall(r"@(\w+)\(\)[^@]*test\.rope = #tenon\.rope(<.*?>)}", file.read(), re.S)


def write_module(module):
    """Prints a function that rotates unit pairs by each attribute."""
    lines, results, types = [], [], []
    for name, rope in list_attributes(module):
        dims, pairing = re.search(r"dims = (\d+), pairing = (\w+)", rope).groups()
        half = int(dims) // 2
        row = [1, 0] * half if pairing == "interleaved" else [1] * half + [0] * half
        types.append(f"tensor<1x{dims}xf32>")
        values = ", ".join(f"{x}.0" for x in row)
        lines.append(f"%{name}_x = arith.constant dense<[[{values}]]> : {types[-1]}")
        lines.append(
            f"%{name} = tenon.rope %{name}_x at %one first {' '.join(rope.split())} "
            f": {types[-1]}, tensor<1xi32>"
        )
        results.append(f"%{name}")
    print(f"func.func @main() -> ({', '.join(types)}) {{")
    print("  %one = arith.constant dense<1> : tensor<1xi32>")
    print("  " + "\n  ".join(lines))
    print(f"  return {', '.join(results)} : {', '.join(types)}\n}}")


def read_rotations(module, lines):
    """Angles and lengths of the pairs that were printed."""
    seen = {}
    for (name, rope), line in zip(list_attributes(module), lines):
        row = [float(x) for x in line.split("= [[")[1].rstrip("]\n").split(", ")]
        half = len(row) // 2
        cosines, sines = row[:half], row[half:]
        if "interleaved" in rope:
            cosines, sines = row[0::2], row[1::2]
        pairs = list(zip(cosines, sines))
        seen[name, "frequencies"] = [D(math.atan2(s, c)) for c, s in pairs]
        lengths = [math.hypot(*pair) for pair in pairs]
        near = all(abs(x - lengths[0]) < TOLERANCE for x in lengths)
        seen[name, "attention"] = [D(lengths[0])] if near else []
    return seen


def main(lines, mode=None, module=None):
    decimal.getcontext().prec = 60
    if mode == "--module":
        return write_module(module)
    seen = read_rotations(module, lines) if mode else read_remarks(lines)
    wrong = 0
    for name, model in MODELS.items():
        want = list(frequencies(**model))
        got = seen.get((name, "frequencies"), [])
        factor = seen.get((name, "attention"), [])
        far = [
            (i, w, g)
            for i, (w, g) in enumerate(zip(want, got))
            if abs(g - w) > TOLERANCE * w
        ]
        if len(got) != len(want) or far or len(factor) != 1:
            print(f"{name}: {len(got)} of {len(want)} frequencies; wrong are {far}")
            wrong += 1
        elif abs(factor[0] - D(model.get("attention", 1))) > TOLERANCE:
            print(f"{name}: attention is {factor[0]}")
            wrong += 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.stdin, *sys.argv[1:]))
