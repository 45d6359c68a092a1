"""Kernels of attention over caches."""

import numpy as np

from kernel_cases import CASES, Case, Index, Tensor, Vector, round_bf16


def attend(query, key, value, seen, scale, softcap, sink, rounds):
    """The formula of tenon.attention for one row."""
    score = scale * (key @ query)
    if softcap:
        score = softcap * np.tanh(score / softcap)
    score = np.where(seen, score, -np.inf)
    largest = max(score.max(initial=-np.inf), -np.inf if sink is None else sink)
    if largest == -np.inf:
        return np.zeros(value.shape[1])
    power = np.exp(score - largest)
    power = round_bf16(power) if rounds else power
    total = power.sum() + (0 if sink is None else np.exp(sink - largest))
    return (power @ value) / total


def attention(name, blocks, bucket, heads, groups, size, value_size, cache="f32", window=None,
              chunk=None, causal=True, first=False, softcap=None, sinks=False, capacity=200,
              kind="f32", **more):
    """Adds a case; `blocks` has the count, slot and position of each run of tokens. Rows
    and probabilities are of the type `kind`."""
    tokens = sum(count for count, _, _ in blocks)
    tail = f"{groups}x{size}" if groups > 1 or not first else f"{size}"
    key = f"tensor<2x?x?x{tail}x{cache}>"
    val = f"tensor<2x?x?x{groups}x{value_size}x{cache}>"
    index = "tensor<?xi32>"
    inputs = [Tensor("q", f"tensor<?x{heads}x{size}x{kind}>", kind), Tensor("k", key, cache)]
    inputs += [] if first else [Tensor("v", val, cache)]
    inputs += [Index("l"), Tensor("p", index, "i32"), Tensor("s", index, "i32"),
               Tensor("b", "tensor<?x4xi32>", "i32")]
    inputs += [Vector("z", heads)] if sinks else []
    outs = [Tensor("y", f"tensor<?x{heads}x{value_size}x{kind}>", kind)]
    scale = round(size ** -0.5, 6)
    mask = ("causal" if causal else "full") + (f", window = {window}" if window else "")
    mask += f", chunk = {chunk}" if chunk else ""
    body = (f"    %o = tenon.attention %a_q, %a_k{'' if first else ', %a_v'}[%a_l] at %a_p in %a_s "
            f"blocks %a_b {f'sinks %a_z : {inputs[-1].type} ' if sinks else ''}scale {scale} "
            f"mask <{mask}> {f'softcap {softcap}' if softcap else ''} "
            f"{'probabilities bf16 ' if kind == 'bf16' else ''}"
            f"{f'value_first {value_size}' if first else ''} : {inputs[0].type}, {key}"
            f"{'' if first else ' and ' + val}, {index}, tensor<?x4xi32> -> {outs[0].type}\n"
            f"    tile.yield %o : {outs[0].type}")

    def make(rng):
        starts = np.cumsum([0] + [count for count, _, _ in blocks])
        table = [[starts[i], *block] for i, block in enumerate(blocks)]
        positions = [p + i for count, _, p in blocks for i in range(count)]
        slots = [s for count, s, _ in blocks for _ in range(count)]
        sequences = max(slots, default=0) + 1
        shape = (2, sequences, capacity, groups)
        arrays = {"q": rng.standard_normal((tokens, heads, size)) * 2, "l": 1,
                  "k": rng.standard_normal(shape + (size,)),
                  "v": rng.standard_normal(shape + (value_size,)),
                  "p": np.array(positions, int), "s": np.array(slots, int),
                  "b": np.array(table, int).reshape(-1, 4), "z": rng.standard_normal(heads),
                  "y": np.zeros((tokens, heads, value_size))}
        # What was never written may be no number.
        for slot in range(sequences):
            end = max((p + c for c, s, p in blocks if s == slot), default=0)
            arrays["k"][:, slot, end:] = arrays["v"][:, slot, end:] = np.nan
        if first and groups == 1:
            arrays["k"] = arrays["k"][:, :, :, 0]
        return arrays

    def reference(a):
        y = np.zeros((tokens, heads, value_size))
        queries = inputs[0].value(a["q"])
        keys = inputs[1].value(a["k"]).reshape(2, -1, capacity, groups, size)
        values = keys[..., :value_size] if first else inputs[2].value(a["v"])
        for t, (slot, p) in enumerate(zip(a["s"], a["p"])):
            n = np.arange(max(q + 1 for q, s in zip(a["p"], a["s"]) if s == slot))
            seen = (n <= p if causal else n >= 0) & (n > p - window if window else True)
            seen &= n >= p // chunk * chunk if chunk else True
            for h in range(heads):
                g = h // (heads // groups)
                y[t, h] = attend(queries[t, h], keys[1, slot, n, g], values[1, slot, n, g], seen,
                                 scale, softcap, a["z"][h] if sinks else None, kind == "bf16")
        return [y]

    terms = max([size] + [p + count for count, _, p in blocks])
    CASES.append(Case(name, bucket, inputs, outs, body, make, reference, terms=terms, rounds=kind,
                      **more))


