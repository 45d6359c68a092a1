# Every combination of what surrounds a product of a weight, in one function.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""linear_combinations.py module MACHINE > X.mlir
linear_combinations.py inputs TOKENS ROWS > X.args     for tenon-run @X.args

Results are {rows as they are, columns of wider rows, gathered rows} x {no norm,
norm} x {no bias, bias} x {product, gate and projection} x {no sum, a sum whose
addend is read later, one that is written over it}; then grouped products of
{rows by index, rows in order} x {product, gate and projection}; then products of
heads {without, with} elements that are kept. All have enough columns for more than
one block of panels, of which the last one is cut off.
"""

import itertools
import sys

from for_machine import MACHINES

COLUMNS, OUTPUTS, EXPERTS, HEADS = 7, 130, 3, 3
ACTIVATIONS = itertools.cycle(["silu", "relu", "gelu_tanh", "gelu"])
FORMATS = itertools.cycle(["<bf16>", "<f32>", "<f8E4M3FN, scale f32 per 5x4>"])


class Writer:
    def __init__(self):
        self.weights, self.body, self.arguments, self.results = [], [], [], []

    def weight(self, shape, fmt="<f32>"):
        number, kind = len(self.weights), f"!tenon.weight<{shape}, {fmt}>"
        factors = f' factors ["s{number}"]' if "scale" in kind else ""
        self.weights.append(f'tenon.weight @w{number} "w{number}"{factors} : {kind}')
        self.body.append(f"%w{number} = tenon.weight_ref @w{number} : {kind}")
        return f"%w{number}", kind

    def op(self, text):
        name = f"%v{len(self.body)}"
        self.body.append(f"{name} = {text}")
        return name

    def argument(self, name, kind, text):
        self.arguments.append((f"%{name}", kind, text))
        return f"%{name}"

    def result(self, value, kind, rows):
        self.results.append((value, kind, rows))


def rows_of(columns):
    return f"tensor<?x{columns}xf32>"


def add_linear(out, source, rows, norm, bias, glu, addend):
    width = 2 * OUTPUTS if glu else OUTPUTS
    if norm:
        scale, kind = out.weight(COLUMNS)
        source = out.op(f"tenon.norm rms {source}, {scale} eps 1.0e-5 : {rows_of(COLUMNS)}, {kind}")
    weight, kind = out.weight(f"{width}x{COLUMNS}", next(FORMATS))
    text, types = f"tenon.linear {source}, {weight}", f"{rows_of(COLUMNS)}, {kind}"
    if bias:
        vector, kind = out.weight(width)
        text, types = f"{text} bias {vector}", f"{types}, {kind}"
    if glu:
        text += f" glu {next(ACTIVATIONS)}"
    value = out.op(f"{text} : {types} -> {rows_of(OUTPUTS)}")
    if addend == "kept":
        kept = "%some" if rows == "R" else "%all"
        value = out.op(f"arith.addf {kept}, {value} : {rows_of(OUTPUTS)}")
    if addend == "over":
        other = out.argument(f"over{len(out.body)}", rows_of(OUTPUTS), f"seed:{len(out.body)}@{rows}x{OUTPUTS}")
        value = out.op(f"arith.addf {value}, {other} : {rows_of(OUTPUTS)}")
    # What is written over an argument has its place; other results get one.
    out.result(value, rows_of(OUTPUTS), None if addend == "over" else f"{rows}x{OUTPUTS}")


def add_linears(out):
    out.argument("x", rows_of(COLUMNS), f"seed:1@Tx{COLUMNS}")
    out.argument("wide", rows_of(19), "seed:2@Tx19")
    out.argument("all", rows_of(OUTPUTS), f"seed:3@Tx{OUTPUTS}")
    out.argument("some", rows_of(OUTPUTS), f"seed:4@Rx{OUTPUTS}")
    out.argument("rows", "tensor<?xi32>", "rows")
    out.body += ["%c0 = arith.constant 0 : index", f"%t = tensor.dim %x, %c0 : {rows_of(COLUMNS)}"]
    cut = out.op(f"tensor.extract_slice %wide[0, 5] [%t, {COLUMNS}] [1, 1] : {rows_of(19)} to {rows_of(COLUMNS)}")
    gathered = out.op(f"tenon.gather_rows %x, %rows : {rows_of(COLUMNS)}, tensor<?xi32> -> {rows_of(COLUMNS)}")
    flags = [False, True]
    for source, norm, bias, glu, addend in itertools.product(
        ["%x", cut, gathered], flags, flags, flags, ["none", "kept", "over"]
    ):
        add_linear(out, source, "R" if source == gathered else "T", norm, bias, glu, addend)
    # Here the addends that are kept are read once more.
    for kept, rows in [("%all", "T"), ("%some", "R")]:
        value = out.op(f"tenon.glu relu {kept}, {kept} : {rows_of(OUTPUTS)}")
        out.result(value, rows_of(OUTPUTS), f"{rows}x{OUTPUTS}")


def add_grouped(out):
    out.argument("choice", "tensor<?x2xi32>", "choice")
    offsets = f"tensor<{EXPERTS + 1}xi32>"
    out.body.append(
        "%order, %place, %offs = tenon.moe_dispatch %choice : tensor<?x2xi32> "
        f"-> tensor<?xi32>, tensor<?x2xi32>, {offsets}"
    )

    def product(source, by_index, glu, outputs):
        width = 2 * outputs if glu else outputs
        weight, kind = out.weight(f"{EXPERTS}x{width}x{COLUMNS}", next(FORMATS))
        rows = " rows %order : tensor<?xi32> choices 2" if by_index else ""
        activation = f" glu {next(ACTIVATIONS)}" if glu else ""
        types = f"{rows_of(COLUMNS)}, {offsets}, {kind} -> {rows_of(outputs)}"
        return out.op(f"tenon.grouped_linear {source}{rows} of %offs, {weight}{activation} : {types}")

    hidden = product("%x", True, False, COLUMNS)
    for by_index, glu in itertools.product([False, True], repeat=2):
        value = product("%x" if by_index else hidden, by_index, glu, OUTPUTS)
        out.result(value, rows_of(OUTPUTS), f"Cx{OUTPUTS}")


def add_heads(out):
    for kept in [0, 2]:
        size, result = COLUMNS + kept, OUTPUTS + kept
        source, kind = f"%heads{kept}", f"tensor<?x{HEADS}x{size}xf32>"
        out.argument(f"heads{kept}", kind, f"seed:5@Tx{HEADS}x{size}")
        weight, types = out.weight(f"{HEADS}x{OUTPUTS}x{COLUMNS}", next(FORMATS))
        to = f"tensor<?x{HEADS}x{result}xf32>"
        value = out.op(f"tenon.head_linear {source}, {weight}{' keep' if kept else ''} : {kind}, {types} -> {to}")
        out.result(value, to, f"Tx{HEADS}x{result}")


def write_module(out, machine):
    arguments = ", ".join(f"{name}: {kind}" for name, kind, _ in out.arguments)
    kinds = ", ".join(kind for _, kind, _ in out.results)
    values = ", ".join(value for value, _, _ in out.results)
    head = f"module attributes {{machine.target = {MACHINES[machine]}}} {{"
    print("\n".join([head, *out.weights, f"func.func @linears({arguments}) -> ({kinds}) {{"]))
    print("\n".join([*out.body, f"return {values} : {kinds}", "}", "}"]))


def write_inputs(out, tokens, rows):
    # Experts that nobody chooses, and some that all tokens do.
    choices = {
        "rows": "ints:" + ",".join(str((3 * i + 1) % tokens) for i in range(rows)),
        "choice": "ints:" + ",".join(f"{i % 2},2" for i in range(tokens)),
    }
    texts = [text for _, _, text in out.arguments]
    texts += [f"unwritten@{shape}" for _, _, shape in out.results if shape]
    for text in texts:
        kind, _, shape = text.partition("@")
        for letter, size in [("T", tokens), ("R", rows), ("C", 2 * tokens)]:
            shape = shape.replace(letter, str(size))
        print(f"--input={choices.get(kind, kind)}{'@' + shape if shape else ''}")


if __name__ == "__main__":
    writer = Writer()
    add_linears(writer)
    add_grouped(writer)
    add_heads(writer)
    if sys.argv[1] == "module":
        write_module(writer, sys.argv[2])
    else:
        write_inputs(writer, int(sys.argv[2]), int(sys.argv[3]))
