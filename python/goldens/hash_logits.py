#!/usr/bin/env python3
# Hashes of the logits of all tiny checkpoints: equal tables mean equal bits.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""hash_logits.py TENON FOLDER [--variants=v3,v4] [--model=FILE...] [--only=PREFIX]

Compiles each checkpoint with both types of caches and, for latent attention, in both
forms, feeds its tokens (the last 32 of them one by one) and prints one line for each
way: `name cache form variant sha256`. A change that must not touch numbers prints the
same table before and after:

    hash_logits.py old/tenon old > old.txt
    hash_logits.py new/tenon new > new.txt && cmp old.txt new.txt

A --model (a GGUF file or a Hugging Face folder) is fed the tokens 2, 3, ... 40.
"""

import argparse
import hashlib
import itertools
import json
import pathlib
import sys

GOLDENS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(GOLDENS.parent.parent / "test/e2e/Inputs"))
import checkpoints  # noqa: E402

CACHES = ["f32", "bf16"]
TOKENS_OF_A_MODEL = list(range(2, 41))


def hash_file(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def hash_ways(cases, name, variants, decoded):
    """Prints the hashes of one model, whose tokens lie next to it."""
    forms = ["naive", "absorbed"] if name.startswith(("deepseek", "kimi")) else ["auto"]
    targets = ",".join(f"cpu:x86-64-{variant}" for variant in variants)
    for cache, form in itertools.product(CACHES, forms):
        options = [f"--cache-type={cache}"]
        options += [f"--mla={form}"] if form != "auto" else []
        cases.compile(name, targets, *options)
        for variant in variants:
            output = cases.folder / "logits.npy"
            if name.startswith("bert"):
                cases.embed(name, f"--dump-embeddings={output}", variant=variant)
            else:
                cases.run(name, output, f"--decode-last={decoded}", variant=variant)
            print(name, cache, form, variant, hash_file(output), flush=True)


def link_model(cases, path):
    """Puts a model where the checkpoints lie, with tokens to feed it."""
    link = cases.folder / path.name
    if not link.exists():
        link.symlink_to(path.resolve())
    tokens = cases.folder / f"{path.name}.tokens.json"
    tokens.write_text(json.dumps(TOKENS_OF_A_MODEL))
    return path.name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tenon", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--variants", default="v3")
    parser.add_argument("--model", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    cases = checkpoints.Checkpoints(options.tenon, GOLDENS, options.folder)
    variants = options.variants.split(",")
    for name in sorted(cases.names(options.only)):
        cases.make(name)
        hash_ways(cases, name, variants, checkpoints.DECODED)
    for path in options.model:
        hash_ways(cases, link_model(cases, path), variants, decoded=8)


if __name__ == "__main__":
    main()
