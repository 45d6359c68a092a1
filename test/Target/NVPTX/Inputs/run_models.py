#!/usr/bin/env python3
"""Runs tiny checkpoints on the PTX machine, kernel by kernel and as whole steps.

Usage: run_models.py TOOLS FOLDER [NAME...] [options]

TOOLS is the folder of tenon and tenon-run, FOLDER is for what is written, and NAME is
a checkpoint or the first words of some; without one all are run. Encoders are left
out, and models with kernels that have no device code are named and left out. Each is
compiled for a GPU, and the interpreter runs a prefill in the largest bucket, a further
chunk in the middle one, and tokens one by one.

Then each launch is run on the machine on the interpreter's operands, and must agree
with the interpreter under the tolerance that follows from the kernel's sums and
types: a table says the largest error of each kind of kernel in units of it. And all
launches are run one after the other on what the machine itself wrote. Every router
must choose the interpreter's experts, or its margin be below the tolerance; logits
must agree with the interpreter's under the tolerance of the whole path, and with
those of the reference in float64 within --spread of their spread.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import time

import numpy as np

import replay_trace

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "e2e/Inputs"))
from checkpoints import (  # noqa: E402
    DECODED,
    checkpoint_cases,
    make_checkpoints,
    numpy_reference,
)

FAULTS_SHOWN = 20


def call(*command):
    """Runs a program, whose failure ends this one; returns both of its outputs."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout, result.stderr


class Model:
    """A checkpoint as formed kernels, PTX, a trace and a reference."""

    def __init__(self, case, options):
        name = case["name"]
        self.name, self.case, self.options = name, case, options
        self.folder = options.folder / name
        self.formed = options.folder / f"{name}.mlir"
        make_checkpoints.write_case(case, options.folder)
        tokens = json.loads((options.folder / f"{name}.tokens.json").read_text())
        self.steps = plan_steps(tokens, options)
        self.tokens = tokens[:sum(count for count, _ in self.steps)]

    def compile(self):
        """The device code, or None where a kernel has none."""
        options = self.options
        buckets = ",".join(map(str, options.buckets))
        command = [options.tools / "tenon", "compile", self.folder,
                   f"--target={options.target}", f"--buckets={buckets}",
                   f"--cache-type={options.cache_type}",
                   f"--activations={options.activations}",
                   *checkpoint_cases.context_options(self.case), *options.compile]
        text, said = call(*command, "--emit=ptx", "-o", "-")
        if "has no device code" in said:
            print(f"{self.name}: left out: {said}", flush=True)
            return None
        call(*command, "--stop-after=form", "--emit=mlir", "-o", self.formed)
        if options.replace:
            text, count = re.subn(options.replace[0], options.replace[1], text)
            if not count:
                sys.exit(f"nothing in the PTX matches {options.replace[0]}")
        return replay_trace.Code(text)

    def trace(self):
        """Runs the steps in the interpreter, in the second of two slots."""
        first, steps = 0, []
        for count, block in self.steps:
            ids = "+".join(map(str, self.tokens[first:first + count]))
            steps.append(f"--step=tokens:{count},start:{first},slots:2,slot:1,ids:{ids},"
                         f"context:{len(self.tokens) + 3},block:{block},rows:all")
            first += count
        folder = self.options.folder / f"{self.name}.trace"
        call(self.options.tools / "tenon-run", self.formed, "--entry=step",
             f"--model={self.folder}", f"--trace-kernels={folder}", *steps)
        return replay_trace.Trace(folder)

    def compute_reference(self):
        """That of all tokens, as the length of the sequence may choose the rotation."""
        listed = self.options.folder / f"{self.name}.tokens.json"
        output = self.options.folder / f"{self.name}.logits.npy"
        numpy_reference.write_logits(self.folder, listed, output, self.options.cache_type)
        return np.load(output)[:len(self.tokens)]


