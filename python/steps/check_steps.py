# Draws steps at random and lets three judges look at what compiled code makes of them.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_steps.py TENON TENON-RUN LIBRARY GOLDENS FOLDER [OPTION...]

Makes tiny checkpoints, compiles each of them in a few ways, and draws scenarios (see
scenarios.py) with Hypothesis. Each runs with every code variant of this machine and
with 1 to 3 threads; see references.py for the judges. The same seed draws the same
scenarios. One that fails is shrunk to a smallest one and printed, with a command that
shows the failure again. Needs NumPy and Hypothesis.
"""

import argparse
import itertools
import pathlib
import sys

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "test/e2e/Inputs"))
from checkpoints import Checkpoints, call  # noqa: E402
from references import Alone, Kernels, Oracle, Wrong, list_steps, run, wanted_of
from runtime import Model, Runtime
from scenarios import scenarios

# The forms of latent attention differ in bits, so one is pinned.
WAYS = {
    "plain": ["--buckets=1,8,64"],
    "odd": ["--buckets=3,41"],
    "bf16": ["--buckets=2,30", "--cache-type=bf16"],
    "naive": ["--buckets=1,9,70", "--mla=naive"],
    "absorbed": ["--buckets=5,33", "--mla=absorbed"],
}


class Compiled:
    """A checkpoint compiled in one way, opened with each variant."""

    def __init__(self, options, checkpoints, name, way):
        self.name = f"{name} ({way})"
        folder = checkpoints.folder
        checkpoint = folder / name
        flags = WAYS[way]
        targets = [f"--target=cpu:x86-64-{variant}" for variant in options.variants]
        artifact = folder / f"{name}.{way}.tenon"
        tenon = checkpoints.tenon
        call(tenon, "compile", checkpoint, "-o", artifact, *targets, *flags)
        imported = folder / f"{name}.{way}.import.mlir"
        caches = [flag for flag in flags if flag.startswith("--cache")]
        stop = ["--stop-after=import", targets[0], *caches]
        call(tenon, "compile", checkpoint, "-o", imported, *stop)
        library = Runtime(options.library)
        self.models = {v: Model(library, artifact, v) for v in options.variants}
        self.any = next(iter(self.models.values()))
        self.oracle = Oracle(
            options.runner, imported, checkpoint, folder, self.any.vocabulary
        )
        self.kernels = []
        for variant, target in zip(options.variants, targets):
            tiles = folder / f"{name}.{way}.{variant}.mlir"
            stop = ["--stop-after=tile", target, *flags]
            call(tenon, "compile", checkpoint, "-o", tiles, *stop)
            self.kernels.append(Kernels(options.runner, tiles, checkpoint))

    def judge(self, scenario):
        """Raises Wrong where a judge disagrees; returns how many steps it saw."""
        histories = wanted_of(scenario)
        for variant, model in self.models.items():
            logits = run(model, scenario, scenario.threads)
            what = f"logits of {variant} with {scenario.threads} threads"
            if histories:
                same = Alone(model).rows(histories).view(np.int32) == logits.view(np.int32)
                if not same.all():
                    row = np.argwhere(~same)[0, 0]
                    raise Wrong(
                        f"{what} have other bits than one token at a time, first in "
                        f"wanted row {row}, after {len(histories[row])} tokens"
                    )
                self.oracle.judge(histories, logits, what)
        steps = list(list_steps(scenario, self.any.vocabulary))
        for step, kernels in itertools.product(steps, self.kernels):
            kernels.judge(step)
        return steps


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
    @given(scenario=scenarios(compiled.any))
    def judge(scenario):
        counts.add(compiled.name, compiled.judge(scenario))

    try:
        judge()
    except Wrong as wrong:
        notes = "\n".join(getattr(wrong, "__notes__", []))
        print(f"{compiled.name}: {wrong}\n{notes}", flush=True)
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[2])
    for name in ("tenon", "runner", "library", "goldens", "folder"):
        parser.add_argument(name)
    parser.add_argument("--case", action="append", help="CHECKPOINT:WAY; default: all")
    parser.add_argument("--examples", type=int, default=20, help="scenarios of each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", default="v3", type=lambda text: text.split(","))
    options = parser.parse_args()
    checkpoints = Checkpoints(options.tenon, options.goldens, options.folder)
    cases = options.case or [
        f"{name}:{way}"
        for name in checkpoints.names("")
        for way in WAYS
        if name.startswith("deepseek") == (way in ("naive", "absorbed"))
    ]
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
