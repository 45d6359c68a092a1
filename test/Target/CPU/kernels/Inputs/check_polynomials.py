# Evaluates the polynomials of Polynomials.cpp against what they approximate.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: check_polynomials.py <Polynomials.cpp>

Each table is preceded by a comment that ends in the largest relative error, `to
2.6e-9`. That must hold on a fine grid, and be no more than a tenth above what is
seen there: a digit that is wrong shows in one of the two."""

import math
import pathlib
import re
import sys

TABLE = re.compile(
    r"to (\d\.\d+e-\d+)\.[^;]*?constexpr double (\w+)\[\] = \{(.*?)\}", re.S
)
LN2 = math.log(2)


def grid(low, high, count=20001):
    return [low + (high - low) * i / (count - 1) for i in range(count)]


def exp(r):
    return r, math.exp(r)


def expm1(r):
    return r, math.expm1(r) / r if r else 1.0


def erfcx(t):
    u = 2 / (2 + t)
    return u, math.erfc(t) * math.exp(t * t) / u


FUNCTIONS = {
    "kExp": (exp, grid(-LN2 / 2, LN2 / 2)),
    "kExpM1": (expm1, grid(-LN2 / 2, LN2 / 2)),
    "kErfcx": (erfcx, grid(0, 10)),
}


def evaluate(coefficients, x):
    total = 0.0
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def main(source):
    text = pathlib.Path(source).read_text()
    tables = {name: (float(bound), body) for bound, name, body in TABLE.findall(text)}
    if tables.keys() != FUNCTIONS.keys():
        sys.exit(f"expects tables {sorted(FUNCTIONS)}, but found {sorted(tables)}")
    for name, (bound, body) in tables.items():
        coefficients = [float(number) for number in body.split(",")]
        function, points = FUNCTIONS[name]
        worst = 0.0
        for point in points:
            x, exact = function(point)
            worst = max(worst, abs(evaluate(coefficients, x) / exact - 1))
        print(f"{name}: relative error {worst:.3g}, promised {bound:.3g}")
        if not 0.9 * bound <= worst <= bound:
            sys.exit(f"{name}: the error is not what the comment promises")
    root = pathlib.Path(__file__).resolve().parents[5]
    text += (root / "include/tenon/Support/Log2E.h").read_text()
    for name, exact in (("kLn2", LN2), ("kLog2E", 1 / LN2)):
        value = float(re.search(rf"{name} = ([\d.]+);", text)[1])
        if value != exact:
            sys.exit(f"{name} is {value!r}, but should be {exact!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