def selected_attention(name, positions, heads, size, value_size, top, bucket=8, cache="f32",
                       capacity=150, kind="f32", **more):
    """Adds a case of attention over keys that each token has selected; `positions` has the
    slot and position of each token."""
    tokens, index = len(positions), "tensor<?xi32>"
    inputs = [Tensor("q", f"tensor<?x{heads}x{size}x{kind}>", kind),
              Tensor("k", f"tensor<2x?x?x{size}x{cache}>", cache), Index("l"),
              Tensor("z", f"tensor<?x{top}xi32>", "i32"), Tensor("p", index, "i32"),
              Tensor("s", index, "i32")]
    outs = [Tensor("y", f"tensor<?x{heads}x{value_size}x{kind}>", kind)]
    scale = round(size ** -0.5, 6)
    body = (f"    %o = tenon.selected_attention %a_q, %a_k[%a_l] of %a_z at %a_p in %a_s scale "
            f"{scale} {'probabilities bf16 ' if kind == 'bf16' else ''}: {inputs[0].type}, "
            f"{inputs[1].type}, {inputs[3].type}, {index} -> {outs[0].type}\n"
            f"    tile.yield %o : {outs[0].type}")

    def make(rng):
        slots, places = (np.array(x, int) for x in zip(*positions)) if tokens else ([], [])
        sequences = max(slots, default=0) + 1
        arrays = {"q": rng.standard_normal((tokens, heads, size)) * 2, "l": 1,
                  "k": rng.standard_normal((2, sequences, capacity, size)),
                  "z": np.full((tokens, top), -1), "p": np.array(places, int),
                  "s": np.array(slots, int), "y": np.zeros((tokens, heads, value_size))}
        for row, position in zip(arrays["z"], places):
            chosen = np.sort(rng.permutation(position + 1)[:top])
            row[:len(chosen)] = chosen
        # Keys that no token has selected may be no numbers.
        for slot in range(sequences):
            rows = [z for z, s in zip(arrays["z"], slots) if s == slot]
            unread = np.setdiff1d(np.arange(capacity), np.concatenate(rows or [[]]))
            arrays["k"][:, slot, unread] = np.nan
        return arrays

    def reference(a):
        y = np.zeros((tokens, heads, value_size))
        queries, keys = (x.value(a[x.name]) for x in inputs[:2])
        for t, (slot, p) in enumerate(zip(a["s"], a["p"])):
            seen = keys[1, slot, a["z"][t, :min(top, p + 1)]]
            for h in range(heads):
                y[t, h] = attend(queries[t, h], seen, seen[:, :value_size], True, scale, None,
                                 None, kind == "bf16")
        return [y]

    CASES.append(Case(name, bucket, inputs, outs, body, make, reference, terms=max(size, top),
                      rounds=kind, **more))


