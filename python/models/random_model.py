# Writes Hugging Face folders of real shapes: random weights for benchmarks, or config.json alone.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""random_model.py SHAPE FOLDER [--layers=N] [--experts=N] [--storage=BF16] [--config-only]

Weights are drawn piece by piece from one seed, so that a model larger than memory
can be written. They are scaled as trained ones are, by the root of the fan-in:
routers spread tokens over all experts and no activation overflows.
"""

import argparse
import json
import pathlib
import sys
import zlib

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "goldens"))
import make_checkpoints  # noqa: E402
from formats import safetensors_file  # noqa: E402

# Numbers drawn at once, and the size of one file of the folder.
PIECE = 1 << 22
SHARD_BYTES = 4 << 30

LLAMA3 = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "attention_bias": False,
    "bos_token_id": 128000,
    "eos_token_id": 128001,
    "hidden_act": "silu",
    "max_position_embeddings": 131072,
    "mlp_bias": False,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    },
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
    "vocab_size": 128256,
}
LLAMA3_8B = {
    **LLAMA3,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
}
LLAMA3_405B = {
    **LLAMA3,
    "hidden_size": 16384,
    "intermediate_size": 53248,
    "num_hidden_layers": 126,
    "num_attention_heads": 128,
    "num_key_value_heads": 8,
}


def yarn(weight):
    return {
        "beta_fast": 32,
        "beta_slow": 1,
        "factor": 40,
        "mscale": weight,
        "mscale_all_dim": weight,
        "original_max_position_embeddings": 4096,
        "type": "yarn",
    }


DEEPSEEK = {
    "attention_bias": False,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "hidden_act": "silu",
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "moe_layer_freq": 1,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "rms_norm_eps": 1e-06,
    "rope_theta": 10000,
    "tie_word_embeddings": False,
    "v_head_dim": 128,
}
DEEPSEEK_V2_LITE = {
    "architectures": ["DeepseekV2ForCausalLM"],
    "model_type": "deepseek_v2",
    **DEEPSEEK,
    "first_k_dense_replace": 1,
    "hidden_size": 2048,
    "intermediate_size": 10944,
    "moe_intermediate_size": 1408,
    "n_group": 1,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "norm_topk_prob": False,
    "num_attention_heads": 16,
    "num_experts_per_tok": 6,
    "num_hidden_layers": 27,
    "num_key_value_heads": 16,
    "q_lora_rank": None,
    "rope_scaling": yarn(0.707),
    "routed_scaling_factor": 1.0,
    "scoring_func": "softmax",
    "topk_group": 1,
    "topk_method": "greedy",
    "vocab_size": 102400,
}
DEEPSEEK_V3 = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    **DEEPSEEK,
    "first_k_dense_replace": 3,
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "n_group": 8,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "num_key_value_heads": 128,
    "num_nextn_predict_layers": 1,
    "q_lora_rank": 1536,
    "quantization_config": {
        "activation_scheme": "dynamic",
        "fmt": "e4m3",
        "quant_method": "fp8",
        "weight_block_size": [128, 128],
    },
    "rope_scaling": yarn(1.0),
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "topk_group": 4,
    "topk_method": "noaux_tc",
    "vocab_size": 129280,
}

# Shape -> its config.json and what a benchmark of it is cut down to.
SHAPES = {
    "llama-3.1-8b": (LLAMA3_8B, {"num_hidden_layers": 4}),
    "llama-3.1-405b": (LLAMA3_405B, {"num_hidden_layers": 1}),
    "deepseek-v2-lite": (
        DEEPSEEK_V2_LITE,
        {"num_hidden_layers": 7, "n_routed_experts": 16},
    ),
    "deepseek-v3": (DEEPSEEK_V3, {"num_hidden_layers": 4, "n_routed_experts": 16}),
}


def configuration(options):
    """The real configuration, or the one that weights are drawn for: those are
    stored in one plain format and without a module for prediction."""
    real, cut = SHAPES[options.shape]
    if options.config_only:
        cut = {"torch_dtype": "bfloat16"}
    else:
        names = {"BF16": "bfloat16", "F32": "float32", "F16": "float16"}
        cut = {**cut, "torch_dtype": names[options.storage]}
    config = {**real, **cut}
    if options.layers is not None:
        config["num_hidden_layers"] = options.layers
    if options.experts is not None:
        config["n_routed_experts"] = options.experts
    if not options.config_only:
        config.pop("quantization_config", None)
        config.pop("num_nextn_predict_layers", None)
    return config


def pieces(seed, name, shape):
    """Yields the values of one tensor in flat pieces."""
    generator = numpy.random.Generator(
        numpy.random.SFC64([seed, zlib.crc32(name.encode())])
    )
    count = int(numpy.prod(shape, dtype=numpy.int64))
    scale, shift = 1.0, 0.0
    if len(shape) == 1:
        is_bias = name.endswith("bias")
        scale, shift = 0.1, 0.0 if is_bias else 1.0
    elif not name.endswith("embed_tokens.weight"):
        scale = shape[1] ** -0.5
    for low in range(0, count, PIECE):
        size = min(PIECE, count - low)
        values = generator.standard_normal(size, dtype=numpy.float32)
        yield values * numpy.float32(scale) + numpy.float32(shift)


def write_weights(config, options):
    shapes = dict(make_checkpoints.shapes(config))
    entries = [
        (name, "F32" if name.endswith("correction_bias") else options.storage, shape)
        for name, shape in shapes.items()
    ]
    size = sum(
        safetensors_file.BYTES[kind] * int(numpy.prod(shape, dtype=numpy.int64))
        for _, kind, shape in entries
    )
    safetensors_file.write_sharded(
        options.folder,
        entries,
        lambda name: pieces(options.seed, name, shapes[name]),
        shards=min(-(-size // SHARD_BYTES), len(entries)),
    )
    return size


def main():
    parser = argparse.ArgumentParser(description="folders of real shapes")
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--experts", type=int)
    parser.add_argument("--storage", choices=["BF16", "F32", "F16"], default="BF16")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--config-only", action="store_true", help="the real config.json, no weights"
    )
    options = parser.parse_args()
    config = configuration(options)
    if (
        options.experts is not None
        and "n_routed_experts" not in SHAPES[options.shape][0]
    ):
        parser.error(
            f"--experts is for shapes with experts, and {options.shape} has none"
        )
    options.folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(config, indent=2) + "\n"
    (options.folder / "config.json").write_text(text)
    if not options.config_only:
        size = write_weights(config, options)
        print(f"'{options.folder}' has {size / 1e9:.2f} GB of weights")


if __name__ == "__main__":
    main()
