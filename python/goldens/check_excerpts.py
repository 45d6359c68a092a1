# Compares logits with the committed excerpts of the published implementation.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_excerpts.py EXCERPTS CHECKPOINTS

Every excerpt EXCERPTS/NAME.npy must have a NAME.logits.npy in CHECKPOINTS, agree
with it, and every case must have an excerpt. The limit: transformers computes norms,
softmaxes and rotations in float32 (unit 6e-8), some dozen of them in a row, and the
excerpts are stored in float32; 57 cases were seen to differ by 5e-6 at most.
"""

import argparse
import pathlib

import numpy

import checkpoint_cases

LIMIT = 1e-5


def disagreement(excerpt, logits):
    rows = checkpoint_cases.excerpt_rows(len(logits))
    return float(numpy.abs(excerpt - logits[rows]).max() / logits.std())


def main():
    parser = argparse.ArgumentParser(description="checks logits against excerpts")
    parser.add_argument("excerpts", type=pathlib.Path)
    parser.add_argument("checkpoints", type=pathlib.Path)
    options = parser.parse_args()
    failures = 0
    for case in checkpoint_cases.CASES:
        name = case["name"]
        excerpt = numpy.load(options.excerpts / f"{name}.npy")
        logits = numpy.load(options.checkpoints / f"{name}.logits.npy")
        error = disagreement(excerpt, logits)
        # Not `error > LIMIT`, which a NaN would pass.
        is_good = error <= LIMIT
        failures += not is_good
        print(
            f"{name}: {'agrees' if is_good else 'differs'} ({error:.1e} of the spread)"
        )
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
