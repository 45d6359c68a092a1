#!/usr/bin/env python3
# Hashes of the logits of all tiny checkpoints: equal tables mean equal bits.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""hash_logits.py TENON FOLDER [--variants=v3,v4] [--model=FILE...] [--only=WORDS]

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

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "test/e2e/Inputs"))
import checkpoints  # noqa: E402
from checkpoints import checkpoint_cases  # noqa: E402

CACHES = ["f32", "bf16"]
TOKENS_OF_A_MODEL = list(range(2, 41))


def hash_file(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def hash_ways(cases, name, variants, *, decoded, forms=("auto",), is_encoder=False):
    """Prints the hashes of one model, whose tokens lie next to it."""
    targets = checkpoints.targets_of(variants)
    for cache, form in itertools.product(CACHES, forms):
        options = [f"--cache-type={cache}"]
        options += [f"--mla={form}"] if form != "auto" else []
        cases.compile(name, targets, *options)
        for variant in variants.split(","):
            if is_encoder:
                output = cases.folder / f"{name}.npy"
                cases.embed(name, f"--dump-embeddings={output}", variant=variant)
            else:
                output = cases.run(name, f"--decode-last={decoded}", variant=variant)
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
    cases = checkpoints.Checkpoints(options.tenon, options.folder)
    for case in sorted(checkpoint_cases.find(options.only), key=lambda case: case["name"]):
        cases.make(case["name"])
        hash_ways(
            cases,
            case["name"],
            options.variants,
            decoded=checkpoints.DECODED,
            forms=checkpoint_cases.forms(case),
            is_encoder=checkpoint_cases.is_encoder(case),
        )
    for path in options.model:
        hash_ways(cases, link_model(cases, path), options.variants, decoded=8)


if __name__ == "__main__":
    main()
