# Writes tiny GGUF files of random float32 weights and without a tokenizer.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""tiny_gguf.py ARCHITECTURE OUT.gguf

One of each architecture, with sizes that divide nothing: several heads share a key
head, heads are wider than the hidden size asks for, and windows are shorter than the
prompts of gguf_vs_llamacpp.py. A name and a shape decide all bits of a tensor.
"""

import argparse
import dataclasses
import pathlib
import struct
import sys
import zlib

import numpy


@dataclasses.dataclass(frozen=True)
class Model:
    """The sizes of a model; `size` is that of a head."""

    architecture: str
    hidden: int = 42
    layers: int = 2
    inner: int = 75
    heads: int = 6
    key_heads: int = 2
    size: int = 16
    vocabulary: int = 101


MODELS = [
    Model("llama"),
    # Its readers expect heads that are together as wide as the hidden size.
    Model("qwen2", hidden=6 * 16),
    Model("gemma3", layers=7),
]


def metadata(model):
    architecture = model.architecture

    def name(key):
        return f"{architecture}.{key}"

    values = {
        "general.architecture": architecture,
        "tokenizer.ggml.model": "no_vocab",
        name("vocab_size"): model.vocabulary,
        name("context_length"): 256,
        name("embedding_length"): model.hidden,
        name("block_count"): model.layers,
        name("feed_forward_length"): model.inner,
        name("attention.head_count"): model.heads,
        name("attention.head_count_kv"): model.key_heads,
        name("attention.key_length"): model.size,
        name("attention.value_length"): model.size,
        name("rope.dimension_count"): model.size,
        name("rope.freq_base"): 1e6 if architecture == "gemma3" else 1e4,
        name("attention.layer_norm_rms_epsilon"): 1e-6,
    }
    if architecture == "gemma3":
        values[name("attention.sliding_window")] = 16
    return values


def layer_shapes(model):
    hidden, inner = model.hidden, model.inner
    queries, keys = model.heads * model.size, model.key_heads * model.size
    shapes = {
        "attn_norm.weight": [hidden],
        "attn_q.weight": [queries, hidden],
        "attn_k.weight": [keys, hidden],
        "attn_v.weight": [keys, hidden],
        "attn_output.weight": [hidden, queries],
        "ffn_norm.weight": [hidden],
        "ffn_gate.weight": [inner, hidden],
        "ffn_up.weight": [inner, hidden],
        "ffn_down.weight": [hidden, inner],
    }
    if model.architecture == "qwen2":
        shapes |= {"attn_q.bias": [queries], "attn_k.bias": [keys]}
        shapes["attn_v.bias"] = [keys]
    if model.architecture == "gemma3":
        shapes |= {f"attn_{part}_norm.weight": [model.size] for part in "qk"}
        shapes |= {"post_attention_norm.weight": [hidden]}
        shapes |= {"post_ffw_norm.weight": [hidden]}
    return shapes


def tensor_shapes(model):
    shapes = {"token_embd.weight": [model.vocabulary, model.hidden]}
    shapes |= {"output_norm.weight": [model.hidden]}
    if model.architecture != "gemma3":  # which ties both
        shapes["output.weight"] = [model.vocabulary, model.hidden]
    for n in range(model.layers):
        for name, shape in layer_shapes(model).items():
            shapes[f"blk.{n}.{name}"] = shape
    return shapes


def draw(name, shape):
    """Norms near one; matrices of queries and keys large enough that attention
    looks at few tokens, and with that at their places."""
    values = numpy.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    if name.endswith("norm.weight"):
        values = 1 + 0.1 * values
    elif name.endswith(".bias"):
        values = 0.5 * values
    else:
        gain = 2 if "attn_q" in name or "attn_k" in name else 1
        values = values * gain / shape[-1] ** 0.5
    return values.astype("<f4").tobytes()


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def pack(value):
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    is_float = isinstance(value, float)
    return struct.pack("<If" if is_float else "<II", 6 if is_float else 4, value)


def count(tensors, values):
    """The version of the format and how much is in a file."""
    return struct.pack("<IQQ", 3, tensors, values)


def describe(name, shape, kind, place):
    """The entry of a tensor, whose bytes are at a place after the header."""
    sizes = struct.pack(f"<{len(shape)}Q", *reversed(shape))
    head = text(name) + struct.pack("<I", len(shape)) + sizes
    return head + struct.pack("<IQ", kind, place)


def store_float32(name, shape):
    return 0, draw(name, shape)


def write(model, path, store=store_float32):
    """`store` gives the number of a GGUF type and the bytes of a tensor."""
    values, shapes = metadata(model), tensor_shapes(model)
    header = b"GGUF" + count(len(shapes), len(values))
    for key, value in values.items():
        header += text(key) + pack(value)
    body = b""
    for name, shape in shapes.items():
        kind, data = store(name, shape)
        header += describe(name, shape, kind, len(body))
        body += data
        body += bytes(-len(body) % 32)
    path.write_bytes(header + bytes(-len(header) % 32) + body)


def main():
    models = {model.architecture: model for model in MODELS}
    parser = argparse.ArgumentParser(description="writes a tiny GGUF file")
    parser.add_argument("architecture", choices=list(models))
    parser.add_argument("output", type=pathlib.Path)
    options = parser.parse_args()
    write(models[options.architecture], options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
