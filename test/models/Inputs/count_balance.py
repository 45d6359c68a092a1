# Counts how well decoding is balanced among workers: products of chosen experts.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: count_balance.py <tiled module> <experts> <chosen> <workers>...

Reads the parallel loop of each kernel that has as many iterations along one dimension
as there are experts. An iteration costs its columns if its expert is among those that
one token chooses, at random, and nothing otherwise; workers take shares of consecutive
iterations. Prints the mean part of the time that workers are busy while the slowest
one works. Nothing is timed."""

import random
import re
import sys

ROUNDS = 400
LOOP = re.compile(r"scf\.forall \(%\w+, %\w+\) in \((\d+), (\d+)\)")
KERNEL = re.compile(r'tile\.kernel "([^"]+)"')


def list_loops(text, experts):
    """Names of kernels, whether the expert is the outer index, and the other bound."""
    kernel = None
    for line in text.splitlines():
        if found := KERNEL.search(line):
            kernel = found[1]
        elif (found := LOOP.search(line)) and experts in map(int, found.groups()):
            outer, inner = map(int, found.groups())
            isOuter = outer == experts
            yield kernel, isOuter, inner if isOuter else outer


def count_busy(isOuter, experts, blocks, chosen, workers):
    """The share of the slowest worker's time that all of them are busy, for one choice."""
    active = set(random.sample(range(experts), chosen))
    total = experts * blocks
    costs = []
    for worker in range(workers):
        share = range(worker * total // workers, (worker + 1) * total // workers)
        divisor = blocks if isOuter else 1
        costs.append(sum(i // divisor % experts in active for i in share))
    return sum(costs) / (workers * max(costs))


def main():
    text = open(sys.argv[1]).read()
    experts, chosen, *counts = map(int, sys.argv[2:])
    random.seed(1)
    loops = list(list_loops(text, experts))
    if not loops:
        sys.exit("count_balance.py: error: expects loops over experts, but found none")
    for workers in counts:
        worst = 1
        for kernel, isOuter, blocks in loops:
            busy = [
                count_busy(isOuter, experts, blocks, chosen, workers) for _ in range(ROUNDS)
            ]
            mean = sum(busy) / ROUNDS
            worst = min(worst, mean)
            print(f"{kernel}: {blocks} blocks, {workers} workers: {mean:.3f}")
        print(f"{workers} workers: at least {100 * worst:.0f} %")


if __name__ == "__main__":
    main()
