# Writes a Llama, or a DeepSeek, of zeros as a folder or a GGUF file, with chosen tensors changed.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""write_model.py CONFIG OUT [NAME=TYPE[:SHAPE]]... : the tensors of a model with
the configuration CONFIG. OUT is a folder, or a file with the suffix .gguf. A
change gives a tensor another type and maybe another shape, adds it, or with the
type `-` leaves it out. `rope_freqs=FACTOR,LOW,HIGH,LENGTH` adds to a GGUF file
the divisors that these parameters of llama3 give; a fifth number replaces the
first divisor."""

import json
import math
import pathlib
import struct
import sys

BYTES = {"F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "I32": 4}
# Number of the type in a file, elements of a block, and its bytes.
GGUF = {
    "F32": (0, 1, 4),
    "F16": (1, 1, 2),
    "Q4_1": (3, 32, 20),
    "Q8_0": (8, 32, 34),
    "MXFP4": (39, 32, 17),
}
LAYER = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
OUTER = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
}


def latent_layer(config):
    """A layer of DeepSeek with experts, without what all tokens share."""
    hidden, inner = config["hidden_size"], config["moe_intermediate_size"]
    heads, rank = config["num_attention_heads"], config["kv_lora_rank"]
    plain, turned = config["qk_nope_head_dim"], config["qk_rope_head_dim"]
    layer = {
        "input_layernorm": [hidden],
        "post_attention_layernorm": [hidden],
        "self_attn.q_proj": [heads * (plain + turned), hidden],
        "self_attn.kv_a_proj_with_mqa": [rank + turned, hidden],
        "self_attn.kv_a_layernorm": [rank],
        "self_attn.kv_b_proj": [heads * (plain + config["v_head_dim"]), rank],
        "self_attn.o_proj": [hidden, heads * config["v_head_dim"]],
        "mlp.gate": [config["n_routed_experts"], hidden],
    }
    for e in range(config["n_routed_experts"]):
        layer[f"mlp.experts.{e}.gate_proj"] = [inner, hidden]
        layer[f"mlp.experts.{e}.up_proj"] = [inner, hidden]
        layer[f"mlp.experts.{e}.down_proj"] = [hidden, inner]
    return layer


def grouped_layer(config):
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    width = config["head_dim"]
    queries = config["num_attention_heads"] * width
    keys = config["num_key_value_heads"] * width
    return {
        "input_layernorm": [hidden],
        "post_attention_layernorm": [hidden],
        "self_attn.q_proj": [queries, hidden],
        "self_attn.k_proj": [keys, hidden],
        "self_attn.v_proj": [keys, hidden],
        "self_attn.o_proj": [hidden, queries],
        "mlp.gate_proj": [inner, hidden],
        "mlp.up_proj": [inner, hidden],
        "mlp.down_proj": [hidden, inner],
    }


def shapes(config):
    hidden = config["hidden_size"]
    layer = (latent_layer if "kv_lora_rank" in config else grouped_layer)(config)
    result = {
        "model.embed_tokens.weight": [config["vocab_size"], hidden],
        "model.norm.weight": [hidden],
    }
    for n in range(config["num_hidden_layers"]):
        for name, shape in layer.items():
            result[f"model.layers.{n}.{name}.weight"] = shape
    return {name: ("F32", shape) for name, shape in result.items()}


def change(tensors, text):
    name, _, value = text.partition("=")
    kind, _, shape = value.partition(":")
    if kind == "-":
        del tensors[name]
        return
    shape = [int(size) for size in shape.split("x")] if shape else tensors[name][1]
    tensors[name] = (kind, shape)


def write_folder(folder, config, tensors):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    header, end = {}, 0
    for name, (kind, shape) in tensors.items():
        begin, end = end, end + math.prod(shape) * BYTES[kind]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    data = struct.pack("<Q", len(text)) + text + bytes(end)
    (folder / "model.safetensors").write_bytes(data)


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def metadata(config):
    values = {
        "general.architecture": "llama",
        "llama.embedding_length": config["hidden_size"],
        "llama.feed_forward_length": config["intermediate_size"],
        "llama.block_count": config["num_hidden_layers"],
        "llama.context_length": config["max_position_embeddings"],
        "llama.attention.head_count": config["num_attention_heads"],
        "llama.attention.head_count_kv": config["num_key_value_heads"],
        "llama.attention.key_length": config["head_dim"],
        "llama.attention.value_length": config["head_dim"],
        "llama.attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        "llama.rope.freq_base": float(config["rope_theta"]),
    }
    result = b""
    for key, value in values.items():
        if isinstance(value, str):
            result += text(key) + struct.pack("<I", 8) + text(value)
        else:
            form = "<If" if isinstance(value, float) else "<II"
            number = 6 if isinstance(value, float) else 4
            result += text(key) + struct.pack(form, number, value)
    return len(values), result


def name_in_gguf(name):
    stem, suffix = name.rsplit(".", 1)
    if stem.startswith("model.layers."):
        number, part = stem[len("model.layers.") :].split(".", 1)
        return f"blk.{number}.{LAYER[part]}.{suffix}"
    return f"{OUTER.get(stem, stem)}.{suffix}"


def divisors(config, factor, low, high, length, *first):
    result = []
    for i in range(config["head_dim"] // 2):
        plain = config["rope_theta"] ** (-2 * i / config["head_dim"])
        wave = 2 * math.pi / plain
        blend = (length / wave - low) / (high - low)
        blend = 0 if wave > length / low else 1 if wave < length / high else blend
        result.append(1 / ((1 - blend) / factor + blend))
    result[: len(first)] = first
    return struct.pack(f"<{len(result)}f", *result)


def write_gguf(path, config, tensors, scaling):
    stored = []
    for name, (kind, shape) in tensors.items():
        number, elements, size = GGUF[kind]
        data = bytes(math.prod(shape) // elements * size)
        stored.append((name_in_gguf(name), number, shape, data))
    if scaling:
        data = divisors(config, *scaling)
        stored.append(("rope_freqs.weight", 0, [len(data) // 4], data))
    count, values = metadata(config)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(stored), count) + values
    body = b""
    for name, number, shape, data in stored:
        header += text(name) + struct.pack("<I", len(shape))
        header += struct.pack(f"<{len(shape)}Q", *reversed(shape))
        header += struct.pack("<IQ", number, len(body))
        body += data + bytes(-len(data) % 32)
    path.write_bytes(header + bytes(-len(header) % 32) + body)


def main(config, out, *changes):
    config, out = json.loads(pathlib.Path(config).read_text()), pathlib.Path(out)
    scaling = None
    tensors = shapes(config)
    for entry in changes:
        if entry.startswith("rope_freqs="):
            scaling = [float(x) for x in entry.partition("=")[2].split(",")]
        else:
            change(tensors, entry)
    if out.suffix == ".gguf":
        write_gguf(out, config, tensors, scaling)
    else:
        write_folder(out, config, tensors)


main(*sys.argv[1:])
