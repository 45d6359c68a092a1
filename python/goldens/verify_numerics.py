# Compiles checkpoints with --verify-numerics: what each phase makes of a model
# computes what was imported.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""verify_numerics.py TENON FOLDER TARGETS...: each checkpoint of FOLDER, as
make_checkpoints.py writes them, for each list of targets. Fails if one differs, or if
there is none."""

import argparse
import pathlib
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tenon")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("targets", nargs="+", help="such as cpu:x86-64-v3,cpu:x86-64-v4")
    options = parser.parse_args()
    models = sorted(path.parent for path in options.folder.glob("*/config.json"))
    wrong = 0
    for model in models:
        for targets in options.targets:
            command = [options.tenon, "compile", str(model), "--target=" + targets]
            command += ["--verify-numerics", "--stop-after=import", "-o", "/dev/null"]
            run = subprocess.run(command, stderr=subprocess.PIPE, text=True)
            if run.returncode:
                print(f"{model.name} for {targets}: {run.stderr.strip()}")
                wrong += 1
    print(f"{len(models)} checkpoints, {wrong} wrong")
    return wrong > 0 or not models


if __name__ == "__main__":
    sys.exit(main())
