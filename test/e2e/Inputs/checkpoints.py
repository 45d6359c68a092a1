# What the end-to-end tests share: tiny checkpoints, compiling and running them.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import json
import os
import pathlib
import subprocess
import sys

# Tokens at the end of each case that are decoded one by one.
DECODED = 32


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


class Checkpoints:
    """Checkpoints of one test, made in a folder of its own."""

    def __init__(self, tenon, goldens, folder):
        self.tenon = tenon
        self.goldens = pathlib.Path(goldens)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def script(self, name, *arguments):
        return call(sys.executable, self.goldens / name, *arguments)

    def names(self, prefix):
        listed = self.script("make_checkpoints.py", "--list", self.folder)
        return [name for name in listed.split() if name.startswith(prefix)]

    def make(self, name):
        """Writes a checkpoint and the tokens to feed it."""
        self.script("make_checkpoints.py", self.folder, "--only", name)

    def count_tokens(self, name):
        return len(json.loads((self.folder / f"{name}.tokens.json").read_text()))

    def context(self, name):
        """The option for cases that mean something else in a longer context. What is
        made of a case has its name in front."""
        sys.path.insert(0, str(self.goldens))
        import checkpoint_cases

        for case in checkpoint_cases.CASES:
            if name.split(".")[0] == case["name"] and "context" in case:
                return [f"--max-context={case['context']}"]
        return []

    def compile(self, name, targets, *options):
        folder = self.folder / name
        output = self.folder / f"{name}.tenon"
        target = f"--target={targets}"
        more = [*self.context(name), *options]
        call(self.tenon, "compile", folder, "-o", output, target, *more)

    def embed(self, name, *options, variant):
        """Feeds all tokens to an encoder and returns what it prints."""
        tokens = self.folder / f"{name}.tokens.json"
        return call(
            self.tenon,
            "embed",
            self.folder / f"{name}.tenon",
            f"--tokens-file={tokens}",
            *options,
            variant=variant,
        )

    def run(self, name, output, *options, variant):
        """Feeds all tokens and dumps the logits of each."""
        call(
            self.tenon,
            "run",
            self.folder / f"{name}.tenon",
            f"--tokens-file={self.folder / name}.tokens.json",
            "-n",
            0,
            f"--dump-logits={output}",
            *options,
            variant=variant,
        )
        return output
