# Compiles LlamaPeer.cpp against a built llama.cpp and calls it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import pathlib
import subprocess
import sys

import numpy


def run(command):
    """Returns the standard output of a command; ends the program if it fails."""
    command = [str(part) for part in command]
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        sys.exit(f"cannot run '{command[0]}': {error.strerror}")
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines() or ["no message"]
        sys.exit(f"'{' '.join(command)}' failed: {lines[-1]}")
    return result.stdout


class LlamaPeer:
    """llama.cpp with one model. `source` is its tree, `build` its build folder."""

    def __init__(self, source, build, compiler, model, folder):
        self.program, self.model, self.folder = folder / "LlamaPeer", model, folder
        libraries = build.resolve() / "bin"
        for need in (source / "include/llama.h", libraries / "libllama.so"):
            if not need.exists():
                sys.exit(f"expects '{need}' of a tree and a build of llama.cpp")
        command = [compiler, "-std=c++17", "-O2"]
        command += [f"-I{source / 'include'}", f"-I{source / 'ggml/include'}"]
        command += [pathlib.Path(__file__).with_name("LlamaPeer.cpp")]
        command += [f"-L{libraries}", f"-Wl,-rpath,{libraries}"]
        run(command + ["-lllama", "-lggml", "-lggml-base", "-o", self.program])

    def version(self):
        return run([self.program, "version"]).strip()

    def tokens(self, texts):
        """The tokens of each text, with the first one; no names of tokens are read."""
        source, output = self.folder / "texts", self.folder / "tokens"
        parts = [text.encode() for text in texts]
        source.write_bytes(b"".join(b"%d\n%s" % (len(part), part) for part in parts))
        run([self.program, "tokens", self.model, source, output])
        return [[int(w) for w in line.split()] for line in output.read_text().splitlines()]

    def logits(self, tokens, prompt, threads, vocabulary, cache=None):
        """float32 [tokens, vocabulary]; those after the prompt are fed one by one."""
        source, output = self.folder / "sequence", self.folder / "logits"
        source.write_text(" ".join(map(str, tokens)))
        command = [self.program, "logits", self.model, source, output, prompt, threads]
        run(command + ([cache] if cache else []))
        shape = (len(tokens), vocabulary)
        return numpy.memmap(output, numpy.float32, "r", shape=shape)