def plan_steps(tokens, options):
    """Numbers of tokens of each step, and of the blocks that they are cut into."""
    small, middle, large = options.buckets
    counts = options.tokens or [middle + 3, middle - 3, small]
    if options.whole:
        counts = [len(tokens) - DECODED] + [1] * DECODED
    steps = []
    for count in counts:
        count = min(count, large, len(tokens) - sum(c for c, _ in steps))
        if count > 0:
            steps.append((count, min(count // 2, 64) if count > middle else min(4, count)))
    return steps


def kind_of(launch):
    if launch["routers"]:
        return "router"
    return re.search(r"\.(\w+)", launch["config"])[1]


class Table:
    """The largest ratio of each kind of kernel."""

    def __init__(self):
        self.rows, self.faults = {}, {}

    def add(self, model, launch, ratio, seconds):
        row = self.rows.setdefault(kind_of(launch), [0, 0.0, "", 0.0])
        row[0] += 1
        row[3] += seconds
        if not ratio <= row[1]:
            row[1], row[2] = ratio, f"{model} {launch['launch']}"

    def add_fault(self, what, ratio):
        """Keeps the largest number of times that something passes its tolerance."""
        self.faults[what] = max(ratio, self.faults.get(what, 0))

    def print(self):
        print("kind          launches    ratio  seconds  worst kernel")
        for kind, (count, ratio, worst, seconds) in sorted(self.rows.items()):
            print(f"{kind:12}  {count:8}  {ratio:7.3g}  {seconds:7.1f}  {worst}")


def check_alone(model, trace, code, table):
    """Runs each launch on the interpreter's operands."""
    options = model.options
    replay = replay_trace.Replay(trace, code, options.seed, options.gangs)
    seen = collections.Counter()
    for line in trace.lines:
        if "launch" not in line or seen[line["launch"]] == options.each:
            continue
        seen[line["launch"]] += 1
        begin = time.time()
        ratios, choices = replay_trace.compare_launch(trace, line, replay.run_alone(line))
        ratio = max(ratios + [c.ratio for c in choices])
        table.add(model.name, line, ratio, time.time() - begin)
        is_checked = options.check is None or kind_of(line) in options.check
        if is_checked and not ratio < 1:
            table.add_fault(f"{model.name} kernel '{line['launch']}'", ratio)


def check_steps(model, trace, code, table):
    """Runs all launches on the machine's own values. Where a router chooses other
    experts, that token and those after it are not compared any more."""
    options = model.options
    replay = replay_trace.Replay(trace, code, options.seed + 1000, gangs=1)
    logits, ratio, wrong, last = [], 0.0, 0.0, len(model.tokens)
    for line, results in replay.run_steps():
        if "begin" in line:
            positions = trace.get(line["operands"]["positions"]["value"])
        elif "launch" in line:
            made = line
            if not line["routers"]:
                continue
            for choices in replay_trace.compare_launch(trace, line, results, True,
                                                       positions >= last)[1]:
                wrong = max(wrong, choices.ratio)
                last = positions[choices.other].min(initial=last)
        else:
            kept = positions < last
            ratio = max(ratio, *replay_trace.compare_launch(trace, made, [results], True, ~kept)[0])
            logits.append(results[kept])
    logits = np.concatenate(logits)
    reference = model.compute_reference()
    error = np.abs(logits - reference[:len(logits)]).max(initial=0) / reference.std()
    print(f"{model.name}: logits at {ratio:.3g} times the tolerance of the path, "
          f"{error:.3g} of the spread from the reference; {len(reference) - len(logits)} of "
          f"{len(reference)} tokens after one with other experts" +
          (f", whose margin is {wrong:.3g} times the tolerance" if wrong else ""))
    if options.spread and not error <= options.spread:
        table.add_fault(f"{model.name} logits beside the reference", error / options.spread)
    if options.check is None and not max(ratio, wrong) < 1:
        table.add_fault(f"{model.name} logits or choices beside the interpreter's",
                        max(ratio, wrong))


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tools", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=[""])
    parser.add_argument("--target", default="cuda:sm_90a")
    parser.add_argument("--cache-type", default="f32")
    parser.add_argument("--activations", default="f32")
    parser.add_argument("--compile", action="append", default=[],
                        help="a further option of tenon compile")
    parser.add_argument("--buckets", type=int, nargs=3, default=[1, 8, 32])
    parser.add_argument("--tokens", type=int, nargs="+", help="of each step")
    parser.add_argument("--whole", action="store_true",
                        help="all tokens of a golden: a prefill, the last 32 one by one")
    parser.add_argument("--each", type=int, default=1 << 30, metavar="N",
                        help="launches of each kernel that are run alone")
    parser.add_argument("--check", type=lambda text: text.split(","),
                        help="kinds of kernels that must agree; default: all, and logits")
    parser.add_argument("--spread", type=float, default=0,
                        help="largest error of logits in units of the reference's spread")
    parser.add_argument("--seed", type=int, default=1, help="of the order of warps")
    parser.add_argument("--gangs", type=int, default=2,
                        help="groups of warps that step together in a launch alone")
    parser.add_argument("--replace", nargs=2, metavar=("PATTERN", "TEXT"),
                        help="changes the PTX, for planted faults")
    parser.add_argument("--only", choices=["alone", "steps"])
    return parser.parse_args()


def main():
    options = parse_options()
    options.folder.mkdir(parents=True, exist_ok=True)
    table, ran = Table(), 0
    for case in sum(map(checkpoint_cases.find, options.names), []):
        if checkpoint_cases.is_encoder(case):
            continue
        begin = time.time()
        model = Model(case, options)
        code = model.compile()
        if code is None:
            continue
        ran += 1
        trace = model.trace()
        print(f"{model.name}: {len(trace.lines)} lines traced in {time.time() - begin:.1f} s",
              flush=True)
        if options.only != "steps":
            check_alone(model, trace, code, table)
        if options.only != "alone":
            check_steps(model, trace, code, table)
    table.print()
    faults = sorted(table.faults.items(), key=lambda fault: -fault[1])
    for what, ratio in faults[:FAULTS_SHOWN]:
        print(f"{what}: {ratio:.3g} times the tolerance")
    print(f"{len(faults)} faults")
    return 1 if faults or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
