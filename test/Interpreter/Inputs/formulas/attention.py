# Cases of caches, masks and both kinds of attention, whole and in tiles.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import functools
import itertools
import math

import numpy as np

import formulas
from suite import number, tensor_type

LOG2E = math.log2(math.e)


def draw_step(suite, counts, starts, slots):
    """Sequences in some slots, their tokens in blocks of any size."""
    positions, of_slot, blocks, row = [], [], [], 0
    for count, start, slot in zip(counts, starts, slots):
        at = 0
        while at < count:
            size = min(count - at, suite.random.randint(1, 4))
            blocks.append([row + at, size, slot, start + at])
            at += size
        positions += range(start, start + count)
        of_slot += [slot] * count
        row += count
    # The order of blocks means nothing.
    suite.random.shuffle(blocks)
    return {"positions": positions, "slots": of_slot, "blocks": blocks}


STEPS = [
    ((1,), (0,), (0,)),
    ((5,), (0,), (1,)),
    ((4, 3), (0, 4), (2, 0)),
    ((1, 1, 2), (11, 0, 5), (1, 2, 0)),
    ((), (), ()),
    ((13,), (3,), (0,)),
]

MASKS = [
    {"causal": True},
    {},
    {"causal": True, "window": 1},
    {"causal": True, "window": 4},
    {"causal": True, "chunk": 4},
    {"causal": True, "window": 3, "chunk": 5},
    {"window": 3},
    {"chunk": 3},
    {"causal": True, "chunk": 1},
]


def mask_text(mask):
    parts = ["causal" if mask.get("causal") else "full"]
    parts += [f"{key} = {mask[key]}" for key in ("window", "chunk") if key in mask]
    return f"<{', '.join(parts)}>"


def emit_step(case, step):
    positions = case.rows(np.array(step["positions"], int), "i32")
    slots = case.rows(np.array(step["slots"], int), "i32")
    blocks = case.rows(np.array(step["blocks"], int).reshape(-1, 4), "i32")
    return positions, slots, blocks


def draw_cache(suite, tail, kind):
    """Two layers of three slots; positions after a sequence hold large numbers."""
    return suite.draw((2, 3, 16, *tail), kind, 1.5)


def emit_cache(case, cache, kind):
    value = case.constant(cache, kind)
    return case.cast(value, cache.shape, (2, "?", "?", *cache.shape[3:]), kind)


PROBABILITIES = "probabilities bf16"


def round_narrow(round_, narrow):
    return (lambda e: round_("bf16", e)) if narrow else None


