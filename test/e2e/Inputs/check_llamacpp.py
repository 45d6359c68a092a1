# Compares logits of tiny GGUF files with the committed ones of llama.cpp.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_llamacpp.py TENON FOLDER

The files Inputs/llamacpp/ARCHITECTURE.npy hold llama.cpp's logits of the last
positions, written by bench/gguf_vs_llamacpp.py --goldens.
"""

import pathlib
import sys

import numpy

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "bench"))
import gguf_vs_llamacpp  # noqa: E402
from gguf_vs_llamacpp import compare_logits, tiny_gguf  # noqa: E402


def check(tenon, tiny, folder):
    architecture = tiny.architecture
    golden = pathlib.Path(__file__).with_name("llamacpp") / f"{architecture}.npy"
    theirs = numpy.load(golden)
    model = folder / f"{architecture}.gguf"
    tiny_gguf.write(tiny, model)
    tokens = gguf_vs_llamacpp.tokens_of(tiny)
    ours = gguf_vs_llamacpp.run_tenon(tenon, model, tokens, folder)
    if ours.shape != (len(tokens), theirs.shape[1]) or len(theirs) < 2:
        sys.exit(f"{architecture}: shapes {ours.shape} and {theirs.shape}")
    error = compare_logits.compare(ours[-len(theirs) :], theirs).relative_error
    limit = gguf_vs_llamacpp.TOLERANCES[architecture]
    if not error <= limit:
        sys.exit(f"{architecture}: error {error:.2e} of the spread, limit {limit:.0e}")
    print(f"{architecture} agrees")


def main():
    tenon, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for tiny in tiny_gguf.MODELS:
        check(tenon, tiny, folder)


if __name__ == "__main__":
    main()
