# Compares which modules of the invalid cases are printed with which have no error.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_refused.py TENON-OPT FOLDER

A verifier that reports an error and succeeds passes `-verify-diagnostics`; its module is
printed all the same.
"""

import pathlib
import re
import subprocess
import sys


def check(tool, path):
    """What is wrong with a file, line by line."""
    cases = re.split(r"^// -----$", path.read_text(), flags=re.M)
    command = [tool, path, "--split-input-file"]
    done = subprocess.run(command, capture_output=True, text=True)
    printed = re.split(r"^// -----$", done.stdout, flags=re.M)
    if done.returncode != 1 or len(printed) != len(cases):
        yield f"{path.name}: code {done.returncode}, {len(printed)} of {len(cases)} cases"
        return
    for number, (case, module) in enumerate(zip(cases, printed), 1):
        is_refused = "expected-error" in case
        if is_refused != (not module.strip()):
            what = "an error and is printed" if is_refused else "no error and is refused"
            yield f"{path.name}: case {number} has {what}:\n{case.strip()}"


def main(tool, folder):
    files = sorted(pathlib.Path(folder).glob("*/*-invalid.mlir"))
    wrong = [line for path in files for line in check(tool, path)]
    print(*wrong, f"{len(files)} files", sep="\n")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
