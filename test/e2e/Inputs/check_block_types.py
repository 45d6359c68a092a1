# Compares a tiny GGUF file with matrices of many block types with the same numbers in float32.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_block_types.py TENON GOLDENS FOLDER VARIANT [TYPE]

The types of `PLAN`, or one type for all matrices. Blocks are of any bytes, with scales
that give numbers of a deviation of 1 / sqrt(columns). They are decoded by
stored_blocks.py, bit field after bit field, and compared as in check_mxfp4.py.
"""

import functools
import json
import pathlib
import sys
import zlib

import check_mxfp4
import numpy

FORMULAS = pathlib.Path(__file__).resolve().parents[2] / "Interpreter/Inputs/formulas"
sys.path.insert(0, str(FORMULAS))
import compare_logits  # noqa: E402
import tiny_gguf  # noqa: E402
from stored_blocks import BLOCKS  # noqa: E402

SIZES = {"HEADS": 8, "SIZE": 32, "KEY_HEADS": 1, "INNER": 256, "VOCABULARY": 48}
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
    count = rows * cols // block.elements
    data = block.draw(random, count)
    # Scales are uniform numbers up to 0.02: what they multiply is about as large as this.
    usual = block.decode(data[:4]).std()
    factor = 1 / (usual * cols**0.5)
    places = [at for at in block.halves]
    for at in places:
        scales = data[:, at : at + 2].copy().view("<f2") * numpy.float16(factor)
        data[:, at : at + 2] = scales.view(numpy.uint8)
    if block.spread is not None:
        word = sum(
            (data[:, block.spread + 2 * n + 1].astype("<u2") >> 4) << 4 * n
            for n in range(4)
        )
        word = (word.view("<f2") * numpy.float16(factor)).view("<u2")
        for n in range(4):
            high = data[:, block.spread + 2 * n + 1]
            high[:] = high % 16 + (word >> 4 * n) % 16 * 16
    values = block.decode(data).reshape(rows, cols)
    assert (values.astype(numpy.float32) == values).all(), f"{type_} is exact in float32"
    return data.tobytes(), values.astype("<f4").tobytes()


def main():
    tenon, _, folder, variant, *only = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in SIZES.items():
        setattr(tiny_gguf, name, value)
    tiny_gguf.LAYERS["llama"] = 1
    tiny_gguf.HIDDEN["llama"] = SIZES["HEADS"] * SIZES["SIZE"]
    tokens = folder / "tokens.json"
    random = numpy.random.RandomState(3)
    tokens.write_text(json.dumps(random.randint(0, SIZES["VOCABULARY"], 24).tolist()))

    def store(name, shape, decoded):
        if len(shape) == 1:
            return tiny_gguf.store_float32(name, shape)
        type_ = only[0] if only else PLAN[name]
        data, values = draw(name, type_, *shape)
        return (0, values) if decoded else (BLOCKS[type_].number, data)

    logits = {}
    for name, decoded in [("blocks", False), ("decoded", True)]:
        artifact, logits[name] = check_mxfp4.run(
            tenon,
            folder,
            name,
            functools.partial(store, decoded=decoded),
            tokens,
            variant,
            "--buckets=8",
        )
        if decoded:
            continue
        for entry in json.loads(check_mxfp4.checkpoints.call(tenon, "inspect", artifact))[
            "weight_formats"
        ]:
            print(f"{entry['format']}: {entry['bits_per_element']} bits")
    error = compare_logits.compare(logits["blocks"], logits["decoded"]).relative_error
    if not error <= 1e-5:
        sys.exit(f"error {error:.2e} of the spread")
    print(f"{variant} agrees")


if __name__ == "__main__":
    main()
