# What the end-to-end tests share: tiny checkpoints, compiling and running them.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys

import numpy

PYTHON = pathlib.Path(__file__).resolve().parents[3] / "python"
sys.path[:0] = [str(PYTHON), str(PYTHON / "goldens"), str(PYTHON / "models")]
import checkpoint_cases  # noqa: E402
import compare_logits  # noqa: E402
import make_checkpoints  # noqa: E402
import numpy_reference  # noqa: E402

# Tokens at the end of each case that are decoded one by one.
DECODED = checkpoint_cases.DECODED

# Of the spread of logits, for models of the same numbers in two formats. Sums of the
# same products may be added in another order: a few hundred roundings of float32, 6e-8
# each and of either sign, come to about 1e-6.
SAME_NUMBERS = 1e-5


def call(*command, variant=None):
    """Runs a program. Its output is shown when it fails, which ends the test."""
    environment = dict(os.environ)
    if variant:
        environment["TENON_CPU"] = variant
    result = subprocess.run(
        [str(word) for word in command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}")
    return result.stdout


def targets_of(variants):
    """The targets of some code variants, `v3` or `v3,v4`."""
    return ",".join(f"cpu:x86-64-{variant}" for variant in variants.split(","))


def expect_same(what, ours, reference, tolerance):
    """Compares two files of logits. Where they differ, a report ends the test."""
    ours, theirs = compare_logits.load(ours, reference)
    report = io.StringIO()
    with contextlib.redirect_stdout(report):
        good = compare_logits.report(compare_logits.compare(ours, theirs), tolerance)
    if not good:
        sys.exit(f"{what} differ by more than {tolerance} of the spread\n{report.getvalue()}")


class Checkpoints:
    """Checkpoints of one test, made in a folder of its own."""

    def __init__(self, tenon, folder):
        self.tenon = tenon
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def names(self, words=""):
        return [case["name"] for case in checkpoint_cases.find(words)]

    def make(self, name):
        """Writes a checkpoint and the tokens to feed it."""
        (case,) = checkpoint_cases.find(name)
        make_checkpoints.write_case(case, self.folder)

    def reference(self, name, cache_type="f32"):
        """The file of logits that the reference computes in float64."""
        middle = "" if cache_type == "f32" else f".{cache_type}"
        output = self.folder / f"{name}{middle}.logits.npy"
        tokens = self.folder / f"{name}.tokens.json"
        numpy_reference.write_logits(self.folder / name, tokens, output, cache_type)
        return output

    def copy_tokens(self, name, model):
        """Lets a model that was made of a checkpoint be fed the same tokens."""
        tokens = (self.folder / f"{name}.tokens.json").read_text()
        (self.folder / f"{model}.tokens.json").write_text(tokens)

    def compile(self, name, targets, *options):
        """`name` is that of a case, with a dot and more for what was made of it."""
        cases = {case["name"]: case for case in checkpoint_cases.CASES}
        case = cases.get(name.split(".")[0], {})
        words = [f"--target={targets}", *checkpoint_cases.context_options(case), *options]
        output = self.folder / f"{name}.tenon"
        call(self.tenon, "compile", self.folder / name, "-o", output, *words)

    def inspect(self, name):
        return json.loads(call(self.tenon, "inspect", self.folder / f"{name}.tenon"))

    def print_formats(self, name, prefix=""):
        """Prints the formats of the packed weights, and how many bits they take."""
        for entry in self.inspect(name)["weight_formats"]:
            print(f"{prefix}{entry['format']}: {entry['bits_per_element']} bits")

    def embed(self, name, *options, variant):
        """Feeds all tokens to an encoder and returns what it prints."""
        tokens = self.folder / f"{name}.tokens.json"
        artifact = self.folder / f"{name}.tenon"
        words = [f"--tokens-file={tokens}", *options]
        return call(self.tenon, "embed", artifact, *words, variant=variant)

    def run(self, name, *options, variant):
        """Feeds all tokens; returns the file with the logits of each."""
        tokens, output = (self.folder / f"{name}.{end}" for end in ("tokens.json", "npy"))
        words = [f"--tokens-file={tokens}", "-n", 0, f"--dump-logits={output}", *options]
        artifact = self.folder / f"{name}.tenon"
        call(self.tenon, "run", artifact, *words, variant=variant)
        return output

    def draw_tokens(self, name, count, vocabulary):
        """Writes tokens to feed a model that is no case."""
        tokens = numpy.random.RandomState(3).randint(0, vocabulary, count).tolist()
        (self.folder / f"{name}.tokens.json").write_text(json.dumps(tokens))

    def expect_same_numbers(self, stored, decoded, variants, *options):
        """Compiles two models of the same numbers, which must have the same logits: a
        prompt in one step, and 8 tokens one by one. Both have tokens beside them."""
        for name in (stored, decoded):
            self.compile(name, targets_of(variants), *options)
        for variant in variants.split(","):
            ours, theirs = (
                self.run(name, "--decode-last=8", variant=variant)
                for name in (stored, decoded)
            )
            expect_same(f"{stored}: logits of {variant}", ours, theirs, SAME_NUMBERS)
