# Draws steps at random and lets three judges look at what compiled code makes of them.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_steps.py BUILD FOLDER [OPTION...]

Makes tiny checkpoints, compiles each of them in a few ways, and draws scenarios (see
scenarios.py) with Hypothesis. Each runs with every code variant of this machine and
with 1 to 3 threads; see references.py for the judges. The same seed draws the same
scenarios. One that fails is shrunk to a smallest one and printed, with a command that
shows the failure again. Needs NumPy and Hypothesis.
"""

import argparse
import itertools
import os
import pathlib
import re
import sys

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "test/e2e/Inputs"), str(REPOSITORY / "python")]
from checkpoints import Checkpoints, call, checkpoint_cases  # noqa: E402
from references import (  # noqa: E402
    Alone,
    Kernels,
    Oracle,
    Tiles,
    Wrong,
    apart,
    list_steps,
    run,
    wanted_of,
)
from scenarios import scenarios  # noqa: E402

import tenon  # noqa: E402

# The forms of latent attention differ in bits, so one is pinned.
WAYS = {
    "plain": ["--buckets=1,8,64"],
    "odd": ["--buckets=3,41"],
    "bf16": ["--buckets=2,30", "--cache-type=bf16"],
    "naive": ["--buckets=1,9,70", "--mla=naive"],
    "absorbed": ["--buckets=5,33", "--mla=absorbed"],
    # Windows become chunks.
    "chunks": ["--buckets=2,9,50"],
}


class Compiled:
    """A checkpoint compiled in one way, opened with each variant."""

    def __init__(self, options, checkpoints, name, way):
        self.name = f"{name} ({way})"
        self.tenon, self.folder = checkpoints.tenon, checkpoints.folder
        self.runner = options.build / "bin/tenon-run"
        self.checkpoint = self.folder / name
        self.prefix = f"{name}.{way}"
        self.flags = WAYS[way]
        self.targets = {v: f"--target=cpu:x86-64-{v}" for v in options.variants}
        artifact = self.folder / f"{self.prefix}.tenon"
        self.compile(self.checkpoint, artifact, *self.targets.values(), *self.flags)
        self.models = {v: tenon.load(artifact, cpu=v) for v in options.variants}
        self.drawn = next(iter(self.models.values()))
        self.open_judges(has_chunks=way == "chunks")

    def compile(self, source, output, *flags):
        call(self.tenon, "compile", source, "-o", output, *flags)

    def open_judges(self, has_chunks):
        imported = self.folder / f"{self.prefix}.import.mlir"
        caches = [flag for flag in self.flags if flag.startswith("--cache")]
        self.compile(self.checkpoint, imported, "--stop-after=import", *caches)
        if has_chunks:
            # No family of the table has this mask, so no artifact does.
            text = imported.read_text()
            imported.write_text(re.sub(r"window = \d+", "chunk = 7", text))
            self.models = {}
        self.oracle = Oracle(self.runner, imported, self.checkpoint, self.folder)
        self.tiles, self.kernels = [], []
        for variant, target in self.targets.items():
            tiles = self.folder / f"{self.prefix}.{variant}.mlir"
            others = [flag for flag in self.flags if flag not in caches]
            self.compile(imported, tiles, "--stop-after=tile", target, *others)
            files = [tiles, imported, self.checkpoint]
            self.tiles.append(Tiles(self.runner, *files, self.drawn.buckets))
            self.kernels.append(Kernels(self.runner, tiles, self.checkpoint))

    def close(self):
        for kernels in self.kernels:
            kernels.stop()
        for model in {self.drawn, *self.models.values()}:
            model.close()

    def judge(self, scenario):
        """Raises Wrong where a judge disagrees; returns the steps that were seen."""
        steps = list(list_steps(scenario, self.drawn.vocabulary))
        histories = wanted_of(scenario)
        try:
            for variant, model in self.models.items():
                self.judge_logits(scenario, histories, variant, model)
        except Wrong as wrong:
            lines = [" ".join(self.tiles[0].line(step)) for step in steps]
            raise Wrong("\n".join([str(wrong), "its steps:", *lines])) from None
        judges = self.kernels if self.models else [*self.kernels, *self.tiles]
        for step, judge in itertools.product(steps, judges):
            judge.judge(step)
        return steps

    def judge_logits(self, scenario, histories, variant, model):
        threads = scenario.threads
        logits = apart(lambda: run(model, scenario, threads))
        what = f"logits of {variant} with {threads} threads"
        if not histories:
            return
        alone = apart(lambda: Alone(model).rows(histories))
        same = alone.view(np.int32) == logits.view(np.int32)
        if not same.all():
            row = np.argwhere(~same)[0, 0]
            raise Wrong(
                f"{what} have other bits than one token at a time, first in wanted "
                f"row {row}, which is after {len(histories[row])} tokens"
            )
        self.oracle.judge(histories, logits, what)


class Counts:
    """How many scenarios and steps were drawn, and how many shapes of steps."""

    def __init__(self):
        self.scenarios = self.steps = 0
        self.shapes = set()

    def add(self, name, steps):
        self.scenarios += 1
        self.steps += len(steps)
        # What decides the path of code: all but the tokens.
        self.shapes |= {(name, step.split(",ids:")[0]) for step in steps}


def check(compiled, options, counts):
    """Draws scenarios for one compiled model; returns whether all were right."""

    @seed(options.seed)
    @settings(
        max_examples=options.examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=False,
    )
    @given(scenario=scenarios(compiled.drawn))
    def judge(scenario):
        counts.add(compiled.name, compiled.judge(scenario))

    try:
        judge()
    except Wrong as wrong:
        notes = "\n".join(getattr(wrong, "__notes__", []))
        print(f"{compiled.name}: {wrong}\n{notes}", file=sys.stderr, flush=True)
        return False
    finally:
        compiled.close()
    return True


def list_cases():
    """Every decoder in every way that makes a difference to it."""
    for case in checkpoint_cases.find():
        ways = ["plain", "odd", "bf16"]
        if checkpoint_cases.is_encoder(case):
            continue
        if checkpoint_cases.has_latent_attention(case):
            ways = checkpoint_cases.forms(case)
        elif checkpoint_cases.has_window(case):
            ways.append("chunks")
        yield from (f"{case['name']}:{way}" for way in ways)


def preload(library):
    """Begins this program again with a library that is loaded before all others."""
    if library and os.environ.get("LD_PRELOAD") != library:
        os.environ["LD_PRELOAD"] = library
        os.execv(sys.executable, [sys.executable, *sys.argv])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[2])
    parser.add_argument("build", type=pathlib.Path, help="tree")
    parser.add_argument("folder")
    parser.add_argument("--case", action="append", help="CHECKPOINT:WAY; default: all")
    parser.add_argument("--examples", type=int, default=20, help="scenarios of each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--guard", help="library that puts memory between guard pages")
    parser.add_argument("--variants", default="v3", type=lambda text: text.split(","))
    options = parser.parse_args()
    preload(options.guard)
    os.environ["TENON_HOME"] = str(options.build)
    checkpoints = Checkpoints(options.build / "bin/tenon", options.folder)
    cases = options.case or list(list_cases())
    counts, good = Counts(), True
    for case in cases:
        name, way = case.split(":")
        checkpoints.make(name)
        good &= check(Compiled(options, checkpoints, name, way), options, counts)
    print(
        f"{len(cases)} models, {counts.scenarios} scenarios, {counts.steps} steps of "
        f"{len(counts.shapes)} shapes"
    )
    sys.exit(not good)


if __name__ == "__main__":
    main()
