# Cases of stored weights: formats, scales, stacks of layers and experts, derivations.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import dataclasses
import itertools

import numpy as np

import float_types
from rows import read_table
from suite import tensor_type


@dataclasses.dataclass
class Stack:
    """A symbol with all of its values, and what a type needs to be written."""

    name: str
    format: str
    values: np.ndarray

    @property
    def type(self):
        return self.type_of(self.values.shape)

    def type_of(self, shape):
        return f"!tenon.weight<{'x'.join(map(str, shape))}, <{self.format}>>"


def draw_codes(suite, shape):
    """Any finite code of e4m3, as the number it means."""
    finite = float_types.codes_of_e4m3()
    return finite[~np.isnan(finite)][suite.random.randint(0, 254, shape)]


def store_scaled(suite, name, shape, block):
    """Codes and scales in two tensors; returns the values of their product."""
    rows, cols = block
    codes = draw_codes(suite, shape)
    blocks = (*shape[:-2], -(-shape[-2] // rows), -(-shape[-1] // cols))
    scales = suite.draw(blocks, scale=0.5)
    suite.store(name, codes, "f8E4M3FN")
    suite.store(f"{name}_scale_inv", scales, "f32")
    wide = np.repeat(np.repeat(scales, rows, -2), cols, -1)
    return codes * wide[..., : shape[-2], : shape[-1]]


def store(suite, name, shape, code, block, stored=None):
    if block:
        return store_scaled(suite, name, shape, block)
    # Some are below the smallest normal number of f16.
    values = suite.draw(shape, "f32", 3) * 2.0 ** -suite.random.randint(0, 20, shape)
    suite.store(name, float_types.round_to(stored or code, values), stored or code)
    return float_types.round_to(code, float_types.round_to(stored or code, values))


FORMATS = [
    ("f32", None), ("f16", None), ("bf16", None), ("f8E4M3FN", None),
    ("f8E4M3FN", (2, 3)), ("f8E4M3FN", (1, 4)), ("f8E4M3FN", (128, 128)),
]  # fmt: skip


def format_text(code, block):
    return f"{code}, scale f32 per {block[0]}x{block[1]}" if block else code


def declare(suite, name, source, layers, code, block, values):
    stack = Stack(name, format_text(code, block), values)
    listed = f" layers {layers}" if layers else ""
    factors = f' factors ["{source}_scale_inv"]' if block else ""
    suite.symbol(f'tenon.weight @{name} "{source}"{factors}{listed} : {stack.type}')
    return stack


def make_stack(suite, layers, experts, shape, code, block, joined=False):
    """A weight of layers and experts, each matrix in a tensor of its own, or all
    experts of a layer in one."""
    name = f"s{len(suite.symbols)}"
    source = (
        name + (".{l}" if layers else "") + (".{e}.x" if experts and not joined else "")
    )
    lead = (experts,) if experts and joined else ()
    values = []
    for layer in layers or [0]:
        parts = [
            store(suite, source.replace("{l}", str(layer)).replace("{e}", str(e)),
                  (*lead, *shape), code, block)
            for e in range(experts if experts and not joined else 1)
        ]  # fmt: skip
        values.append(np.stack(parts) if experts and not joined else parts[0])
    values = np.stack(values) if layers else values[0]
    return declare(suite, name, source, layers, code, block, values)


def read_matrix(case, symbol, layer, matrix):
    """All rows of one matrix of a stack, in any order, as embeddings."""
    rows = symbol.values.shape[-2]
    index = ""
    shape = symbol.values.shape
    if layer is not None:
        index, shape = f"[{case.scalar(layer)}]", shape[1:]
    value = case.emit(f"tenon.weight_ref @{symbol.name}{index} : {symbol.type_of(shape)}")
    assert len(shape) == 2 + (matrix is not None)
    if matrix is None:
        order = np.arange(rows)[::-1]
        y, type_ = read_table(case, value, symbol.type_of(shape), order, shape[-1])
        want = symbol.values if layer is None else symbol.values[layer]
        case.result(y, type_, "f32", lambda r: r("f32", want[order]), chain=2)
        return
    # Matrices of a stack are read by the rows of experts.
    count = shape[0]
    offsets, o_type = case.rows(np.array([0] * (matrix + 1) + [shape[-1]] * (count - matrix)),
                                "i32", False)  # fmt: skip
    x, x_type = case.rows(np.eye(shape[-1]), "f32")
    result = tensor_type(("?", rows), "f32")
    y = case.emit(
        f"tenon.grouped_linear {x} of {offsets}, {value} : {x_type}, {o_type}, "
        f"{symbol.type_of(shape)} -> {result}"
    )
    full = symbol.values if layer is None else symbol.values[layer]
    case.result(y, result, "f32", lambda r: r("f32", full[matrix].T), chain=2)


def add_stacks(suite):
    for i, (code, block) in enumerate(FORMATS):
        shape = ((3, 5), (1, 7), (4, 3))[i % 3]
        case = suite.case("matrix")
        read_matrix(case, make_stack(suite, [], 0, shape, code, block), None, None)
        layers = make_stack(suite, [2, 0, 7], 0, shape, code, block)
        for layer in range(3):
            read_matrix(case, layers, layer, None)
        for joined, layered in itertools.product((False, True), (False, True)):
            stack = make_stack(
                suite, [5, 1] if layered else [], 3, shape, code, block, joined
            )
            for matrix in range(3):
                read_matrix(case, stack, 1 if layered else None, matrix)


def add_vectors(suite):
    """Layers as the first dimension of a vector, read as the bias of rows of zeros."""
    for i, code in enumerate(("f32", "f16", "bf16")):
        values = [suite.draw(5, "f32") for _ in range(3)]
        name = f"v{len(suite.symbols)}"
        for layer, value in zip((4, 0, 9), values):
            suite.store(f"{name}.{layer}", value, "f32")
        stack = declare(suite, name, f"{name}.{{l}}", [4, 0, 9], code, None,
                        float_types.round_to(code, np.array(values)))  # fmt: skip
        case = suite.case("vector")
        one = f"!tenon.weight<5, <{code}>>"
        full = tensor_type((2, 16), "f32")
        for layer in range(3):
            bias = case.emit(f"tenon.weight_ref @{name}[{case.scalar(layer)}] : {one}")
            zeros = case.constant(np.zeros((2, 16)), "f32")
            y = case.emit(
                f"tile.add_bias {bias}[{case.scalar(0)}] into {zeros} : {one} into {full} -> {full}"
            )
            want = np.zeros((2, 16))
            want[:, :5] = stack.values[layer]
            case.result(y, full, "f32", lambda r, want=want: want, chain=0)


def derive(suite, kind, sources, values, format_, extra=""):
    stack = Stack(f"d{len(suite.symbols)}", format_, values)
    names = ", ".join("@" + source.name for source in sources)
    suite.symbol(
        f"tenon.derive @{stack.name} = {kind} [{names}] {extra} : {stack.type}"
    )
    return stack


def add_derivations(suite):
    for code, block in (("f32", None), ("bf16", None), ("f8E4M3FN", (2, 2))):
        for layers in ([], [1, 0, 3]):
            sources = [
                make_stack(suite, layers, 0, (rows, 4), code, block)
                for rows in (2, 6, 4)
            ]
            values = [source.values for source in sources]
            list_derivations(
                suite, layers, sources, values, format_text(code, block), block
            )


def list_derivations(suite, layers, sources, values, format_, block):
    both = derive(suite, "concat_rows", sources, np.concatenate(values, -2), format_)
    again = derive(suite, "slice_rows", [both], both.values[..., 4:10, :], format_,
                   "first 4 count 6")  # fmt: skip
    split = values[1].reshape(*values[1].shape[:-2], 3, 2, 4)
    parts = derive(suite, "split_rows", [sources[1]], split, format_, "count 2")
    turned = derive(
        suite, "transpose", [again], np.swapaxes(again.values, -1, -2), format_
    )
    cut = derive(suite, "slice_rows", [turned], turned.values[..., 2:, :], format_,
                 "first 2 count 2")  # fmt: skip
    case = suite.case("derive")
    derived = [both, again, turned, cut]
    if block is None:
        stepped = derive(suite, "slice_rows", [both], both.values[..., 1:11:3, :], format_,
                         "first 1 step 3")  # fmt: skip
        derived.append(stepped)
    for code in ("f32", "f16", "bf16", "f8E4M3FN"):
        values = float_types.round_to(code, again.values)
        derived.append(derive(suite, "cast", [again], values, code))
    for layer in range(len(layers)) if layers else [None]:
        for symbol in derived:
            read_matrix(case, symbol, layer, None)
        for matrix in range(3):
            read_matrix(case, parts, layer, matrix)


def add_all(suite):
    add_stacks(suite)
    add_vectors(suite)
    add_derivations(suite)