def select_keys(name, positions, heads, size, top, bucket=8, cache="f32", capacity=150,
                context=None, ties=False, **more):
    """Adds a case of tenon.index_topk, with weights of heads in the middle of other columns;
    `positions` has the slot and position of each token. With `ties`, keys are few numbers."""
    tokens, index = len(positions), "tensor<?xi32>"
    width = heads + 7
    inputs = [Tensor("q", f"tensor<?x{heads}x{size}xf32>"),
              Tensor("k", f"tensor<2x?x?x{size}x{cache}>", cache), Index("l"),
              Tensor("w", f"tensor<?x{width}xf32>"), Index("n"), Tensor("p", index, "i32"),
              Tensor("s", index, "i32")]
    outs = [Tensor("y", f"tensor<?x{top}xi32>", "i32")]
    weights = f"tensor<?x{heads}xf32>"
    body = (f"    %w = tensor.extract_slice %a_w[0, 3] [%a_n, {heads}] [1, 1] : {inputs[3].type} to "
            f"{weights}\n    %i = tenon.index_topk %a_q, %a_k[%a_l] weights %w at %a_p in %a_s of "
            f"{context or capacity} scale 0.25 : {inputs[0].type}, {inputs[1].type}, {weights}, "
            f"{index} -> {outs[0].type}\n    tile.yield %i : {outs[0].type}")

    def make(rng):
        slots, places = (np.array(x, int) for x in zip(*positions)) if tokens else ([], [])
        sequences = max(slots, default=0) + 1
        draw = (lambda shape: rng.integers(-1, 2, shape)) if ties else rng.standard_normal
        arrays = {"q": draw((tokens, heads, size)), "l": 1, "n": tokens,
                  "k": draw((2, sequences, capacity, size)).astype(float),
                  "w": draw((tokens, width)), "p": np.array(places, int),
                  "s": np.array(slots, int), "y": np.zeros((tokens, top))}
        for slot in range(sequences):
            end = max((p + 1 for s, p in positions if s == slot), default=0)
            arrays["k"][:, slot, end:] = np.nan
        return arrays

    def reference(a):
        y = np.full((tokens, top), -1)
        keys = inputs[1].value(a["k"])
        for t, (slot, p) in enumerate(zip(a["s"], a["p"])):
            products = np.maximum(keys[1, slot, :p + 1] @ np.float32(a["q"][t]).T, 0)
            scores = products @ np.float32(a["w"][t, 3:3 + heads])
            chosen = np.sort(np.argsort(-scores, kind="stable")[:top])
            y[t, :len(chosen)] = chosen
        return [y]

    CASES.append(Case(name, bucket, inputs, outs, body, make, reference, **more))


DECODE = [(1, 2, 150), (1, 0, 0), (3, 1, 62)]
PREFILL = [(64, 0, 0), (20, 0, 64), (7, 1, 90)]
attention("attention.decode", DECODE, 8, 6, 2, 32, 32, apart=True)
attention("attention.decode.bf16", DECODE, 8, 8, 1, 64, 64, "bf16", window=40)
attention("attention.prefill", PREFILL, 512, 4, 2, 32, 32)
attention("attention.prefill.bf16", PREFILL, 512, 2, 2, 16, 16, "bf16", window=33)
attention("attention.latent", DECODE, 8, 16, 1, 80, 64, first=True, apart=True)
attention("attention.latent.wide", [(1, 0, 70), (2, 1, 20)], 8, 32, 1, 288, 272, first=True,
          cache="bf16")
