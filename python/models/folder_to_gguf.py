# Writes a tiny checkpoint of Hugging Face as a GGUF file of float32, without a tokenizer.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""folder_to_gguf.py FOLDER OUT.gguf [--split]

Names, keys and the order of rows are those of llama.cpp's converters. With --split
the rows of keys and of values of latent attention are two tensors, and those of keys
transposed, as in files for its absorbed form.
"""

import argparse
import json
import pathlib
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "goldens"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import make_checkpoints  # noqa: E402
import rotary  # noqa: E402
import tiny_gguf  # noqa: E402
from formats import safetensors_file  # noqa: E402

ARCHITECTURES = {
    "bert": "bert",
    "deepseek_v2": "deepseek2",
    "deepseek_v3": "deepseek2",
    "deepseek_v32": "deepseek32",
    "gemma2": "gemma2",
    "glm4_moe": "glm4moe",
    "gpt2": "gpt2",
    "gpt_oss": "gpt-oss",
    "granite": "granite",
    "kimi_k2": "deepseek2",
    "llama": "llama",
    "llama4_text": "llama4",
    "mistral": "llama",
    "mixtral": "llama",
    "olmoe": "olmoe",
    "phi3": "phi3",
    "qwen2_moe": "qwen2moe",
    "qwen3": "qwen3",
    "qwen3_moe": "qwen3moe",
    "smollm3": "smollm3",
}
OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
LAYER = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "self_attn.q_a_proj": "attn_q_a",
    "self_attn.q_a_layernorm": "attn_q_a_norm",
    "self_attn.q_b_proj": "attn_q_b",
    "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa",
    "self_attn.kv_a_layernorm": "attn_kv_a_norm",
    "self_attn.kv_b_proj": "attn_kv_b",
    "self_attn.indexer.wq_b": "indexer.attn_q_b",
    "self_attn.indexer.wk": "indexer.attn_k",
    "self_attn.indexer.k_norm": "indexer.k_norm",
    "self_attn.indexer.weights_proj": "indexer.proj",
    "self_attn.qkv_proj": "attn_qkv",
    "mlp.gate_up_proj": "ffn_up",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "mlp.gate": "ffn_gate_inp",
    "mlp.router": "ffn_gate_inp",
    "block_sparse_moe.gate": "ffn_gate_inp",
    "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
}
LAYER["feed_forward.router"] = "ffn_gate_inp"
for part in ("gate", "up", "down"):
    LAYER[f"feed_forward.{part}_proj"] = f"ffn_{part}"
    for place in ("mlp.shared_expert", "mlp.shared_experts", "feed_forward.shared_expert"):
        LAYER[f"{place}.{part}_proj"] = f"ffn_{part}_shexp"
GEMMA = {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}
FACTORS = {
    "attention_multiplier": "attention.scale",
    "embedding_multiplier": "embedding_scale",
    "residual_multiplier": "residual_scale",
    "logits_scaling": "logit_scale",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
    "clip_qkv": "attention.clamp_kqv",
}
EXPERT = {"gate_proj": "gate", "up_proj": "up", "down_proj": "down"}
EXPERT |= {"w1": "gate", "w3": "up", "w2": "down"}


def head_size(config):
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def sizes(config):
    """What the metadata of all architectures say."""
    theta = rotary.settings(config)["rope_theta"]
    inner = config.get("intermediate_size_mlp", config["intermediate_size"])
    return {
        "vocab_size": config["vocab_size"],
        "context_length": config["max_position_embeddings"],
        "embedding_length": config["hidden_size"],
        "block_count": config["num_hidden_layers"],
        "feed_forward_length": inner,
        "attention.head_count": config["num_attention_heads"],
        "attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        "rope.freq_base": float(theta),
    }


def grouped(config):
    size = head_size(config)
    part = config.get("partial_rotary_factor", 0.5 if config["model_type"] == "glm4_moe" else 1)
    return {
        "attention.head_count_kv": config["num_key_value_heads"],
        "attention.key_length": size,
        "attention.value_length": size,
        "rope.dimension_count": int(size * part),
    }


def latent(config, split):
    rank, turned = config["kv_lora_rank"], config["qk_rope_head_dim"]
    whole = config["qk_nope_head_dim"] + turned
    result = {"attention.kv_lora_rank": rank, "rope.dimension_count": turned}
    if config["q_lora_rank"]:
        result["attention.q_lora_rank"] = config["q_lora_rank"]
    if "index_topk" in config:
        result["attention.indexer.head_count"] = config["index_n_heads"]
        result["attention.indexer.key_length"] = config["index_head_dim"]
        result["attention.indexer.top_k"] = config["index_topk"]
    if not split:
        return result | {
            "attention.head_count_kv": config["num_attention_heads"],
            "attention.key_length": whole,
            "attention.value_length": config["v_head_dim"],
        }
    return result | {
        "attention.head_count_kv": 1,
        "attention.key_length": rank + turned,
        "attention.value_length": rank,
        "attention.key_length_mla": whole,
        "attention.value_length_mla": config["v_head_dim"],
    }


def experts(config):
    if make_checkpoints.count_experts(config) is None:
        return {}
    result = {
        "expert_count": make_checkpoints.count_experts(config),
        "expert_used_count": config["num_experts_per_tok"],
    }
    if config["model_type"] == "gpt_oss":
        result["expert_feed_forward_length"] = config["intermediate_size"]
    if "moe_intermediate_size" in config:
        result["expert_feed_forward_length"] = config["moe_intermediate_size"]
    if config["model_type"] == "llama4_text":
        result["expert_feed_forward_length"] = config["intermediate_size"]
        result["interleave_moe_layer_step"] = config.get("interleave_moe_layer_step", 1)
    if "shared_expert_intermediate_size" in config:
        width = config["shared_expert_intermediate_size"]
        result["expert_shared_feed_forward_length"] = width
    if "n_routed_experts" not in config:
        return result
    is_sigmoid = config["model_type"] != "deepseek_v2"
    return result | {
        "expert_shared_count": config["n_shared_experts"],
        "leading_dense_block_count": config["first_k_dense_replace"],
        "expert_weights_scale": float(config["routed_scaling_factor"]),
        "expert_weights_norm": bool(config["norm_topk_prob"]),
        "expert_gating_func": 2 if is_sigmoid else 1,
        "expert_group_count": config["n_group"],
        "expert_group_used_count": config["topk_group"],
    }


def scaling(config):
    rope = rotary.settings(config)
    if rope.get("rope_type") == "longrope":
        length = rope["original_max_position_embeddings"]
        _, amplitude = rotary.longrope(1, rope, length)
        return {
            "rope.scaling.original_context_length": length,
            "rope.scaling.attn_factor": float(amplitude),
        }
    if rope.get("rope_type", "default") != "yarn":
        return {}
    result = {
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": float(rope["factor"]),
        "rope.scaling.original_context_length": rope["original_max_position_embeddings"],
        "rope.scaling.yarn_beta_fast": float(rope.get("beta_fast", 32)),
        "rope.scaling.yarn_beta_slow": float(rope.get("beta_slow", 1)),
    }
    if "mscale_all_dim" in rope:
        result["rope.scaling.yarn_log_multiplier"] = 0.1 * rope["mscale_all_dim"]
    return result


GPT2 = {
    "wte": "token_embd",
    "wpe": "position_embd",
    "ln_f": "output_norm",
    "lm_head": "output",
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def gpt2_metadata(config):
    values = {
        "context_length": config["n_positions"],
        "embedding_length": config["n_embd"],
        "feed_forward_length": config["n_inner"] or 4 * config["n_embd"],
        "block_count": config["n_layer"],
        "attention.head_count": config["n_head"],
        "attention.layer_norm_epsilon": float(config["layer_norm_epsilon"]),
    }
    return {f"gpt2.{key}": value for key, value in values.items()}


def convert_gpt2(folder):
    """The converter turns the matrices that have a row for each input."""
    for name in folder:
        if name.endswith((".attn.bias", ".masked_bias")):
            continue
        stem, suffix = name.removeprefix("transformer.").rsplit(".", 1)
        values = folder[name].astype(numpy.float32)
        if ".c_" in stem and suffix == "weight":
            values = values.T
        layer = ""
        if stem.startswith("h."):
            _, number, stem = stem.split(".", 2)
            layer = f"blk.{number}."
        yield f"{layer}{GPT2[stem]}.{suffix}", values


BERT = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


def bert_metadata(config):
    values = {
        "context_length": config["max_position_embeddings"],
        "embedding_length": config["hidden_size"],
        "feed_forward_length": config["intermediate_size"],
        "block_count": config["num_hidden_layers"],
        "attention.head_count": config["num_attention_heads"],
        "attention.layer_norm_epsilon": float(config["layer_norm_eps"]),
        "attention.causal": False,
        "pooling_type": 2,
    }
    return {f"bert.{key}": value for key, value in values.items()}


def convert_bert(folder):
    """The converter leaves the pooler out."""
    for name in folder:
        stem, suffix = name.removeprefix("bert.").rsplit(".", 1)
        suffix = {"gamma": "weight", "beta": "bias"}.get(suffix, suffix)
        layer = ""
        if stem.startswith("encoder.layer."):
            _, _, number, stem = stem.split(".", 3)
            layer = f"blk.{number}."
        if not stem.startswith("pooler."):
            yield f"{layer}{BERT[stem]}.{suffix}", folder[name].astype(numpy.float32)


def metadata(config, split):
    if config["model_type"] == "bert":
        head = {"general.architecture": "bert", "tokenizer.ggml.model": "no_vocab"}
        return head | bert_metadata(config)
    if config["model_type"] == "gpt2":
        head = {"general.architecture": "gpt2", "tokenizer.ggml.model": "no_vocab"}
        return head | gpt2_metadata(config)
    values = sizes(config) | experts(config) | scaling(config)
    values |= {FACTORS[key]: float(config[key]) for key in FACTORS if config.get(key)}
    if config["model_type"] in ("gemma2", "gpt_oss", "phi3"):
        values["attention.sliding_window"] = config["sliding_window"] or 0
    values |= latent(config, split) if "kv_lora_rank" in config else grouped(config)
    name = ARCHITECTURES[config["model_type"]]
    head = {"general.architecture": name, "tokenizer.ggml.model": "no_vocab"}
    return head | {f"{name}.{key}": value for key, value in values.items()}


def pair_neighbors(rows, heads):
    """Row i of the first half of a head, then row i of its second half."""
    shape = rows.shape
    return rows.reshape(heads, 2, -1, *shape[1:]).swapaxes(1, 2).reshape(shape)


def layer_tensors(config, tensors, n):
    """Name and values of each tensor of a layer, but for experts."""
    renames_norm = config["model_type"] in ("glm4_moe", "gpt_oss")
    is_gemma = config["model_type"].startswith("gemma")
    pairs = config["model_type"] in ("granite", "llama", "mistral", "mixtral", "smollm3")
    heads = {"q": config["num_attention_heads"], "k": config["num_key_value_heads"]}
    for name, values in tensors.items():
        stem, suffix = name.rsplit(".", 1)
        if ".experts." in name:
            continue
        if name == "mlp.gate.e_score_correction_bias":
            yield f"blk.{n}.exp_probs_b.bias", values
            continue
        if name == "self_attn.sinks":
            yield f"blk.{n}.attn_sinks.weight", values
            continue
        if pairs and stem in ("self_attn.q_proj", "self_attn.k_proj"):
            values = pair_neighbors(values, heads[stem[10]])
        part = GEMMA.get(stem) if is_gemma else None
        part = part or LAYER[stem]
        # The writers of Gemma's files add the one.
        values = values + 1 if is_gemma and stem.endswith("norm") else values
        if renames_norm and part == "ffn_norm":
            part = "post_attention_norm"
        if part == "ffn_gate_inp_shexp":
            values = values[0]
        yield f"blk.{n}.{part}.{suffix}", values


def interleaved_tensors(tensors, n):
    """Those of gpt_oss, whose gates and projections up lie in turn: rows in blocks, or
    columns, and biases."""
    for part in ("gate_up", "down"):
        name = f"mlp.experts.{part}_proj"
        matrices = tensors.get(f"{name}_blocks")
        if matrices is None:
            matrices = tensors[name].swapaxes(1, 2)
        for kind, rows in (("weight", matrices), ("bias", tensors[f"{name}_bias"])):
            if part == "down":
                yield f"blk.{n}.ffn_down_exps.{kind}", rows
                continue
            yield f"blk.{n}.ffn_gate_exps.{kind}", rows[:, ::2]
            yield f"blk.{n}.ffn_up_exps.{kind}", rows[:, 1::2]


def expert_tensors(tensors, n):
    """The experts of a layer in three tensors, or in two where gates and ups are
    joined."""
    if "mlp.experts.gate_up_proj_bias" in tensors:
        yield from interleaved_tensors(tensors, n)
        return
    if "feed_forward.experts.gate_up_proj" in tensors:
        both = tensors["feed_forward.experts.gate_up_proj"].swapaxes(1, 2)
        gate, up = numpy.split(both, 2, axis=1)
        yield f"blk.{n}.ffn_gate_exps.weight", gate
        yield f"blk.{n}.ffn_up_exps.weight", up
        down = tensors["feed_forward.experts.down_proj"].swapaxes(1, 2)
        yield f"blk.{n}.ffn_down_exps.weight", down
        return
    if "mlp.experts.gate_up_proj" in tensors:
        both = tensors["mlp.experts.gate_up_proj"]
        yield f"blk.{n}.ffn_gate_up_exps.weight", both
        yield f"blk.{n}.ffn_down_exps.weight", tensors["mlp.experts.down_proj"]
        return
    stacks = {}
    for name, values in tensors.items():
        if ".experts." in name:
            _, _, number, part, _ = name.split(".")
            stacks.setdefault(EXPERT[part], {})[int(number)] = values
    for part, stack in stacks.items():
        both = numpy.stack([stack[e] for e in range(len(stack))])
        yield f"blk.{n}.ffn_{part}_exps.weight", both


def split_expansion(config, tensors, n):
    """The rows of keys, transposed head by head, and those of values."""
    heads, plain = config["num_attention_heads"], config["qk_nope_head_dim"]
    both = tensors.pop("self_attn.kv_b_proj.weight").reshape(
        heads, plain + config["v_head_dim"], -1
    )
    yield f"blk.{n}.attn_k_b.weight", both[:, :plain].swapaxes(1, 2)
    yield f"blk.{n}.attn_v_b.weight", both[:, plain:]


def convert(config, folder, split):
    """Name and values of each tensor of the file."""
    own = {"bert": convert_bert, "gpt2": convert_gpt2}.get(config["model_type"])
    if own:
        yield from own(folder)
        return
    layers = [{} for _ in range(config["num_hidden_layers"])]
    for name in folder:
        values = folder[name].astype(numpy.float32)
        if not name.startswith("model.layers."):
            stem, suffix = name.rsplit(".", 1)
            if stem == "model.norm" and config["model_type"].startswith("gemma"):
                values = values + 1
            yield f"{OUTER[stem]}.{suffix}", values
            continue
        number, rest = name.removeprefix("model.layers.").split(".", 1)
        layers[int(number)][rest] = values
    rope = rotary.settings(config)
    for length in ("short", "long") if rope.get("rope_type") == "longrope" else ():
        yield f"rope_factors_{length}.weight", numpy.array(rope[f"{length}_factor"])
    for n, tensors in enumerate(layers):
        if split:
            yield from split_expansion(config, tensors, n)
        yield from layer_tensors(config, tensors, n)
        yield from expert_tensors(tensors, n)


def store_microscaled(name, array):
    """Experts as blocks of MXFP4, whose numbers they are; all else as float32."""
    if not name.endswith("_exps.weight"):
        return store_float32(name, array)
    blocks = array.reshape(-1, 32).astype(numpy.float64)
    codes = safetensors_file.E2M1
    # The largest power of two that leaves a block whole numbers of halves.
    exponents = numpy.floor(numpy.log2(numpy.abs(blocks).max(axis=1) + 1e-300)) - 2
    for _ in range(3):
        scaled = blocks / 2.0 ** exponents[:, None]
        exponents += ~numpy.isin(scaled, codes).all(axis=1)
    scaled = blocks / 2.0 ** exponents[:, None]
    if not numpy.isin(scaled, codes).all():
        raise ValueError(f"'{name}' has other numbers than MXFP4")
    found = (scaled[..., None] == codes).argmax(axis=-1).astype(numpy.uint8)
    halves = found[:, :16] | found[:, 16:] << 4
    scales = (exponents + 127).astype(numpy.uint8)[:, None]
    return 39, numpy.concatenate([scales, halves], axis=1).tobytes()


def store_float32(name, array):
    return 0, numpy.ascontiguousarray(array, "<f4").tobytes()


def write(folder, path, split=False, store=store_float32):
    """`store` gives the number of a GGUF type and the bytes of a tensor."""
    config = json.loads((folder / "config.json").read_text())
    tensors = dict(convert(config, safetensors_file.Folder(folder), split))
    values = metadata(config, split)
    header = b"GGUF" + tiny_gguf.count(len(tensors), len(values))
    for key, value in values.items():
        header += tiny_gguf.text(key) + tiny_gguf.pack(value)
    body = b""
    for name, array in tensors.items():
        kind, data = store(name, array)
        header += tiny_gguf.describe(name, array.shape, kind, len(body))
        body += data
        body += bytes(-len(body) % 32)
    path.write_bytes(header + bytes(-len(header) % 32) + body)


def main():
    parser = argparse.ArgumentParser(description="writes a tiny GGUF file")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--split", action="store_true")
    options = parser.parse_args()
    write(options.folder, options.output, options.split)
    return 0


if __name__ == "__main__":
    sys.exit(main())
