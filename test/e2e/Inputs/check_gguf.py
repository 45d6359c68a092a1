# Compares logits of checkpoints that became GGUF files with the reference in float64.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_gguf.py TENON GOLDENS FOLDER VARIANT [NAME...]

The files hold the weights of the checkpoint as float32 (python/models/folder_to_gguf.py),
so that the reference is that of the checkpoint; the tolerance is derived in
check_logits.py. NAMES are those whose configurations the metadata can say.
"""

import json
import pathlib
import sys

import checkpoints
from check_logits import TOLERANCE

sys.path.insert(0, str(pathlib.Path(sys.argv[2]).resolve().parent / "models"))
import folder_to_gguf  # noqa: E402

NAMES = [
    "deepseek2-greedy-f32",
    "deepseek3-grouped-bf16",
    "gemma2-capped-f32",
    "glm4-grouped-bf16",
    "glm4-normed-f32",
    "gpt2-plain-f32",
    "gptoss-blocks-bf16",
    "granite-scaled-f32",
    "kimi2-stretched-bf16",
    "llama4-plain-f16",
    "mistral-wide-bf16",
    "mixtral-joined-bf16",
    "olmoe-clipped-f16",
    "olmoe-plain-f32",
    "phi3-longrope-long-f32",
    "phi3-longrope-short-f32",
    "phi3-partial-bf16",
    "phi3-window-f32",
    "qwen-moe2-plain-f16",
    "qwen-moe3-normalized-bf16",
    "qwen3-normed-bf16",
    "smollm3-interval-f32",
]


def check(cases, name, variant, *, split=False, blocks=False):
    folder = cases.folder / name
    config = json.loads((folder / "config.json").read_text())
    words = [folder_to_gguf.ARCHITECTURES[config["model_type"]]]
    words += ["split"] * split + ["MXFP4"] * blocks
    # The tokens lie next to a model under its name.
    model = f"{name}.{'.'.join(words)}.gguf"
    store = folder_to_gguf.store_microscaled if blocks else folder_to_gguf.store_float32
    folder_to_gguf.write(folder, cases.folder / model, split, store)
    tokens = (cases.folder / f"{name}.tokens.json").read_text()
    (cases.folder / f"{model}.tokens.json").write_text(tokens)
    cases.compile(model, f"cpu:x86-64-{variant}", "--buckets=1,8,129")
    reference = cases.folder / f"{name}.logits.npy"
    for last in (0, checkpoints.DECODED):
        output = cases.folder / "logits.npy"
        cases.run(model, output, f"--decode-last={last}", variant=variant)
        cases.script("compare_logits.py", output, reference, TOLERANCE)
    print(f"{name}: {' '.join(words)} agrees", flush=True)


def main():
    tenon, goldens, folder, variant, *names = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, goldens, folder)
    for name in names or NAMES:
        cases.make(name)
        cases.script("numpy_reference.py", cases.folder / name)
        # Experts that are in MXFP4 stay so.
        check(cases, name, variant, blocks=name.startswith("gptoss"))
        if name.startswith(("deepseek", "kimi")):
            check(cases, name, variant, split=True)


if __name__ == "__main__":
    main()
