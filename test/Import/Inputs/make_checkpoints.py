#!/usr/bin/env python3
# Writes small checkpoints, right ones and damaged ones, with the standard library alone.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: make_checkpoints.py FOLDER

Beside each right checkpoint NAME lies NAME.tensors, the listing that a reader should
print: name, type, shape and the SHA-256 of the stored bytes."""

import hashlib
import json
import pathlib
import struct
import sys

CONFIG = {
    "model_type": "llama",
    "hidden_size": 6,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "num_hidden_layers": 1,
    "rms_norm_eps": 1e-5,
}

# Type -> elements and bytes of a block, and its number in GGUF.
GGUF_TYPES = {
    "F32": (1, 4, 0),
    "F16": (1, 2, 1),
    "Q4_0": (32, 18, 2),
    "Q4_1": (32, 20, 3),
    "Q5_0": (32, 22, 6),
    "Q5_1": (32, 24, 7),
    "Q8_0": (32, 34, 8),
    "Q4_K": (256, 144, 12),
    "Q5_K": (256, 176, 13),
    "Q6_K": (256, 210, 14),
    "BF16": (1, 2, 30),
}
SAFE_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "I64": 8, "BOOL": 1}


def fill(name, size):
    """Bytes that differ from tensor to tensor."""
    return hashlib.shake_128(name.encode()).digest(size)


def count(shape):
    product = 1
    for size in shape:
        product *= size
    return product


class Safetensors:
    """One file. `entries` may be changed before it is written."""

    def __init__(self, **tensors):
        self.entries, self.data = {}, b""
        for name, (dtype, *shape) in tensors.items():
            data = fill(name, count(shape) * SAFE_BYTES[dtype])
            begin = len(self.data)
            self.data += data
            self.entries[name] = {
                "dtype": dtype,
                "shape": shape,
                "data_offsets": [begin, len(self.data)],
            }

    def to_bytes(self):
        header = json.dumps({"__metadata__": {"format": "pt"}, **self.entries})
        header += " " * (-len(header) % 8)
        return struct.pack("<Q", len(header)) + header.encode() + self.data

    def listing(self):
        for name, entry in self.entries.items():
            begin, end = entry["data_offsets"]
            digest = hashlib.sha256(self.data[begin:end]).hexdigest()
            shape = ", ".join(map(str, entry["shape"]))
            yield f"{name} {entry['dtype']} [{shape}] {digest}\n"


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf_value(value):
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, text(value)
    kinds, elements = zip(*map(gguf_value, value))
    return 9, struct.pack("<IQ", kinds[0], len(value)) + b"".join(elements)


def make_gguf(metadata, tensors, version=3):
    """Returns the bytes of a file and its listing under the names of the file."""
    entries, infos, data, lines = b"", b"", b"", []
    for key, value in metadata.items():
        kind, raw = gguf_value(value)
        entries += text(key) + struct.pack("<I", kind) + raw
    for name, (kind, *shape) in tensors.items():
        elements, size, code = GGUF_TYPES[kind]
        raw = fill(name, count(shape) // elements * size)
        data += bytes(-len(data) % 32)
        infos += text(name) + struct.pack("<I", len(shape))
        infos += b"".join(struct.pack("<Q", size) for size in reversed(shape))
        infos += struct.pack("<IQ", code, len(data))
        data += raw
        shown = ", ".join(map(str, shape))
        lines.append((name, f"{kind} [{shown}] {hashlib.sha256(raw).hexdigest()}\n"))
    header = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    header += entries + infos
    return header + bytes(-len(header) % 32) + data, lines


class Writer:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    def folder(self, name, config=CONFIG, **files):
        """Double underscores in the name of a file mean dots."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        if config is not None:
            (path / "config.json").write_text(json.dumps(config))
        for file, data in files.items():
            (path / file.replace("__", ".")).write_bytes(data)

    def listing(self, name, lines):
        (self.root / f"{name}.tensors").write_text("".join(lines))

    def file(self, name, data):
        (self.root / name).write_bytes(data)


def index(**files):
    return json.dumps({"metadata": {}, "weight_map": files}).encode()


def write_right_folders(writer):
    tensors = {
        "model.norm.weight": ("F32", 6),
        "model.embed_tokens.weight": ("BF16", 13, 6),
        "a.f16": ("F16", 1, 1),
        "a.f8": ("F8_E4M3", 3, 5),
        "a.scalar": ("F32",),
        "a.empty": ("F32", 0, 7),
        "a.long": ("I64", 2),
        "a.flag": ("BOOL", 3),
    }
    single = Safetensors(**tensors)
    writer.folder("single", model__safetensors=single.to_bytes())
    writer.listing("single", single.listing())

    names = list(tensors)
    first = Safetensors(**{name: tensors[name] for name in names[:3]})
    second = Safetensors(**{name: tensors[name] for name in names[3:]})
    where = {name: "one.safetensors" for name in names[:3]}
    where |= {name: "two.safetensors" for name in names[3:]}
    writer.folder(
        "sharded",
        one__safetensors=first.to_bytes(),
        two__safetensors=second.to_bytes(),
        model__safetensors__index__json=index(**where),
    )
    writer.listing("sharded", single.listing())

    wrapped = Safetensors(
        **{f"language_model.{name}": tensors[name] for name in names[:2]}
    )
    config = {"model_type": "gemma3", "text_config": CONFIG | {"model_type": "x"}}
    writer.folder("wrapped", config, model__safetensors=wrapped.to_bytes())
    writer.listing(
        "wrapped", (line.replace("language_model.", "") for line in wrapped.listing())
    )
    writer.folder("config-only")


