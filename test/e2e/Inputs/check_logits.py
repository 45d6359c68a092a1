# Compiles checkpoints and compares their logits with the reference in float64.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_logits.py TENON GOLDENS FOLDER VARIANT PREFIX

For each checkpoint whose name begins with PREFIX: all tokens in one prefill, and
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


def main():
    tenon, goldens, folder, variant, prefix = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, goldens, folder)
    for name in cases.names(prefix):
        if name.startswith("bert"):
            continue  # an encoder has no logits: check_embeddings.py
        check(cases, name, variant)


if __name__ == "__main__":
    main()
