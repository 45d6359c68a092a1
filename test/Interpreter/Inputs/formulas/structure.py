# Cases of tensors, maps, loops, calls, kernels, schedules and linalg.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import math

import numpy as np

from suite import tensor_type


def draw_slice(suite, shape):
    """Offsets, sizes and strides inside of a shape; some of them count nothing."""
    offsets, sizes, strides = [], [], []
    for dim in shape:
        stride = suite.random.randint(1, 4)
        offset = suite.random.randint(0, dim)
        most = -(-(dim - offset) // stride)
        offsets.append(offset)
        sizes.append(suite.random.randint(1, most + 1))
        strides.append(stride)
    return offsets, sizes, strides


def slice_text(case, parts):
    """Some of the numbers as operands, some as attributes."""
    texts = []
    for which, numbers in enumerate(parts):
        items = [
            case.scalar(v) if (i + which) % 2 and which != 1 else str(v)
            for i, v in enumerate(numbers)
        ]
        texts.append(f"[{', '.join(items)}]")
    return " ".join(texts)


def index_of(parts):
    return np.ix_(*[o + s * np.arange(n) for o, n, s in zip(*parts)])


def add_slices(suite):
    for i in range(12):
        kind = ("f32", "i32", "bf16")[i % 3]
        shape = [(5,), (3, 7), (4, 5, 6)][i % 3]
        x = (
            suite.draw(shape, kind)
            if kind != "i32"
            else suite.random.randint(0, 99, shape)
        )
        parts = draw_slice(suite, shape)
        case = suite.case("slice")
        value, full = case.constant(x, kind), tensor_type(shape, kind)
        cut = x[index_of(parts)]
        part = tensor_type(cut.shape, kind)
        y = case.emit(
            f"tensor.extract_slice {value}{slice_text(case, parts)} : {full} to {part}"
        )
        case.result(y, part, kind, lambda r, cut=cut: cut, chain=0)
        filled = np.arange(cut.size).reshape(cut.shape)
        put = x.copy()
        put[index_of(parts)] = filled
        source = case.constant(filled, kind)
        y = case.emit(
            f"tensor.insert_slice {source} into {value}{slice_text(case, parts)} "
            f": {part} into {full}"
        )
        case.result(y, full, kind, lambda r, put=put: put, chain=0)
        case.result(value, full, kind, lambda r, x=x: x, chain=0)
        if len(shape) == 3:
            add_dropped(case, value, x, kind, full)
        add_elements(suite, case, value, x, kind, full)


def add_dropped(case, value, x, kind, full):
    """Dimensions of one element are left out of the result."""
    cut = x[2, 1:5:2, 3]
    part = tensor_type(cut.shape, kind)
    y = case.emit(
        f"tensor.extract_slice {value}[2, 1, 3] [1, 2, 1] [1, 2, 1] : {full} to {part}"
    )
    case.result(y, part, kind, lambda r: cut, chain=0)


def add_elements(suite, case, value, x, kind, full):
    at = [suite.random.randint(0, dim) for dim in x.shape]
    names = ", ".join(case.scalar(v) for v in at)
    one = case.emit(f"tensor.extract {value}[{names}] : {full}")
    case.result(one, kind, kind, lambda r: x[tuple(at)], chain=0)
    first = ", ".join(case.scalar(0) for _ in at)
    put = x.copy()
    put[(0,) * x.ndim] = x[tuple(at)]
    y = case.emit(f"tensor.insert {one} into {value}[{first}] : {full}")
    case.result(y, full, kind, lambda r: put, chain=0)
    two = tensor_type((2, 1), kind)
    y = case.emit(f"tensor.from_elements {one}, {one} : {two}")
    case.result(y, two, kind, lambda r: np.full((2, 1), x[tuple(at)]), chain=0)
    y = case.emit(f"tensor.splat {one} : {tensor_type((3, 2), kind)}")
    case.result(y, tensor_type((3, 2), kind), kind,
                lambda r: np.full((3, 2), x[tuple(at)]), chain=0)  # fmt: skip
    for dim, size in enumerate(x.shape):
        y = case.emit(f"tensor.dim {value}, {case.scalar(dim)} : {full}")
        case.result(y, "index", "index", lambda r, size=size: np.int64(size))


def add_shapes(suite):
    case = suite.case("reshape")
    x = suite.draw((4, 6, 5))
    value, full = case.constant(x, "f32"), tensor_type(x.shape, "f32")
    for groups, shape in (
        ("[[0, 1], [2]]", (24, 5)), ("[[0], [1, 2]]", (4, 30)), ("[[0, 1, 2]]", (120,)),
    ):  # fmt: skip
        flat = tensor_type(shape, "f32")
        y = case.emit(f"tensor.collapse_shape {value} {groups} : {full} into {flat}")
        case.result(y, flat, "f32", lambda r, s=shape: x.reshape(s), chain=0)
        back = case.emit(
            f"tensor.expand_shape {y} {groups} output_shape [4, 6, 5] : {flat} into {full}"
        )
        case.result(back, full, "f32", lambda r: x, chain=0)
    size = case.scalar(3)
    out = tensor_type(("?", 2), "f32")
    y = case.emit(f"tensor.splat {case.scalar(1.5, 'f32')}[{size}] : {out}")
    case.result(y, out, "f32", lambda r: np.full((3, 2), 1.5), chain=0)


# Maps: an expression as text, and what it means


def draw_expression(suite, depth):
    random = suite.random
    if depth == 0:
        leaf = random.randint(0, 3)
        if leaf == 2:
            constant = int(random.randint(-9, 10))
            return f"({constant})", lambda d, s: constant
        name = ("d0", "s0")[leaf]
        return name, (lambda d, s: d) if leaf == 0 else (lambda d, s: s)
    text, value = draw_expression(suite, depth - 1)
    kind, by = random.randint(0, 5), int(random.randint(1, 8))
    if kind == 0:
        other, more = draw_expression(suite, depth - 1)
        return f"({text} + {other})", lambda d, s: value(d, s) + more(d, s)
    if kind == 1:
        return f"({text} * {by - 4})", lambda d, s: value(d, s) * (by - 4)
    if kind == 2:
        return f"({text} floordiv {by})", lambda d, s: value(d, s) // by
    if kind == 3:
        return f"({text} ceildiv {by})", lambda d, s: -(-value(d, s) // by)
    return f"({text} mod {by})", lambda d, s: value(d, s) % by


def add_maps(suite):
    for _ in range(30):
        case = suite.case("map")
        drawn = [draw_expression(suite, 1 + i % 3) for i in range(3)]
        for d, s in ((-7, 9), (12, -5), (0, 3)):
            operands = f"({case.scalar(d)})[{case.scalar(s)}]"
            text, value = drawn[0]
            y = case.emit(f"affine.apply affine_map<(d0)[s0] -> ({text})>{operands}")
            case.result(y, "index", "index", lambda r, v=value(d, s): np.int64(v))
            texts = ", ".join(text for text, _ in drawn)
            values = [value(d, s) for _, value in drawn]
            for name, choose in (("min", min), ("max", max)):
                y = case.emit(
                    f"affine.{name} affine_map<(d0)[s0] -> ({texts})>{operands}"
                )
                case.result(
                    y, "index", "index", lambda r, v=choose(values): np.int64(v)
                )


# Control


def add_loops(suite):
    for first, end, step in ((0, 5, 1), (2, 11, 3), (4, 4, 1), (7, 3, 2), (1, 9, 4)):
        case = suite.case("for")
        bounds = [case.scalar(v) for v in (first, end, step)]
        zero = case.scalar(1)
        y = case.emit_many(
            2,
            f"scf.for %i = {bounds[0]} to {bounds[1]} step {bounds[2]} "
            f"iter_args(%a = {zero}, %b = {bounds[0]}) -> (index, index) {{\n"
            "    %m = arith.muli %a, %i : index\n    %n = arith.addi %m, %b : index\n"
            "    scf.yield %n, %i : index, index\n  }",
        )
        a, b = 1, first
        for i in range(first, end, step):
            a, b = a * i + b, i
        for value, want in zip(y, (a, b)):
            case.result(value, "index", "index", lambda r, want=want: np.int64(want))


def add_branches(suite):
    case = suite.case("branches")
    for condition in (0, 1):
        c = case.scalar(condition, "i1")
        y = case.emit(
            f"scf.if {c} -> index {{\n    %t = arith.constant 3 : index\n"
            "    scf.yield %t : index\n  } else {\n    %e = arith.constant 5 : index\n"
            "    scf.yield %e : index\n  }"
        )
        case.result(y, "index", "index", lambda r, c=condition: np.int64(3 if c else 5))
        y = case.emit(f"arith.select {c}, {case.scalar(8)}, {case.scalar(9)} : index")
        case.result(y, "index", "index", lambda r, c=condition: np.int64(8 if c else 9))
    for value in (2, 5, -1, 0):
        y = case.emit(
            f"scf.index_switch {case.scalar(value)} -> index\n"
            "  case 2 {\n    %t = arith.constant 20 : index\n    scf.yield %t : index\n  }\n"
            "  case 5 {\n    %t = arith.constant 50 : index\n    scf.yield %t : index\n  }\n"
            "  default {\n    %t = arith.constant 7 : index\n    scf.yield %t : index\n  }"
        )
        want = {2: 20, 5: 50}.get(value, 7)
        case.result(y, "index", "index", lambda r, want=want: np.int64(want))


def add_parallel_loops(suite):
    """Each iteration writes its own indices into its own place."""
    for lower, upper, step in (((0, 0), (3, 4), (1, 1)), ((1, 2), (6, 9), (2, 3)),
                               ((0, 3), (4, 3), (1, 1))):  # fmt: skip
        case = suite.case("forall")
        full = tensor_type((6, 9), "i32")
        start = np.arange(54).reshape(6, 9) + 100
        text = [f"({', '.join(map(str, v))})" for v in (lower, upper, step)]
        y = case.emit(
            f"scf.forall (%i, %j) = {text[0]} to {text[1]} step {text[2]} "
            f"shared_outs(%o = {case.constant(start, 'i32')}) -> ({full}) {{\n"
            "    %c9 = arith.constant 9 : index\n    %m = arith.muli %i, %c9 : index\n"
            "    %n = arith.addi %m, %j : index\n"
            "    %k = arith.index_cast %n : index to i32\n"
            "    %f = tensor.from_elements %k : tensor<1x1xi32>\n"
            "    scf.forall.in_parallel {\n"
            "      tensor.parallel_insert_slice %f into %o[%i, %j] [1, 1] [1, 1] "
            f": tensor<1x1xi32> into {full}\n    }}\n  }}"
        )
        want = start.copy()
        for i in range(lower[0], upper[0], step[0]):
            for j in range(lower[1], upper[1], step[1]):
                want[i, j] = 9 * i + j
        case.result(y, full, "i32", lambda r, want=want: want)


def add_shared_writes(suite):
    """Iterations may write one element if they write the same, NaN included."""
    case = suite.case("forall")
    full = tensor_type((3,), "f32")
    for value in (2.5, np.nan):
        one = case.constant(np.array([value]), "f32")
        y = case.emit(
            f"scf.forall (%i) in (4) shared_outs(%o = {case.constant(np.ones(3), 'f32')}) "
            f"-> ({full}) {{\n    scf.forall.in_parallel {{\n"
            f"      tensor.parallel_insert_slice {one} into %o[1] [1] [1] "
            f": tensor<1xf32> into {full}\n    }}\n  }}"
        )
        case.result(y, full, "f32", lambda r, v=value: np.array([1, v, 1]), chain=0)


def add_schedules(suite):
    for _ in range(6):
        kinds, runs = [], []
        last = -1
        for kind in [0, 1, 2, *suite.random.randint(0, 3, 3)]:
            if kind == last:
                continue
            last, count = kind, int(suite.random.randint(1, 4))
            runs.append(f"{kind} x {count}")
            kinds += [int(kind)] * count
        case = suite.case("schedule")
        for layer, kind in enumerate(kinds):
            at = case.scalar(layer)
            y = case.emit(f"tenon.kind {at} in <{', '.join(runs)}>")
            case.result(y, "index", "index", lambda r, kind=kind: np.int64(kind))
            y = case.emit(f"tenon.ordinal {at} in <{', '.join(runs)}>")
            before = kinds[:layer].count(kind)
            case.result(y, "index", "index", lambda r, before=before: np.int64(before))


def add_kernels(suite):
    """Arguments and results in their order, with an operand that is used twice."""
    case = suite.case("kernel")
    a, b = suite.draw((2, 3)), suite.draw((2, 3))
    full = tensor_type(a.shape, "f32")
    x, y = case.constant(a, "f32"), case.constant(b, "f32")
    got = case.emit_many(
        2,
        f'tile.kernel "both" <rows = 1> ins({x} : {full}) outs({y}, {x} : {full}, {full}) {{\n'
        f"  ^bb0(%a: {full}, %b: {full}, %c: {full}):\n"
        f"    %s = arith.subf %b, %a : {full}\n    %t = arith.addf %c, %b : {full}\n"
        f"    tile.yield %s, %t : {full}, {full}\n  }} -> {full}, {full}",
    )
    case.result(got[0], full, "f32", lambda r: r("f32", b - a), chain=0)
    case.result(got[1], full, "f32", lambda r: r("f32", a + b), chain=0)
    case.result(x, full, "f32", lambda r: a, chain=0)


# linalg


def generic(case, inputs, out, maps, iterators, body):
    names = ", ".join(name for name, _ in inputs)
    types = ", ".join(type_ for _, type_ in inputs)
    maps = ", ".join(f"affine_map<{m}>" for m in maps)
    iterators = ", ".join(f'"{word}"' for word in iterators)
    ins = f"ins({names} : {types})" if inputs else ""
    return case.emit(
        f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterators}]}} {ins} "
        f"outs({out[0]} : {out[1]}) {{\n  {body}\n  }} -> {out[1]}"
    )


