# Cases of the ops on rows: norms, rotations, products, activations, embeddings.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import itertools

import numpy as np

import formulas
from suite import number, tensor_type

TOKENS = (1, 3, 7, 0)
TYPES = ("f32", "bf16", "f16")


def vector(case, weight):
    value, type_ = case.use(weight)
    return value, f", {type_}"


def add_norms(suite):
    orders = ("cast_then_scale", "scale_then_cast", "one_plus", None)
    product = itertools.product(("rms", "layer"), orders, TYPES, (False, True))
    for i, (kind, order, type_, biased) in enumerate(product):
        if biased and order == "cast_then_scale":
            continue
        tokens, d = TOKENS[i % 4], (1, 5, 13)[i % 3]
        tail = (0, 3)[i // 2 % 2]
        heads = (2,) if i % 5 == 0 else ()
        scale = (1, 1e-3)[i // 3 % 2]
        x = suite.draw((tokens, *heads, d + tail), type_, scale)
        if tokens > 1:
            x[1] = 0
        eps = np.float32((1e-6, 1e-5, 0.5)[i % 3])
        case = suite.case("norm")
        weight = suite.weight(suite.draw(d, "f32") + 1, (("f32"), "bf16")[i % 2])
        bias = suite.weight(suite.draw(d, "f32")) if biased else None
        value, row = case.rows(x, type_, i % 7 != 0)
        w, w_type = case.use(weight)
        b, b_type = vector(case, bias) if biased else ("", "")
        y = case.emit(
            f"tenon.norm {kind} {value}, {w} {'bias ' + b if biased else ''} "
            f"eps {number(eps)} {'order ' + order if order else ''} "
            f": {row}, {w_type}{b_type}"
        )

        def want(round_, x=x, kind=kind, order=order, type_=type_, weight=weight,
                 bias=bias, eps=eps):  # fmt: skip
            return formulas.norm(
                round_, type_, kind, order or "scale_then_cast", x, weight.values,
                bias.values if bias else None, float(eps),
            )  # fmt: skip

        # A row of one element that is its own mean has no digits left.
        chain = 12 + (1 if kind == "rms" or d > 1 else 0)
        case.result(y, row, type_, want, terms=d, chain=chain)
        add_tile_norm(case, kind, order, x, type_, weight, bias, eps, want)


def add_tile_norm(case, kind, order, x, type_, weight, bias, eps, want):
    """The same rows as a tile; there is a tile of no rows, too."""
    full = tensor_type(x.shape, type_)
    value, out = case.constant(x, type_), case.emit(f"tensor.empty() : {full}")
    w, w_type = case.use(weight)
    b = ""
    if bias:
        name, b_type = case.use(bias)
        b = f"bias {name} : {b_type}"
    y = case.emit(
        f"tile.norm {kind} {value}, {w} {b} eps {number(eps)} "
        f"{'order ' + order if order else ''} into {out} "
        f": {full}, {w_type} into {full} -> {full}"
    )
    case.result(y, full, type_, want, terms=len(weight.values), chain=13)


def rope_text(rope):
    keys = ("factor", "original", "low", "high")
    parts = [f"dims = {rope['dims']}, pairing = {rope['pairing']}"]
    parts.append(f"theta = {number(rope['theta'])} : f64")
    if "scaling" in rope:
        parts.append(f"scaling = {rope['scaling']}")
    parts += [f"{key} = {number(rope[key])} : f64" for key in keys if key in rope]
    if "truncate" in rope:
        parts.append(f"truncate = {'true' if rope['truncate'] else 'false'}")
    if "attention" in rope:
        parts.append(f"attention = {number(rope['attention'])} : f64")
    if "divisors" in rope:
        parts.append(f"divisors = [{', '.join(map(number, rope['divisors']))}]")
    return f"<{', '.join(parts)}>"


OPTIONAL = {
    "none": (),
    "linear": ("factor",),
    "llama3": ("factor", "original", "low", "high"),
    "yarn": ("factor", "original", "low", "high", "truncate"),
}


def list_ropes():
    """Every scaling with every combination of its keys, of several sizes."""
    values = {"factor": 8.0, "original": 64.0, "low": 2.0, "high": 6.0}
    values["truncate"] = False
    number_ = 0
    for scaling, keys in OPTIONAL.items():
        for present in itertools.product((False, True), repeat=len(keys)):
            number_ += 1
            rope = {
                "dims": (2, 6, 14, 64)[number_ % 4],
                "pairing": ("half", "interleaved")[number_ // 4 % 2],
                "theta": (10000.0, 500000.0, 3.0)[number_ % 3],
            }
            if scaling != "none":
                rope["scaling"] = scaling
            rope |= {key: values[key] for key, has in zip(keys, present) if has}
            if number_ % 2:
                rope["attention"] = 1.25
            yield rope
    # Both bounds of yarn at an end, equal bounds, and a plain theta of 1.
    yarn = {"pairing": "half", "scaling": "yarn", "factor": 4.0}
    yield yarn | {"dims": 14, "theta": 10000.0, "original": 64.0}
    yield yarn | {"dims": 14, "theta": 3.0, "original": 4096.0}
    yield yarn | {"dims": 14, "theta": 2.5, "original": 100.0, "truncate": False}
    yield yarn | {"dims": 6, "theta": 1e4, "original": 64.0, "low": 8.0, "high": 8.0,
                  "truncate": False}  # fmt: skip
    yield yarn | {"dims": 64, "theta": 5e4, "original": 4096.0, "low": 1.0, "high": 1.0}
    yield {"dims": 2, "pairing": "half", "theta": 1.0, "scaling": "none"}
    divided = {"pairing": "half", "scaling": "divided", "theta": 10000.0, "dims": 6}
    yield divided | {"divisors": [1.0, 2.25, 40.0], "attention": 1.19}
    # No wavelength is between equal boundaries.
    llama3 = {"pairing": "half", "scaling": "llama3", "factor": 8.0, "theta": 1e4}
    yield llama3 | {"dims": 14, "original": 64.0, "low": 1.0, "high": 1.0}
    llama3 = {"pairing": "interleaved", "scaling": "llama3", "factor": 32.0}
    yield llama3 | {"dims": 64, "theta": 500000.0}
    yield llama3 | {"dims": 128, "theta": 500000.0, "low": 1.0, "high": 4.0}


def add_ropes(suite):
    for i, rope in enumerate(list_ropes()):
        dims, type_ = rope["dims"], TYPES[i % 3]
        end, extra = ("first", "last")[i % 2], (0, 3)[i // 2 % 2]
        tokens = (1, 2, 5, 0)[i % 4]
        heads = (3,) if i % 3 == 0 else ()
        x = suite.draw((tokens, *heads, dims + extra), type_)
        positions = suite.random.randint(0, 1500, tokens)
        positions[:1] = 1
        case = suite.case("rope_" + rope.get("scaling", "none"))
        value, row = case.rows(x, type_)
        at, at_type = case.rows(positions, "i32")
        name, table_type = add_table(suite, rope, 1500)
        t = case.emit(f"tenon.weight_ref @{name} : {table_type}")
        table = f" table {t} : {table_type}" if i % 2 else ""
        y = case.emit(
            f"tenon.rope {value} at {at} {end} {rope_text(rope)}{table} "
            f": {row}, {at_type}"
        )

        def want(round_, x=x, rope=rope, end=end, positions=positions, type_=type_):
            angles = np.outer(positions, formulas.rope_frequencies(rope))
            return round_(type_, formulas.rotate(x, angles, rope, end))

        # An angle of 1500 is an operation whose error counts 1500 times.
        case.result(y, row, type_, want, terms=2, chain=16 + 1500**2)
        add_table_rows(case, t, table_type, rope)
        if tokens:
            add_tile_rope(case, x[0], type_, positions[0], rope, end, t, table_type)


def add_table(suite, rope, positions):
    name = f"table{len(suite.symbols)}"
    rows = -(-positions // 256) + 256
    type_ = f"!tenon.weight<{rows}x{rope['dims']}, <f32>>"
    suite.symbol(
        f"tenon.rope_table @{name} #tenon.rope{rope_text(rope)} "
        f"positions {positions} : {type_}"
    )
    return name, type_


def read_table(case, table, type_, rows, width, kind="f32"):
    tokens, t_type = case.rows(np.array(rows), "i32", False)
    result = tensor_type((len(rows), width), kind)
    y = case.emit(f"tenon.embedding {tokens}, {table} : {t_type}, {type_} -> {result}")
    return y, result


def add_table_rows(case, table, type_, rope):
    """Rows of the coarse part and of the fine one; a table holds f32 in any mode."""
    rows = [0, 1, 5, 6, 7, 100, 261]
    y, result = read_table(case, table, type_, rows, rope["dims"])

    case.result(
        y, result, "f32", lambda r: formulas.rope_table(rope, 1500)[rows],
        chain=16 + 1500**2, stored=True,
    )  # fmt: skip


def add_tile_rope(case, row, type_, position, rope, end, table, table_type):
    row = row.reshape(1, *row.shape)
    full = tensor_type(row.shape, type_)
    value, out = case.constant(row, type_), case.emit(f"tensor.empty() : {full}")
    at = case.scalar(position)
    y = case.emit(
        f"tile.rope {value} at {at} {end} {rope_text(rope)}, {table} into {out} "
        f": {full}, {table_type} into {full} -> {full}"
    )

    def want(round_):
        rows = np.float64(np.float32(formulas.rope_table(rope, 1500)))
        half = rope["dims"] // 2
        coarse, fine = rows[position // 256], rows[len(rows) - 256 + position % 256]
        # One addition of angles is one product of complex numbers.
        turn = (coarse[:half] + 1j * coarse[half:]) * (fine[:half] + 1j * fine[half:])
        plain = rope | {"attention": rope.get("attention", 1)}
        angles = np.angle(turn)[None]
        turned = formulas.rotate(row, angles, plain, end)
        return round_(type_, scale_pairs(turned, row, np.abs(turn), rope, end))

    case.result(y, full, type_, want, terms=2, chain=32)


def scale_pairs(turned, row, sizes, rope, end):
    """Cosines and sines of a table are rounded: a pair is not only turned."""
    half, dims = rope["dims"] // 2, rope["dims"]
    first = 0 if end == "first" else row.shape[-1] - dims
    factors = np.ones(row.shape[-1])
    pairs = np.tile(sizes, 2) if rope["pairing"] == "half" else np.repeat(sizes, 2)
    assert len(pairs) == 2 * half
    factors[first : first + dims] = pairs
    return turned * factors


def add_linears(suite):
    codes = ("f32", "bf16", "f16", "f8E4M3FN")
    product = itertools.product((None, *formulas.GLUS), (False, True), TYPES)
    for i, (glu, biased, type_) in enumerate(product):
        tokens, heads = TOKENS[i % 4], (None, 2)[i // 2 % 2]
        k = (2 if heads else 1) * (1, 3, 17)[i % 3]
        n = 2 * (1, 4, 11)[i // 3 % 3]
        x = suite.draw((tokens, k), TYPES[i // 5 % 3], 2)
        weight = suite.weight(
            suite.draw((n, k), "f32", 1.5), codes[i % 4], "16x2" if i % 3 == 0 else "",
            stored="f32" if i % 8 < 3 else None,
        )  # fmt: skip
        bias = suite.weight(suite.draw(n)) if biased else None
        case = suite.case("linear")
        shaped = x.reshape(tokens, heads, k // heads) if heads else x
        value, x_type = case.rows(shaped, TYPES[i // 5 % 3])
        w, w_type = case.use(weight)
        b, b_type = vector(case, bias) if biased else ("", "")
        width = n // 2 if glu else n
        out = (width // 2, 2) if i % 5 == 1 and width % 2 == 0 else (width,)
        result = tensor_type(("?", *out), type_)
        y = case.emit(
            f"tenon.linear {value}, {w} {'bias ' + b if biased else ''} "
            f"{'glu ' + glu if glu else ''} : {x_type}, {w_type}{b_type} -> {result}"
        )

        def want(round_, x=x, weight=weight, bias=bias, glu=glu, type_=type_, out=out):
            y = formulas.linear(x, weight.values, bias.values if bias else None, glu)
            return round_(type_, y.reshape(len(x), *out))

        chain = 12 + (16 * k) ** 2 if glu else 4
        case.result(y, result, type_, want, terms=k, chain=chain)


def add_head_linears(suite):
    for i, keep in enumerate((False, True) * 3):
        tokens, heads, k, n = (
            TOKENS[i % 4],
            (1, 3)[i % 2],
            (1, 5, 8)[i % 3],
            (4, 1)[i // 3],
        )
        extra = 3 if keep else 0
        type_ = TYPES[i % 3]
        x = suite.draw((tokens, heads, k + extra), "f32")
        weight = suite.weight(suite.draw((heads, n, k)), ("f32", "bf16")[i % 2])
        case = suite.case("head_linear")
        value, x_type = case.rows(x, "f32")
        w, w_type = case.use(weight)
        result = tensor_type(("?", heads, n + extra), type_)
        y = case.emit(
            f"tenon.head_linear {value}, {w} {'keep' if keep else ''} "
            f": {x_type}, {w_type} -> {result}"
        )

        def want(round_, x=x, weight=weight, k=k, type_=type_):
            y = np.einsum("thk,hnk->thn", x[..., :k], weight.values)
            return round_(type_, np.concatenate([y, x[..., k:]], -1))

        case.result(y, result, type_, want, terms=k, chain=4)


def add_glus(suite):
    for i, (activation, type_) in enumerate(itertools.product(formulas.GLUS, TYPES)):
        rows = TOKENS[i % 4]
        gate = suite.draw((rows, 16), type_, 6)
        up = suite.draw((rows, 16), type_, 2)
        if rows:
            gate[0, :5] = [0, -0.0, 30, -30, 8]
        case = suite.case("glu")
        g, row = case.rows(gate, type_)
        u, _ = case.rows(up, type_)
        y = case.emit(f"tenon.glu {activation} {g}, {u} : {row}")

        def want(round_, gate=gate, up=up, activation=activation, type_=type_):
            return round_(type_, formulas.glu(activation, gate, up))

        chain = 16 + 40**2
        case.result(y, row, type_, want, chain=chain)

        def want_alone(round_, gate=gate, activation=activation, type_=type_):
            return round_(type_, formulas.activate(activation, gate))

        # Only gates have parameters.
        if "<" not in activation:
            y = case.emit(f"tenon.activate {activation} {g} : {row}")
            case.result(y, row, type_, want_alone, chain=chain)
        full = tensor_type(gate.shape, type_)
        value = [case.constant(v, type_) for v in (gate, up)]
        out = case.emit(f"tensor.empty() : {full}")
        y = case.emit(
            f"tile.glu {activation} {value[0]}, {value[1]} into {out} "
            f": {full}, {full} into {full} -> {full}"
        )
        case.result(y, full, type_, want, chain=chain)


def add_pointwise(suite):
    cases = itertools.product(("scale", "clamp", "softcap"), TYPES)
    for i, (function, type_) in enumerate(cases):
        rows, parameter = TOKENS[i % 4], (0.22, 1.5, 30.0)[i % 3]
        x = suite.draw((rows, 16), type_, 6)
        if rows:
            x[0, :5] = [0, -0.0, 30, -30, 8]
        case = suite.case("pointwise")
        value, row = case.rows(x, type_)
        # The op has it in float32.
        parameter = np.float32(parameter)
        by = f"by {number(parameter)}"
        y = case.emit(f"tenon.pointwise {function} {value} {by} : {row}")

        def want(round_, x=x, function=function, parameter=float(parameter), type_=type_):
            return round_(type_, formulas.pointwise(function, parameter, x))

        case.result(y, row, type_, want, chain=16)
        full = tensor_type(x.shape, type_)
        value, out = case.constant(x, type_), case.emit(f"tensor.empty() : {full}")
        y = case.emit(
            f"tile.pointwise {function} {value} {by} into {out} "
            f": {full} into {full} -> {full}"
        )
        case.result(y, full, type_, want, chain=16)


def add_plain_norms(suite):
    """Norms without weights, of rows and of heads."""
    for i, type_ in enumerate(TYPES):
        x = suite.draw(((3, 7), (2, 2, 5), (4, 1))[i], type_)
        case = suite.case("plain_norm")
        value, row = case.rows(x, type_)
        kind = ("rms", "layer", "rms")[i]
        y = case.emit(f"tenon.norm {kind} {value} eps 0.5 : {row}")

        def want(round_, x=x, kind=kind, type_=type_):
            ones = np.ones(x.shape[-1])
            return formulas.norm(
                round_, type_, kind, "scale_then_cast", x, ones, None, 0.5
            )

        case.result(y, row, type_, want, terms=7, chain=13)
        full = tensor_type(x.shape, type_)
        value, out = case.constant(x, type_), case.emit(f"tensor.empty() : {full}")
        y = case.emit(f"tile.norm {kind} {value} eps 0.5 into {out} : {full} into {full} -> {full}")
        case.result(y, full, type_, want, terms=7, chain=13)


def add_scaled_rows(suite):
    """Rows times factors of their tokens, given or of positions."""
    for i, type_ in enumerate(TYPES):
        tokens = (5, 0, 3)[i]
        x = suite.draw((tokens, *((2, 3), (4,), (1, 5))[i]), type_)
        factors = suite.draw((tokens, 1))
        positions = np.array([0, 6, 7, 1000, 13][:tokens])
        case = suite.case("scaled_rows")
        value, row = case.rows(x, type_)
        f, f_type = case.rows(factors, "f32")
        at, at_type = case.rows(positions, "i32")
        shape = (tokens, *[1] * (x.ndim - 1))
        y = case.emit(f"tenon.scale_rows {value} by {f} : {row}, {f_type}")
        case.result(
            y, row, type_,
            lambda r, x=x, f=factors, t=type_, s=shape: r(t, x * f.reshape(s)), chain=2,
        )  # fmt: skip
        slope = np.float32(0.3)
        y = case.emit(
            f"tenon.temper_rows {value} at {at} interval 7 slope {number(slope)} "
            f": {row}, {at_type}"
        )

        def want(round_, x=x, positions=positions, type_=type_, shape=shape):
            factor = formulas.temperature(positions, 7, float(np.float32(0.3)))
            return round_(type_, x * factor.reshape(shape))

        case.result(y, row, type_, want, chain=16)
    case = suite.case("scaled_tile")
    for position in (0, 6, 90):
        at = case.scalar(position)
        y = case.emit(f"tile.temperature at {at} interval 7 slope 0.5")
        want = lambda r, p=position: r("f32", formulas.temperature(p, 7, 0.5))  # noqa: E731
        case.result(y, "f32", "f32", want, chain=16)
    x, full = suite.draw((1, 5)), tensor_type((1, 5), "f32")
    value, out = case.constant(x, "f32"), case.emit(f"tensor.empty() : {full}")
    factor = case.scalar(0.75, "f32")
    y = case.emit(f"tile.scale {value} by {factor} into {out} : {full} into {full} -> {full}")
    case.result(y, full, "f32", lambda r: r("f32", 0.75 * x), chain=2)


def add_embeddings(suite):
    for i, (code, type_) in enumerate(itertools.product(("f32", "bf16", "f16"), TYPES)):
        words, width = (1, 5, 11)[i % 3], (1, 7)[i % 2]
        scale = (None, 8.0, 11.3137)[i // 3 % 3]
        tokens = suite.random.randint(0, words, TOKENS[i % 4])
        table = suite.weight(suite.draw((words, width)), code, "16x1" if i % 2 else "")
        case = suite.case("embedding")
        at, at_type = case.rows(tokens, "i32")
        w, w_type = case.use(table)
        result = tensor_type(("?", width), type_)
        factor = f"scale {number(np.float32(scale))}" if scale else ""
        y = case.emit(
            f"tenon.embedding {at}, {w} {factor} : {at_type}, {w_type} -> {result}"
        )

        def want(round_, tokens=tokens, table=table, scale=scale, type_=type_):
            return round_(type_, table.values[tokens] * float(np.float32(scale or 1)))

        case.result(y, result, type_, want, chain=2)
        full = tensor_type((1, width), type_)
        out, one = case.emit(f"tensor.empty() : {full}"), case.scalar(words - 1)
        y = case.emit(
            f"tile.embed {one}, {w} {factor} into {out} : {w_type} into {full} -> {full}"
        )

        def last(round_, table=table, scale=scale, type_=type_):
            return round_(type_, table.values[-1:] * float(np.float32(scale or 1)))

        case.result(y, full, type_, last, chain=2)


def add_gathers(suite):
    for i, type_ in enumerate(TYPES):
        x = suite.draw((5, 3), type_)
        rows = [[4, 0, 4, 2], [3], []][i]
        case = suite.case("gather_rows")
        value, x_type = case.rows(x, type_)
        at, at_type = case.rows(np.array(rows, int), "i32")
        result = tensor_type(("?", 3), type_)
        y = case.emit(
            f"tenon.gather_rows {value}, {at} : {x_type}, {at_type} -> {result}"
        )
        case.result(y, result, type_, lambda r, x=x, rows=rows: x[np.array(rows, int)],
                    chain=0)  # fmt: skip


def add_all(suite):
    add_norms(suite)
    add_ropes(suite)
    add_linears(suite)
    add_head_linears(suite)
    add_glus(suite)
    add_pointwise(suite)
    add_plain_norms(suite)
    add_scaled_rows(suite)
    add_embeddings(suite)
    add_gathers(suite)
