# Compares experts and latent attention in blocks of Q8_0 with the same numbers in float32.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_split_blocks.py TENON FOLDER VARIANT

Experts are one tensor each of gates, ups and downs. The rows of keys are stored apart and
transposed; blocks of 32 are along what becomes the rows, so the compiler holds these
weights in float32. The numbers are decoded by python/formats/gguf_file.py.
"""

import sys

import checkpoints
import folder_to_gguf
import numpy
from checkpoints import checkpoint_cases, make_checkpoints
from formats import gguf_file

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


def main():
    tenon, folder, variant = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, folder)
    make_checkpoints.write_case(CASE, cases.folder)
    source = cases.folder / CASE["name"]
    for name, store in [("blocks.gguf", store_blocks), ("decoded.gguf", store_decoded)]:
        folder_to_gguf.write(source, cases.folder / name, True, store)
        cases.copy_tokens(CASE["name"], name)
    cases.expect_same_numbers("blocks.gguf", "decoded.gguf", variant, "--buckets=1,8")
    print("blocks agree")


if __name__ == "__main__":
    main()
