# Cases of arithmetic on integers and floats, by the rules of the arith and math dialects.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import fractions
import math

import numpy as np

import float_types
from suite import tensor_type

WIDTHS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "index": 64}


def unsigned(value, width):
    return value % 2**width


def signed(value, width):
    value = unsigned(value, width)
    return value - 2**width if value >= 2 ** (width - 1) else value


def shown(value, width):
    """What tenon-run prints: a number with a sign, but 0 or 1 for i1."""
    return unsigned(value, width) if width == 1 else signed(value, width)


def truncated(a, b):
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


UNSIGNED = {
    "addi": lambda a, b: a + b,
    "subi": lambda a, b: a - b,
    "muli": lambda a, b: a * b,
    "andi": lambda a, b: a & b,
    "ori": lambda a, b: a | b,
    "xori": lambda a, b: a ^ b,
    "divui": lambda a, b: a // b,
    "remui": lambda a, b: a % b,
    "ceildivui": lambda a, b: -(-a // b),
    "shli": lambda a, b: a << b,
    "shrui": lambda a, b: a >> b,
    "maxui": max,
    "minui": min,
}
SIGNED = {
    "divsi": truncated,
    "remsi": lambda a, b: a - b * truncated(a, b),
    "floordivsi": lambda a, b: a // b,
    "ceildivsi": lambda a, b: -(-a // b),
    "shrsi": lambda a, b: a >> b,
    "maxsi": max,
    "minsi": min,
}


def draw_integers(suite, kind, count):
    """Corners of a type and numbers between them, as Python integers."""
    width = WIDTHS[kind]
    corners = [0, 1, -1, 2, 2 ** (width - 1) - 1, -(2 ** (width - 1)), 7, -7]
    while len(corners) < count:
        bits = int(suite.random.randint(1, width + 1))
        corners.append(int.from_bytes(suite.random.bytes(8), "little") >> (64 - bits))
        corners[-1] *= int(suite.random.choice([-1, 1]))
    return [signed(value, width) for value in corners]


def is_defined(name, a, b, width):
    if "div" in name or "rem" in name:
        overflows = name in SIGNED and a == -(2 ** (width - 1)) and b == -1
        return b != 0 and not overflows
    return "sh" not in name or 0 <= b < width


def pairs_of(suite, kind, name):
    numbers = draw_integers(suite, kind, 16)
    small = [signed(v, WIDTHS[kind]) for v in (0, 1, 3, WIDTHS[kind] - 1)]
    seconds = small if "sh" in name else numbers
    width = WIDTHS[kind]
    return [(a, b) for a in numbers for b in seconds if is_defined(name, a, b, width)]


def add_integers(suite):
    for name, formula in (UNSIGNED | SIGNED).items():
        case = suite.case(name)
        view = signed if name in SIGNED else unsigned
        for kind, width in WIDTHS.items():
            if kind == "i1" and name in SIGNED:
                continue
            pairs = pairs_of(suite, kind, name)
            want = [
                shown(formula(view(a, width), view(b, width)), width) for a, b in pairs
            ]
            emit_pairs(case, f"arith.{name}", pairs, kind, kind, want)


def emit_pairs(case, op, pairs, kind, result, want):
    """On tensors, and the first pairs on scalars."""
    a, b = (
        case.constant(np.array([integer(pair[i], kind) for pair in pairs]), kind)
        for i in (0, 1)
    )
    full, out = tensor_type((len(pairs),), kind), tensor_type((len(pairs),), result)
    y = case.emit(f"{op} {a}, {b} : {full}")
    case.result(y, out, result, lambda r: np.array(want, np.int64))
    for i in (0, len(pairs) - 1):
        a, b = (case.scalar(integer(v, kind), kind) for v in pairs[i])
        y = case.emit(f"{op} {a}, {b} : {kind}")
        case.result(y, result, result, lambda r, i=i: np.int64(want[i]))


def integer(value, kind):
    return unsigned(value, 1) if kind == "i1" else value


PREDICATES = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip


def add_integer_comparisons(suite):
    for name, relation in PREDICATES.items():
        for sign in [""] if name in ("eq", "ne") else ["s", "u"]:
            case = suite.case("cmpi")
            for kind, width in WIDTHS.items():
                pairs = pairs_of(suite, kind, "cmpi")
                view = unsigned if sign == "u" else signed
                want = [int(relation(view(a, width), view(b, width))) for a, b in pairs]
                emit_pairs(case, f"arith.cmpi {sign}{name},", pairs, kind, "i1", want)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 2.5, 3.5, math.inf, -math.inf, math.nan]


def draw_floats(suite, kind, count=20):
    numbers = SPECIAL + list(suite.draw(count - len(SPECIAL), kind, 6))
    return float_types.round_to(kind, np.array(numbers))


def grid(suite, kind):
    numbers = draw_floats(suite, kind)
    return np.repeat(numbers, len(numbers)), np.tile(numbers, len(numbers))


def add_float_comparisons(suite):
    relations = PREDICATES | {"rd": lambda a, b: True}
    for name, relation in relations.items():
        for unordered in (False, True):
            case = suite.case("cmpf")
            word = ("u" if unordered else "o") + name
            word = {"urd": "uno", "ord": "ord"}.get(word, word)
            for kind in ("f32", "bf16", "f64"):
                a, b = grid(suite, kind)
                nan = np.isnan(a) | np.isnan(b)
                want = np.where(nan, unordered, relation(a, b))
                if word == "uno":
                    want = nan
                emit_floats(case, f"arith.cmpf {word},", (a, b), kind, "i1", want)
    case = suite.case("cmpf")
    a, b = grid(suite, "f32")
    for word, value in (("false", 0), ("true", 1)):
        want = np.full(len(a), value)
        emit_floats(case, f"arith.cmpf {word},", (a, b), "f32", "i1", want)


def emit_floats(case, op, operands, kind, result, want, chain=0):
    full = tensor_type(operands[0].shape, kind)
    out = tensor_type(operands[0].shape, result)
    names = ", ".join(case.constant(v, kind) for v in operands)
    y = case.emit(f"{op} {names} : {full}")
    formula = want if callable(want) else lambda r: np.asarray(want, np.int64)
    case.result(
        y, out, result, formula, chain=chain, signed=float_types.is_float(result)
    )


def larger(a, b):
    """The larger number; 0 is larger than -0, and NaN wins."""
    nan = np.isnan(a) | np.isnan(b)
    zero = np.where(np.signbit(a), b, a)
    return np.where(nan, np.nan, np.where(a == b, zero, np.maximum(a, b)))


def numbers_only(choose):
    def formula(a, b):
        both = choose(a, b)
        return np.where(np.isnan(a), b, np.where(np.isnan(b), a, both))

    return formula


BINARY = {
    "arith.addf": np.add,
    "arith.subf": np.subtract,
    "arith.mulf": np.multiply,
    "arith.divf": np.divide,
    "arith.remf": np.fmod,
    "arith.maximumf": larger,
    "arith.minimumf": lambda a, b: -larger(-a, -b),
    "math.powf": np.power,
    "math.atan2": np.arctan2,
    "math.copysign": np.copysign,
}
NUMBERS = {"arith.maxnumf": np.maximum, "arith.minnumf": np.minimum}


def half_away(a):
    return np.copysign(np.floor(np.abs(a) + 0.5), a)


UNARY = {
    "arith.negf": np.negative, "math.absf": np.abs, "math.ceil": np.ceil,
    "math.floor": np.floor, "math.round": half_away, "math.roundeven": np.rint,
    "math.trunc": np.trunc, "math.cos": np.cos, "math.sin": np.sin, "math.tan": np.tan,
    "math.tanh": np.tanh, "math.atan": np.arctan, "math.exp": np.exp, "math.exp2": np.exp2,
    "math.expm1": np.expm1, "math.log": np.log, "math.log2": np.log2,
    "math.log10": np.log10, "math.log1p": np.log1p, "math.sqrt": np.sqrt,
    "math.rsqrt": lambda a: 1 / np.sqrt(a),
    "math.erf": np.vectorize(math.erf, otypes=[float]),
    "math.erfc": np.vectorize(math.erfc, otypes=[float]),
}  # fmt: skip


def add_floats(suite):
    for name, formula in (BINARY | NUMBERS).items():
        case = suite.case(name.replace(".", "_"))
        for kind in ("f32", "bf16", "f16", "f64"):
            a, b = grid(suite, kind)
            if name in NUMBERS:  # which of 0 and -0 is larger is not said
                keep = ~((a == 0) & (b == 0))
                a, b = a[keep], b[keep]
                value = numbers_only(formula)(a, b)
            else:
                with np.errstate(all="ignore"):
                    value = formula(a, b)
            add_float(case, name, (a, b), kind, value)
    for name, formula in UNARY.items():
        case = suite.case(name.replace(".", "_"))
        for kind in ("f32", "bf16", "f16", "f64"):
            a = draw_floats(suite, kind, 60)
            with np.errstate(all="ignore"):
                add_float(case, name, (a,), kind, formula(a))
    add_fused(suite)


EXACT = {"arith.addf", "arith.subf", "arith.mulf", "arith.divf", "arith.remf",
         "arith.maximumf", "arith.minimumf", "arith.maxnumf", "arith.minnumf",
         "arith.negf", "math.absf", "math.ceil", "math.floor", "math.round",
         "math.roundeven", "math.trunc", "math.copysign", "math.sqrt"}  # fmt: skip


def add_float(case, name, operands, kind, value):
    # IEEE defines the bits of these; libraries differ in the last bits of others.
    chain = 0 if name in EXACT else 4
    emit_floats(case, name, operands, kind, kind, lambda r: r(kind, value), chain)
    finite = [i for i, v in enumerate(value) if np.isfinite(v)][-1]
    scalars = [case.scalar(float(v[finite]), kind) for v in operands]
    y = case.emit(f"{name} {', '.join(scalars)} : {kind}")
    case.result(y, kind, kind, lambda r: r(kind, value[finite]), chain=chain)


def add_fused(suite):
    """One rounding of a * b + c; with powers of integers and absolute integers."""
    case = suite.case("fma")
    a, b = (suite.draw(40, "f64") for _ in range(2))
    c = np.where(np.arange(40) % 2, -a * b, suite.draw(40, "f64"))
    value = [
        float(fractions.Fraction(x) * fractions.Fraction(y) + fractions.Fraction(z))
        for x, y, z in zip(a.tolist(), b.tolist(), c.tolist())
    ]
    emit_floats(case, "math.fma", (a, b, c), "f64", "f64", lambda r: np.array(value))
    case = suite.case("fpowi")
    a, n = suite.draw(12, "f32", 2), np.arange(-4, 8)
    full, powers = tensor_type((12,), "f32"), tensor_type((12,), "i32")
    y = case.emit(
        f"math.fpowi {case.constant(a, 'f32')}, {case.constant(n, 'i32')} : {full}, {powers}"
    )
    want = [math.prod([x] * abs(k)) ** (1 if k >= 0 else -1) for x, k in zip(a, n)]
    case.result(y, full, "f32", lambda r: r("f32", want), chain=16)
    n = np.array(draw_integers(suite, "i32", 12)[6:])
    full = tensor_type(n.shape, "i32")
    y = case.emit(f"math.absi {case.constant(n, 'i32')} : {full}")
    case.result(y, full, "i32", lambda r: np.abs(n))


def add_conversions(suite):
    case = suite.case("conversions")
    for old, new in (("i1", "i32"), ("i8", "i16"), ("i8", "i64"), ("i32", "i64")):
        values = draw_integers(suite, old, 12)
        width = WIDTHS[old]
        convert(
            case, "arith.extsi", values, old, new, [signed(v, width) for v in values]
        )
        convert(
            case, "arith.extui", values, old, new, [unsigned(v, width) for v in values]
        )
        values = draw_integers(suite, new, 12)
        convert(
            case, "arith.trunci", values, new, old, [shown(v, width) for v in values]
        )
    for kind in ("i8", "i32", "i64"):
        values, width = draw_integers(suite, kind, 12), WIDTHS[kind]
        convert(case, "arith.index_cast", values, kind, "index", values)
        want = [signed(unsigned(v, width), 64) for v in values]
        convert(case, "arith.index_castui", values, kind, "index", want)
        for new in ("f32", "bf16", "f64"):
            for op, view in (("sitofp", signed), ("uitofp", unsigned)):
                exact = np.array([float(view(v, width)) for v in values])
                convert(case, f"arith.{op}", values, kind, new,
                        lambda r, e=exact, new=new: r(new, e))  # fmt: skip
    values = draw_integers(suite, "index", 12)
    want = [signed(v, 32) for v in values]
    convert(case, "arith.index_cast", values, "index", "i32", want)
    convert(case, "arith.sitofp", draw_integers(suite, "i1", 8), "i1", "f32",
            lambda r: -np.array([float(unsigned(v, 1)) for v in (0, 1, -1, 2, 0, -1, 7, -7)]))  # fmt: skip
    add_float_conversions(suite, case)


def convert(case, op, values, old, new, want):
    values = [integer(v, old) for v in values]
    a, b = tensor_type((len(values),), old), tensor_type((len(values),), new)
    y = case.emit(f"{op} {case.constant(np.array(values), old)} : {a} to {b}")
    formula = want if callable(want) else lambda r: np.array(want, np.int64)
    case.result(y, b, new, formula, chain=0)


def add_float_conversions(suite, case):
    wide = [
        math.pi,
        1 + 2.0**-8,
        1 + 3 * 2.0**-8,
        65504,
        65519.9,
        65520,
        1e30,
        2.0**-25,
    ]
    wide += [
        3 * 2.0**-26,
        1e-40,
        -0.0,
        2.0**-133,
        3 * 2.0**-134,
        3e38,
        3.4e38,
        math.inf,
    ]
    values = np.concatenate([wide, suite.draw(40, "f64"), suite.draw(20, "f64", 1e-6)])
    for old, new in (("f64", "f32"), ("f64", "bf16"), ("f64", "f16"), ("f32", "bf16"),
                     ("f32", "f16")):  # fmt: skip
        start = float_types.round_to(old, np.concatenate([values, -values]))
        convert_floats(case, "arith.truncf", start, old, new,
                       lambda r, s=start, new=new: r(new, s))  # fmt: skip
        end = float_types.round_to(new, start)
        convert_floats(case, "arith.extf", end, new, old, lambda r, e=end: e)
    values = np.array([0.0, -0.0, 0.9, -0.9, 2.5, -2.5, 100.75, -7.0, 2.0**20])
    whole = np.trunc(values).astype(np.int64)
    convert_floats(case, "arith.fptosi", values, "f32", "i32", lambda r: whole)
    convert_floats(case, "arith.fptosi", values, "f64", "i64", lambda r: whole)
    values = np.abs(values)
    convert_floats(case, "arith.fptoui", values, "f32", "i32", lambda r: np.abs(whole))
    for kind, bits in (("f32", "i32"), ("bf16", "i16"), ("f16", "i16"), ("f64", "i64")):
        values = suite.draw(20, kind, 9)
        raw = np.frombuffer(
            float_types.to_bytes(kind, values), f"<i{WIDTHS[bits] // 8}"
        )
        convert_floats(
            case, "arith.bitcast", values, kind, bits, lambda r, raw=raw: raw
        )
        convert(case, "arith.bitcast", raw.tolist(), bits, kind, lambda r, v=values: v)
    chosen = suite.random.randint(0, 2, 20)
    a, b = suite.draw(20), suite.draw(20)
    names = (
        case.constant(chosen, "i1"),
        case.constant(a, "f32"),
        case.constant(b, "f32"),
    )
    full = tensor_type((20,), "f32")
    y = case.emit(
        f"arith.select {', '.join(names)} : {tensor_type((20,), 'i1')}, {full}"
    )
    case.result(y, full, "f32", lambda r: np.where(chosen, a, b), chain=0)


def convert_floats(case, op, values, old, new, want):
    a, b = tensor_type(values.shape, old), tensor_type(values.shape, new)
    y = case.emit(f"{op} {case.constant(values, old)} : {a} to {b}")
    case.result(y, b, new, want, chain=0, signed=float_types.is_float(new))


def add_all(suite):
    add_integers(suite)
    add_integer_comparisons(suite)
    add_float_comparisons(suite)
    add_floats(suite)
    add_conversions(suite)
