# The formulas of docs/reference/dialects in NumPy, in float64.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Written from the descriptions of the ops, and compared by published.py with the
implementations that models are published with. `round_` rounds to a type where a
description says so: `round_(kind, values)`."""

import math

import numpy as np


ACTIVATIONS = ("silu", "gelu_tanh", "gelu", "relu")
GLUS = (
    *ACTIVATIONS,
    "silu<alpha = 1.25, beta = 0.5, limit = 2.0>",
    "gelu_tanh<beta = -1.0>",
    "relu<limit = 0.75>",
)


def activate(name, z):
    if name == "silu":
        return z * (0.5 + 0.5 * np.tanh(z / 2))
    if name == "gelu_tanh":
        return z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))
    if name == "gelu":
        return z / 2 * np.vectorize(math.erfc, otypes=[float])(-z / math.sqrt(2))
    assert name == "relu"
    return np.where(z > 0, z, 0)


def glu(text, gate, up):
    """The function of a gated linear unit, as it is written in an op."""
    name, _, listed = text.partition("<")
    given = dict(part.strip(" >").split(" = ") for part in listed.split(",") if part)
    alpha, beta = float(given.get("alpha", 1)), float(given.get("beta", 0))
    limit = float(given.get("limit", math.inf))
    gate, up = np.minimum(gate, limit), np.clip(up, -limit, limit)
    return activate(name, alpha * gate) / alpha * (up + beta)


def pointwise(name, c, x):
    if name == "scale":
        return c * x
    if name == "clamp":
        return np.where(x > c, c, np.where(x < -c, -c, x))
    assert name == "softcap"
    return c * np.tanh(x / c)


def linear(x, weight, bias=None, gated=None):
    y = x @ weight.T + (0 if bias is None else bias)
    if gated is None:
        return y
    half = y.shape[-1] // 2
    return glu(gated, y[..., :half], y[..., half:])


def norm(round_, type_, kind, order, x, weight, bias, eps):
    d = len(weight)
    front = x[..., :d]
    centered = front - (front.mean(-1, keepdims=True) if kind == "layer" else 0)
    n = centered / np.sqrt((centered**2).mean(-1, keepdims=True) + eps)
    if order == "cast_then_scale":
        y = weight * round_(type_, n)
    elif order == "one_plus":
        y = (1 + weight) * n
    else:
        y = weight * n
    y = y + (0 if bias is None else bias)
    return round_(type_, np.concatenate([y, x[..., d:]], -1))


# Rotary embeddings


def llama3(g, factor, original, low, high):
    wavelength = 2 * math.pi / g
    if wavelength < original / high:
        return g
    if wavelength > original / low:
        return g / factor
    t = (original / wavelength - low) / (high - low)
    return (1 - t) * g / factor + t * g


def yarn_bounds(dims, theta, original, low, high, truncate):
    def dimension(rotations):
        turns = original / (rotations * 2 * math.pi)
        return dims * math.log(turns) / (2 * math.log(theta))

    a, b = dimension(high), dimension(low)
    if truncate:
        a, b = math.floor(a), math.ceil(b)
    a, b = max(a, 0), min(b, dims - 1)
    return (a, b) if a != b else (a, a + 0.001)


def rope_frequencies(rope):
    dims, theta = rope["dims"], rope["theta"]
    kind, factor = rope.get("scaling", "none"), rope.get("factor", 1)
    original, low = rope.get("original", 8192), rope.get("low", 1)
    high = rope.get("high", 32 if kind == "yarn" else 4)
    g = np.array([theta ** (-2 * i / dims) for i in range(dims // 2)])
    if kind == "none":
        return g
    if kind == "linear":
        return g / factor
    if kind == "divided":
        return g / np.array(rope["divisors"])
    if kind == "llama3":
        return np.array([llama3(x, factor, original, low, high) for x in g])
    assert kind == "yarn"
    a, b = yarn_bounds(dims, theta, original, low, high, rope.get("truncate", True))
    r = np.clip((np.arange(dims // 2) - a) / (b - a), 0, 1)
    return r * g / factor + (1 - r) * g


def rope_table(rope, positions):
    """Rows at the multiples of 256, then at 0 to 255: cosines, then sines."""
    at = np.concatenate([np.arange(0, positions, 256), np.arange(256)])
    angles = np.outer(at, rope_frequencies(rope))
    return np.concatenate([np.cos(angles), np.sin(angles)], 1)


def rotate(x, angles, rope, end):
    """Rows of x [T, ..., N] by angles [T, pairs], pairs as complex numbers."""
    dims, half = rope["dims"], rope["dims"] // 2
    first = 0 if end == "first" else x.shape[-1] - dims
    if rope["pairing"] == "half":
        a, b = first + np.arange(half), first + half + np.arange(half)
    else:
        a, b = first + 2 * np.arange(half), first + 2 * np.arange(half) + 1
    turn = rope.get("attention", 1) * np.exp(1j * angles)
    turn = turn.reshape(len(x), *[1] * (x.ndim - 2), half)
    turned = (x[..., a] + 1j * x[..., b]) * turn
    result = np.array(x, np.float64)
    result[..., a], result[..., b] = turned.real, turned.imag
    return result


# Attention


def sees(mask, p, n, length):
    """The rules of #tenon.mask, for positions p and keys n of any shape."""
    seen = (n >= 0) & (n < length)
    if mask.get("causal"):
        seen = seen & (n <= p)
    if mask.get("window"):
        seen = seen & (n > p - mask["window"])
    if mask.get("chunk"):
        seen = seen & (n >= np.floor(p / mask["chunk"]) * mask["chunk"])
    return seen


