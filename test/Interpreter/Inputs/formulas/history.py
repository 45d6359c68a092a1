# Compares the tolerances that results are given with those that their operations deserve.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""history.py TENON_RUN FOLDER

A second function moves every result by a little. What tenon-run then prints as allowed must
be the tolerance of Tolerance.h for the number of operations, the longest sum and the coarsest
type, which are listed here for each case, times the larger of the element and the root mean
square of what is not zero."""

import math
import re
import subprocess
import sys

import numpy as np

from suite import Suite, parse, tensor_type
from weights import store_scaled

ROUNDOFF = {"f32": 2.0**-24, "bf16": 2.0**-8, "f16": 2.0**-11}


def tolerance(chain, terms, roundoff):
    return 16 * math.sqrt(chain) * (0.4 * 2.0**-24 * math.sqrt(terms) + roundoff)


class Cases:
    def __init__(self, suite):
        self.suite, self.expected = suite, []

    def add(self, case, value, shape, chain, terms, coarsest="f32", kind="f32"):
        case.result(value, tensor_type(shape, kind), kind, None)
        self.expected.append((case.name, chain, terms, ROUNDOFF[coarsest]))


def add_rows(cases):
    suite = cases.suite
    x = suite.draw((3, 7)) + 2
    full = tensor_type(x.shape, "f32")
    square = suite.weight(suite.draw((7, 7)))
    ones = suite.weight(suite.draw(5) + 1)

    def start(name):
        case = suite.case(name)
        return case, case.constant(x, "f32")

    def linear(case, value, kind="f32", old="f32"):
        w, w_type = case.use(square)
        result, row = tensor_type(x.shape, kind), tensor_type(x.shape, old)
        return case.emit(f"tenon.linear {value}, {w} : {row}, {w_type} -> {result}")

    case, value = start("linear")
    cases.add(case, linear(case, value), x.shape, 1, 7)
    case, value = start("linears")
    y = linear(case, linear(case, linear(case, value)))
    cases.add(case, y, x.shape, 3, 7)
    case, value = start("narrow")
    y = linear(case, value, "bf16")
    cases.add(case, linear(case, y, "f32", "bf16"), x.shape, 2, 7, "bf16")
    case, value = start("norm")
    w, w_type = case.use(ones)
    y = case.emit(f"tenon.norm rms {value}, {w} eps 1.0e-5 : {full}, {w_type}")
    cases.add(case, y, x.shape, 1, 5)
    # The longer chain of two operands counts, and the longest sum of either.
    z = case.emit(f"arith.addf {linear(case, linear(case, value))}, {y} : {full}")
    cases.add(case, z, x.shape, 3, 7)
    case, value = start("rope")
    p = case.constant(np.arange(3), "i32")
    y = case.emit(
        f"tenon.rope {value} at {p} first <dims = 4, pairing = half, theta = 1.0e2 : f64> "
        f": {full}, tensor<3xi32>"
    )
    cases.add(case, y, x.shape, 1, 2)
    case, value = start("glu")
    cases.add(
        case, case.emit(f"tenon.glu silu {value}, {value} : {full}"), x.shape, 1, 1
    )
    case, value = start("moved")
    y = case.emit(
        f"tensor.extract_slice {linear(case, value)}[1, 0] [2, 3] [1, 1] "
        f": {full} to tensor<2x3xf32>"
    )
    cases.add(case, y, (2, 3), 1, 7)
    y = case.emit(f"tensor.insert_slice {y} into {value}[0, 0] [2, 3] [1, 1] "
                  f": tensor<2x3xf32> into {full}")  # fmt: skip
    cases.add(case, y, x.shape, 1, 7)
    case, value = start("convert")
    half = tensor_type(x.shape, "f16")
    y = case.emit(f"arith.truncf {value} : {full} to {half}")
    y = case.emit(f"arith.extf {y} : {half} to {full}")
    cases.add(case, y, x.shape, 2, 1, "f16")
    add_sums(cases, x, full)


def add_sums(cases, x, full):
    suite = cases.suite
    case = suite.case("matmul")
    b, out = suite.draw((7, 4)), tensor_type((3, 4), "f32")
    y = case.emit(
        f"linalg.matmul ins({case.constant(x, 'f32')}, {case.constant(b, 'f32')} : {full}, "
        f"tensor<7x4xf32>) outs({case.constant(np.zeros((3, 4)), 'f32')} : {out}) -> {out}"
    )
    cases.add(case, y, (3, 4), 1, 7)
    table = suite.weight(suite.draw((4, 6)), "bf16")
    case = suite.case("embedding")
    w, w_type = case.use(table)
    at = case.constant(np.array([3, 1]), "i32")
    y = case.emit(
        f"tenon.embedding {at}, {w} scale 3.0 : tensor<2xi32>, {w_type} -> tensor<2x6xf32>"
    )
    cases.add(case, y, (2, 6), 1, 1)
    # A product of a code and a scale is rounded without a factor, too.
    store_scaled(suite, "scaled", (4, 6), (2, 3))
    w_type = "!tenon.weight<4x6, <f8E4M3FN, scale f32 per 2x3>>"
    suite.symbol(
        f'tenon.weight @scaled "scaled" factors ["scaled_scale_inv"] : {w_type}'
    )
    w = case.emit(f"tenon.weight_ref @scaled : {w_type}")
    y = case.emit(
        f"tenon.embedding {at}, {w} : tensor<2xi32>, {w_type} -> tensor<2x6xf32>"
    )
    cases.add(case, y, (2, 6), 1, 1)
    # Rows that move into another type are rounded once.
    case, row = suite.case("update"), tensor_type((2, 5), "f32")
    cache = tensor_type((1, 1, 4, 5), "bf16")
    at, slot = (case.constant(np.array(v), "i32") for v in ([1, 2], [0, 0]))
    y = case.emit(
        f"tenon.cache_update {case.constant(suite.draw((2, 5)), 'f32')} into "
        f"{case.constant(suite.draw((1, 1, 4, 5), 'bf16'), 'bf16')}[{case.scalar(0)}] at {at} in "
        f"{slot} : {row} into {cache}, tensor<2xi32>"
    )
    cases.add(case, y, (1, 1, 4, 5), 1, 1, "bf16", "bf16")
    case = suite.case("moe_combine")
    place = case.constant(np.array([[2, 0], [1, 3]]), "i32")
    weights = case.constant(suite.draw((2, 2)), "f32")
    rows, init = (case.constant(suite.draw((n, 5)), "f32") for n in (4, 2))
    y = case.emit(
        f"tenon.moe_combine {rows}, {place}, {weights} init {init} : tensor<4x5xf32>, "
        "tensor<2x2xi32>, tensor<2x2xf32>, tensor<2x5xf32>"
    )
    cases.add(case, y, (2, 5), 1, 3)
    case = suite.case("router")
    y = case.emit_many(
        2, f"tenon.router softmax {case.constant(suite.draw((2, 9)), 'f32')} top 3 scale 1.0 "
        ": tensor<2x9xf32> -> tensor<2x3xi32>, tensor<2x3xf32>",
    )  # fmt: skip
    cases.add(case, y[1], (2, 3), 1, 9)


def add_attention(cases, position, size):
    """Scores are sums over a head, results over the keys up to the last position."""
    suite, case = cases.suite, cases.suite.case("attention")
    cache = tensor_type((1, 1, 12, size), "f32")
    names = [
        case.constant(suite.draw((1, 2, size)), "f32"),
        case.constant(suite.draw((1, 1, 12, size)), "f32"),
        case.scalar(0), case.constant(np.array([position]), "i32"),
        case.constant(np.array([0]), "i32"),
        case.constant(np.array([[0, 1, 0, position]]), "i32"),
    ]  # fmt: skip
    q = tensor_type((1, 2, size), "f32")
    y = case.emit(
        "tenon.attention {}, {}[{}] at {} in {} blocks {} scale 0.5 mask <causal> "
        "value_first 3 : {}, {}, tensor<1xi32>, tensor<1x4xi32> -> tensor<1x2x3xf32>".format(
            *names, q, cache
        )
    )
    cases.add(case, y, (1, 2, 3), 1, max(position + 1, size))


def moved_function(suite):
    """Calls all cases and adds a little to each of their results."""
    lines, values, types = [], [], []
    for case in suite.cases:
        own = [result.type for result in case.results]
        lines.append(
            f"%{case.name}:{len(own)} = func.call @{case.name}() : () -> ({', '.join(own)})"
        )
        for i, type_ in enumerate(own):
            little = f"%{case.name}_little{i}"
            lines.append(f"{little} = arith.constant dense<1.0e-3> : {type_}")
            lines.append(
                f"{little}_more = arith.addf %{case.name}#{i}, {little} : {type_}"
            )
            values.append(f"{little}_more")
            types.append(type_)
    body = "\n  ".join([*lines, f"return {', '.join(values)} : {', '.join(types)}"])
    return f"func.func @moved() -> ({', '.join(types)}) {{\n  {body}\n}}\n"


def run(*command):
    return subprocess.run(
        command, stdout=subprocess.PIPE, text=True
    ).stdout.splitlines()


def main(tool, folder):
    suite = Suite(seed=3)
    cases = Cases(suite)
    add_rows(cases)
    add_attention(cases, position=9, size=5)
    add_attention(cases, position=2, size=6)
    path = suite.write(folder)
    path.write_text(path.read_text() + moved_function(suite))
    model = f"--model={folder}"
    values = run(tool, path, model, "--print", "--digits=17")
    lines = run(tool, path, model, "--entry=moved", f"--before={path}",
                "--before-entry=main", "--compare=interpret")  # fmt: skip
    wrong = len(lines) != len(cases.expected) or len(values) != len(lines)
    for line, value, (name, *history) in zip(lines, values, cases.expected):
        match = re.fullmatch(
            r"result \d+: error \S+ of (\S+) allowed at element (\d+), ratio \S+", line
        )
        numbers = parse(value)[2]
        usual = math.sqrt(np.mean(numbers[numbers != 0] ** 2))
        size = match and max(abs(numbers[int(match[2])]), usual)
        want = match and f"{tolerance(*history) * size:.3g}"
        if not match or match[1] != want:
            wrong = True
            print(f"{name}: expects {want} to be allowed: {line}")
    return wrong


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
