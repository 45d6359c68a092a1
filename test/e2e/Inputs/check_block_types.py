# Compares a tiny GGUF file with matrices of many block types with the same numbers in float32.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_block_types.py TENON FOLDER VARIANTS [TYPE]

The types of `PLAN`, or one type for all matrices. Blocks are of any bytes, with scales
that give numbers of a deviation of 1 / sqrt(columns). They are decoded by
stored_blocks.py, bit field after bit field.
"""

import functools
import pathlib
import sys
import zlib

import checkpoints
import numpy
import tiny_gguf

FORMULAS = pathlib.Path(__file__).resolve().parents[2] / "Interpreter/Inputs/formulas"
sys.path.insert(0, str(FORMULAS))
from stored_blocks import BLOCKS  # noqa: E402

MODEL = tiny_gguf.Model(
    "llama", hidden=256, layers=1, inner=256, heads=8, key_heads=1, size=32, vocabulary=48
)
PLAN = {
    "token_embd.weight": "IQ4_NL",
    "blk.0.attn_q.weight": "Q2_K",
    "blk.0.attn_k.weight": "Q3_K",
    "blk.0.attn_v.weight": "IQ2_S",
    "blk.0.attn_output.weight": "IQ2_XXS",
    "blk.0.ffn_gate.weight": "IQ1_S",
    "blk.0.ffn_up.weight": "IQ1_S",
    "blk.0.ffn_down.weight": "TQ1_0",
    "output.weight": "IQ4_XS",
}


@functools.cache
def draw(name, type_, rows, cols):
    """Bytes of blocks, and the numbers that they are."""
    random = numpy.random.RandomState(zlib.crc32(name.encode()))
    block = BLOCKS[type_]
    data = block.draw(random, rows * cols // block.elements)
    block.scale(data, 1 / (block.decode(data[:4]).std() * cols**0.5))
    values = block.decode(data).reshape(rows, cols)
    assert (values.astype(numpy.float32) == values).all(), f"{type_} is exact in float32"
    return data.tobytes(), values.astype("<f4").tobytes()


def store(name, shape, only, is_decoded):
    if len(shape) == 1:
        return tiny_gguf.store_float32(name, shape)
    type_ = only or PLAN[name]
    data, values = draw(name, type_, *shape)
    return (0, values) if is_decoded else (BLOCKS[type_].number, data)


def main():
    tenon, folder, variants, *only = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, folder)
    for name, is_decoded in [("blocks.gguf", False), ("decoded.gguf", True)]:
        stores = functools.partial(store, only="".join(only), is_decoded=is_decoded)
        tiny_gguf.write(MODEL, cases.folder / name, stores)
        cases.draw_tokens(name, 24, MODEL.vocabulary)
    options = ["--max-context=64", "--buckets=8"]
    cases.expect_same_numbers("blocks.gguf", "decoded.gguf", variants, *options)
    cases.print_formats("blocks.gguf")
    print(f"agrees with {variants}")


if __name__ == "__main__":
    main()
