# Cases of weights in blocks of a GGUF file, with scales and offsets inside.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import struct

import numpy as np

from rows import read_table
from stored_blocks import BLOCKS

METADATA = {
    "general.architecture": "llama",
    "llama.embedding_length": 256,
    "llama.feed_forward_length": 512,
    "llama.block_count": 1,
    "llama.context_length": 128,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 4,
    "llama.attention.layer_norm_rms_epsilon": 0.5,
}


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def metadata_value(value):
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    return struct.pack("<If", 6, value)


def gguf_bytes(tensors):
    """A file with tensors (name, number of the type, shape, bytes)."""
    header, data = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(METADATA)), b""
    for key, value in METADATA.items():
        header += text(key) + metadata_value(value)
    for name, number, shape, raw in tensors:
        header += text(name) + struct.pack("<I", len(shape))
        header += struct.pack(f"<{len(shape)}Q", *reversed(shape))
        header += struct.pack("<IQ", number, len(data))
        data += raw + bytes(-len(raw) % 32)
    return header + bytes(-len(header) % 32) + data


def add_all(suite):
    """Two rows of two or more blocks of each type, and plain tensors beside them."""
    tensors = []
    for name, block in BLOCKS.items():
        for per_row in (1, 3):
            data = block.draw(suite.random, 2 * per_row)
            values = block.decode(data).reshape(2, -1)
            add_matrix(suite, tensors, name, block.number, values, data.tobytes(),
                       "i8, scale f32 per 1x32, offset")  # fmt: skip
    for name, number, dtype in (("F32", 0, "<f4"), ("F16", 1, "<f2")):
        values = suite.random.uniform(-2, 2, (3, 5)).astype(dtype)
        format_ = name.lower()
        add_matrix(
            suite,
            tensors,
            name,
            number,
            values.astype(float),
            values.tobytes(),
            format_,
        )
    suite.gguf = gguf_bytes(tensors)


def add_matrix(suite, tensors, name, number, values, data, format_):
    symbol = f"{name.lower()}_{len(tensors)}"
    tensors.append((f"{symbol}.weight", number, values.shape, data))
    type_ = f"!tenon.weight<{values.shape[0]}x{values.shape[1]}, <{format_}>>"
    suite.symbol(f'tenon.weight @{symbol} "{symbol}.weight" : {type_}')
    case = suite.case(symbol)
    value = case.emit(f"tenon.weight_ref @{symbol} : {type_}")
    order = np.arange(len(values))[::-1]
    y, result = read_table(case, value, type_, order, values.shape[1])
    case.result(y, result, "f32", lambda r: r("f32", values[order]), chain=0)
