# Compares experts and latent attention in blocks of Q8_0 with the same numbers in float32.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_split_blocks.py TENON GOLDENS FOLDER VARIANT

Experts are one tensor each of gates, ups and downs. The rows of keys are stored apart and
transposed; blocks of 32 are along what becomes the rows, so the compiler holds these
weights in float32. The numbers are decoded by
python/formats/gguf_file.py, and sums of the same products may be added in another
order: a few hundred roundings of float32, as in check_logits.py.
"""

import pathlib
import sys

import checkpoints
import numpy

PYTHON = pathlib.Path(sys.argv[2]).resolve().parent
sys.path[:0] = [str(PYTHON), str(PYTHON / "goldens"), str(PYTHON / "models")]
import checkpoint_cases  # noqa: E402
import compare_logits  # noqa: E402
import folder_to_gguf  # noqa: E402
import make_checkpoints  # noqa: E402
from formats import gguf_file  # noqa: E402

Q8_0, BLOCK = 8, 32
CASE = checkpoint_cases.case(
    "split-blocks",
    {
        **checkpoint_cases.DEEPSEEK_V3,
        **checkpoint_cases.sizes(64, 80, 2, 4, 4, 101),
        **checkpoint_cases.latent(None, 32, 32, 8, 16),
        **checkpoint_cases.experts(4, 2, 32, 1, 1, 1.5, norm_topk_prob=True),
    },
    "F32",
    prompt=9,
)


BLOCKS = ("attn_k_b.weight", "attn_v_b.weight", "_exps.weight")


def encode(array):
    """Blocks of a scale in float16 and 32 integers of 8 bits."""
    rows = array.reshape(-1, BLOCK)
    scales = (numpy.abs(rows).max(axis=1, keepdims=True) / 127).astype("<f2")
    codes = numpy.rint(rows / scales.astype(numpy.float32)).astype(numpy.int8)
    return numpy.concatenate([scales.view(numpy.uint8), codes.view(numpy.uint8)], axis=1)


def store_blocks(name, array):
    if not name.endswith(BLOCKS):
        return folder_to_gguf.store_float32(name, array)
    return Q8_0, encode(array).tobytes()


def store_decoded(name, array):
    if name.endswith(BLOCKS):
        array = gguf_file.q8_0(encode(array)).reshape(array.shape)
    return folder_to_gguf.store_float32(name, array)


def run(cases, name, store, variant):
    folder_to_gguf.write(cases.folder / CASE["name"], cases.folder / name, True, store)
    tokens = (cases.folder / f"{CASE['name']}.tokens.json").read_text()
    (cases.folder / f"{name}.tokens.json").write_text(tokens)
    cases.compile(name, f"cpu:x86-64-{variant}", "--buckets=1,8")
    output = cases.folder / f"{name}.npy"
    return numpy.load(cases.run(name, output, "--decode-last=8", variant=variant))


def main():
    tenon, goldens, folder, variant = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, goldens, folder)
    make_checkpoints.write_case(CASE, cases.folder)
    ours = run(cases, "blocks.gguf", store_blocks, variant)
    theirs = run(cases, "decoded.gguf", store_decoded, variant)
    error = compare_logits.compare(ours, theirs).relative_error
    if not error <= 1e-5:
        sys.exit(f"error {error:.2e} of the spread")
    print("blocks agree")


if __name__ == "__main__":
    main()