def add_linalg(suite):
    case = suite.case("linalg")
    a, b, c = suite.draw((3, 5)), suite.draw((4, 5)), suite.draw((4, 3))
    operands = [
        (case.constant(v, "f32"), tensor_type(v.shape, "f32")) for v in (a, b, c)
    ]
    dims = "(i, j, k) -> "
    y = generic(
        case, operands[:2], operands[2],
        [dims + "(i, k)", dims + "(j, k)", dims + "(j, i)"],
        ("parallel", "parallel", "reduction"),
        "^bb0(%x: f32, %y: f32, %z: f32):\n    %m = arith.mulf %x, %y : f32\n"
        "    %s = arith.addf %z, %m : f32\n    linalg.yield %s : f32",
    )  # fmt: skip
    case.result(
        y, operands[2][1], "f32", lambda r: r("f32", c + b @ a.T), terms=6, chain=4
    )
    row = tensor_type((5,), "f32")
    zero = case.constant(np.zeros(5), "f32")
    y = generic(
        case, [operands[0]], (zero, row), ["(i, k) -> (k, i)", "(i, k) -> (i)"],
        ("parallel", "reduction"),
        "^bb0(%x: f32, %z: f32):\n    %s = arith.maximumf %x, %z : f32\n"
        "    linalg.yield %s : f32",
    )  # fmt: skip
    case.result(y, row, "f32", lambda r: np.maximum(a.max(0), 0), chain=0)
    out = (case.constant(np.zeros((2, 3)), "f32"), tensor_type((2, 3), "f32"))
    y = generic(
        case, [], out, ["(i, j) -> (i, j)"], ("parallel", "parallel"),
        "^bb0(%z: f32):\n    %i = linalg.index 0 : index\n    %j = linalg.index 1 : index\n"
        "    %t = arith.constant 10 : index\n    %m = arith.muli %i, %t : index\n"
        "    %n = arith.addi %m, %j : index\n    %k = arith.index_cast %n : index to i32\n"
        "    %f = arith.sitofp %k : i32 to f32\n    linalg.yield %f : f32",
    )  # fmt: skip
    want = 10 * np.arange(2)[:, None] + np.arange(3)
    case.result(y, out[1], "f32", lambda r: want, chain=0)
    add_named(suite)


