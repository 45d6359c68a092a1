# Cases of routers, experts and the ops that experts open into.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import itertools

import numpy as np

import formulas
from suite import number, tensor_type

TOKENS = (3, 1, 5, 0)
SHAPES = [(1, 1, 1), (5, 1, 1), (8, 4, 2), (9, 3, 1), (12, 2, 2), (6, 3, 3)]


def list_routes():
    product = itertools.product(
        ("softmax", "sigmoid"), SHAPES, (None, "max", "top2sum"), (False, True)
    )
    for i, (scoring, (experts, groups, keep), by, biased) in enumerate(product):
        per_group = experts // groups
        if by == "top2sum" and per_group < 2:
            continue
        yield {
            "scoring": scoring, "experts": experts, "groups": groups, "keep": keep,
            "by": by or "max", "says": by, "biased": biased,
            "top": (1, min(3, keep * per_group), keep * per_group)[i % 3],
            "renorm": (None, np.float32(1e-20), np.float32(0.25), None)[i // 2 % 4],
            "scale": np.float32((1.0, 2.5)[i // 3 % 2]),
        }  # fmt: skip


def route_text(case, route, bias):
    text = ""
    if bias:
        name, type_ = case.use(bias)
        text = f"bias {name} : {type_} "
    if route["groups"] > 1 or route["keep"] > 1:
        text += f"groups {route['groups']} keep {route['keep']} "
    if route["says"]:
        text += f"by {route['says']} "
    text += f"top {route['top']} "
    if route["renorm"] is not None:
        text += f"renorm {number(route['renorm'])} "
    return text + f"scale {number(route['scale'])}"


def draw_logits(suite, tokens, experts, groups_of):
    """Ties in a row, and sigmoids that are 1 in f32 alone."""
    logits = suite.draw((tokens, experts), "f32", 4)
    if tokens > 1:
        logits[1] = logits[1, 0]
    if tokens > 2:
        logits[2] = np.round(logits[2])
    if tokens > 4:
        logits[4] = 20 + 3 * suite.random.randint(0, 3, experts)
        # Sums of two scores of a group that are equal in f32 alone.
        logits[3] = suite.draw(experts) - 19
        logits[3, ::groups_of] = 30
    return logits


def add_routers(suite):
    for i, route in enumerate(list_routes()):
        tokens = TOKENS[i % 4]
        logits = draw_logits(
            suite, tokens, route["experts"], route["experts"] // route["groups"]
        )
        bias = None
        if route["biased"]:
            values = suite.random.randint(-2, 3, route["experts"]) / 4
            bias = suite.weight(values)
        case = suite.case("router_" + route["scoring"])
        value, row = case.rows(logits, "f32")
        choice, weights = (tensor_type(("?", route["top"]), k) for k in ("i32", "f32"))
        got = case.emit_many(
            2,
            f"tenon.router {route['scoring']} {value} {route_text(case, route, bias)} "
            f": {row} -> {choice}, {weights}",
        )

        def want(round_, logits=logits, route=route, bias=bias):
            rows = [
                formulas.router(
                    round_, "f32", row, bias.values if bias else None, route
                )
                for row in logits
            ]
            shape = (len(logits), route["top"])
            return (
                np.array([c for c, _ in rows], int).reshape(shape),
                np.array([w for _, w in rows], float).reshape(shape),
            )

        terms = route["experts"]
        case.result(got[0], choice, "i32", want, part=0)
        case.result(got[1], weights, "f32", want, part=1, terms=terms, chain=64 + 26**2)
        if tokens:
            add_tile_route(case, logits[-1:], route, bias, want, tokens)


def add_tile_route(case, logits, route, bias, want, tokens):
    full = tensor_type(logits.shape, "f32")
    value = case.constant(logits, "f32")
    types = [tensor_type((1, route["top"]), kind) for kind in ("i32", "f32")]
    outs = [case.emit(f"tensor.empty() : {type_}") for type_ in types]
    got = case.emit_many(
        2,
        f"tile.route {route['scoring']} {value} {route_text(case, route, bias)} into "
        f"{', '.join(outs)} : {full} into {', '.join(types)} -> {', '.join(types)}",
    )

    def last(round_):
        choice, weights = want(round_)
        return choice[-1:], weights[-1:]

    terms = route["experts"]
    case.result(got[0], types[0], "i32", last, part=0)
    case.result(got[1], types[1], "f32", last, part=1, terms=terms, chain=64 + 26**2)


def draw_choice(suite, tokens, k, experts):
    """Experts of each token; some expert has none, and tokens may repeat one."""
    choice = suite.random.randint(0, max(experts - 1, 1), (tokens, k))
    return choice


def emit_experts(case, x, type_, choice, weights, matrices, biases, flags, chain, want):
    """The op on rows of a type; `want` gives its exact result, of arrays."""
    value, x_type = case.rows(x, type_)
    c, c_type = case.rows(choice, "i32")
    w, w_type = case.rows(weights, "f32")
    used = [case.use(part) for part in matrices]
    added = ", ".join(f"{n} : {t}" for n, t in map(case.use, biases))
    before, after = flags
    y = case.emit(
        f"tenon.experts {before} {value}, {c}, {w}, {', '.join(n for n, _ in used)} "
        f"{'bias ' * bool(added)}{added} {after} : {x_type}, {c_type}, {w_type}, "
        f"{', '.join(t for _, t in used)}"
    )
    arrays = [part.values for part in matrices], [bias.values for bias in biases]
    case.result(y, x_type, type_, lambda r: r(type_, want(r, *arrays)), terms=8, chain=chain)


def add_experts(suite):
    for i, (activation, type_) in enumerate(
        itertools.product(formulas.GLUS, ("f32", "bf16", "f16"))
    ):
        tokens, k, count = TOKENS[i % 4], (1, 2, 3)[i % 3], (1, 4, 5)[i // 2 % 3]
        d, inner = (3, 7)[i % 2], (1, 5)[i // 2 % 2]
        code = ("f32", "bf16", "f16")[i // 4 % 3]
        x = suite.draw((tokens, d), type_)
        choice = draw_choice(suite, tokens, k, count)
        weights = suite.draw((tokens, k))
        gate, up = (suite.weight(suite.draw((count, inner, d)), code) for _ in range(2))
        down = suite.weight(suite.draw((count, d, inner)), code)
        biases = ()
        if i % 2:
            sizes = (inner, inner, d)
            biases = [suite.weight(suite.draw((count, n, 1)), code) for n in sizes]

        def want(_, matrices, biases, x=x, choice=choice, weights=weights,
                 activation=activation):  # fmt: skip
            return formulas.experts(x, choice, weights, *matrices, biases, activation)

        emit_experts(suite.case("experts"), x, type_, choice, weights, (gate, up, down),
                     biases, (activation, ""), 16 + 7**2, want)  # fmt: skip


def add_scaled_experts(suite):
    """The weight of the only expert of a token scales what that reads, and leaves
    biases as they are."""
    for i, type_ in enumerate(("f32", "bf16")):
        x = suite.draw((4, 3), type_)
        choice = draw_choice(suite, 4, 1, 3)
        weights = suite.draw((4, 1))
        gate, up = (suite.weight(suite.draw((3, 5, 3))) for _ in range(2))
        down = suite.weight(suite.draw((3, 3, 5)))
        rows = (5, 5, 3) if i else ()
        biases = [suite.weight(suite.draw((3, n, 1))) for n in rows]

        def want(round_, matrices, biases, x=x, choice=choice, weights=weights, type_=type_):
            scaled, ones = round_(type_, x * weights), np.ones_like(weights)
            return formulas.experts(scaled, choice, ones, *matrices, biases, "silu")

        emit_experts(suite.case("scaled_experts"), x, type_, choice, weights,
                     (gate, up, down), biases, ("silu", "scale_input"), 17 + 7**2, want)  # fmt: skip


def add_groups(suite):
    for i, (tokens, k, count) in enumerate(
        itertools.product((0, 1, 4), (1, 3), (1, 2, 6))
    ):
        choice = draw_choice(suite, tokens, k, count)
        case = suite.case("moe_dispatch")
        want = lambda r, choice=choice, count=count: formulas.group(
            choice, count
        )  # noqa: E731
        value, type_ = case.rows(choice, "i32")
        types = [tensor_type(("?",), "i32"), type_, tensor_type((count + 1,), "i32")]
        got = case.emit_many(3, f"tenon.moe_dispatch {value} : {type_} -> {', '.join(types)}")
        for part in range(3):
            case.result(got[part], types[part], "i32", want, part=part)
        full = tensor_type(choice.shape, "i32")
        value = case.constant(choice, "i32")
        types = [tensor_type((tokens * k,), "i32"), full, types[2]]
        outs = [case.emit(f"tensor.empty() : {t}") for t in types]
        got = case.emit_many(
            3,
            f"tile.moe_dispatch {value} into {', '.join(outs)} : {full} into "
            f"{', '.join(types)} -> {', '.join(types)}",
        )
        for part in range(3):
            case.result(got[part], types[part], "i32", want, part=part)


def add_grouped_linears(suite):
    product = itertools.product((None, *formulas.GLUS), (False, True))
    for i, (glu, ordered) in enumerate(product):
        tokens, k, count = TOKENS[i % 4], (1, 2, 3)[i % 3], (1, 3, 5)[i % 3]
        cols, rows = (1, 6)[i % 2], (2, 6)[i // 2 % 2]
        type_ = ("f32", "bf16", "f16")[i % 3]
        choice = draw_choice(suite, tokens, k, count)
        order, _, offsets = formulas.group(choice, count)
        x = suite.draw((tokens if ordered else tokens * k, cols), "f32", 2)
        weight = suite.weight(suite.draw((count, rows, cols)), ("f32", "bf16")[i % 2])
        case = suite.case("grouped_linear")
        value, x_type = case.rows(x, "f32")
        by = ""
        if ordered:
            o, o_type = case.rows(order, "i32")
            by = f"rows {o} : {o_type} choices {k}"
        at, at_type = case.rows(offsets, "i32", False)
        w, w_type = case.use(weight)
        bias, added = None, ""
        if i % 4 < 2:
            bias = suite.weight(suite.draw((count, rows, 1)), ("bf16", "f32")[i % 2])
            added = "bias " + " : ".join(case.use(bias))
        width = rows // 2 if glu else rows
        result = tensor_type(("?", width), type_)
        y = case.emit(
            f"tenon.grouped_linear {value} {by} of {at}, {w} {added} {'glu ' + glu if glu else ''} "
            f": {x_type}, {at_type}, {w_type} -> {result}"
        )

        def want(round_, x=x, choice=choice, order=order, k=k, ordered=ordered,
                 weight=weight, bias=bias, glu=glu, type_=type_, width=width):  # fmt: skip
            out = np.zeros((len(order), width))
            for j, c in enumerate(order):
                row = x[c // k] if ordered else x[j]
                e = choice.ravel()[c]
                of_expert = bias.values[e, :, 0] if bias else None
                out[j] = formulas.linear(row, weight.values[e], of_expert, glu)
            return round_(type_, out)

        case.result(y, result, type_, want, terms=cols, chain=16 + 12**2)


def add_combines(suite):
    for i, (tokens, type_) in enumerate(
        itertools.product((3, 1, 0), ("f32", "bf16", "f16"))
    ):
        k, width = (1, 2, 3)[i % 3], (1, 5)[i % 2]
        rows = suite.draw((max(tokens * k, 1), width), type_)
        place = suite.random.permutation(max(tokens * k, 1))[: tokens * k].reshape(
            tokens, k
        )
        weights = suite.draw((tokens, k))
        init = suite.draw((tokens, width), ("f32", type_)[i // 3 % 2])
        kind = ("f32", type_)[i // 3 % 2]
        case = suite.case("moe_combine")
        value, r_type = case.rows(rows, type_)
        p, p_type = case.rows(place, "i32")
        w, w_type = case.rows(weights, "f32")
        b, b_type = case.rows(init, kind)
        y = case.emit(
            f"tenon.moe_combine {value}, {p}, {w} init {b} : {r_type}, {p_type}, {w_type}, {b_type}"
        )

        def want(round_, rows=rows, place=place, weights=weights, init=init, kind=kind):
            sums = (weights[..., None] * rows[place]).sum(1)
            return round_(kind, init + sums)

        case.result(y, b_type, kind, want, terms=k + 1, chain=4)
        if not tokens:
            continue
        full = tensor_type((1, width), kind)
        out = case.constant(init[-1:], kind)
        y = case.emit(
            f"tile.moe_combine {value}, {p}, {w} of {case.scalar(tokens - 1)} into {out} : "
            f"{r_type}, {p_type}, {w_type} into {full} -> {full}"
        )
        case.result(
            y, full, kind, lambda r, want=want: want(r)[-1:], terms=k + 1, chain=4
        )


def add_all(suite):
    add_routers(suite)
    add_experts(suite)
    add_scaled_experts(suite)
    add_groups(suite)
    add_grouped_linears(suite)
    add_combines(suite)
