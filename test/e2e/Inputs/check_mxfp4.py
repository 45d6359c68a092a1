# Compares a tiny GGUF file of MXFP4 matrices with one of the same numbers in float32.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_mxfp4.py TENON FOLDER VARIANTS

The numbers are decoded by python/formats/gguf_file.py. Both files have the same norms
and sizes.
"""

import sys
import zlib

import checkpoints
import numpy
import tiny_gguf
from formats import gguf_file

MXFP4, BLOCK, BYTES = 39, 32, 17
# Sizes that fill panels of 16 rows and blocks of 128 columns: 4.25 bits a weight.
MODEL = tiny_gguf.Model("llama", hidden=128, heads=8, inner=256, vocabulary=112)


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


def main():
    tenon, folder, variants = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, folder)
    for name, store in [("blocks.gguf", store_blocks), ("decoded.gguf", store_decoded)]:
        tiny_gguf.write(MODEL, cases.folder / name, store)
        cases.draw_tokens(name, 48, MODEL.vocabulary)
    options = ["--max-context=64", "--buckets=1,64"]
    cases.expect_same_numbers("blocks.gguf", "decoded.gguf", variants, *options)
    cases.print_formats("blocks.gguf")
    print(f"agrees with {variants}")


if __name__ == "__main__":
    main()