attention("attention.chunk", DECODE, 8, 4, 2, 32, 32, chunk=61)
attention("attention.chunk.prefill", PREFILL, 512, 2, 2, 16, 16, "bf16", chunk=50, window=33)
attention("attention.odd", DECODE, 8, 3, 3, 20, 12, sinks=True, softcap=2.5)
attention("attention.prime", PREFILL, 512, 3, 1, 7, 5, "bf16")
attention("attention.all", [(5, 0, 3), (4, 0, 8), (2, 1, 0)], 16, 2, 1, 16, 16, causal=False)
attention("attention.none", [], 8, 2, 1, 16, 16)
attention("attention.rounded.decode", DECODE, 8, 6, 2, 32, 32, "bf16", kind="bf16", apart=True)
attention("attention.rounded.prefill", PREFILL, 512, 4, 2, 32, 32, "bf16", kind="bf16")
attention("attention.rounded.f32", DECODE, 8, 8, 1, 64, 64, window=40, kind="bf16")
attention("attention.rounded.latent", DECODE, 8, 16, 1, 80, 64, first=True, cache="bf16",
          kind="bf16")
attention("attention.rounded.odd", DECODE, 8, 3, 3, 20, 12, "bf16", sinks=True, softcap=2.5,
          kind="bf16")
attention("attention.rounded.prime", PREFILL, 512, 3, 1, 7, 5, "bf16", kind="bf16")
attention("bits.attention.rounded.t8", [(5, 0, 100)], 8, 4, 2, 48, 48, "bf16", kind="bf16")
attention("bits.attention.rounded.t512", [(5, 0, 100)], 512, 4, 2, 48, 48, "bf16", kind="bf16",
          like="bits.attention.rounded.t8")
for cache in ("f32", "bf16"):
    attention(f"bits.attention.{cache}.t8", [(5, 0, 100)], 8, 4, 2, 48, 48, cache)
    attention(f"bits.attention.{cache}.t512", [(5, 0, 100)], 512, 4, 2, 48, 48, cache,
              like=f"bits.attention.{cache}.t8")
# Fewer keys than are selected, as many, more; one key; rows that are no whole units.
SELECTING = [(1, 140), (0, 0), (0, 11), (1, 23), (0, 90)]
selected_attention("selected.f32", SELECTING, 5, 28, 20, 12, apart=True)
selected_attention("selected.wide", SELECTING, 40, 80, 64, 100)
selected_attention("selected.one", [(0, 40), (0, 0)], 1, 16, 16, 1, cache="bf16")
selected_attention("selected.odd", SELECTING, 3, 13, 7, 9, cache="bf16")
selected_attention("selected.none", [], 2, 16, 16, 4)
selected_attention("selected.rounded", SELECTING, 20, 80, 64, 67, cache="bf16", kind="bf16", apart=True)
selected_attention("selected.rounded.f32", SELECTING, 5, 28, 20, 9, kind="bf16")
for bucket in (8, 512):
    selected_attention(f"bits.selected.t{bucket}", SELECTING, 40, 80, 64, 100, bucket, "bf16",
                       like="" if bucket == 8 else "bits.selected.t8")
select_keys("keys.f32", SELECTING, 11, 14, 9, apart=True)
select_keys("keys.bf16", SELECTING, 64, 128, 24, cache="bf16", apart=True)
select_keys("keys.wide.f32", SELECTING, 20, 72, 100)
select_keys("keys.odd", SELECTING, 3, 13, 12, cache="bf16")
select_keys("keys.one", [(0, 40), (0, 0)], 1, 16, 1, cache="bf16")
select_keys("keys.all", SELECTING, 5, 16, 200)
select_keys("keys.none", [], 2, 16, 4)
select_keys("keys.ties", SELECTING, 4, 8, 37, ties=True)
# More keys than are looked at between two selections.
CHUNKS = [(0, 1500), (1, 512), (0, 600)]
select_keys("keys.chunks", CHUNKS, 8, 16, 70, cache="bf16", capacity=1501, apart=True)
select_keys("keys.chunks.ties", CHUNKS, 2, 4, 200, capacity=1501, ties=True)
for bucket in (8, 512):
    select_keys(f"bits.keys.t{bucket}", SELECTING, 11, 14, 9, bucket,
                like="" if bucket == 8 else "bits.keys.t8")
