# Compiles checkpoints and compares their logits with the reference in float64.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_logits.py TENON GOLDENS FOLDER VARIANT PREFIX [--one-of-each]

For each checkpoint whose name begins with PREFIX, or the first of each family of them:
all tokens in one prefill, and
the last 32 decoded through the cache one by one. Both CPU levels are compiled for,
with steps of one, few and all tokens.

A logit is the end of a few hundred roundings of float32, 6e-8 each and of either
sign; together they come to about 1e-5 of the spread of the logits. The tolerance is
ten times that.
"""

import sys

import checkpoints

TOLERANCE = "--tolerance=1e-4"


def check(cases, name, variant):
    cases.make(name)
    cases.script("numpy_reference.py", cases.folder / name)
    # A prompt meets the naive form of latent attention, decoding the absorbed one.
    cases.compile(name, "cpu:x86-64-v3,cpu:x86-64-v4", "--buckets=1,8,129")
    reference = cases.folder / f"{name}.logits.npy"
    for way, last in [("prefill", 0), ("decode", checkpoints.DECODED)]:
        output = cases.folder / f"{name}.{way}.npy"
        cases.run(name, output, f"--decode-last={last}", variant=variant)
        cases.script("compare_logits.py", output, reference, TOLERANCE)
        print(f"{name}: {way} agrees")


def first_of_each(goldens, names):
    """The first checkpoint of each family."""
    sys.path.insert(0, goldens)
    import checkpoint_cases

    types = {c["name"]: c["config"]["model_type"] for c in checkpoint_cases.CASES}
    return list({types[name]: name for name in reversed(names)}.values())


def main():
    tenon, goldens, folder, variant, prefix, *flags = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, goldens, folder)
    # An encoder has no logits: check_embeddings.py.
    names = [name for name in cases.names(prefix) if not name.startswith("bert")]
    for name in first_of_each(goldens, names) if flags else names:
        check(cases, name, variant)


if __name__ == "__main__":
    main()