def write_wrong_folders(writer):
    right = Safetensors(a=("F32", 3)).to_bytes()
    writer.folder("empty", config=None)
    writer.folder("truncated", model__safetensors=right[:-1])
    writer.folder("lying-length", model__safetensors=b"\xff" * 8 + right[8:])
    overlap = Safetensors(a=("F32", 3), b=("F32", 2))
    overlap.entries["b"]["data_offsets"] = [8, 16]
    writer.folder("overlap", model__safetensors=overlap.to_bytes())
    huge = Safetensors(a=("F32", 3))
    huge.entries["a"]["shape"] = [2**40, 2**40]
    writer.folder("huge", model__safetensors=huge.to_bytes())
    writer.folder(
        "outside", model__safetensors__index__json=index(a="../single/model.safetensors")
    )
    writer.folder(
        "twice",
        one__safetensors=right,
        two__safetensors=right,
        model__safetensors__index__json=index(a="one.safetensors", b="two.safetensors"),
    )
    writer.folder("nan", CONFIG | {"rms_norm_eps": float("nan")})
    writer.folder("contradictory", CONFIG | {"num_key_value_heads": 4})
    writer.folder("deep", config=None, config__json=b"[" * 10**6)
    writer.folder("no-type", {})


GGUF_METADATA = {
    "general.architecture": "qwen2",
    "general.alignment": 32,
    "qwen2.embedding_length": 256,
    "qwen2.feed_forward_length": 512,
    "qwen2.block_count": 1,
    "qwen2.context_length": 128,
    "qwen2.attention.head_count": 4,
    "qwen2.attention.head_count_kv": 2,
    "qwen2.attention.layer_norm_rms_epsilon": 0.5,
    "qwen2.rope.freq_base": 1e6,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
    "tokenizer.ggml.add_bos_token": False,
    "tokenizer.ggml.eos_token_id": 2,
}
GGUF_NAMES = {
    "token_embd.weight": ("model.embed_tokens.weight", "Q8_0", 3, 256),
    "output_norm.weight": ("model.norm.weight", "F32", 256),
    "blk.0.attn_norm.weight": ("model.layers.0.input_layernorm.weight", "F16", 256),
    "blk.0.attn_q.weight": ("model.layers.0.self_attn.q_proj.weight", "Q4_0", 256, 256),
    "blk.0.attn_q.bias": ("model.layers.0.self_attn.q_proj.bias", "BF16", 256),
    "blk.0.attn_k.weight": ("model.layers.0.self_attn.k_proj.weight", "Q4_1", 128, 256),
    "blk.0.attn_v.weight": ("model.layers.0.self_attn.v_proj.weight", "Q5_0", 128, 256),
    "blk.0.attn_output.weight": (
        "model.layers.0.self_attn.o_proj.weight", "Q5_1", 256, 256,
    ),
    "blk.0.ffn_gate.weight": ("model.layers.0.mlp.gate_proj.weight", "Q4_K", 512, 256),
    "blk.0.ffn_up.weight": ("model.layers.0.mlp.up_proj.weight", "Q5_K", 512, 256),
    "blk.0.ffn_down.weight": ("model.layers.0.mlp.down_proj.weight", "Q6_K", 256, 512),
    "blk.0.ffn_norm.weight": (
        "model.layers.0.post_attention_layernorm.weight", "F32", 256,
    ),
}  # fmt: skip


def write_gguf(writer):
    tensors = {name: tuple(rest) for name, (_, *rest) in GGUF_NAMES.items()}
    for version in (2, 3):
        data, lines = make_gguf(GGUF_METADATA, tensors, version)
        writer.file(f"right-v{version}.gguf", data)
    writer.listing("right", (f"{GGUF_NAMES[name][0]} {rest}" for name, rest in lines))
    writer.file("truncated.gguf", data[:-1])
    writer.file("lying-count.gguf", data[:8] + b"\xff" * 8 + data[16:])
    unknown = GGUF_METADATA | {"general.architecture": "mamba"}
    writer.file("unknown.gguf", make_gguf(unknown, {})[0])
    writer.file("other.bin", b"PK\3\4" + bytes(60))


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    checkpoints = Writer(sys.argv[1])
    write_right_folders(checkpoints)
    write_wrong_folders(checkpoints)
    write_gguf(checkpoints)
