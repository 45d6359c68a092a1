# Cases of the tile ops on panels and on plain tiles.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import itertools

import numpy as np

import formulas
from suite import Weight, tensor_type
from weights import store_scaled

TYPES = ("f32", "bf16", "f16")


def panel_order(rows, pair):
    """The row of a matrix in each place of all panels, and -1 where there is none."""
    if not pair:
        places = -(-rows // 16) * 16
        return [row if row < rows else -1 for row in range(places)]
    half, order = rows // 2, []
    for first in range(0, half, 8):
        gates = [row if row < half else -1 for row in range(first, first + 8)]
        order += gates + [row + half if row >= 0 else -1 for row in gates]
    return order


def in_panels(values, pair, panel, count):
    """Rows of a matrix as columns of a tile that begins at a panel."""
    order = panel_order(len(values), pair)
    order += [-1] * (16 * (panel + count) - len(order))
    padded = np.concatenate([values, np.zeros((1, *values.shape[1:]))])
    return padded[order[16 * panel : 16 * (panel + count)]]


def add_contracts(suite):
    product = itertools.product(
        (False, True), (False, True), (False, True), (False, True)
    )
    for i, (pair, ordered, stacked, wide) in enumerate(product):
        rows, cols = ((2, 34, 16, 40)[i % 4], (1, 5, 8)[i % 3])
        m, panels = (1, 4, 6)[i % 3], 2 if wide else 1
        count = (1, max(m - 2, 1), m)[i // 2 % 3]
        panel = i % 2
        layout = f"16x{(1, 2, 4)[i % 3]}{', pair' if pair else ''}"
        shape = (3, rows, cols) if stacked else (rows, cols)
        # Scaled weights are the only ones that f32 does not hold.
        weight = (
            scaled_weight(suite, shape, layout) if i % 4 == 3 or i % 8 == 0 else
            suite.weight(suite.draw(shape), ("f32", "bf16", "f16")[i % 3], layout)
        )  # fmt: skip
        matrix = 2 if stacked else None
        kind, type_ = TYPES[i % 3], TYPES[i // 2 % 3]
        tile = dict(weight=weight, matrix=matrix, pair=pair, panel=panel, panels=panels,
                    m=m, count=count, kind=kind, type=type_, cols=cols)  # fmt: skip
        case = suite.case("contract")
        if ordered:
            emit_ordered(suite, case, tile)
        else:
            emit_strided(suite, case, tile, deep=i % 4 == 2)


def scaled_weight(suite, shape, layout):
    name = f"w{len(suite.symbols)}"
    values = store_scaled(suite, name, shape, (2, 4))
    type_ = f"!tenon.weight<{'x'.join(map(str, shape))}, <f8E4M3FN, scale f32 per 2x4>, <{layout}>>"
    suite.symbol(
        f'tenon.weight @{name} "{name}" factors ["{name}_scale_inv"] : {type_}'
    )
    return Weight(name, type_, values)


def emit_contract(case, tile, x, kind, at, along, by, rows):
    weight = tile["weight"]
    w, w_type = case.use(weight)
    matrix = f"[{case.scalar(tile['matrix'])}]" if tile["matrix"] is not None else ""
    full = tensor_type((tile["m"], 16 * tile["panels"]), tile["type"])
    value, out = case.constant(x, kind), case.emit(f"tensor.empty() : {full}")
    y = case.emit(
        f"tile.contract {value}[{', '.join(case.scalar(v) for v in at)}] along {along} "
        f"count {case.scalar(tile['count'])} {by}, {w}{matrix} panel "
        f"{case.scalar(tile['panel'])} into {out} : {tensor_type(x.shape, kind)}, {w_type} "
        f"into {full} -> {full}"
    )

    def want(round_):
        values = weight.values
        if tile["matrix"] is not None:
            values = values[tile["matrix"]]
        values = round_("f32", values)
        columns = in_panels(values, tile["pair"], tile["panel"], tile["panels"])
        y = round_(tile["type"], rows @ columns.T)
        y[tile["count"] :] = np.nan
        return y

    case.result(y, full, tile["type"], want, terms=tile["cols"], chain=4)


def emit_ordered(suite, case, tile):
    tokens, choices, first = 4, 3, 2
    x = suite.draw((tokens, tile["cols"] + 2), tile["kind"])
    order = suite.random.permutation(tokens * choices)
    name, o_type = case.rows(order, "i32")
    which = first + np.minimum(np.arange(tile["m"]), tile["count"] - 1)
    rows = x[order[which] // choices][:, 1 : 1 + tile["cols"]]
    by = f"rows {name} : {o_type} choices {choices}"
    emit_contract(case, tile, x, tile["kind"], (first, 1), 0, by, rows)


def emit_strided(suite, case, tile, deep):
    """Rows along the first dimension or along one in the middle."""
    which = 1 + np.minimum(np.arange(tile["m"]), tile["count"] - 1)
    if deep:
        x = suite.draw((2, tile["m"] + 2, 3, tile["cols"]), tile["kind"])
        rows = x[1, which, 2]
        emit_contract(case, tile, x, tile["kind"], (1, 1, 2, 0), 1, "", rows)
        return
    x = suite.draw((tile["m"] + 2, tile["cols"] + 1), tile["kind"])
    rows = x[which, 1 : 1 + tile["cols"]]
    emit_contract(case, tile, x, tile["kind"], (1, 1), 0, "", rows)


def add_biases(suite):
    for i, (pair, elements) in enumerate(itertools.product((False, True), (2, 20, 40))):
        columns = suite.weight(suite.draw((3, elements, 1)), ("f32", "bf16")[i % 2])
        vector = suite.weight(suite.draw(elements), ("f32", "bf16")[i % 2])
        kind = TYPES[i % 3]
        places = ((0, 32), (16, 16), (16, 32))
        for (first, width), matrix in itertools.product(places, (None, 0, 2)):
            case = suite.case("add_bias")
            tile = suite.draw((3, width), kind)
            b, b_type = case.use(vector if matrix is None else columns)
            bias = vector.values if matrix is None else columns.values[matrix, :, 0]
            of = "" if matrix is None else f"of {case.scalar(matrix)}"
            full = tensor_type(tile.shape, kind)
            y = case.emit(
                f"tile.add_bias {b}[{case.scalar(first)}] {of} {'pair' if pair else ''} into "
                f"{case.constant(tile, kind)} : {b_type} into {full} -> {full}"
            )

            def want(round_, tile=tile, bias=bias, pair=pair, first=first, kind=kind):
                count = tile.shape[1] // 16
                row = in_panels(bias[:, None], pair, first // 16, count)
                return round_(kind, tile + row[:, 0])

            case.result(y, full, kind, want, chain=2)


def add_plain_tiles(suite):
    for i, (rows, kind) in enumerate(itertools.product((1, 4), TYPES)):
        case = suite.case("tile")
        a, b = suite.draw((rows, 7), kind, 3), suite.draw((rows, 7), kind, 3)
        full = tensor_type(a.shape, kind)
        x, y = case.constant(a, kind), case.constant(b, kind)
        z = case.emit(f"tile.add {x} into {y} : {full} into {full} -> {full}")
        case.result(
            z, full, kind, lambda r, a=a, b=b, kind=kind: r(kind, a + b), chain=2
        )
        value = float(suite.draw((), kind))
        z = case.emit(
            f"tile.fill {case.scalar(value, kind)} into {x} : {kind} into {full} -> {full}"
        )
        case.result(z, full, kind, lambda r, a=a, v=value: np.full(a.shape, v), chain=0)
        other = TYPES[(i + 1) % 3]
        new = tensor_type(a.shape, other)
        out = case.emit(f"tensor.empty() : {new}")
        z = case.emit(f"tile.convert {x} into {out} : {full} into {new} -> {new}")
        case.result(z, new, other, lambda r, a=a, k=other: r(k, a), chain=0)
    for i, (activation, kind) in enumerate(itertools.product(formulas.GLUS, TYPES)):
        rows, width = (1, 3)[i % 2], (8, 24)[i // 2 % 2]
        pairs = suite.draw((rows, 2 * width), "f32", 4)
        case = suite.case("glu_pairs")
        old, new = tensor_type(pairs.shape, "f32"), tensor_type((rows, width), kind)
        out = case.emit(f"tensor.empty() : {new}")
        y = case.emit(
            f"tile.glu_pairs {activation} {case.constant(pairs, 'f32')} into {out} "
            f": {old} into {new} -> {new}"
        )

        def want(round_, pairs=pairs, activation=activation, kind=kind):
            halves = pairs.reshape(len(pairs), -1, 2, 8)
            joined = formulas.glu(activation, halves[:, :, 0], halves[:, :, 1])
            return round_(kind, joined.reshape(len(pairs), -1))

        case.result(y, new, kind, want, chain=16 + 16**2)


def add_all(suite):
    add_contracts(suite)
    add_biases(suite)
    add_plain_tiles(suite)