def add_named(suite):
    case = suite.case("linalg")
    a, b = suite.draw((3, 4)), suite.draw((4, 2))
    value = [(case.constant(v, "f32"), tensor_type(v.shape, "f32")) for v in (a, b)]
    out = tensor_type((3, 2), "f32")
    zero = case.constant(np.ones((3, 2)), "f32")
    y = case.emit(
        f"linalg.matmul ins({value[0][0]}, {value[1][0]} : {value[0][1]}, {value[1][1]}) "
        f"outs({zero} : {out}) -> {out}"
    )
    case.result(y, out, "f32", lambda r: r("f32", a @ b + 1), terms=5, chain=4)
    empty, turned = case.emit(f"tensor.empty() : {tensor_type((4, 3), 'f32')}"), (4, 3)
    y = case.emit(
        f"linalg.transpose ins({value[0][0]} : {value[0][1]}) outs({empty} : "
        f"{tensor_type(turned, 'f32')}) permutation = [1, 0]"
    )
    case.result(y, tensor_type(turned, "f32"), "f32", lambda r: a.T, chain=0)
    five = case.scalar(5.5, "f32")
    y = case.emit(f"linalg.fill ins({five} : f32) outs({zero} : {out}) -> {out}")
    case.result(y, out, "f32", lambda r: np.full((3, 2), 5.5), chain=0)
    # A sum in f32 is rounded at its end alone.
    small = np.array([1.0] + [2.0**-24] * 8)
    full = tensor_type(small.shape, "f32")
    one = case.constant(np.zeros(()), "f32")
    y = generic(
        case, [(case.constant(small, "f32"), full)], (one, "tensor<f32>"),
        ["(i) -> (i)", "(i) -> ()"], ("reduction",),
        "^bb0(%x: f32, %z: f32):\n    %s = arith.addf %z, %x : f32\n    linalg.yield %s : f32",
    )  # fmt: skip
    case.result(y, "tensor<f32>", "f32", lambda r: r("f32", math.fsum(small)), chain=0)


def add_all(suite):
    add_slices(suite)
    add_shapes(suite)
    add_maps(suite)
    add_loops(suite)
    add_branches(suite)
    add_parallel_loops(suite)
    add_shared_writes(suite)
    add_schedules(suite)
    add_kernels(suite)
    add_linalg(suite)
