# Compares logits over caches in bf16 with the reference, which rounds its own.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_narrow_caches.py TENON FOLDER VARIANT NAME [OPTION...]

Options are those of the compiler. All tokens in one prefill, and the last 32 decoded
one by one.

An element close to the middle between two numbers of bf16 may be rounded the other
way than in float64. That is one of some tens of thousands, and changes a logit by a
few thousandths of their spread at most; all roundings together change it by more
than a hundredth, which the last comparison expects.
"""

import sys

import check_logits
import checkpoints
from checkpoints import compare_logits

TOLERANCE = 5e-3


def main():
    tenon, folder, variant, name, *options = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, folder)
    cases.make(name)
    narrow = cases.reference(name, "bf16")
    options = [check_logits.BUCKETS, "--cache-type=bf16", *options]
    cases.compile(name, checkpoints.targets_of(variant), *options)
    for way in check_logits.WAYS:
        check_logits.compare(cases, name, narrow, way, variant, TOLERANCE)
        print(f"{name}: {way} agrees")
    output = cases.folder / f"{name}.npy"
    wide = compare_logits.compare(*compare_logits.load(output, cases.reference(name)))
    if wide.relative_error <= TOLERANCE:
        sys.exit(f"{name}: agrees with caches in f32 too")


if __name__ == "__main__":
    main()
