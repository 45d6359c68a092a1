# The configurations of the tiny checkpoints that goldens are made from.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Each case is odd on purpose: head counts, widths that no vector length divides,
windows and original context lengths that the tokens run past, keys of config.json
spelled in the old and in the new way. `prompt` is the length of the prefill; the
reference covers 32 further tokens, which are decoded one by one. `context` is that of
the compilation, where it decides what is computed. `further_seed`
draws other tokens where the first ones left a router undecided by less than 3e-4:
an expert that float32 may swap would make the golden worthless."""

import sys

DECODED = 32


def excerpt_rows(tokens):
    """The positions whose logits are committed: the first, the end of the prompt,
    one amid the decoded tokens, and the last."""
    return [0, tokens - DECODED - 1, tokens - DECODED // 2, tokens - 1]


def case(name, config, storage, prompt, shards=1, **options):
    return {
        "name": name,
        "config": {"torch_dtype": STORAGE_NAMES[storage], **config},
        "storage": storage,
        "prompt": prompt,
        "shards": shards,
        **options,
    }


STORAGE_NAMES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "max_position_embeddings": 256,
}
QWEN2 = {**LLAMA, "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}
GEMMA3 = {
    "architectures": ["Gemma3ForCausalLM"],
    "model_type": "gemma3_text",
    "hidden_activation": "gelu_pytorch_tanh",
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-6,
}
DEEPSEEK = {
    "hidden_act": "silu",
    "max_position_embeddings": 640,
    "tie_word_embeddings": False,
    "attention_bias": False,
    "rope_theta": 10000,
}
DEEPSEEK_V2 = {
    "architectures": ["DeepseekV2ForCausalLM"],
    "model_type": "deepseek_v2",
    "scoring_func": "softmax",
    **DEEPSEEK,
}
DEEPSEEK_V3 = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "scoring_func": "sigmoid",
    "topk_method": "noaux_tc",
    **DEEPSEEK,
}


def sizes(hidden, inner, layers, heads, key_heads, vocabulary, eps=1e-5):
    return {
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "vocab_size": vocabulary,
        "rms_norm_eps": eps,
    }


def latent(query_rank, rank, plain, turned, value):
    return {
        "q_lora_rank": query_rank,
        "kv_lora_rank": rank,
        "qk_nope_head_dim": plain,
        "qk_rope_head_dim": turned,
        "v_head_dim": value,
    }


def experts(count, each, inner, shared, dense, scaling, groups=(1, 1), **further):
    return {
        "n_routed_experts": count,
        "num_experts_per_tok": each,
        "moe_intermediate_size": inner,
        "n_shared_experts": shared,
        "first_k_dense_replace": dense,
        "moe_layer_freq": 1,
        "routed_scaling_factor": scaling,
        "n_group": groups[0],
        "topk_group": groups[1],
        **further,
    }


def yarn(factor, length, **further):
    return {
        "type": "yarn",
        "factor": factor,
        "original_max_position_embeddings": length,
        "beta_fast": 32,
        "beta_slow": 1,
        **further,
    }


LLAMA_CASES = [
    case(
        "llama-grouped-f32",
        {**LLAMA, **sizes(72, 100, 3, 3, 1, 131), "rope_theta": 10000.0},
        "F32",
        prompt=17,
    ),
    case(
        "llama-scaled-bf16",
        {
            **LLAMA,
            **sizes(90, 133, 2, 9, 3, 203),
            "head_dim": 16,
            "tie_word_embeddings": True,
            "rope_theta": 500000.0,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            },
        },
        "BF16",
        prompt=61,
        shards=3,
    ),
    case(
        "llama-linear-biased-f16",
        {
            **LLAMA,
            **sizes(100, 75, 2, 5, 5, 97),
            "attention_bias": True,
            "mlp_bias": True,
            "rope_theta": 10000.0,
            "rope_scaling": {"type": "linear", "factor": 4.0},
        },
        "F16",
        prompt=1,
        shards=2,
    ),
    case(
        "llama-yarn-bf16",
        {
            **LLAMA,
            **sizes(84, 90, 2, 7, 1, 149, eps=1e-2),
            "head_dim": None,
            "rope_parameters": {
                "rope_type": "yarn",
                "rope_theta": 1000.0,
                "factor": 4.0,
                "original_max_position_embeddings": 64,
            },
        },
        "BF16",
        prompt=53,
    ),
]

QWEN2_CASES = [
    case(
        "qwen2-biased-bf16",
        {
            **QWEN2,
            **sizes(84, 110, 2, 7, 1, 151),
            "tie_word_embeddings": True,
            "use_sliding_window": False,
            "sliding_window": 8,
            "rope_theta": 1000000.0,
        },
        "BF16",
        prompt=29,
    ),
    case(
        "qwen2-window-f32",
        {
            **QWEN2,
            **sizes(66, 97, 3, 3, 3, 137),
            "use_sliding_window": True,
            "sliding_window": 11,
            "max_window_layers": 1,
            "rope_theta": 10000.0,
        },
        "F32",
        prompt=37,
    ),
    case(
        "qwen2-yarn-f16",
        {
            **QWEN2,
            **sizes(60, 81, 2, 15, 5, 179),
            "tie_word_embeddings": False,
            "max_position_embeddings": 96,
            "rope_theta": 10000.0,
            "rope_scaling": {
                "type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 24,
            },
        },
        "F16",
        prompt=41,
        shards=4,
    ),
]

GEMMA3_CASES = [
    case(
        "gemma3-pattern-f32",
        {
            **GEMMA3,
            **sizes(60, 85, 7, 3, 1, 167, eps=1e-6),
            "head_dim": 32,
            "query_pre_attn_scalar": 20,
            "sliding_window": 9,
            "rope_theta": 1000000.0,
            "rope_local_base_freq": 10000.0,
        },
        "F32",
        prompt=23,
    ),
    case(
        "gemma3-linear-bf16",
        {
            **GEMMA3,
            **sizes(85, 70, 4, 5, 5, 211, eps=1e-6),
            "head_dim": 14,
            "query_pre_attn_scalar": 14,
            "sliding_window": 16,
            "sliding_window_pattern": 3,
            "rope_theta": 100000.0,
            "rope_local_base_freq": 5000.0,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        },
        "BF16",
        prompt=64,
        shards=2,
    ),
    case(
        "gemma3-nested-f16",
        {
            **GEMMA3,
            **sizes(66, 99, 3, 6, 2, 113, eps=1e-6),
            "head_dim": 22,
            "query_pre_attn_scalar": 33,
            "sliding_window": 1,
            "layer_types": [
                "full_attention",
                "sliding_attention",
                "full_attention",
            ],
            "rope_parameters": {
                "sliding_attention": {"rope_type": "default", "rope_theta": 7000.0},
                "full_attention": {
                    "rope_type": "linear",
                    "factor": 3.0,
                    "rope_theta": 50000.0,
                },
            },
        },
        "F16",
        prompt=19,
    ),
]

DEEPSEEK_V2_CASES = [
    case(
        "deepseek2-greedy-f32",
        {
            **DEEPSEEK_V2,
            **sizes(70, 90, 3, 5, 5, 139, eps=1e-2),
            **latent(None, 20, 12, 8, 10),
            **experts(7, 3, 33, 2, 1, 1.0, topk_method="greedy"),
            "norm_topk_prob": False,
            "rope_scaling": yarn(40, 16, mscale=0.707, mscale_all_dim=0.707),
        },
        "F32",
        prompt=31,
        further_seed=["24"],
    ),
    case(
        "deepseek2-grouped-bf16",
        {
            **DEEPSEEK_V2,
            **sizes(81, 77, 3, 3, 3, 173),
            **latent(28, 23, 14, 10, 17),
            **experts(12, 3, 29, 1, 1, 6.0, (4, 2), topk_method="group_limited_greedy"),
            "norm_topk_prob": False,
            "max_position_embeddings": 256,
            "rope_scaling": yarn(8, 32, mscale=1.0, mscale_all_dim=0.6),
        },
        "BF16",
        prompt=47,
        shards=3,
        further_seed=["8"],
    ),
    case(
        "deepseek2-renormalised-f16",
        {
            **DEEPSEEK_V2,
            **sizes(63, 50, 4, 7, 7, 127),
            **latent(19, 16, 6, 4, 9),
            **experts(5, 2, 21, 2, 0, 3.0, topk_method="gready"),
            "norm_topk_prob": True,
            "moe_layer_freq": 2,
        },
        "F16",
        prompt=13,
        shards=2,
        further_seed=["29"],
    ),
]

DEEPSEEK_V3_CASES = [
    case(
        "deepseek3-grouped-bf16",
        {
            **DEEPSEEK_V3,
            **sizes(69, 95, 3, 3, 3, 157),
            **latent(36, 26, 12, 8, 15),
            **experts(16, 4, 27, 1, 1, 2.5, (4, 2), norm_topk_prob=True),
            "rope_scaling": yarn(40, 16, mscale=1.0, mscale_all_dim=1.0),
        },
        "BF16",
        prompt=43,
        shards=3,
    ),
    # All biased scores are negative: a group that is dropped must not win as zero.
    case(
        "deepseek3-negative-f32",
        {
            **DEEPSEEK_V3,
            **sizes(75, 60, 4, 5, 5, 181),
            **latent(None, 31, 10, 6, 11),
            **experts(9, 2, 25, 2, 2, 1.3, (3, 1), norm_topk_prob=True),
        },
        "F32",
        prompt=21,
        bias_mean=-1.5,
    ),
    case(
        "deepseek3-blocks-fp8",
        {
            **DEEPSEEK_V3,
            **sizes(200, 264, 3, 5, 5, 211),
            **latent(72, 136, 24, 16, 20),
            **experts(6, 2, 136, 1, 1, 2.5, (2, 1), norm_topk_prob=True),
            "max_position_embeddings": 128,
            "rope_scaling": yarn(4, 32, mscale=1.0, mscale_all_dim=1.0),
            "quantization_config": {
                "activation_scheme": "dynamic",
                "fmt": "e4m3",
                "quant_method": "fp8",
                "weight_block_size": [128, 128],
            },
        },
        "BF16",
        prompt=33,
        shards=2,
    ),
    # Holds a module for multi-token prediction, as released files do.
    case(
        "deepseek3-predicting-f16",
        {
            **DEEPSEEK_V3,
            **sizes(68, 51, 2, 17, 17, 109),
            **latent(13, 11, 5, 2, 3),
            **experts(5, 1, 19, 1, 0, 1.0, (1, 1), norm_topk_prob=False),
            "num_nextn_predict_layers": 1,
        },
        "F16",
        prompt=7,
        predicts=True,
    ),
]

QWEN3_CASES = [
    case(
        "qwen3-normed-bf16",
        {
            **LLAMA,
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            **sizes(76, 91, 2, 6, 2, 139),
            "head_dim": 18,
            "tie_word_embeddings": True,
            "rope_theta": 1000000.0,
        },
        "BF16",
        prompt=27,
        shards=2,
    ),
    case(
        "qwen3-window-f32",
        {
            **LLAMA,
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            **sizes(58, 77, 3, 4, 4, 123, eps=1e-6),
            "head_dim": 22,
            "attention_bias": True,
            "use_sliding_window": True,
            "sliding_window": 10,
            "max_window_layers": 2,
            "rope_theta": 10000.0,
        },
        "F32",
        prompt=35,
    ),
]

MISTRAL = {**LLAMA, "architectures": ["MistralForCausalLM"], "model_type": "mistral"}
MISTRAL_CASES = [
    case(
        "mistral-window-f32",
        {
            **MISTRAL,
            **sizes(84, 101, 3, 6, 2, 133),
            "sliding_window": 13,
            "rope_theta": 10000.0,
        },
        "F32",
        prompt=41,
    ),
    case(
        "mistral-wide-bf16",
        {
            **MISTRAL,
            **sizes(70, 83, 2, 5, 1, 145),
            "head_dim": 24,
            "sliding_window": None,
            "rope_theta": 1000000.0,
        },
        "BF16",
        prompt=22,
        shards=2,
    ),
]

SMOLLM3 = {**LLAMA, "architectures": ["SmolLM3ForCausalLM"], "model_type": "smollm3"}
SMOLLM3["pad_token_id"] = None
SMOLLM3_CASES = [
    case(
        "smollm3-interval-f32",
        {**SMOLLM3, **sizes(60, 75, 5, 6, 3, 119), "rope_theta": 5000000.0},
        "F32",
        prompt=25,
    ),
    case(
        "smollm3-listed-bf16",
        {
            **SMOLLM3,
            **sizes(84, 66, 3, 7, 7, 151, eps=1e-6),
            "tie_word_embeddings": False,
            "attention_bias": True,
            "mlp_bias": True,
            "no_rope_layers": [0, 1, 1, 0],
            "use_sliding_window": True,
            "sliding_window": 9,
        },
        "BF16",
        prompt=30,
        shards=3,
    ),
]

MIXTRAL = {**LLAMA, "architectures": ["MixtralForCausalLM"], "model_type": "mixtral"}
MIXTRAL_CASES = [
    case(
        "mixtral-window-f32",
        {
            **MIXTRAL,
            **sizes(84, 45, 2, 6, 2, 137),
            "num_local_experts": 5,
            "num_experts_per_tok": 2,
            "sliding_window": 15,
            "rope_theta": 10000.0,
        },
        "F32",
        prompt=33,
    ),
    # As transformers saves it: the experts of a layer in two tensors.
    case(
        "mixtral-joined-bf16",
        {
            **MIXTRAL,
            **sizes(70, 37, 3, 5, 5, 115),
            "num_local_experts": 7,
            "num_experts_per_tok": 3,
            "sliding_window": None,
        },
        "BF16",
        prompt=20,
        shards=2,
        stacks=True,
    ),
]


def chosen(count, each, inner, name="num_experts", **further):
    return {
        name: count,
        "num_experts_per_tok": each,
        "moe_intermediate_size": inner,
        **further,
    }


QWEN2_MOE = {
    **LLAMA,
    "architectures": ["Qwen2MoeForCausalLM"],
    "model_type": "qwen2_moe",
    "rope_theta": 1000000.0,
}
QWEN2_MOE_CASES = [
    case(
        "qwen-moe2-shared-f32",
        {
            **QWEN2_MOE,
            **sizes(72, 86, 3, 6, 3, 127, eps=1e-6),
            **chosen(9, 4, 25, norm_topk_prob=False),
            "shared_expert_intermediate_size": 43,
            "mlp_only_layers": [1],
        },
        "F32",
        prompt=29,
        further_seed=["3"],
    ),
    case(
        "qwen-moe2-window-bf16",
        {
            **QWEN2_MOE,
            **sizes(70, 58, 4, 5, 5, 141),
            **chosen(6, 2, 31, norm_topk_prob=True),
            "shared_expert_intermediate_size": 20,
            "decoder_sparse_step": 2,
            "use_sliding_window": True,
            "sliding_window": 12,
            "max_window_layers": 3,
        },
        "BF16",
        prompt=38,
        shards=3,
    ),
]

QWEN2_MOE_CASES += [
    case(
        "qwen-moe2-plain-f16",
        {
            **QWEN2_MOE,
            **sizes(60, 48, 2, 6, 6, 109),
            **chosen(5, 3, 22, norm_topk_prob=False),
            "shared_expert_intermediate_size": 34,
        },
        "F16",
        prompt=16,
    ),
]

QWEN3_MOE = {
    **LLAMA,
    "architectures": ["Qwen3MoeForCausalLM"],
    "model_type": "qwen3_moe",
    "rope_theta": 1000000.0,
}
QWEN3_MOE_CASES = [
    case(
        "qwen-moe3-normalized-bf16",
        {
            **QWEN3_MOE,
            **sizes(62, 70, 2, 8, 2, 129, eps=1e-6),
            **chosen(11, 3, 23, norm_topk_prob=True),
            "head_dim": 14,
            "mlp_only_layers": [],
        },
        "BF16",
        prompt=26,
        shards=2,
        further_seed=["1"],
    ),
    case(
        "qwen-moe3-joined-f32",
        {
            **QWEN3_MOE,
            **sizes(56, 49, 3, 4, 4, 121),
            **chosen(7, 2, 27, name="num_local_experts", norm_topk_prob=False),
            "head_dim": 20,
            "attention_bias": True,
            "decoder_sparse_step": 2,
            "use_sliding_window": True,
            "sliding_window": 17,
        },
        "F32",
        prompt=31,
        stacks=True,
    ),
]

OLMOE = {**LLAMA, "architectures": ["OlmoeForCausalLM"], "model_type": "olmoe"}
OLMOE_CASES = [
    case(
        "olmoe-plain-f32",
        {
            **OLMOE,
            **sizes(70, 29, 2, 5, 5, 135),
            "num_experts": 8,
            "num_experts_per_tok": 3,
            "norm_topk_prob": False,
            "clip_qkv": None,
            "rope_theta": 10000.0,
        },
        "F32",
        prompt=28,
    ),
    case(
        "olmoe-grouped-bf16",
        {
            **OLMOE,
            **sizes(72, 35, 3, 6, 2, 117),
            "num_experts": 5,
            "num_experts_per_tok": 2,
            "norm_topk_prob": True,
            "attention_bias": True,
            "rope_theta": 50000.0,
        },
        "BF16",
        prompt=18,
        shards=2,
        further_seed=["1"],
    ),
]

GLM4_MOE = {**LLAMA, "architectures": ["Glm4MoeForCausalLM"], "model_type": "glm4_moe"}
GLM4_MOE_CASES = [
    case(
        "glm4-normed-f32",
        {
            **GLM4_MOE,
            **sizes(74, 68, 3, 6, 2, 143),
            **experts(10, 3, 26, 1, 1, 2.5, norm_topk_prob=True),
            "head_dim": 16,
            "attention_bias": True,
            "use_qk_norm": True,
            "partial_rotary_factor": 0.5,
            "rope_theta": 1000000.0,
        },
        "F32",
        prompt=23,
        further_seed=["1"],
    ),
    case(
        "glm4-grouped-bf16",
        {
            **GLM4_MOE,
            **sizes(60, 52, 4, 5, 1, 125),
            **experts(12, 4, 21, 2, 2, 1.0, (3, 2), norm_topk_prob=False),
            "head_dim": 24,
            "use_qk_norm": False,
            "rope_theta": 10000.0,
        },
        "BF16",
        prompt=32,
        shards=2,
    ),
]

KIMI_K2 = {
    **DEEPSEEK_V3,
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "kimi_k2",
    "rope_theta": 50000.0,
}
KIMI_K2_CASES = [
    case(
        "kimi2-stretched-bf16",
        {
            **KIMI_K2,
            **sizes(68, 80, 3, 4, 4, 147),
            **latent(30, 22, 14, 12, 13),
            **experts(13, 4, 24, 1, 1, 2.827, norm_topk_prob=True),
            "rope_scaling": {
                **yarn(32, 20, mscale=1.0, mscale_all_dim=1.0),
                "beta_fast": 1.0,
                "beta_slow": 1.0,
            },
        },
        "BF16",
        prompt=24,
        shards=2,
        further_seed=["1"],
    ),
    case(
        "kimi2-plain-f32",
        {
            **KIMI_K2,
            **sizes(54, 47, 2, 6, 6, 111, eps=1e-6),
            **latent(21, 18, 8, 6, 9),
            **experts(6, 2, 28, 2, 1, 2.0, norm_topk_prob=True),
        },
        "F32",
        prompt=36,
    ),
]

OLMOE_CASES += [
    case(
        "olmoe-clipped-f16",
        {
            **OLMOE,
            **sizes(64, 31, 2, 8, 4, 105),
            "num_experts": 6,
            "num_experts_per_tok": 2,
            "norm_topk_prob": False,
            "clip_qkv": 0.75,
            "rope_theta": 10000.0,
        },
        "F16",
        prompt=14,
    ),
]

GEMMA2 = {**GEMMA3, "architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2"}
GEMMA2_CASES = [
    case(
        "gemma2-capped-f32",
        {
            **GEMMA2,
            **sizes(66, 79, 3, 6, 2, 131, eps=1e-6),
            "head_dim": 18,
            "query_pre_attn_scalar": 18,
            "sliding_window": 12,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 3.0,
            "rope_theta": 10000.0,
        },
        "F32",
        prompt=34,
    ),
    case(
        "gemma2-listed-bf16",
        {
            **GEMMA2,
            **sizes(60, 58, 4, 5, 5, 107, eps=1e-6),
            "head_dim": 16,
            "query_pre_attn_scalar": 23,
            "sliding_window": 7,
            "attn_logit_softcapping": None,
            "final_logit_softcapping": 5.0,
            "layer_types": ["full_attention", "sliding_attention"] * 2,
            "rope_theta": 5000.0,
        },
        "BF16",
        prompt=21,
        shards=2,
    ),
]

GRANITE = {**LLAMA, "architectures": ["GraniteForCausalLM"], "model_type": "granite"}
GRANITE_CASES = [
    case(
        "granite-scaled-f32",
        {
            **GRANITE,
            **sizes(72, 93, 3, 6, 2, 121),
            "embedding_multiplier": 12.0,
            "residual_multiplier": 0.22,
            "attention_multiplier": 0.11,
            "logits_scaling": 0.75,
            "rope_theta": 10000.0,
        },
        "F32",
        prompt=26,
    ),
    case(
        "granite-tied-bf16",
        {
            **GRANITE,
            **sizes(80, 61, 2, 5, 5, 113),
            "tie_word_embeddings": True,
            "attention_bias": True,
            "embedding_multiplier": 1.0,
            "residual_multiplier": 1.5,
            "attention_multiplier": 0.25,
            "logits_scaling": 1.0,
            "rope_theta": 50000.0,
        },
        "BF16",
        prompt=19,
        shards=2,
    ),
]

PHI3 = {
    **LLAMA,
    "architectures": ["Phi3ForCausalLM"],
    "model_type": "phi3",
    "original_max_position_embeddings": 256,
    "pad_token_id": None,
}
PHI3_CASES = [
    case(
        "phi3-window-f32",
        {
            **PHI3,
            **sizes(60, 77, 3, 6, 6, 127),
            "sliding_window": 14,
            "rope_theta": 10000.0,
        },
        "F32",
        prompt=33,
    ),
    case(
        "phi3-partial-bf16",
        {
            **PHI3,
            **sizes(64, 69, 2, 4, 2, 139),
            "sliding_window": None,
            "partial_rotary_factor": 0.75,
            "tie_word_embeddings": True,
            "rope_theta": 250000.0,
        },
        "BF16",
        prompt=24,
        shards=3,
    ),
]

GPT2 = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "activation_function": "gelu_new",
}
GPT2_CASES = [
    # Holds masks beside its weights, as old files do.
    case(
        "gpt2-plain-f32",
        {
            **GPT2,
            "n_embd": 60,
            "n_head": 5,
            "n_layer": 3,
            "n_inner": None,
            "n_positions": 96,
            "vocab_size": 131,
            "layer_norm_epsilon": 1e-5,
        },
        "F32",
        prompt=29,
        masks=True,
    ),
    case(
        "gpt2-scaled-bf16",
        {
            **GPT2,
            "n_embd": 66,
            "n_head": 3,
            "n_layer": 2,
            "n_inner": 99,
            "n_positions": 73,
            "vocab_size": 117,
            "layer_norm_epsilon": 1e-2,
            "activation_function": "gelu",
            "scale_attn_by_inverse_layer_idx": True,
            "reorder_and_upcast_attn": True,
            "tie_word_embeddings": False,
        },
        "BF16",
        prompt=41,
        shards=2,
        prefix="transformer.",
    ),
]

BERT = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_act": "gelu",
    "pad_token_id": 0,
}
# Encoders: the reference is a row of the last hidden state for each token.
BERT_CASES = [
    case(
        "bert-pooled-f32",
        {
            **BERT,
            "hidden_size": 60,
            "num_attention_heads": 5,
            "num_hidden_layers": 3,
            "intermediate_size": 77,
            "max_position_embeddings": 80,
            # The tokens of test/Text/Inputs/bert.
            "vocab_size": 900,
            "type_vocab_size": 2,
            "layer_norm_eps": 1e-12,
        },
        "F32",
        prompt=47,
        prefix="bert.",
        old_norms=True,
        pooler=True,
    ),
    case(
        "bert-plain-bf16",
        {
            **BERT,
            "hidden_act": "gelu_new",
            "hidden_size": 66,
            "num_attention_heads": 3,
            "num_hidden_layers": 2,
            "intermediate_size": 99,
            "max_position_embeddings": 69,
            "vocab_size": 117,
            "type_vocab_size": 3,
            "layer_norm_eps": 1e-2,
        },
        "BF16",
        prompt=37,
        shards=2,
    ),
]

GPT_OSS = {
    **LLAMA,
    "architectures": ["GptOssForCausalLM"],
    "model_type": "gpt_oss",
    "tie_word_embeddings": False,
}
GPT_OSS_CASES = [
    case(
        "gptoss-blocks-bf16",
        {
            **GPT_OSS,
            **sizes(96, 160, 3, 6, 2, 113),
            "head_dim": 20,
            "num_local_experts": 5,
            "num_experts_per_tok": 3,
            "sliding_window": 11,
            "swiglu_limit": 7.0,
            "rope_theta": 150000,
            "rope_scaling": {
                "rope_type": "yarn",
                "factor": 8.0,
                "beta_fast": 32.0,
                "beta_slow": 1.0,
                "truncate": False,
                "original_max_position_embeddings": 32,
            },
            "quantization_config": {"quant_method": "mxfp4"},
        },
        "BF16",
        prompt=23,
        shards=2,
    ),
    case(
        "gptoss-columns-f32",
        {
            **GPT_OSS,
            **sizes(54, 37, 2, 5, 1, 109),
            "head_dim": 14,
            "num_local_experts": 6,
            "num_experts_per_tok": 2,
            "sliding_window": 9,
            "layer_types": ["sliding_attention"] * 2,
            "swiglu_alpha": 1.25,
            "swiglu_limit": 2.5,
            "rope_parameters": {
                "rope_type": "yarn",
                "rope_theta": 5000.0,
                "factor": 4.0,
                "truncate": False,
                "original_max_position_embeddings": 16,
            },
        },
        "F32",
        prompt=30,
    ),
]

PHI3_CASES += [
    # A sequence that stays within the original length, and one that outgrows it.
    case(
        f"phi3-longrope-{kind}-f32",
        {
            **PHI3,
            **sizes(56, 51, 2, 4, 2, 103 + original),
            "sliding_window": None,
            "original_max_position_embeddings": original,
            "rope_theta": 10000.0,
            "rope_scaling": {
                "type": "longrope",
                "short_factor": [1.0, 1.1, 1.2, 1.5, 1.9, 2.5, 3.0],
                "long_factor": [1.1, 1.6, 2.5, 4.25, 9.0, 17.5, 40.0],
            },
        },
        "F32",
        prompt=prompt,
        context=context,
    )
    for kind, original, prompt, context in (("short", 64, 27, 64), ("long", 24, 33, 80))
]

LLAMA4 = {
    **LLAMA,
    "architectures": ["Llama4ForCausalLM"],
    "model_type": "llama4_text",
    "num_experts_per_tok": 1,
}
LLAMA4_CASES = [
    case(
        "llama4-chunked-f32",
        {
            **LLAMA4,
            **sizes(60, 29, 5, 6, 2, 129),
            "head_dim": 14,
            "intermediate_size_mlp": 47,
            "num_local_experts": 5,
            "interleave_moe_layer_step": 2,
            "attention_chunk_size": 11,
            "floor_scale": 7,
            "attn_scale": 0.4,
            "rope_theta": 500000.0,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 1.0,
                "original_max_position_embeddings": 32,
            },
        },
        "F32",
        prompt=31,
    ),
    case(
        "llama4-listed-bf16",
        {
            **LLAMA4,
            **sizes(56, 22, 4, 7, 7, 115, eps=1e-6),
            "head_dim": 8,
            "intermediate_size_mlp": 35,
            "num_local_experts": 6,
            "moe_layers": [0, 2, 3],
            "no_rope_layers": [0, 1, 1, 0],
            "layer_types": ["chunked_attention", "full_attention"] * 2,
            "attention_chunk_size": 16,
            "use_qk_norm": False,
            "floor_scale": 10,
            "attn_scale": 0.25,
        },
        "BF16",
        prompt=26,
        shards=2,
    ),
    # What files of other kinds can say, too.
    case(
        "llama4-plain-f16",
        {
            **LLAMA4,
            **sizes(48, 31, 4, 4, 2, 107),
            "head_dim": 16,
            "intermediate_size_mlp": 41,
            "num_local_experts": 4,
            "rope_theta": 10000.0,
        },
        "F16",
        prompt=18,
    ),
]

DEEPSEEK_V32 = {
    **DEEPSEEK_V3,
    "architectures": ["DeepseekV32ForCausalLM"],
    "model_type": "deepseek_v32",
}


def indexer(heads, width, top):
    return {"index_n_heads": heads, "index_head_dim": width, "index_topk": top}


# The number of keys passes that of selected ones early, late, and never.
DEEPSEEK_V32_CASES = [
    case(
        "deepseek32-selecting-f32",
        {
            **DEEPSEEK_V32,
            **sizes(62, 70, 3, 5, 5, 133),
            **latent(28, 20, 12, 8, 10),
            **experts(8, 3, 23, 1, 1, 2.5, (4, 2), norm_topk_prob=True),
            **indexer(11, 14, 9),
            "rope_scaling": yarn(8, 16, mscale=1.0, mscale_all_dim=0.6),
        },
        "F32",
        prompt=39,
        further_seed=["3"],
    ),
    case(
        "deepseek32-wide-bf16",
        {
            **DEEPSEEK_V32,
            **sizes(54, 61, 2, 4, 4, 119),
            **latent(21, 18, 8, 6, 9),
            **experts(6, 2, 19, 1, 1, 1.5, (1, 1), norm_topk_prob=True),
            **indexer(19, 22, 50),
        },
        "BF16",
        prompt=45,
        shards=2,
    ),
    case(
        "deepseek32-dense-f16",
        {
            **DEEPSEEK_V32,
            **sizes(50, 44, 2, 3, 3, 101),
            **latent(17, 14, 6, 4, 7),
            **experts(5, 2, 17, 1, 0, 1.0, (1, 1), norm_topk_prob=False),
            **indexer(8, 8, 200),
        },
        "F16",
        prompt=22,
    ),
]

CASES = [
    *LLAMA_CASES,
    *QWEN2_CASES,
    *GEMMA3_CASES,
    *DEEPSEEK_V2_CASES,
    *DEEPSEEK_V3_CASES,
    *QWEN3_CASES,
    *MISTRAL_CASES,
    *SMOLLM3_CASES,
    *MIXTRAL_CASES,
    *QWEN2_MOE_CASES,
    *QWEN3_MOE_CASES,
    *OLMOE_CASES,
    *GLM4_MOE_CASES,
    *KIMI_K2_CASES,
    *GEMMA2_CASES,
    *GRANITE_CASES,
    *PHI3_CASES,
    *GPT2_CASES,
    *BERT_CASES,
    *GPT_OSS_CASES,
    *LLAMA4_CASES,
    *DEEPSEEK_V32_CASES,
]


def find(words=""):
    """The cases whose names begin with whole words, or all of them without words:
    `llama` finds `llama-grouped-f32`, but not `llama4-chunked-f32`."""
    found = [c for c in CASES if not words or f"{c['name']}-".startswith(f"{words}-")]
    if not found:
        known = ", ".join(c["name"] for c in CASES)
        sys.exit(f"no checkpoint begins with the words '{words}'; known: {known}")
    return found


def is_encoder(case):
    """Whether a model has embeddings of its tokens instead of logits."""
    return case["config"]["model_type"] == "bert"


def has_latent_attention(case):
    return "kv_lora_rank" in case["config"]


def forms(case):
    """The values of --mla that differ in bits."""
    return ["naive", "absorbed"] if has_latent_attention(case) else ["auto"]


def has_window(case):
    """Whether some layer attends to a window."""
    config = case["config"]
    return bool(config.get("sliding_window") and config.get("use_sliding_window", True))


def stores_microscaled(case):
    """Whether matrices are stored in blocks of MXFP4."""
    return case["config"].get("quantization_config", {}).get("quant_method") == "mxfp4"


def context_options(case):
    """What `tenon compile` needs for cases that mean something else in a longer context."""
    return [f"--max-context={case['context']}"] if "context" in case else []