def attention(q, keys, values, seen, scale, softcap=None, sink=None, rounded=None):
    """One row over the keys of its head; returns the row and the largest score."""
    score = scale * (keys @ q)
    if softcap is not None:
        score = softcap * np.tanh(score / softcap)
    score = score[seen]
    if not len(score):
        return np.zeros(values.shape[1])
    # The softmax over one more key whose value is zero.
    if sink is not None:
        score = np.append(score, sink)
    e = np.exp(score - score.max())
    # That of a sink is a part of the sum alone.
    if rounded is not None:
        e[: int(seen.sum())] = rounded(e[: int(seen.sum())])
    weights = e / e.sum()
    return weights[: int(seen.sum())] @ values[seen]


def index_scores(query, weights, keys, scale):
    """Scores of keys [n, d] for the heads of one token [H, d]."""
    return scale * (weights @ np.maximum(query @ keys.T, 0))


def select_top(scores, top):
    """Places of the largest scores in ascending order, the first of equal ones, then
    -1."""
    best = sorted(range(len(scores)), key=lambda n: (-scores[n], n))[:top]
    return sorted(best) + [-1] * (top - len(best))


def temperature(position, interval, slope):
    return 1 + slope * np.log(1 + np.floor((position + 1) / interval))


def step_lengths(step):
    return {
        slot: 1 + max(p for p, s in zip(step["positions"], step["slots"]) if s == slot)
        for slot in step["slots"]
    }


def attend_step(step, q, key_of, value_of, width, mask, scale, softcap, sinks, rounded=None):
    """All rows of q [T, H, d]; key_of(slot, h) gives the keys of a head, and `rounded`
    rounds probabilities."""
    lengths = step_lengths(step)
    out = np.zeros((*q.shape[:2], width))
    for t, (p, slot) in enumerate(zip(step["positions"], step["slots"])):
        n = np.arange(lengths[slot])
        seen = sees(mask, p, n, lengths[slot])
        for h in range(q.shape[1]):
            keys, values = key_of(slot, h)[n], value_of(slot, h)[n]
            sink = None if sinks is None else sinks[h]
            out[t, h] = attention(
                q[t, h], keys, values, seen, scale, softcap, sink, rounded
            )
    return out


# Experts


def order_of(numbers):
    """Places from the largest number to the least, the lower of equal ones first."""
    return sorted(range(len(numbers)), key=lambda e: (-numbers[e], e))


def router(round_, type_, logits, bias, route):
    """Choice and weights of one token. Scores are numbers of f32."""
    if route["scoring"] == "softmax":
        e = np.exp(logits - logits.max())
        s = e / e.sum()
    else:
        s = 1 / (1 + np.exp(-logits))
    s = round_(type_, s)
    c = round_(type_, s + (0 if bias is None else bias))
    groups = c.reshape(route["groups"], -1)
    best = np.sort(groups, axis=1)[:, ::-1]
    count = 2 if route["by"] == "top2sum" else 1
    kept = order_of(round_(type_, best[:, :count].sum(1)))[: route["keep"]]
    masked = np.full(groups.shape, -np.inf)
    masked[kept] = groups[kept]
    choice = order_of(masked.ravel())[: route["top"]]
    w = s[choice]
    if route["renorm"] is not None:
        w = w / (w.sum() + route["renorm"])
    return np.array(choice), round_(type_, w * route["scale"])


def group(choice, experts):
    flat = choice.ravel()
    order = np.argsort(flat, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    offsets = np.array([(flat < e).sum() for e in range(experts + 1)])
    return order, place.reshape(choice.shape), offsets


def experts(x, choice, weights, gate, up, down, biases, activation):
    result = np.zeros_like(x)
    for t in range(len(x)):
        for j, e in enumerate(choice[t]):
            of_gate, of_up, of_down = (b[e, :, 0] for b in biases) if biases else (0, 0, 0)
            inner = glu(activation, gate[e] @ x[t] + of_gate, up[e] @ x[t] + of_up)
            result[t] += weights[t, j] * (down[e] @ inner + of_down)
    return result
