#!/usr/bin/env python3
"""Checks the margin of a router's choice, on which a comparison of choices rests.

Scores that move by some amount give a choice with no larger margin; with one group,
scores that move by little more than the margin give that choice. Scores lie on a
coarse grid, so that ties occur, too.
"""

import itertools

import numpy as np

from replay_trace import find_margin


def choose(router, scores):
    """The choice as `tenon.router` defines it."""
    members = 2 if router["by"] == "top2sum" else 1
    parts = scores.reshape(router["groups"], -1)
    sums = np.sort(parts, 1)[:, ::-1][:, :members].sum(1)
    kept = np.argsort(-sums, kind="stable")[:router["keep"]]
    masked = np.full_like(parts, -np.inf)
    masked[kept] = parts[kept]
    return np.argsort(-masked.reshape(-1), kind="stable")[:router["top"]]


def check_moved(router, scores, rng):
    """The margin of what scores choose that moved by no more than `size`."""
    assert find_margin(router, scores, choose(router, scores)) == 0, (router, scores)
    size = rng.choice([0.01, 0.1, 1])
    choice = choose(router, scores + size * rng.uniform(-1, 1, len(scores)))
    margin = find_margin(router, scores, choice)
    assert margin <= size, (router, scores, choice, margin)


def check_exact(router, scores, rng):
    """Any choice of a single group is that of scores moved by its margin."""
    choice = rng.permutation(len(scores))[:router["top"]]
    margin = find_margin(router, scores, choice)
    for factor, reaches in [(1.001, True), (0.999, False)]:
        size = factor * margin
        moved = scores - size
        # As high as they can be, and a little apart where they are alike.
        moved[choice] = np.maximum(moved[choice],
                                   np.minimum.accumulate(scores[choice] + size))
        moved[choice] -= 1e-9 * np.arange(len(choice))
        reached = (choose(router, moved + 1e-7 * np.isin(np.arange(len(scores)), choice))
                   == choice).all()
        assert reached == reaches or margin == 0, (router, scores, choice, margin)


def main():
    rng = np.random.default_rng(1)
    cases = 0
    for groups, each, keep, top, by in itertools.product(
            [1, 2, 4], [2, 3, 8], [1, 2, 3], [1, 2, 3], ["max", "top2sum"]):
        if keep > groups or top > keep * each:
            continue
        router = {"groups": groups, "keep": keep, "top": top, "by": by}
        for _ in range(20):
            scores = rng.integers(0, 40, groups * each) / 16
            check_moved(router, scores, rng)
            if groups == 1:
                check_exact(router, scores, rng)
            cases += 1
    print(f"{cases} margins are right")


if __name__ == "__main__":
    main()
