# Compiles in one go and from what each phase wrote, and compares the bytes.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_compile_from.py TENON MODEL FOLDER KIND TARGET PHASE..."""

import pathlib
import subprocess
import sys


def check_compile_from(tenon, model, folder, kind, target, *phases):
    before = ["--target=" + target, "--buckets=1,8", "--max-context=32"]

    def compile_to(name, source, *options):
        path = pathlib.Path(folder, name)
        subprocess.run([tenon, "compile", source, "-o", path, *options], check=True)
        return path

    expected = compile_to("whole", model, "--emit=" + kind, *before).read_bytes()
    for phase in phases:
        module = compile_to(phase + ".mlir", model, "--stop-after=" + phase, *before)
        # What comes before `form` does not say the target yet.
        rest = before if phase in ("import", "simplify") else []
        code = compile_to("rest", module, "--emit=" + kind, "--compile-from=" + phase, *rest)
        assert code.read_bytes() == expected, f"another {kind} from {phase}"


if __name__ == "__main__":
    check_compile_from(*sys.argv[1:])
