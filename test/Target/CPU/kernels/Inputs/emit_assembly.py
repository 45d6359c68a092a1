# Writes the assembly of all kernels of tiny models, for every width of vectors.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: emit_assembly.py <tenon> <folder> <checkpoint or type of blocks>...

For a type of blocks of GGUF files a Llama is made whose matrices have it."""

import concurrent.futures
import itertools
import json
import os
import pathlib
import sys

tests = pathlib.Path(__file__).resolve().parents[4]
sys.path.insert(0, str(tests / "e2e/Inputs"))
from checkpoints import Checkpoints, call  # noqa: E402

LEVELS = ["x86-64-v3", "x86-64-v4"]
FAMILIES = tests / "Import/Families/Inputs"
PROJECTIONS = "self_attn.q self_attn.k self_attn.v mlp.gate mlp.up".split()


def write_blocks(folder, kind):
    """A Llama with rows of several blocks of columns, in blocks of one type."""
    config = json.loads((FAMILIES / "llama-odd/config.json").read_text())
    config.update(hidden_size=1024, intermediate_size=640)
    file = folder / f"{kind}.json"
    file.write_text(json.dumps(config))
    names = [f"model.layers.{i}.{name}_proj" for i in range(3) for name in PROJECTIONS]
    changes = [f"{name}.weight={kind}" for name in ["model.embed_tokens", *names]]
    call(
        sys.executable, FAMILIES / "write_model.py", file, folder / f"{kind}.gguf", *changes
    )


def main():
    tenon, folder, *names = sys.argv[1:]
    checkpoints = Checkpoints(tenon, folder)
    for name in names:
        if name.startswith("Q"):
            write_blocks(checkpoints.folder, name)
        else:
            checkpoints.make(name)

    def emit(name, level):
        model = f"{name}.gguf" if name.startswith("Q") else name
        assembly = call(
            tenon, "compile", checkpoints.folder / model, "--skip-weights", "--threads=1",
            f"--target=cpu:{level}", "--buckets=1,8,64", "--emit=asm",
        )  # fmt: skip
        (checkpoints.folder / f"{name}.{level}.s").write_text(assembly)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        ways = itertools.product(names, LEVELS)
        for done in [pool.submit(emit, *way) for way in ways]:
            done.result()


if __name__ == "__main__":
    main()
