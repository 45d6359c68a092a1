# Compiles checkpoints and compares their logits with the reference in float64.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_logits.py TENON FOLDER VARIANTS WORDS

For each checkpoint whose name begins with these words, and each of the code variants,
`v3` or `v3,v4`: all tokens in one prefill, and the last 32 decoded through the cache
one by one. One artifact has code for all variants, for steps of one and of all tokens.

A logit is the end of a few hundred roundings of float32, 6e-8 each and of either
sign; together they come to about 1e-5 of the spread of the logits. The tolerance is
ten times that.
"""

import sys

import checkpoints

TOLERANCE = 1e-4
BUCKETS = "--buckets=1,129"
# How many tokens are decoded. A prompt meets the naive form of latent attention,
# decoding the absorbed one.
WAYS = {"prefill": 0, "decode": checkpoints.DECODED}


def compare(cases, model, reference, way, variants, tolerance=TOLERANCE):
    """Feeds the tokens in one of the ways, with each of the variants."""
    for variant in variants.split(","):
        output = cases.run(model, f"--decode-last={WAYS[way]}", variant=variant)
        what = f"{model}: logits of {way} with {variant}"
        checkpoints.expect_same(what, output, reference, tolerance)


def main():
    tenon, folder, variants, words = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, folder)
    for name in cases.names(words):
        cases.make(name)
        reference = cases.reference(name)
        cases.compile(name, checkpoints.targets_of(variants), BUCKETS)
        for way in WAYS:
            compare(cases, name, reference, way, variants)
            print(f"{name}: {way} agrees with {variants}", flush=True)


if __name__ == "__main__":
    main()
