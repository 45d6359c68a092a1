# Runs every kernel of tiny models natively and beside the interpreter.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: check_kernels.py <tenon> <tenon-run> <folder> <target> [OPTION...]
<case>...

A kernel of the outlined module that no step ran is a failure, like one whose error
exceeds its tolerance. Options are those of the compiler."""

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
# step runs in every bucket with room for it, so tiles of rows have tails. With 40 tokens
# from 50 on, a window of up to 16 leaves rows of a block that see nothing of its first
# tile of 64 keys.
STEPS = [
    "tokens:1",
    "tokens:1,start:9",
    "tokens:2,start:3,rows:all",
    "tokens:1+1,start:0+5,slots:3",
    "tokens:7,block:3",
    "tokens:8,block:8,rows:all",
    "tokens:5+3,start:0+11,block:2",
    "tokens:9,start:2,block:8",
    "tokens:40,start:50,block:32",
    "tokens:65,start:1,block:32",
]
# Tokens that are the same, each the only one of its sequence, choose the same
# experts: all tokens go to these, and the others are empty.
ALIKE = "tokens:" + "+".join(["1"] * 65)

COMPARE = ["--entry=step", "--engine=native", "--compare=interpret"]

ROW = re.compile(r"kernel (\S+): (\d+) calls, ratio (\S+)(.*)")
KERNEL = re.compile(r"^ *func\.func private @(\S+?)\(.* tile\.kernel = ", re.M)


def list_steps(checkpoint):
    """The options of tenon-run for all steps."""
    vocabulary = json.loads((checkpoint / "config.json").read_text())["vocab_size"]
    steps = [f"--step={step},vocabulary:{vocabulary}" for step in STEPS]
    return [*steps, f"--step={ALIKE},vocabulary:1"]


def run_kernels(runner, module, checkpoint):
    """What tenon-run says of each kernel, and its exit status."""
    command = [runner, module, f"--model={checkpoint}", *COMPARE]
    command += list_steps(checkpoint)
    result = subprocess.run(command, text=True, capture_output=True)
    if result.stderr:
        sys.exit(f"{checkpoint.name}: {result.stderr}")
    return result.stdout, result.returncode


def report(checkpoints, name, output):
    """Prints what is wrong with which kernel, and the worst ratio."""
    rows = [match.groups() for match in map(ROW.match, output.splitlines()) if match]
    outlined = (checkpoints.folder / f"{name}.outlined.mlir").read_text()
    kernels = set(KERNEL.findall(outlined))
    missing = kernels - {row[0] for row in rows}
    for kernel in sorted(missing):
        print(f"{name}: kernel {kernel} has no row")
    for kernel, calls, ratio, wrong in rows:
        if "wrong" in wrong or not float(ratio) < 1:
            print(f"{name}: kernel {kernel}: ratio {ratio}{wrong}")
    worst = max((float(row[2]) for row in rows), default=0)
    print(f"{name}: {len(kernels)} kernels, worst ratio {worst:.3g}")
    return not missing and bool(kernels)


def compile_kernels(checkpoints, target, options, name):
    """Compiles a checkpoint up to tiles, which are returned as a module, and on to
    kernels that are functions, whose names are asked for."""
    for phase, end in [("bufferize", "outlined.mlir"), ("tile", "mlir")]:
        module = checkpoints.folder / f"{name}.{end}"
        words = [f"--stop-after={phase}", f"--target={target}", *options]
        call(checkpoints.tenon, "compile", checkpoints.folder / name, "-o", module, *words)
    return module


def check(checkpoints, runner, target, options, name):
    checkpoints.make(name)
    module = compile_kernels(checkpoints, target, options, name)
    output, code = run_kernels(runner, module, checkpoints.folder / name)
    return report(checkpoints, name, output) and code == 0


def main(tenon, runner, folder, target, *rest):
    checkpoints = Checkpoints(tenon, folder)
    options = [word for word in rest if word.startswith("--")]
    names = [word for word in rest if word not in options]
    good = [check(checkpoints, runner, target, options, name) for name in names]
    sys.exit(not (good and all(good)))


if __name__ == "__main__":
    main(*sys.argv[1:])
