# Rounding to floating-point types from their definition, and the bytes of their numbers.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import numpy as np

# Bits of the significand, the smallest normal exponent, the largest number, and
# whether infinity lies beyond it.
FLOATS = {
    "f64": (53, -1022, np.finfo(np.float64).max, True),
    "f32": (24, -126, (2 - 2.0**-23) * 2.0**127, True),
    "bf16": (8, -126, (2 - 2.0**-7) * 2.0**127, True),
    "f16": (11, -14, 65504.0, True),
    "f8E4M3FN": (4, -6, 448.0, False),
}


def is_float(kind):
    return kind in FLOATS


def round_to(kind, values):
    """The nearest number of a type, ties to even: between two powers of two its
    numbers are the multiples of one unit, and so they are below the smallest normal."""
    values = np.asarray(values, np.float64)
    if kind == "f64":
        return values
    bits, smallest, largest, has_infinity = FLOATS[kind]
    finite = np.where(np.isfinite(values), values, 0)
    exponent = np.maximum(np.frexp(finite)[1] - 1, smallest)
    unit = exponent - (bits - 1)
    rounded = np.ldexp(np.rint(np.ldexp(finite, -unit)), unit)
    beyond = np.inf if has_infinity else largest
    rounded = np.where(np.abs(rounded) > largest, np.copysign(beyond, finite), rounded)
    return np.where(np.isfinite(values), rounded, values)


def codes_of_e4m3():
    """Values of the 256 codes of finite e4m3: bias 7, no infinity."""
    codes = np.arange(256)
    exponent, mantissa = codes >> 3 & 15, codes & 7
    values = np.where(
        exponent > 0, (1 + mantissa / 8) * 2.0 ** (exponent - 7), mantissa * 2.0**-9
    )
    values[codes & 127 == 127] = np.nan
    return np.where(codes > 127, -values, values)


def to_bytes(kind, values):
    """Little-endian bytes of numbers that the type holds exactly."""
    values = np.asarray(values)
    if kind == "bf16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    if kind == "f8E4M3FN":
        table = {value: code for code, value in enumerate(codes_of_e4m3())}
        codes = [
            table[value] | (128 if value == 0 and np.signbit(value) else 0)
            for value in values.ravel().tolist()
        ]
        return bytes(codes)
    letter = {"f64": "<f8", "f32": "<f4", "f16": "<f2", "index": "<i8"}.get(kind)
    return values.astype(letter or f"<i{int(kind[1:]) // 8}").tobytes()
