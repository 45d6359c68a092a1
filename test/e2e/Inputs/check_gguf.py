# Compares logits of checkpoints that became GGUF files with the reference in float64.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_gguf.py TENON FOLDER VARIANT [NAME...]

The files hold the weights of the checkpoint as float32 (python/models/folder_to_gguf.py),
so that the reference is that of the checkpoint; the tolerance is derived in
check_logits.py. NAMES are those whose configurations the metadata can say.
"""

import sys

import check_logits
import checkpoints
import folder_to_gguf
from checkpoints import checkpoint_cases

NAMES = [
    "deepseek2-greedy-f32",
    "deepseek3-grouped-bf16",
    "deepseek32-wide-bf16",
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


def check(cases, case, variant, reference, is_split):
    """Experts that are stored in MXFP4 stay so."""
    name = case["name"]
    words = [folder_to_gguf.ARCHITECTURES[case["config"]["model_type"]]]
    store = folder_to_gguf.store_float32
    if checkpoint_cases.stores_microscaled(case):
        words.append("MXFP4")
        store = folder_to_gguf.store_microscaled
    if is_split:
        words.append("split")
    model = f"{name}.{'.'.join(words)}.gguf"
    folder_to_gguf.write(cases.folder / name, cases.folder / model, is_split, store)
    cases.copy_tokens(name, model)
    cases.compile(model, checkpoints.targets_of(variant), check_logits.BUCKETS)
    for way in check_logits.WAYS:
        check_logits.compare(cases, model, reference, way, variant)
    print(f"{name}: {' '.join(words)} agrees", flush=True)


def main():
    tenon, folder, variant, *names = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, folder)
    for name in names or NAMES:
        (case,) = checkpoint_cases.find(name)
        cases.make(name)
        reference = cases.reference(name)
        for is_split in [False, True][: 1 + checkpoint_cases.has_latent_attention(case)]:
            check(cases, case, variant, reference, is_split)


if __name__ == "__main__":
    main()
