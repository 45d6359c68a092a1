# Compares logits over caches in bf16 with the reference, which rounds its own.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_narrow_caches.py TENON GOLDENS FOLDER VARIANT NAME [OPTION...]

Options are those of the compiler. All tokens in one prefill, and the last 32 decoded
one by one.

An element close to the middle between two numbers of bf16 may be rounded the other
way than in float64. That is one of some tens of thousands, and changes a logit by a
few thousandths of their spread at most; all roundings together change it by more
than a hundredth, which the last comparison expects.
"""

import subprocess
import sys

import checkpoints

TOLERANCE = "--tolerance=5e-3"


def main():
    tenon, goldens, folder, variant, name, *options = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, goldens, folder)
    cases.make(name)
    reference, wide = (cases.folder / f"{name}.{t}.npy" for t in ["bf16", "f32"])
    model = cases.folder / name
    cases.script("numpy_reference.py", model, f"--output={wide}")
    cases.script(
        "numpy_reference.py", model, f"--output={reference}", "--cache-type=bf16"
    )
    cases.compile(
        name,
        f"cpu:x86-64-{variant}",
        "--buckets=1,8,129",
        "--cache-type=bf16",
        *options,
    )
    for way, last in [("prefill", 0), ("decode", checkpoints.DECODED)]:
        output = cases.folder / f"{name}.{way}.npy"
        cases.run(name, output, f"--decode-last={last}", variant=variant)
        cases.script("compare_logits.py", output, reference, TOLERANCE)
        print(f"{name}: {way} agrees")
    compare = cases.goldens / "compare_logits.py"
    far = subprocess.run(
        [sys.executable, compare, output, wide, TOLERANCE], stdout=subprocess.DEVNULL
    )
    if far.returncode == 0:
        sys.exit(f"{name}: agrees with caches in f32 too")


if __name__ == "__main__":
    main()
