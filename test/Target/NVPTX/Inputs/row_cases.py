"""Kernels of operations on the rows of single tokens."""

import numpy as np

from kernel_cases import CASES, Case, Index, Panels, Tensor, Vector, round_bf16


def norm(x, weight, eps, one_plus=False, layer=False, bias=0):
    """The formula of tenon.norm on the first elements of rows."""
    size = len(weight)
    c = x[..., :size] - (x[..., :size].mean(-1, keepdims=True) if layer else 0)
    n = c / np.sqrt((c * c).mean(-1, keepdims=True) + eps)
    return np.concatenate([(one_plus + weight) * n + bias, x[..., size:]], -1)


def angles(positions, dims, theta=1e4):
    return positions[:, None] * theta ** (-2 * np.arange(dims // 2) / dims)


def rope(x, positions, dims, last, interleaved):
    """The formula of tenon.rope."""
    first = x.shape[-1] - dims if last else 0
    i = np.arange(dims // 2)
    a = first + (2 * i if interleaved else i)
    b = a + 1 if interleaved else a + dims // 2
    angle = angles(positions, dims)[:, None, :]
    out = x.copy()
    out[..., a] = x[..., a] * np.cos(angle) - x[..., b] * np.sin(angle)
    out[..., b] = x[..., b] * np.cos(angle) + x[..., a] * np.sin(angle)
    return out


def rope_table(dims, coarse):
    """The matrix of tenon.rope_table."""
    rows = np.concatenate([256 * np.arange(coarse), np.arange(256)])
    return np.concatenate([np.cos(angles(rows, dims)), np.sin(angles(rows, dims))], 1)


class Table(Tensor):
    """A matrix of f32 without a layout."""


def table(name, dims, coarse):
    return Table(name, f"!tenon.weight<{coarse + 256}x{dims}, <f32>>")


def norms(name, tokens, size, codes=("f32", "f32", "f32"), **more):
    """Residual addition, then a norm of the sum; both are results. `codes` are those of
    the weights and of the bias."""
    row = f"tensor<?x{size}xf32>"
    vectors = [Vector(letter, size, code) for letter, code in zip("wvc", codes)]
    inputs = [Tensor("x", row), *vectors]
    outs = [Tensor("y", row), Tensor("z", row)]
    body = f"""    %n = tenon.norm rms %a_x, %a_w eps 1.0e-6 order one_plus : {row}, {inputs[1].type}
    %s = arith.addf %a_y, %n : {row}
    %l = tenon.norm layer %s, %a_v bias %a_c eps 1.0e-5 : {row}, {inputs[2].type}, {inputs[3].type}
    tile.yield %s, %l : {row}, {row}"""

    def make(rng):
        return {"x": rng.standard_normal((tokens, size)), "y": rng.standard_normal((tokens, size)),
                **{v.name: v.round(rng.standard_normal(size)) for v in vectors},
                "z": np.zeros((tokens, size))}

    def reference(arrays):
        total = arrays["y"] + norm(arrays["x"], arrays["w"], 1e-6, one_plus=True)
        return [total, norm(total, arrays["v"], 1e-5, layer=True, bias=arrays["c"])]

    CASES.append(Case(name, 8, inputs, outs, body, make, reference, terms=size, chain=3, **more))


def caches(name, tokens, heads, size, dims, last, interleaved, cache, part=None,
           layer="%a_l", **more):
    """Norms of heads, rotations and updates of two caches, as a layer has them. A norm
    takes the first `part` elements, by default all but two."""
    part = part or size - 2
    width = (2 * heads + 1) * size
    rotation = (f"{'last' if last else 'first'} <dims = {dims}, pairing = "
                f"{'interleaved' if interleaved else 'half'}, theta = 1.0e4 : f64>")
    query, one = f"tensor<?x{heads}x{size}xf32>", f"tensor<?x1x{size}xf32>"
    flat, state = f"tensor<?x{width}xf32>", f"tensor<2x?x?x1x{size}x{cache}>"
    state_v = f"tensor<2x?x?x{heads}x{size}x{cache}>"
    t = table("t", dims, 3)
    inputs = [Tensor("x", flat), Index("n"), Vector("w", part), t,
              Tensor("p", "tensor<?xi32>", "i32"), Tensor("s", "tensor<?xi32>", "i32"), Index("l")]
    outs = [Tensor("q", query), Tensor("k", state, cache), Tensor("v", state_v, cache)]

    def view(part, first, count, kind):
        slice_type = f"tensor<?x{count * size}xf32>"
        return (f"    %e{part} = tensor.extract_slice %a_x[0, {first * size}] [%a_n, {count * size}] "
                f"[1, 1] : {flat} to {slice_type}\n    %v{part} = tensor.expand_shape %e{part} "
                f"[[0], [1, 2]] output_shape [%a_n, {count}, {size}] : {slice_type} into {kind}\n")

    body = (view("q", 0, heads, query) + view("k", heads, 1, one) + view("u", heads + 1, heads, query)
            + f"""    %one = arith.constant 1 : index
    %n = tenon.norm rms %vq, %a_w eps 1.0e-6 : {query}, {inputs[2].type}
    %r = tenon.rope %n at %a_p {rotation} table %a_t : {t.type} : {query}, tensor<?xi32>
    %m = tenon.rope %vk at %a_p {rotation} table %a_t : {t.type} : {one}, tensor<?xi32>
    %c = tenon.cache_update %m into %a_k[{layer}] at %a_p in %a_s : {one} into {state}, tensor<?xi32>
    %d = tenon.cache_update %vu into %a_v[{layer}] at %a_p in %a_s : {query} into {state_v}, tensor<?xi32>
    tile.yield %r, %c, %d : {query}, {state}, {state_v}""")

    def make(rng):
        return {"x": rng.standard_normal((tokens, width)), "n": tokens, "l": 1,
                "w": rng.standard_normal(part), "t": rope_table(dims, 3),
                "p": rng.permutation(700)[:tokens], "s": rng.integers(0, 3, tokens),
                "q": np.zeros((tokens, heads, size)), "k": np.zeros((2, 3, 700, 1, size)),
                "v": np.zeros((2, 3, 700, heads, size))}

    def reference(a):
        x = a["x"].reshape(tokens, 2 * heads + 1, size)
        key, value = a["k"].copy(), a["v"].copy()
        q = rope(norm(x[:, :heads], a["w"], 1e-6), a["p"], dims, last, interleaved)
        key[1, a["s"], a["p"]] = rope(x[:, heads:heads + 1], a["p"], dims, last, interleaved)
        value[1, a["s"], a["p"]] = x[:, heads + 1:]
        if cache == "bf16":
            key, value = round_bf16(key), round_bf16(value)
        return [q, key, value]

    CASES.append(Case(name, 8, inputs, outs, body, make, reference, terms=size, chain=3,
                      rounds=cache, **more))


def embedding(name, tokens, rows, cols, form):
    """Rows of a table in panels, scaled."""
    w = Panels("w", (rows, cols), form)
    inputs, outs = [Tensor("i", "tensor<?xi32>", "i32"), w], [Tensor("y", f"tensor<?x{cols}xf32>")]
    body = (f"    %e = tenon.embedding %a_i, %a_w scale 1.5 : tensor<?xi32>, {w.type} -> "
            f"{outs[0].type}\n    tile.yield %e : {outs[0].type}")

    def make(rng):
        return {"i": rng.integers(0, rows, tokens), "w": w.make(rng), "y": np.zeros((tokens, cols))}

    CASES.append(Case(name, 8, inputs, outs, body, make,
                      lambda a: [1.5 * w.values(a["w"])[a["i"]]], chain=2))


def combine(name, tokens, choices, size):
    """Weighted rows of experts, and another row."""
    row = f"tensor<?x{size}xf32>"
    inputs = [Tensor("e", row), Tensor("p", f"tensor<?x{choices}xi32>", "i32"),
              Tensor("w", f"tensor<?x{choices}xf32>"), Tensor("o", row)]
    outs = [Tensor("y", row)]
    body = f"""    %c = tenon.moe_combine %a_e, %a_p, %a_w init %a_o : {row}, {inputs[1].type}, {inputs[2].type}, {row}
    %s = arith.addf %a_y, %c : {row}
    tile.yield %s : {row}"""

    def make(rng):
        return {"e": rng.standard_normal((tokens * choices, size)),
                "p": rng.permutation(tokens * choices).reshape(tokens, choices),
                "w": rng.standard_normal((tokens, choices)), "o": rng.standard_normal((tokens, size)),
                "y": rng.standard_normal((tokens, size))}

    def reference(a):
        return [a["y"] + a["o"] + (a["w"][..., None] * a["e"][a["p"]]).sum(1)]

    CASES.append(Case(name, 8, inputs, outs, body, make, reference, terms=choices, chain=2))


def gather(name, tokens, rows, size):
    """A norm of chosen rows."""
    row = f"tensor<?x{size}xf32>"
    inputs = [Tensor("x", row), Tensor("i", "tensor<?xi32>", "i32"), Vector("w", size)]
    body = f"""    %g = tenon.gather_rows %a_x, %a_i : {row}, tensor<?xi32> -> {row}
    %n = tenon.norm rms %g, %a_w eps 1.0e-6 : {row}, {inputs[2].type}
    tile.yield %n : {row}"""

    def make(rng):
        return {"x": rng.standard_normal((tokens, size)), "i": rng.integers(0, tokens, rows),
                "w": rng.standard_normal(size), "y": np.zeros((rows, size))}

    CASES.append(Case(name, 8, inputs, [Tensor("y", row)], body, make,
                      lambda a: [norm(a["x"][a["i"]], a["w"], 1e-6)], terms=size))


def rounding(name, tokens, size):
    """A norm that is read in its own type and rounded to bf16, and a sum with the latter."""
    row, narrow = f"tensor<?x{size}xf32>", f"tensor<?x{size}xbf16>"
    inputs = [Tensor("x", row), Tensor("u", narrow, "bf16"), Vector("w", size)]
    outs = [Tensor("y", row), Tensor("z", narrow, "bf16")]
    body = f"""    %n = tenon.norm rms %a_x, %a_w eps 1.0e-6 : {row}, {inputs[2].type}
    %r = arith.truncf %n : {row} to {narrow}
    %s = arith.addf %a_u, %r : {narrow}
    tile.yield %n, %s : {row}, {narrow}"""

    def make(rng):
        return {"x": rng.standard_normal((tokens, size)), "u": rng.standard_normal((tokens, size)),
                "w": rng.standard_normal(size), "y": np.zeros((tokens, size)),
                "z": np.zeros((tokens, size))}

    def reference(a):
        y = norm(a["x"], a["w"], 1e-6)
        return [y, round_bf16(inputs[1].value(a["u"]) + round_bf16(y))]

    CASES.append(Case(name, 8, inputs, outs, body, make, reference, terms=size, chain=3,
                      rounds="bf16"))


def factors(name, tokens, size):
    """Rows times a factor of their token, and times one that all tokens have."""
    row, column = f"tensor<?x{size}xf32>", "tensor<?x1xf32>"
    inputs, outs = [Tensor("x", row), Tensor("f", column)], [Tensor("y", row)]
    body = f"""    %zero = arith.constant 0 : index
    %n = tensor.dim %a_x, %zero : {row}
    %c = arith.constant 2.5 : f32
    %t = tensor.splat %c[%n] : {column}
    %s = tenon.scale_rows %a_x by %a_f : {row}, {column}
    %u = tenon.scale_rows %a_y by %t : {row}, {column}
    %r = arith.addf %s, %u : {row}
    tile.yield %r : {row}"""

    def make(rng):
        return {"x": rng.standard_normal((tokens, size)), "f": rng.standard_normal((tokens, 1)),
                "y": rng.standard_normal((tokens, size))}

    CASES.append(Case(name, 8, inputs, outs, body, make,
                      lambda a: [a["f"] * a["x"] + 2.5 * a["y"]], chain=2))


def pointwise(name, tokens, size):
    """A scaled row added to one that is capped and one that is clamped."""
    row = f"tensor<?x{size}xf32>"
    inputs, outs = [Tensor("x", row)], [Tensor("y", row)]
    body = f"""    %c = tenon.pointwise softcap %a_x by 3.0 : {row}
    %k = tenon.pointwise clamp %a_x by 0.75 : {row}
    %s = arith.addf %c, %k : {row}
    %f = tenon.pointwise scale %s by 0.25 : {row}
    %r = arith.addf %a_y, %f : {row}
    tile.yield %r : {row}"""

    def make(rng):
        return {"x": 4 * rng.standard_normal((tokens, size)), "y": rng.standard_normal((tokens, size))}

    def reference(a):
        total = 3 * np.tanh(a["x"] / 3) + np.minimum(np.maximum(a["x"], -0.75), 0.75)
        return [a["y"] + 0.25 * total]

    CASES.append(Case(name, 8, inputs, outs, body, make, reference, chain=4))


norms("norms", 5, 1000, apart=True)
norms("norms.odd", 3, 61)
norms("norms.none", 0, 64)
norms("norms.bf16", 3, 60, ("bf16", "bf16", "bf16"))
norms("norms.mixed", 2, 33, ("f16", "f32", "bf16"))
caches("caches.half", 4, 3, 32, 16, True, False, "bf16", apart=True)
caches("caches.interleaved", 4, 2, 24, 8, True, True, "f32")
caches("caches.constant", 3, 2, 24, 8, True, True, "f32", layer="%one")
caches("caches.odd", 3, 2, 7, 6, False, False, "f32")
caches("caches.pairs", 3, 1, 9, 4, False, True, "bf16")
# Vectors of four elements fit into heads and norms, but not into half of a rotation.
caches("caches.halves_of_six", 3, 2, 40, 12, False, False, "f32", part=40)
embedding("embedding.f8", 5, 40, 300, "f8")
embedding("embedding.i8o", 5, 40, 70, "i8o")
embedding("embedding.f16", 2, 17, 33, "f16")
combine("combine", 6, 3, 70)
gather("gather", 6, 4, 130)
rounding("rounding", 5, 132)
rounding("rounding.odd", 3, 61)
factors("factors", 5, 132)
pointwise("pointwise", 5, 140)
pointwise("pointwise.odd", 3, 7)
