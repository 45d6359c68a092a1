# Collects cases as functions of one module, runs them, and compares what they give.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""A case is a function whose operands are constants. `@main` calls all cases and returns
all of their results, so one process of tenon-run serves hundreds of them.

Formulas are evaluated in float64, as the interpreter does inside of an op. Both make errors
of u = 2^-53, and those follow the derivation of Tolerance.h with this u in the place of 2^-24
and of the roundoff of a type: a result of C operations one after the other whose longest sum
has K terms lies within

    t = 16 sqrt(C) (0.4 u sqrt(K) + u) max(magnitude, root mean square)

of the other one. An exponential of x passes the error of x on x times as large, which is what
x^2 operations one after the other do, so a case with exponentials adds x^2 to C.

A result that is rounded to a type must be the rounding of some number within t: there are at
most two, and two only if the middle between them lies within t. So bits are compared. With
--exact results of f32 are not rounded, and are compared with t itself.
"""

import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import typing

import numpy as np

import float_types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "python"))
from formats import safetensors_file  # noqa: E402

UNIT = 2.0**-53
STORED = {"f32": "F32", "f16": "F16", "bf16": "BF16", "f8E4M3FN": "F8_E4M3"}


def tensor_type(shape, kind):
    return "tensor<" + "".join(f"{dim}x" for dim in shape) + f"{kind}>"


def number(value):
    """A float attribute with all of its digits; MLIR wants a point in it."""
    text = repr(float(value))
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return text


@dataclasses.dataclass
class Result:
    """What a case must give: `want(rounding)` is an array, or a tuple for `part`."""

    case: str
    value: str
    type: str
    kind: str
    want: typing.Callable
    part: int | None
    terms: int
    chain: float
    signed: bool
    stored: bool  # rounded to its type in any mode


class Rounding:
    """How a mode of the interpreter rounds to a type."""

    def __init__(self, exact):
        self.exact = exact

    def __call__(self, kind, values):
        if self.exact and kind == "f32":
            return np.asarray(values, np.float64)
        return float_types.round_to(kind, values)


class Case:
    """One function: operands, ops and results."""

    def __init__(self, suite, name):
        self.suite, self.name = suite, name
        self.lines, self.results, self.count = [], [], 0

    def fresh(self):
        self.count += 1
        return f"%v{self.count}"

    def emit(self, text):
        """Adds an op with one result, which is returned."""
        value = self.fresh()
        self.lines.append(f"{value} = {text}")
        return value

    def emit_many(self, count, text):
        value = self.fresh()
        self.lines.append(f"{value}:{count} = {text}")
        return [f"{value}#{i}" for i in range(count)]

    def constant(self, values, kind):
        values = np.asarray(values)
        if kind == "i1":
            text = json.dumps(values.astype(bool).tolist())
        elif values.size == 0:
            text = ""
        else:
            text = '"0x' + float_types.to_bytes(kind, values).hex() + '"'
        return self.emit(
            f"arith.constant dense<{text}> : {tensor_type(values.shape, kind)}"
        )

    def scalar(self, value, kind="index"):
        if float_types.is_float(kind):
            bits = float_types.to_bytes(kind, value)[::-1].hex()
            return self.emit(f"arith.constant 0x{bits.upper()} : {kind}")
        return self.emit(f"arith.constant {int(value)} : {kind}")

    def rows(self, values, kind, dynamic=True):
        """A constant whose first dimension is not known, and its type."""
        value = self.constant(values, kind)
        shape = np.shape(values)
        if not dynamic:
            return value, tensor_type(shape, kind)
        old, new = tensor_type(shape, kind), tensor_type(("?", *shape[1:]), kind)
        return self.emit(f"tensor.cast {value} : {old} to {new}"), new

    def cast(self, value, shape, dynamic, kind):
        old, new = tensor_type(shape, kind), tensor_type(dynamic, kind)
        return self.emit(f"tensor.cast {value} : {old} to {new}"), new

    def use(self, weight):
        """A weight of the suite as a value, and its type."""
        return self.emit(f"tenon.weight_ref @{weight.name} : {weight.type}"), weight.type

    def result(
        self,
        value,
        type_,
        kind,
        want,
        *,
        part=None,
        terms=1,
        chain=8,
        signed=False,
        stored=False,
    ):
        self.results.append(
            Result(
                self.name,
                value,
                type_,
                kind,
                want,
                part,
                terms,
                float(chain),
                signed,
                stored,
            )
        )

    def text(self):
        types = ", ".join(result.type for result in self.results)
        values = ", ".join(result.value for result in self.results)
        body = "\n  ".join([*self.lines, f"return {values} : {types}"])
        return f"func.func private @{self.name}() -> ({types}) {{\n  {body}\n}}\n"


@dataclasses.dataclass
class Weight:
    name: str
    type: str
    values: np.ndarray  # numbers of the format, exactly


class Suite:
    def __init__(self, seed):
        # RandomState, because its stream is frozen for all versions of NumPy.
        self.random = np.random.RandomState(seed)
        self.cases, self.symbols, self.tensors = [], [], {}
        self.gguf = None  # the bytes of a file in the place of a folder

    def case(self, name):
        case = Case(self, f"{name}_{len(self.cases)}")
        self.cases.append(case)
        return case

    def symbol(self, text):
        self.symbols.append(text)

    def draw(self, shape, kind="f32", scale=1.0):
        """Numbers of a type around 0."""
        return float_types.round_to(kind, self.random.uniform(-scale, scale, shape))

    def store(self, name, values, kind):
        """Puts a tensor into the checkpoint."""
        self.tensors[name] = (np.asarray(values), STORED[kind])

    def weight(self, values, code="f32", layout="", stored=None):
        """A plain weight. What is stored in a wider type is rounded when it is read."""
        name = f"w{len(self.symbols)}"
        values = np.asarray(values, np.float64)
        stored = stored or code
        self.store(name, float_types.round_to(stored, values), stored)
        shape = "x".join(str(dim) for dim in values.shape)
        layout = f", <{layout}>" if layout else ""
        type_ = f"!tenon.weight<{shape}, <{code}>{layout}>"
        self.symbol(f'tenon.weight @{name} "{name}" : {type_}')
        return Weight(name, type_, float_types.round_to(code, values))

    def module(self):
        calls, values, types = [], [], []
        for case in self.cases:
            own = [result.type for result in case.results]
            name = f"%{case.name}"
            count = f":{len(own)}" if len(own) > 1 else ""
            calls.append(
                f"  {name}{count} = func.call @{case.name}() : () -> ({', '.join(own)})"
            )
            values += (
                [f"{name}#{i}" for i in range(len(own))] if len(own) > 1 else [name]
            )
            types += own
        return "\n".join(
            [
                *self.symbols,
                *(case.text() for case in self.cases),
                f"func.func @main() -> ({', '.join(types)}) {{",
                *calls,
                f"  return {', '.join(values)} : {', '.join(types)}",
                "}\n",
            ]
        )

    def write(self, folder):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text('{"model_type": "llama"}')
        entries = [(name, kind, v.shape) for name, (v, kind) in self.tensors.items()]
        safetensors_file.write(
            folder / "model.safetensors", entries, lambda name: self.tensors[name][0]
        )
        if self.gguf:
            (folder / "model.gguf").write_bytes(self.gguf)
        path = folder / "cases.mlir"
        path.write_text(self.module())
        return path

    def run(self, tool, folder):
        """Runs all cases in both modes; returns lines that say what is wrong."""
        path, wrong = self.write(folder), []
        model = f"{folder}/model.gguf" if self.gguf else folder
        for options in (["--exact"], []):
            command = [tool, path, f"--model={model}", "--print", "--digits=17"]
            done = subprocess.run(
                [*command, *options], stdout=subprocess.PIPE, text=True
            )
            if done.returncode:
                return [f"{' '.join(map(str, command))} failed"]
            wrong += self.compare(done.stdout.splitlines(), Rounding(bool(options)))
        return wrong

    def compare(self, lines, rounding):
        results = [result for case in self.cases for result in case.results]
        if len(lines) != len(results):
            return [f"expects {len(results)} results, but got {len(lines)}"]
        wrong, memory = [], {}
        for line, result in zip(lines, results):
            key = (result.case, id(result.want))
            if key not in memory:
                memory[key] = result.want(rounding)
            want = memory[key] if result.part is None else memory[key][result.part]
            rounds = Rounding(False) if result.stored else rounding
            reason = check(line, result, np.asarray(want), rounds)
            if reason:
                mode = "exact" if rounding.exact else "rounded"
                wrong.append(f"{result.case}, {mode}, {result.value}: {reason}")
        return wrong


def parse(line):
    """Shape, type and numbers of a line that tenon-run printed."""
    dims, kind, numbers = re.fullmatch(
        r"result \d+: ((?:\d+x)*)(\w+) = (.*)", line
    ).groups()
    shape = tuple(int(dim) for dim in dims.split("x")[:-1])
    items = numbers.replace("[", "").replace("]", "").split(", ")
    convert = float if float_types.is_float(kind) else int
    return shape, kind, np.array([convert(item) for item in items if item])


def check(line, result, want, rounding):
    """Says what is wrong with a result, or nothing."""
    shape, kind, got = parse(line)
    if kind != result.kind or shape != want.shape:
        return f"expects {want.shape} of {result.kind}, but got {shape} of {kind}"
    want = want.ravel()
    if not float_types.is_float(kind):
        good = got == want
    else:
        good = is_near(got, want.astype(np.float64), result, rounding)
    if np.all(good):
        return None
    at = int(np.argmin(good))
    return f"element {at} is {got[at]!r}, but the formula gives {want[at]!r}"


def is_near(got, want, result, rounding):
    usual = want[np.isfinite(want) & (want != 0)]
    usual = np.sqrt(np.mean(usual**2)) if len(usual) else 0
    share = 16 * np.sqrt(result.chain) * UNIT * (0.4 * np.sqrt(result.terms) + 1)
    with np.errstate(invalid="ignore", over="ignore"):
        t = share * np.maximum(np.abs(want), usual) if result.chain else 0
        low = rounding(result.kind, want - t)
        high = rounding(result.kind, want + t)
        good = (low <= got) & (got <= high)
    good |= np.isnan(want) & np.isnan(got)
    good |= np.isinf(want) & (got == want)
    if result.signed:
        good &= np.isnan(want) | (np.signbit(got) == np.signbit(want))
    return good
