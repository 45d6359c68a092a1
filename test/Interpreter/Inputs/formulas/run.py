# Compares every op of the interpreter with formulas that share nothing with it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""run.py TENON_RUN FOLDER [GROUP...]

Draws cases from a fixed seed, runs them, and prints those that differ from the formulas.
Without groups it runs all of them, and whatever the pages of the dialects describe must be
in some case."""

import importlib
import sys

import numpy as np

import coverage
import float_types
from suite import Suite

GROUPS = ("rows", "attention", "expert_cases", "tiles", "weights", "blocks", "plain",
          "structure")  # fmt: skip


def check_rounding():
    """Rounding from its definition is that of NumPy, for the types that it has."""
    random = np.random.RandomState(1)
    values = random.uniform(-1, 1, 5000) * 2.0 ** random.randint(-30, 20, 5000)
    ties = np.arange(1, 4000) * 2.0**-26
    for values in (values, ties, ties * 2.0**-123, np.array([65519.9, 65520, 0, -0.0])):
        for kind, dtype in (("f32", np.float32), ("f16", np.float16)):
            with np.errstate(over="ignore"):
                want = values.astype(dtype).astype(np.float64)
            assert np.array_equal(float_types.round_to(kind, values), want)


def main(tool, folder, *groups):
    check_rounding()
    wrong, modules = [], []
    for group in groups or GROUPS:
        suite = Suite(seed=20)
        importlib.import_module(group).add_all(suite)
        found = suite.run(tool, f"{folder}/{group}")
        modules.append(suite.module())
        print(f"{group}: {len(suite.cases)} cases, {len(found)} results are wrong")
        wrong += found
    if not groups:
        wrong += [f"no case has {what}" for what in coverage.list_missing(modules)]
    print("\n".join(wrong[:60]), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
