"""Kernels that choose experts and sort choices."""

import numpy as np

from kernel_cases import CASES, Case, Tensor, Vector


def router(name, tokens, experts, top, scoring, groups=1, keep=1, by="max", renorm=None,
           bias=False, coarse=False):
    """Adds a case of tenon.router; `coarse` logits have many ties."""
    inputs = [Tensor("x", f"tensor<?x{experts}xf32>")] + ([Vector("b", experts)] if bias else [])
    outs = [Tensor("i", f"tensor<?x{top}xi32>", "i32"), Tensor("w", f"tensor<?x{top}xf32>")]
    body = (f"    %i, %w = tenon.router {scoring} %a_x "
            f"{f'bias %a_b : {inputs[-1].type} ' if bias else ''}groups {groups} keep {keep} by {by} "
            f"top {top} {f'renorm {renorm:.1e} ' if renorm else ''}scale 2.5 : {inputs[0].type} -> "
            f"{outs[0].type}, {outs[1].type}\n    tile.yield %i, %w : {outs[0].type}, {outs[1].type}")

    def make(rng):
        logits = rng.standard_normal((tokens, experts))
        return {"x": np.round(logits) if coarse else logits, "b": rng.standard_normal(experts) * 0.1,
                "i": np.zeros((tokens, top), int), "w": np.zeros((tokens, top))}

    def reference(a):
        chosen, weights = np.zeros((tokens, top)), np.zeros((tokens, top))
        for t, x in enumerate(np.float32(a["x"]).astype(np.float64)):
            power = np.exp(x - x.max())
            score = 1 / (1 + np.exp(-x)) if scoring == "sigmoid" else power / power.sum()
            choice = (score + (np.float32(a["b"]) if bias else 0)).reshape(groups, -1)
            best = np.sort(choice, 1)[:, ::-1]
            rank = best[:, 0] if by == "max" else best[:, 0] + best[:, 1]
            kept = np.argsort(-rank, kind="stable")[:keep]
            hidden = np.full_like(choice, -np.inf)
            hidden[kept] = choice[kept]
            chosen[t] = np.argsort(-hidden.reshape(-1), kind="stable")[:top]
            w = score[chosen[t].astype(int)]
            weights[t] = 2.5 * (w / (w.sum() + renorm) if renorm else w)
        return [chosen, weights]

    CASES.append(Case(name, 8, inputs, outs, body, make, reference, terms=experts, chain=3))


def group(name, tokens, choices, experts):
    """Adds a case of tenon.moe_dispatch."""
    table = f"tensor<?x{choices}xi32>"
    inputs = [Tensor("c", table, "i32")]
    outs = [Tensor("o", "tensor<?xi32>", "i32"), Tensor("p", table, "i32"),
            Tensor("f", f"tensor<{experts + 1}xi32>", "i32")]
    types = ", ".join(o.type for o in outs)
    body = (f"    %o, %p, %f = tenon.moe_dispatch %a_c : {table} -> {types}\n"
            f"    tile.yield %o, %p, %f : {types}")

    def make(rng):
        return {"c": rng.integers(0, experts, (tokens, choices)), "f": np.zeros(experts + 1, int),
                "o": np.zeros(tokens * choices, int), "p": np.zeros((tokens, choices), int)}

    def reference(a):
        order = np.argsort(a["c"].reshape(-1), kind="stable")
        place = np.argsort(order, kind="stable").reshape(tokens, choices)
        return [order, place, np.searchsorted(np.sort(a["c"].reshape(-1)), np.arange(experts + 1))]

    CASES.append(Case(name, 8, inputs, outs, body, make, reference))


router("router.groups", 4, 64, 6, "sigmoid", 8, 3, "top2sum", 1e-20, bias=True)
router("router.softmax", 3, 37, 4, "softmax")
router("router.ties", 3, 24, 5, "softmax", 4, 2, coarse=True)
group("group", 23, 3, 41)
group("group.single", 1, 2, 3)
group("group.none", 0, 2, 5)