def add_attentions(suite):
    product = itertools.product(MASKS, STEPS)
    for i, (mask, counts) in enumerate(product):
        step = draw_step(suite, *counts)
        groups, per_group = (1, 2, 3)[i % 3], (1, 2)[i % 2]
        heads, size, width = groups * per_group, (1, 6, 5)[i % 3], (4, 1, 6)[i // 2 % 3]
        cache_kind = ("f32", "bf16")[i // 2 % 2]
        type_ = ("f32", "bf16", "f16")[i // 3 % 3]
        flat, first = groups == 1 and i % 4 < 2, i % 5 == 0
        q = suite.draw((len(step["positions"]), heads, size), type_, 3)
        tail = () if flat else (groups,)
        key = draw_cache(suite, (*tail, size), cache_kind)
        value = key if first else draw_cache(suite, (*tail, width), cache_kind)
        width = min(width, size) if first else width
        softcap = np.float32(1.7) if i % 3 == 1 else None
        sinks = suite.weight(suite.draw(heads, scale=3)) if i % 4 in (1, 2) else None
        scale, layer = np.float32((0.4, 1.3)[i % 2]), i % 2
        case = suite.case("attention")
        emit_attention(case, step, q, type_, key, value, cache_kind, layer, sinks,
                       scale, mask, softcap, first, width, i % 7 < 2)  # fmt: skip


def emit_attention(case, step, q, type_, key, value, cache_kind, layer, sinks, scale,
                   mask, softcap, first, width, narrow):  # fmt: skip
    (at, at_type), (slot, _), (blocks, blocks_type) = emit_step(case, step)
    query, q_type = case.rows(q, type_)
    k, k_type = emit_cache(case, key, cache_kind)
    v = v_type = ""
    if not first:
        v, v_type = emit_cache(case, value, cache_kind)
    sink = ""
    if sinks:
        name, sink_type = case.use(sinks)
        sink = f"sinks {name} : {sink_type}"
    result = tensor_type(("?", q.shape[1], width), type_)
    y = case.emit(
        f"tenon.attention {query}, {k}{', ' + v if v else ''}[{case.scalar(layer)}] "
        f"at {at} in {slot} blocks {blocks} {sink} scale {number(scale)} "
        f"mask {mask_text(mask)} {f'softcap {number(softcap)}' if softcap else ''} "
        f"{PROBABILITIES if narrow else ''} "
        f"{f'value_first {width}' if first else ''} : {q_type}, {k_type} "
        f"{'and ' + v_type if v else ''}, {at_type}, {blocks_type} -> {result}"
    )

    def want(round_):
        def head(cache, slot, h):
            rows = cache[layer, slot]
            return (
                rows if rows.ndim == 2 else rows[:, h // (q.shape[1] // rows.shape[1])]
            )

        return round_(type_, formulas.attend_step(
            step, q, lambda s, h: head(key, s, h),
            lambda s, h: head(value, s, h)[:, :width], width, mask, float(scale),
            None if softcap is None else float(softcap),
            sinks.values if sinks else None, round_narrow(round_, narrow),
        ))  # fmt: skip

    # Scores are sums of products below 1.5 * 3, times the scale.
    largest = 4.5 * q.shape[2] * float(scale)
    case.result(y, result, type_, want, terms=16, chain=16 + largest**2)


def expand_cache(cache, layer, expand, heads, nope, v):
    """The keys and the values of a slot and a head in the naive form, as functions."""
    w = expand.values.reshape(heads, nope + v, -1)
    r = w.shape[-1]

    def keys(slot, h):
        rows = cache[layer, slot]
        return np.concatenate([rows[:, :r] @ w[h, :nope].T, rows[:, r:]], 1)

    def values(slot, h):
        return cache[layer, slot][:, :r] @ w[h, nope:].T

    return keys, values


def add_mla(suite):
    for i, (mask, counts) in enumerate(itertools.product(MASKS[::2], STEPS)):
        step = draw_step(suite, *counts)
        heads, nope, turned, v, r = (
            (1, 3)[i % 2],
            2,
            (3, 1)[i // 2 % 2],
            (2, 5)[i % 2],
            4,
        )
        kind, type_ = ("f32", "bf16")[i % 2], ("f32", "bf16", "f16")[i % 3]
        stacked = i % 3 == 1
        q = suite.draw((len(step["positions"]), heads, nope + turned), type_, 2)
        cache = draw_cache(suite, (r + turned,), kind)
        shape = (heads, nope + v, r) if stacked else (heads * (nope + v), r)
        expand = suite.weight(suite.draw(shape), "bf16" if i % 2 else "f32")
        scale, layer = np.float32(0.7), i % 2
        case = suite.case("mla")
        (at, at_type), (slot, _), (blocks, blocks_type) = emit_step(case, step)
        query, q_type = case.rows(q, type_)
        c, c_type = emit_cache(case, cache, kind)
        w, w_type = case.use(expand)
        result = tensor_type(("?", heads, v), type_)
        y = case.emit(
            f"tenon.mla_attention {query}, {c}[{case.scalar(layer)}], {w} at {at} in "
            f"{slot} blocks {blocks} nope {nope} scale {number(scale)} mask "
            f"{mask_text(mask)} {PROBABILITIES if i % 5 == 1 else ''} : {q_type}, {c_type}, "
            f"{w_type}, {at_type}, "
            f"{blocks_type} -> {result}"
        )

        rows = expand_cache(cache, layer, expand, heads, nope, v)

        def want(round_, step=step, q=q, rows=rows, mask=mask, scale=scale, v=v,
                 type_=type_, narrow=i % 5 == 1):  # fmt: skip
            return round_(type_, formulas.attend_step(
                step, q, *rows, v, mask, float(scale), None, None,
                round_narrow(round_, narrow)))  # fmt: skip

        largest = 0.7 * 2 * (1.5 * r * nope + 1.5 * turned)
        case.result(y, result, type_, want, terms=16, chain=16 + largest**2)


def draw_selection(suite, step, top):
    """Keys of each token in ascending order, all of them while they are few."""
    rows = []
    for p in step["positions"]:
        count = min(top, p + 1)
        keys = sorted(suite.random.permutation(p + 1)[:count])
        rows.append([*keys, *[-1] * (top - count)])
    return np.array(rows, int).reshape(-1, top)


def add_selections(suite):
    for i, counts in enumerate(STEPS):
        step = draw_step(suite, *counts)
        heads, size, top = (1, 3)[i % 2], (4, 1, 6)[i % 3], (3, 1, 20)[i % 3]
        kind, type_ = ("f32", "bf16")[i % 2], ("f32", "bf16", "f16")[i % 3]
        tokens, scale, layer = len(step["positions"]), np.float32(0.7), i % 2
        q = suite.draw((tokens, heads, size), type_)
        weights = suite.draw((tokens, heads))
        cache = draw_cache(suite, (size,), kind)
        case = suite.case("index_topk")
        (at, at_type), (slot, _), _ = emit_step(case, step)
        query, q_type = case.rows(q, type_)
        w, w_type = case.rows(weights, "f32")
        c, c_type = emit_cache(case, cache, kind)
        result = tensor_type(("?", top), "i32")
        y = case.emit(
            f"tenon.index_topk {query}, {c}[{case.scalar(layer)}] weights {w} at {at} in "
            f"{slot} of 16 scale {number(scale)} : {q_type}, {c_type}, {w_type}, {at_type} "
            f"-> {result}"
        )

        def want(round_, step=step, q=q, weights=weights, cache=cache, layer=layer,
                 top=top, tokens=tokens):  # fmt: skip
            rows = [
                formulas.select_top(formulas.index_scores(
                    q[t], weights[t], cache[layer, slot, : p + 1], 0.7), top)
                for t, (p, slot) in enumerate(zip(step["positions"], step["slots"]))
            ]  # fmt: skip
            return np.array(rows, int).reshape(tokens, top)

        case.result(y, result, "i32", want)


def attend_to_selected(step, q, keys, values, selected, width, scale, rounded):
    """keys(slot, h) and values(slot, h) give all rows of a slot."""
    out = np.zeros((*q.shape[:2], width))
    for t, slot in enumerate(step["slots"]):
        chosen = selected[t][selected[t] >= 0]
        for h in range(q.shape[1]):
            seen = np.ones(len(chosen), bool)
            out[t, h] = formulas.attention(
                q[t, h], keys(slot, h)[chosen], values(slot, h)[chosen], seen, scale,
                rounded=rounded,
            )  # fmt: skip
    return out


def add_selected(suite):
    """Attention to selected keys, absorbed and naive."""
    for i, counts in enumerate(STEPS):
        step = draw_step(suite, *counts)
        heads, nope, turned, v, r = (1, 3)[i % 2], 2, (3, 1)[i // 2 % 2], (2, 5)[i % 2], 4
        kind, type_ = ("f32", "bf16")[i % 2], ("f32", "bf16", "f16")[i % 3]
        top, scale, layer, narrow = (3, 1, 20)[i % 3], np.float32(0.7), i % 2, i % 3 == 1
        selected = draw_selection(suite, step, top)
        cache = draw_cache(suite, (r + turned,), kind)
        expand = suite.weight(suite.draw((heads * (nope + v), r)))
        tokens = len(step["positions"])
        wide = suite.draw((tokens, heads, r + turned), type_)
        q = suite.draw((tokens, heads, nope + turned), type_)
        case = suite.case("selected")
        (at, at_type), (slot, _), (blocks, blocks_type) = emit_step(case, step)
        s, s_type = case.rows(selected, "i32")
        c, c_type = emit_cache(case, cache, kind)
        query, q_type = case.rows(wide, type_)
        result = tensor_type(("?", heads, r), type_)
        y = case.emit(
            f"tenon.selected_attention {query}, {c}[{case.scalar(layer)}] of {s} at {at} in "
            f"{slot} scale {number(scale)} {PROBABILITIES if narrow else ''} "
            f": {q_type}, {c_type}, {s_type}, {at_type} -> {result}"
        )

        def want(round_, q, keys, values, width, step=step, selected=selected,
                 scale=float(scale), type_=type_, narrow=narrow):  # fmt: skip
            return round_(type_, attend_to_selected(
                step, q, keys, values, selected, width, scale,
                round_narrow(round_, narrow)))  # fmt: skip

        def keys(slot, h, cache=cache, layer=layer):
            return cache[layer, slot]

        def values(slot, h, cache=cache, layer=layer, r=r):
            return cache[layer, slot][:, :r]

        absorbed = functools.partial(want, q=wide, keys=keys, values=values, width=r)
        case.result(y, result, type_, absorbed, terms=16, chain=16 + 9**2)
        w, w_type = case.use(expand)
        query, q_type = case.rows(q, type_)
        result = tensor_type(("?", heads, v), type_)
        y = case.emit(
            f"tenon.mla_attention {query}, {c}[{case.scalar(layer)}], {w} at {at} in "
            f"{slot} blocks {blocks} selected {s} : {s_type} nope {nope} "
            f"scale {number(scale)} mask <causal> {PROBABILITIES if narrow else ''} "
            f": {q_type}, {c_type}, {w_type}, {at_type}, {blocks_type} -> {result}"
        )

        keys, values = expand_cache(cache, layer, expand, heads, nope, v)
        naive = functools.partial(want, q=q, keys=keys, values=values, width=v)
        case.result(y, result, type_, naive, terms=16, chain=16 + 12**2)


def add_selection_tiles(suite):
    """Scores of one token, and the places of the largest numbers of a row."""
    q, weights, keys = suite.draw((1, 3, 5)), suite.draw((1, 3)), suite.draw((2, 3, 9, 5))
    case = suite.case("index_scores")
    types = [tensor_type(x.shape, "f32") for x in (q, weights, keys)]
    values = [case.constant(x, "f32") for x in (q, weights, keys)]
    full = tensor_type((1, 4), "f32")
    out = case.emit(f"tensor.empty() : {full}")
    at = [case.scalar(n) for n in (1, 2, 3, 0)]
    y = case.emit(
        f"tile.index_scores {values[0]} weights {values[1]}, {values[2]}[{', '.join(at)}] "
        f"count {case.scalar(4)} scale 0.5 into {out} : {', '.join(types)} into {full} "
        f"-> {full}"
    )
    case.result(
        y, full, "f32",
        lambda r: r("f32", formulas.index_scores(q[0], weights[0], keys[1, 2, 3:7], 0.5)[None]),
        terms=15, chain=16,
    )  # fmt: skip
    scores = np.array([[2.0, -1.0, 0.0, 2.0, -0.0, 7.0, 2.0]])
    for count, top in ((7, 3), (7, 7), (5, 4), (2, 4), (1, 1)):
        case = suite.case("select_top")
        value, full = case.constant(scores, "f32"), tensor_type((1, top), "i32")
        out = case.emit(f"tensor.empty() : {full}")
        y = case.emit(
            f"tile.select_top {value} count {case.scalar(count)} into {out} "
            f": {tensor_type(scores.shape, 'f32')} into {full} -> {full}"
        )
        want = np.array([formulas.select_top(scores[0, :count], top)])
        case.result(y, full, "i32", lambda r, want=want: want)


def add_updates(suite):
    for i, counts in enumerate(STEPS):
        step = draw_step(suite, *counts)
        tail = ((3,), (2, 3))[i % 2]
        kind, type_ = ("bf16", "f32")[i // 2 % 2], ("f32", "f16")[i % 2]
        cache = draw_cache(suite, tail, kind)
        rows = suite.draw((len(step["positions"]), *tail), type_, 3)
        case = suite.case("cache_update")
        (at, at_type), (slot, _), _ = emit_step(case, step)
        value, row_type = case.rows(rows, type_)
        c, c_type = emit_cache(case, cache, kind)
        layer = i % 2
        y = case.emit(
            f"tenon.cache_update {value} into {c}[{case.scalar(layer)}] at {at} in {slot} "
            f": {row_type} into {c_type}, {at_type}"
        )

        def want(round_, step=step, cache=cache, rows=rows, layer=layer, kind=kind):
            result = cache.copy()
            result[layer, step["slots"], step["positions"]] = round_(kind, rows)
            return result

        case.result(y, c_type, kind, want, chain=0)


# Tiles


def add_key_ranges(suite):
    """Lists the keys of every query instead of computing with bounds."""
    random = suite.random
    for mask in MASKS:
        case = suite.case("key_range")
        for _ in range(12):
            first, count, length = draw_block(random, mask)
            step = random.randint(1, 9)
            operands = [case.scalar(v) for v in (first, count, length)]
            values = case.emit_many(
                4,
                f"tile.key_range {mask_text(mask)} at {operands[0]} count {operands[1]} "
                f"of {operands[2]} step {step}",
            )
            want = key_range(mask, first, count, length, step)
            for value, bound in zip(values, want):
                case.result(value, "index", "index", lambda r, b=bound: np.int64(b))


def draw_block(random, mask):
    """Queries of which each sees some key; the sequence may end before the last one."""
    while True:
        first, count = random.randint(0, 20), random.randint(1, 8)
        length = first + random.randint(1, count + 6)
        p, n = np.arange(first, first + count)[:, None], np.arange(length)[None]
        if formulas.sees(mask, p, n, length).any(1).all():
            return first, count, length


def key_range(mask, first, count, length, step):
    n = np.arange(length)
    seen = [
        np.flatnonzero(formulas.sees(mask, p, n, length))
        for p in range(first, first + count)
    ]
    some = np.unique(np.concatenate(seen))
    lower, upper = some[0] // step * step, some[-1] + 1
    # Keys that all see are an interval, which may end before it begins.
    all_first = max(keys[0] for keys in seen)
    all_end = min(keys[-1] + 1 for keys in seen)
    full_lower = min(max(-(-all_first // step) * step, lower), upper)
    full_upper = max(all_end // step * step, full_lower)
    return lower, full_lower, full_upper, upper


def add_tiles(suite):
    """State of a softmax over a few tiles of keys, in any order, then its end."""
    masks = [None, *MASKS]
    for i, mask in enumerate(masks * 2):
        tokens, heads = (1, 3)[i % 2], (1, 2)[i // 2 % 2]
        m, d, width = tokens * heads + 1, (1, 5)[i % 2], (3, 1)[i // 2 % 2]
        rows = m - i % 2
        kind = ("f32", "bf16")[i // 2 % 2]
        q = suite.draw((m, d), kind, 2)
        key = suite.draw((2, 9, 3, d), kind)
        value = suite.draw((9, 2, width), kind)
        if m % heads:
            m -= 1
            q, rows = q[:m], min(rows, m)
        softcap = np.float32(1.1) if i % 4 == 0 else None
        # Without sinks a row that is not computed, or sees nothing, has no sum.
        sinks = suite.weight(suite.draw(5)) if i % 3 else None
        tile = dict(q=q, key=key, value=value, rows=rows, heads=heads, mask=mask,
                    softcap=softcap, kind=kind, scale=np.float32(0.6 * LOG2E),
                    position=int(suite.random.randint(0, 9)), sinks=sinks, head=2,
                    narrow=i % 5 == 2)  # fmt: skip
        tile["length"] = tile["position"] + tokens + 1
        emit_tiles(suite.case("online_attention"), tile)


# First key of the sequence, keys present, and where they begin in the cache.
KEY_TILES = [(6, 3, 1), (0, 4, 5), (10, 0, 0), (4, 2, 0)]


def emit_tiles(case, tile):
    m, width = len(tile["q"]), tile["value"].shape[-1]
    types = [tensor_type((m, width), "f32"), *[tensor_type((m,), "f32")] * 2]
    state = [case.emit(f"tensor.empty() : {t}") for t in types]
    list_ = ", ".join(types)
    state = case.emit_many(
        3, f"tile.attention_init into {', '.join(state)} : {list_} -> {list_}"
    )
    report_state(case, state, types, lambda r: start_state(m, width))
    operands = {
        name: case.constant(tile[name], tile["kind"]) for name in ("q", "key", "value")
    }
    kinds = {n: tensor_type(tile[n].shape, tile["kind"]) for n in operands}
    mask = f"mask {mask_text(tile['mask'])}" if tile["mask"] is not None else ""
    cap = f"softcap {number(tile['softcap'])}" if tile["softcap"] else ""
    zero, one = case.scalar(0), case.scalar(1)
    for count in range(1, len(KEY_TILES) + 1):
        first, keys, begin = KEY_TILES[count - 1]
        at = case.scalar(begin)
        state = case.emit_many(
            3,
            f"tile.online_attention {operands['q']} rows {case.scalar(tile['rows'])}, "
            f"{operands['key']}[{one}, {at}, {one}, {zero}] along 1, "
            f"{operands['value']}[{at}, {one}, {zero}] along 0 keys 4 first "
            f"{case.scalar(first)} count {case.scalar(keys)} at "
            f"{case.scalar(tile['position'])} of {case.scalar(tile['length'])} heads "
            f"{tile['heads']} scale {number(tile['scale'])} {mask} {cap} "
            f"{PROBABILITIES if tile['narrow'] else ''} into "
            f"{', '.join(state)} : {kinds['q']}, {kinds['key']}, {kinds['value']} into "
            f"{list_} -> {list_}",
        )
        report_state(case, state, types,
                     lambda r, count=count: tile_state(r, tile, count))  # fmt: skip
    sinks = ""
    if tile["sinks"]:
        name, type_ = case.use(tile["sinks"])
        sinks = f"sinks {name} : {type_} from {case.scalar(tile['head'])}"
    y = case.emit(
        f"tile.attention_finish {state[1]}, {state[2]} {sinks} heads {tile['heads']} into "
        f"{state[0]} : {types[1]}, {types[2]} into {types[0]} -> {types[0]}"
    )
    case.result(y, types[0], "f32", lambda r: finish_state(r, tile), terms=4, chain=400)


def report_state(case, state, types, want):
    for part, (value, type_) in enumerate(zip(state, types)):
        case.result(value, type_, "f32", want, part=part, terms=8, chain=400)


def start_state(m, width):
    return np.zeros((m, width)), np.full(m, -np.inf), np.zeros(m)


def tile_state(round_, tile, count):
    m, width = len(tile["q"]), tile["value"].shape[-1]
    acc, maximum, total = start_state(m, width)
    scale = float(tile["scale"])
    for first, keys, begin in KEY_TILES[:count]:
        for row in range(tile["rows"]):
            p, n = tile["position"] + row // tile["heads"], first + np.arange(keys)
            seen = np.full(keys, True)
            if tile["mask"] is not None:
                seen = formulas.sees(tile["mask"], p, n, tile["length"])
            if not seen.any():
                continue
            k = tile["key"][1, begin : begin + keys, 1][seen]
            v = tile["value"][begin : begin + keys, 1][seen]
            s = scale * (k @ tile["q"][row])
            if tile["softcap"]:
                cap = float(tile["softcap"])
                s = cap * np.tanh(s / cap)
            new = max(maximum[row], s.max())
            e, f = np.exp2(s - new), np.exp2(maximum[row] - new)
            e = round_("bf16", e) if tile["narrow"] else e
            acc[row] = round_("f32", acc[row] * f + e @ v)
            total[row] = round_("f32", total[row] * f + e.sum())
            maximum[row] = round_("f32", new)
    return acc, maximum, total


def finish_state(round_, tile):
    acc, maximum, total = tile_state(round_, tile, len(KEY_TILES))
    result = np.zeros_like(acc)
    for row in range(len(acc)):
        if not tile["sinks"]:
            if total[row]:
                result[row] = acc[row] / total[row]
            continue
        sink = tile["sinks"].values[tile["head"] + row % tile["heads"]] * LOG2E
        new = max(maximum[row], sink)
        f = np.exp2(maximum[row] - new)
        result[row] = acc[row] * f / (total[row] * f + np.exp2(sink - new))
    return round_("f32", result)


def add_all(suite):
    add_attentions(suite)
    add_mla(suite)
    add_selections(suite)
    add_selected(suite)
    add_selection_tiles(suite)
    add_updates(suite)
    add_key_ranges(suite)
    add_tiles(suite)
