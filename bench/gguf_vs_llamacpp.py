#!/usr/bin/env python3
# Compares logits with llama.cpp's on a tiny GGUF file of each architecture.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""gguf_vs_llamacpp.py --tenon=build/dev/bin/tenon --llama-source=llama.cpp
       --llama-build=llama.cpp/build [--goldens=test/e2e/Inputs/llamacpp]

Says whether both read what a file leaves out in the same way: the order of rows of
queries and keys, rotations, windows, and the one in norms. The weights are float32
(python/models/tiny_gguf.py), and so are the caches of both, so only the order of sums
differs, and in gemma3 the function between the matrices of the MLP, which llama.cpp
looks up in a table of float16. The prompt is 40 tokens, and 8 more are fed one by
one. With --goldens, llama.cpp's logits of the last positions are written there. Exits
with 1 if an error is above the tolerance of its architecture.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import numpy
from llama_peer import LlamaPeer, run

PYTHON = pathlib.Path(__file__).resolve().parents[1] / "python"
sys.path[:0] = [str(PYTHON), str(PYTHON / "goldens"), str(PYTHON / "models")]
import compare_logits  # noqa: E402
import tiny_gguf  # noqa: E402

PROMPT, DECODED, KEPT = 40, 8, 9
# Of the spread of the logits. A wrong reading of a file gives more than 0.1.
TOLERANCES = {"llama": 1e-4, "qwen2": 1e-4, "gemma3": 1e-2}


def tokens_of(tiny):
    draw = numpy.random.RandomState(len(tiny.architecture))
    return draw.randint(0, tiny.vocabulary, PROMPT + DECODED).tolist()


def run_tenon(tenon, model, tokens, folder):
    artifact, source = folder / "tiny.tenon", folder / "tokens.json"
    output = folder / "tenon.npy"
    source.write_text(json.dumps(tokens))
    run([tenon, "compile", model, "-o", artifact, "--max-context=64"])
    command = [tenon, "run", artifact, f"--tokens-file={source}", "-n", 0]
    run(command + [f"--decode-last={DECODED}", f"--dump-logits={output}"])
    return numpy.load(output)


def compare(options, tiny, folder):
    architecture = tiny.architecture
    model, tokens = folder / f"{architecture}.gguf", tokens_of(tiny)
    tiny_gguf.write(tiny, model)
    places = (options.llama_source, options.llama_build, options.compiler)
    peer = LlamaPeer(*places, model, folder)
    theirs = peer.logits(tokens, PROMPT, 1, tiny.vocabulary, cache="f32")
    ours = run_tenon(options.tenon, model, tokens, folder)
    result = compare_logits.compare(ours, theirs)
    print(f"{architecture}: largest error/spread {result.relative_error:.2e}")
    if options.goldens:
        options.goldens.mkdir(parents=True, exist_ok=True)
        numpy.save(options.goldens / f"{architecture}.npy", theirs[-KEPT:])
    return result.relative_error <= TOLERANCES[architecture]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenon", required=True, type=pathlib.Path)
    parser.add_argument("--llama-source", required=True, type=pathlib.Path)
    parser.add_argument("--llama-build", required=True, type=pathlib.Path)
    parser.add_argument("--compiler", default="c++", help="of C++, for LlamaPeer.cpp")
    parser.add_argument("--goldens", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        good = [compare(options, tiny, folder) for tiny in tiny_gguf.MODELS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main())
