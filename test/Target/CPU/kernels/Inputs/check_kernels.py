# Runs every kernel of tiny models natively and beside the interpreter.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: check_kernels.py <tenon> <tenon-run> <goldens> <folder> <target> <case>...

A kernel that the manifest of the compiled model names, but that no step ran, is a
failure like one whose error exceeds its tolerance."""

import json
import pathlib
import re
import subprocess
import sys

tests = pathlib.Path(__file__).resolve().parents[4]
sys.path.insert(0, str(tests / "e2e/Inputs"))
from checkpoints import Checkpoints, call  # noqa: E402

# Tokens of a step: 1, 2, 7, 8, 9 and 65, alone and in several sequences, that begin
# or go on. Blocks are full, partial, or of one token, which then sees one key. Each
# step runs in every bucket with room for it, so tiles of rows have tails.
STEPS = [
    "tokens:1",
    "tokens:1,start:9",
    "tokens:2,start:3,rows:all",
    "tokens:1+1,start:0+5,slots:3",
    "tokens:7,block:3",
    "tokens:8,block:8,rows:all",
    "tokens:5+3,start:0+11,block:2",
    "tokens:9,start:2,block:8",
    "tokens:65,start:1,block:32",
]
# Tokens that are the same, each the only one of its sequence, choose the same
# experts: all tokens go to these, and the others are empty.
ALIKE = "tokens:" + "+".join(["1"] * 65)

ROW = re.compile(r"kernel (\S+): (\d+) calls, ratio (\S+)(.*)")


def list_kernels(tenon, artifact):
    """The names of kernels in the manifest, without the suffix of the variant."""
    variants = json.loads(call(tenon, "inspect", artifact))["variants"]
    steps = [step for variant in variants for step in variant["steps"]]
    return {name.rpartition(".")[0] for step in steps for name in step["kernels"]}


def run_kernels(runner, module, checkpoint):
    """What tenon-run says of each kernel: calls, ratio, and what is wrong."""
    vocabulary = json.loads((checkpoint / "config.json").read_text())["vocab_size"]
    steps = [f"--step={step},vocabulary:{vocabulary}" for step in STEPS]
    command = [runner, module, "--entry=step", f"--model={checkpoint}"]
    command += ["--engine=native", "--compare=interpret", *steps]
    command += [f"--step={ALIKE},vocabulary:1"]
    result = subprocess.run(command, text=True, capture_output=True)
    rows = [match.groups() for match in map(ROW.match, result.stdout.splitlines()) if match]
    if not rows or result.stderr:
        sys.exit(f"{checkpoint.name}: {result.stderr or 'no kernel ran'}")
    return rows, result.returncode


def check(checkpoints, runner, target, name):
    checkpoint = checkpoints.folder / name
    checkpoints.make(name)
    checkpoints.compile(name, target, "--skip-weights")
    module = checkpoints.folder / f"{name}.mlir"
    stop = ["--stop-after=tile", f"--target={target}"]
    call(checkpoints.tenon, "compile", checkpoint, "-o", module, *stop)
    rows, code = run_kernels(runner, module, checkpoint)
    kernels = list_kernels(checkpoints.tenon, checkpoints.folder / f"{name}.tenon")
    missing = kernels - {row[0] for row in rows}
    for kernel in sorted(missing):
        print(f"{name}: kernel {kernel} has no row")
    for kernel, calls, ratio, wrong in rows:
        if "wrong" in wrong or not float(ratio) < 1:
            print(f"{name}: kernel {kernel}: ratio {ratio}{wrong}")
    worst = max(float(row[2]) for row in rows)
    print(f"{name}: {len(kernels)} kernels, worst ratio {worst:.3g}")
    return code == 0 and not missing and bool(kernels)


def main(tenon, runner, goldens, folder, target, *names):
    checkpoints = Checkpoints(tenon, goldens, folder)
    good = [check(checkpoints, runner, target, name) for name in names]
    sys.exit(not (good and all(good)))


if __name__ == "__main__":
    main(*sys.argv[1:])
