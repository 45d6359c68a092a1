# Compares a tiny GGUF file of MXFP4 matrices with one of the same numbers in float32.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_mxfp4.py TENON GOLDENS FOLDER VARIANT

The numbers are decoded by python/formats/gguf_file.py. Both files have the same norms
and sizes, and sums of products of the same numbers, which may be added in another
order: a few hundred roundings of float32, as in check_logits.py.
"""

import json
import pathlib
import sys
import zlib

import checkpoints
import numpy

REPOSITORY = pathlib.Path(sys.argv[2]).resolve().parents[1]
for folder in ("python", "python/models", "python/goldens"):
    sys.path.insert(0, str(REPOSITORY / folder))
import compare_logits  # noqa: E402
import tiny_gguf  # noqa: E402
from formats import gguf_file  # noqa: E402

MXFP4, BLOCK, BYTES = 39, 32, 17
# Sizes that fill panels of 16 rows and blocks of 128 columns: 4.25 bits a weight.
SIZES = {"HEADS": 8, "SIZE": 16, "INNER": 256, "VOCABULARY": 112}


def draw_blocks(name, shape):
    """All codes, and scales for numbers of a deviation of about 1 / sqrt(columns)."""
    random = numpy.random.RandomState(zlib.crc32(name.encode()))
    blocks = random.randint(0, 256, (shape[0] * shape[1] // BLOCK, BYTES))
    usual = 127 - round(numpy.log2(2.5 * shape[1] ** 0.5))
    blocks[:, 0] = usual + random.randint(-1, 2, len(blocks))
    return blocks.astype(numpy.uint8)


def store_blocks(name, shape):
    if len(shape) == 1:
        return tiny_gguf.store_float32(name, shape)
    return MXFP4, draw_blocks(name, shape).tobytes()


def store_decoded(name, shape):
    if len(shape) == 1:
        return tiny_gguf.store_float32(name, shape)
    return 0, gguf_file.mxfp4(draw_blocks(name, shape)).astype("<f4").tobytes()


def run(tenon, folder, name, store, tokens, variant, *options):
    model, artifact = folder / f"{name}.gguf", folder / f"{name}.tenon"
    tiny_gguf.write("llama", model, store)
    targets = f"--target=cpu:x86-64-{variant}"
    checkpoints.call(
        tenon, "compile", model, "-o", artifact, targets, "--max-context=64", *options
    )
    output = folder / f"{name}.npy"
    options = [f"--tokens-file={tokens}", "-n", 0, "--decode-last=8"]
    checkpoints.call(
        tenon, "run", artifact, *options, f"--dump-logits={output}", variant=variant
    )
    return artifact, numpy.load(output)


def main():
    tenon, _, folder, variant = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in SIZES.items():
        setattr(tiny_gguf, name, value)
    tiny_gguf.HIDDEN["llama"] = SIZES["HEADS"] * SIZES["SIZE"]
    tokens = folder / "tokens.json"
    draw = numpy.random.RandomState(3)
    tokens.write_text(json.dumps(draw.randint(0, SIZES["VOCABULARY"], 48).tolist()))
    artifact, ours = run(tenon, folder, "blocks", store_blocks, tokens, variant)
    _, theirs = run(tenon, folder, "decoded", store_decoded, tokens, variant)
    formats = json.loads(checkpoints.call(tenon, "inspect", artifact))["weight_formats"]
    for entry in formats:
        print(f"{entry['format']}: {entry['bits_per_element']} bits")
    error = compare_logits.compare(ours, theirs).relative_error
    if not error <= 1e-5:
        sys.exit(f"error {error:.2e} of the spread")
    print(f"{variant} agrees")


if __name__ == "__main__":
    main()
