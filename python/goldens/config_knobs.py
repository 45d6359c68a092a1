# The values that keys of a drawn configuration may have, family by family.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""A knob is a key with its values; `GONE` leaves the key out, None writes null. The
rotary embedding is drawn as one, since its keys come in pairs and in two spellings."""

GONE = "-"
ROWS = {"bert": 160, "gpt2": 160, "deepseek_v32": 90, "llama4_text": 90, "phi3": 90}
ROWS |= dict.fromkeys(("deepseek_v2", "deepseek_v3", "gemma3_text", "llama", "qwen2", "qwen3"), 102)
BASE = {
    "hidden_size": 48,
    "intermediate_size": 20,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 16,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500.0,
    "tie_word_embeddings": False,
    "hidden_act": "silu",
    "torch_dtype": "float32",
}
SIZES = {
    "hidden_size": [GONE, None, 64, 50, 0],
    "intermediate_size": [GONE, None, 28],
    "num_hidden_layers": [GONE, None, 1, 5],
    "num_attention_heads": [GONE, None, 2, 8, 5],
    "vocab_size": [GONE, None, 17],
    "max_position_embeddings": [GONE, None, 100],
}
# One for each family that has it.
OTHERS = {
    "rms_norm_eps": [GONE, None, 1e-6, 0.25, "1e-5"],
    "hidden_act": [GONE, None, "gelu", "gelu_pytorch_tanh", "relu", "swish", "gelu_new", "mish"],
    "tie_word_embeddings": [GONE, None, True, 1],
    "torch_dtype": [GONE, None, "bfloat16", "float16", "float9"],
    "dtype": [None, "float32", "bfloat16"],
}
HEADS = {
    "num_key_value_heads": [GONE, None, 1, 4, 3],
    "head_dim": [None, 8, 14, 5],
}
WINDOWS = {
    "use_sliding_window": [None, True, True, True, False],
    "sliding_window": [None, 0, 5, 9],
    "max_window_layers": [None, 0, 1, 2, 9],
    "layer_types": [
        None,
        ["full_attention", "sliding_attention", "full_attention"],
        ["sliding_attention"] * 3,
        ["full_attention"] * 3,
        ["full_attention"] * 2,
        ["attention", "full_attention", "full_attention"],
        ["chunked_attention", "full_attention", "full_attention"],
        [],
    ],
}
LATENT = {
    "num_key_value_heads": 4,
    "q_lora_rank": 6,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 6,
    "qk_rope_head_dim": 12,
    "v_head_dim": 5,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 7,
    "first_k_dense_replace": 1,
    "n_group": 4,
    "topk_group": 2,
    "norm_topk_prob": False,
    "routed_scaling_factor": 1.5,
}
LATENT_KNOBS = {
    "attention_bias": [None, True, False],
    "q_lora_rank": [GONE, None, 10],
    "kv_lora_rank": [GONE, None, 12],
    "qk_nope_head_dim": [GONE, None, 4],
    "qk_rope_head_dim": [GONE, None, 8, 5],
    "v_head_dim": [GONE, None, 9],
    "head_dim": [None, 64],
    "n_routed_experts": [GONE, None, 12, 6],
    "n_shared_experts": [GONE, None, 2, 3],
    "num_experts_per_tok": [GONE, None, 1, 5, 9],
    "moe_intermediate_size": [GONE, None, 11],
    "first_k_dense_replace": [GONE, None, 0, 2, 9],
    "moe_layer_freq": [None, 1, 2],
    "n_group": [GONE, None, 1, 2, 8],
    "topk_group": [GONE, None, 1, 4, 5],
    "norm_topk_prob": [GONE, None, True],
    "routed_scaling_factor": [GONE, None, 1.0, 2.5, 16],
}


def latent(**more):
    return {"base": BASE | LATENT | more}


FAMILIES = {
    "llama": {
        "base": BASE,
        "knobs": SIZES
        | OTHERS
        | HEADS
        | {"attention_bias": [None, True, False], "mlp_bias": [None, True, False]},
    },
    "qwen2": {"base": BASE, "knobs": SIZES | OTHERS | HEADS | WINDOWS},
    "qwen3": {
        "base": BASE | {"head_dim": 10},
        "knobs": SIZES
        | OTHERS
        | HEADS
        | WINDOWS
        | {"head_dim": [GONE, None, 14, 5], "attention_bias": [None, True, False]},
    },
    "mistral": {
        "base": BASE | {"sliding_window": 9},
        "knobs": SIZES | OTHERS | HEADS | {"sliding_window": [GONE, None, 5, 14]},
    },
    "granite": {
        "base": BASE,
        "knobs": SIZES
        | OTHERS
        | HEADS
        | {
            "attention_bias": [None, True, False],
            "mlp_bias": [None, True, False],
            "attention_multiplier": [None, 0.25, 1.0],
            "embedding_multiplier": [None, 12.0, 1.0],
            "residual_multiplier": [None, 0.22, 1.0],
            "logits_scaling": [None, 8.0, 1.0],
        },
    },
    "smollm3": {
        "base": BASE | {"pad_token_id": 0},
        "knobs": SIZES
        | OTHERS
        | HEADS
        | {
            "attention_bias": [None, True, False],
            "mlp_bias": [None, True, False],
            "no_rope_layer_interval": [None, 1, 2, 3],
            "no_rope_layers": [None, [1, 1, 0], [0, 0, 0, 1], [1, 1, 1]],
        },
    },
    "mixtral": {
        "base": BASE | {"num_local_experts": 4, "num_experts_per_tok": 2},
        "knobs": SIZES
        | OTHERS
        | HEADS
        | {
            "sliding_window": [GONE, None, 5, 14],
            "num_local_experts": [GONE, None, 6],
            "num_experts_per_tok": [GONE, None, 1, 3],
        },
    },
    "qwen3_moe": {
        "base": BASE
        | {
            "head_dim": 10,
            "num_experts": 6,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 7,
            "norm_topk_prob": True,
        },
        "knobs": SIZES
        | OTHERS
        | HEADS
        | {
            "attention_bias": [None, True, False],
            "use_sliding_window": [None, True, False],
            "sliding_window": [None, 5, 9],
            "head_dim": [14, 12],
            "num_experts_per_tok": [1, 3],
            "moe_intermediate_size": [GONE, None, 11],
            "norm_topk_prob": [GONE, None, False],
            "decoder_sparse_step": [None, 1, 2],
            "mlp_only_layers": [None, [], [1], [0, 2]],
        },
    },
    "qwen2_moe": {
        "base": BASE
        | {
            "num_experts": 6,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 7,
            "shared_expert_intermediate_size": 9,
            "norm_topk_prob": False,
        },
        "knobs": SIZES
        | OTHERS
        | {
            "num_key_value_heads": [1, 4],
            "qkv_bias": [None, True, False],
            "num_experts_per_tok": [GONE, None, 1, 3],
            "moe_intermediate_size": [GONE, None, 11],
            "shared_expert_intermediate_size": [GONE, None, 13],
            "norm_topk_prob": [GONE, None, True],
            "decoder_sparse_step": [None, 1, 2],
            "mlp_only_layers": [None, [], [1], [0, 2]],
        },
    },
    "olmoe": {
        "base": BASE | {"num_experts": 6, "num_experts_per_tok": 2},
        "knobs": SIZES
        | OTHERS
        | {
            "num_key_value_heads": [GONE, None, 1, 4],
            "attention_bias": [None, True, False],
            "num_experts_per_tok": [1, 3],
            "norm_topk_prob": [GONE, None, True],
            "clip_qkv": [None, 2.5],
        },
    },
    "gpt_oss": {
        "base": BASE
        | {
            "head_dim": 10,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "sliding_window": 9,
        },
        "knobs": SIZES
        | {key: values for key, values in OTHERS.items() if key != "hidden_act"}
        | HEADS
        | {
            "head_dim": [GONE, None, 14, 5],
            "attention_bias": [GONE, None, True, False],
            "num_local_experts": [GONE, None, 6],
            "num_experts_per_tok": [GONE, None, 1, 3, 7],
            "sliding_window": [GONE, 5, 14],
            "layer_types": WINDOWS["layer_types"],
            "swiglu_alpha": [GONE, None, 1.0, 1.25],
            "swiglu_limit": [GONE, None, 5.5, 7.0],
        },
    },
    "glm4_moe": {
        "base": BASE
        | {
            "head_dim": 12,
            "n_routed_experts": 8,
            "n_shared_experts": 1,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 7,
            "first_k_dense_replace": 1,
            "n_group": 4,
            "topk_group": 2,
            "use_qk_norm": True,
            "partial_rotary_factor": 0.5,
        },
        "knobs": SIZES
        | OTHERS
        | {
            "num_key_value_heads": [1, 4],
            "head_dim": [8, 16],
            "attention_bias": [None, True, False],
            "use_qk_norm": [GONE, None, False],
            "partial_rotary_factor": [GONE, 1.0],
            "n_group": [GONE, None, 1, 2],
            "topk_group": [GONE, None, 1],
            "num_experts_per_tok": [1, 3],
            "n_shared_experts": [GONE, 2],
            "moe_intermediate_size": [GONE, None, 11],
            "first_k_dense_replace": [GONE, None, 0, 2],
            "norm_topk_prob": [None, True, False],
            "routed_scaling_factor": [None, 1.0, 2.5],
        },
    },
    "gemma2": {
        "base": {key: value for key, value in BASE.items() if key != "hidden_act"}
        | {
            "head_dim": 10,
            "hidden_activation": "gelu_pytorch_tanh",
            "sliding_window": 7,
            "query_pre_attn_scalar": 9,
            "attn_logit_softcapping": 3.0,
            "final_logit_softcapping": 5.0,
            "tie_word_embeddings": True,
        },
        "knobs": SIZES
        | OTHERS
        | {
            "hidden_act": [None, "relu"],
            "hidden_activation": [GONE, None, "silu", "gelu", "relu", "mish"],
            "head_dim": [GONE, None, 14, 5],
            "num_key_value_heads": [1, 4],
            "sliding_window": [GONE, 5],
            "layer_types": WINDOWS["layer_types"],
            "query_pre_attn_scalar": [GONE, None, 16],
            "attn_logit_softcapping": [GONE, None, 30.0],
            "final_logit_softcapping": [GONE, None, 20.0],
            "use_bidirectional_attention": [None, False, True],
            "attention_bias": [None, True, False],
            "tie_word_embeddings": [GONE, None, False],
        },
    },
    "gemma3_text": {
        "base": {key: value for key, value in BASE.items() if key != "hidden_act"}
        | {
            "head_dim": 10,
            "hidden_activation": "gelu_pytorch_tanh",
            "sliding_window": 7,
            "sliding_window_pattern": 2,
            "query_pre_attn_scalar": 9,
            "rope_local_base_freq": 100.0,
            "tie_word_embeddings": True,
        },
        "knobs": SIZES
        | OTHERS
        | HEADS
        | WINDOWS
        | {
            "hidden_act": [None, "relu"],
            "hidden_activation": [GONE, None, "silu", "gelu", "relu", "mish"],
            "head_dim": [GONE, None, 14, 5],
            "use_sliding_window": [None],
            "max_window_layers": [1],
            "sliding_window": [GONE, 0, 5],
            "sliding_window_pattern": [GONE, 1, 3, 6],
            "query_pre_attn_scalar": [GONE, None, 16],
            "attn_logit_softcapping": [None, 50.0, 30],
            "final_logit_softcapping": [None, 30.0],
            "use_bidirectional_attention": [None, False, True],
            "attention_bias": [None, True, False],
            "tie_word_embeddings": [GONE, None, False],
        },
        "nested": True,
    },
    "deepseek_v2": latent(topk_method="group_limited_greedy")
    | {
        "knobs": SIZES
        | OTHERS
        | LATENT_KNOBS
        | {
            "topk_method": [GONE, None, "greedy", "gready", "noaux_tc"],
            "scoring_func": [None, "softmax", "sigmoid"],
            "mlp_bias": [None, False, True],
        },
    },
    "deepseek_v3": latent()
    | {
        "knobs": SIZES
        | OTHERS
        | LATENT_KNOBS
        | {
            "topk_method": [None, "noaux_tc", "greedy"],
            "scoring_func": [None, "sigmoid", "softmax"],
            "rope_interleave": [None, True, False],
        },
    },
}
GPT2 = {
    "n_embd": 48,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 64,
    "vocab_size": 16,
}
FAMILIES["gpt2"] = {
    "base": GPT2,
    "knobs": {
        "n_embd": [GONE, None, 64, 50, 0],
        "n_layer": [GONE, None, 1, 5],
        "n_head": [GONE, None, 2, 8, 5],
        "n_positions": [GONE, None, 100],
        "n_inner": [None, 20, 28, 0],
        "vocab_size": [GONE, None, 17],
        "layer_norm_epsilon": [None, 1e-6, 0.25, "1e-5"],
        "activation_function": [None, "gelu", "relu", "silu", "swish", "gelu_fast", "mish"],
        "scale_attn_weights": [None, True, False],
        "scale_attn_by_inverse_layer_idx": [None, True, False],
        "reorder_and_upcast_attn": [None, True, False],
        "tie_word_embeddings": [None, True, False],
        "torch_dtype": [None, "bfloat16", "float16"],
    },
    "turns": False,
}
FAMILIES["bert"] = {
    "base": {
        "hidden_size": 48,
        "intermediate_size": 20,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "vocab_size": 16,
        "max_position_embeddings": 64,
    },
    "knobs": SIZES
    | {
        "type_vocab_size": [None, 1, 3, 0],
        "layer_norm_eps": [None, 1e-6, 0.25, "1e-5"],
        "hidden_act": [None, "gelu_new", "relu", "silu", "gelu_python", "mish"],
        "position_embedding_type": [None, "absolute"],
        "is_decoder": [None, False],
        "torch_dtype": [None, "bfloat16", "float16"],
    },
    "turns": False,
}
FAMILIES["deepseek_v32"] = latent(index_n_heads=3, index_head_dim=14, index_topk=5) | {
    "knobs": SIZES
    | OTHERS
    | LATENT_KNOBS
    | {
        "index_n_heads": [GONE, 2, 9],
        "index_head_dim": [GONE, 12, 16],
        "index_topk": [GONE, 1, 100],
        "mlp_layer_types": [
            None,
            ["dense", "sparse", "sparse"],
            ["sparse", "dense", "sparse"],
            ["dense", "sparse"],
        ],
        "layer_types": [None, ["indexed_attention"] * 3],
        # The class has neither.
        "moe_layer_freq": [None, 1],
        "n_shared_experts": [GONE, 2, 3],
    },
}
FAMILIES["llama4_text"] = {
    "base": BASE
    | {
        "head_dim": 10,
        "intermediate_size_mlp": 13,
        "num_local_experts": 4,
        "attention_chunk_size": 6,
        "pad_token_id": None,
    },
    "knobs": SIZES
    | OTHERS
    | HEADS
    | {
        "head_dim": [GONE, None, 14],
        "intermediate_size_mlp": [GONE, 17],
        "num_local_experts": [GONE, 1, 7],
        "num_experts_per_tok": [GONE, 1, 2],
        "interleave_moe_layer_step": [1, 2, 3],
        "moe_layers": [None, [], [1], [0, 2]],
        "no_rope_layer_interval": [1, 2, 3],
        "no_rope_layers": [None, [], [1, 1, 0], [0, 0, 0, 1], [1, 1, 1]],
        "layer_types": [
            None,
            ["chunked_attention", "full_attention", "full_attention"],
            ["full_attention"] * 3,
        ],
        "attention_chunk_size": [GONE, None, 9],
        "use_qk_norm": [GONE, True, False],
        "attn_temperature_tuning": [GONE, True, False],
        "floor_scale": [GONE, 5],
        "attn_scale": [GONE, 0.5, 0.0],
        "attention_bias": [True, False],
    },
}
FAMILIES["phi3"] = {
    "base": BASE | {"pad_token_id": 0, "original_max_position_embeddings": 64},
    "knobs": SIZES
    | OTHERS
    | {
        "num_key_value_heads": [None, 1, 4],
        "sliding_window": [GONE, None, 5],
        "partial_rotary_factor": [0.5, 1.0],
        "original_max_position_embeddings": [16, 64, 100],
    },
    "longrope": True,
}
for family, knobs in FAMILIES.items():
    # Rows of a table.
    knobs["rows"] = ROWS.get(family, 100)
    # The ports of DeepSeek read the number of heads of keys; a drawn number of heads
    # would have to be drawn for both.
    if "q_lora_rank" in knobs["base"]:
        knobs["knobs"].pop("num_attention_heads")


def scaling_of(rng):
    """The parameters of one scaling: each optional key absent, null or with a value,
    and now and then a key that is needed left out."""
    def some(values):
        return rng.choice(values)

    kind = rng.choice(["linear", "llama3", "llama3", "yarn", "yarn", "yarn", "yarn", "other"])
    if kind == "other":
        return {"rope_type": some(["default", "dynamic", "longrope", "of_another_day"])}
    drawn = {"rope_type": kind, "factor": some([2.0, 4, 8.0, 2.5, 1.0, GONE, None])}
    if kind != "linear":
        drawn["original_max_position_embeddings"] = some([16, 32, 32, GONE, None])
    if kind == "llama3":
        drawn["low_freq_factor"] = some([1.0, 1, 0.5, GONE, None])
        drawn["high_freq_factor"] = some([4.0, 3, 2.5, GONE, None])
    if kind == "yarn":
        drawn["factor"] = some([2.0, 4, 8.0, 40, 1.0, GONE])
        drawn["beta_fast"] = some([GONE, GONE, 32, 4.0, 2, None])
        drawn["beta_slow"] = some([GONE, GONE, 1, 0.25, None])
        drawn["mscale"] = some([GONE, GONE, 1.0, 0.707, 0, None])
        drawn["mscale_all_dim"] = some([GONE, GONE, 1.0, 0.5, 0, None])
        drawn["attention_factor"] = some([GONE, GONE, GONE, 1.25, 1.0, None])
        drawn["truncate"] = some([GONE, GONE, True, False])
    return {key: value for key, value in drawn.items() if value != GONE}


def draw_rope(rng, raw):
    """Writes a rotary embedding into a configuration, in one spelling or in both."""
    theta = rng.choice([GONE, None, 500.0, 10000, 2e5])
    scaling = rng.choice([None, {}, *(scaling_of(rng) for _ in range(6))])
    spelling = rng.choice(["old", "old", "type", "new", "new", "both"])
    raw.pop("rope_theta", None)
    if spelling in ("old", "type"):
        if theta != GONE:
            raw["rope_theta"] = theta
        if scaling and spelling == "type":
            scaling = {("type" if key == "rope_type" else key): scaling[key] for key in scaling}
        raw["rope_scaling"] = scaling
        return
    parameters = dict(scaling or {"rope_type": "default"})
    if theta != GONE:
        parameters["rope_theta"] = theta
    raw["rope_parameters"] = parameters
    if spelling == "both" and scaling:
        # The class then drops the new one, and its theta.
        raw["rope_scaling"] = dict(scaling)
        if theta != GONE:
            raw["rope_theta"] = theta


def draw_longrope(rng, raw):
    """The scaling of Phi-3, whose lists now and then have another length."""
    raw["rope_scaling"] = {
        rng.choice(["type", "rope_type"]): rng.choice(["longrope", "longrope", "su", "yarn"]),
        "short_factor": [1.0, 1.5, 2.0, 2.5, 3.0, 4.0][: rng.choice([6, 6, 6, 6, 5])],
        "long_factor": [1.25, 2.0, 4.5, 9.0, 20.0, 50.0],
    }
    raw["original_max_position_embeddings"] = rng.choice([16, 32, 64])
    if rng.random() < 0.3:
        raw["rope_scaling"]["attention_factor"] = 1.25


def draw_nested_rope(rng, raw):
    """The same for a family whose layers with and without a window rotate differently."""
    draw_rope(rng, raw)
    if "type" in (raw.get("rope_scaling") or {}):
        # The port looks for the new name of the key only.
        raw["rope_scaling"]["rope_type"] = raw["rope_scaling"].pop("type")
    for place in ("rope_scaling", "rope_parameters"):
        # The port looks for it in the wrong object.
        (raw.get(place) or {}).pop("truncate", None)
    if "rope_parameters" not in raw:
        raw["rope_local_base_freq"] = rng.choice([100.0, 1000, None])
        return
    raw.pop("rope_local_base_freq", None)
    raw.pop("rope_scaling", None)
    raw.pop("rope_theta", None)
    local = {"rope_type": rng.choice(["default", "default", "default", "linear"])}
    if local["rope_type"] == "linear":
        local["factor"] = 2.0
    if rng.random() < 0.7:
        local["rope_theta"] = rng.choice([100.0, 1000])
    nested = {"full_attention": raw["rope_parameters"], "sliding_attention": local}
    if rng.random() < 0.3:
        del nested[rng.choice(list(nested))]
    raw["rope_parameters"] = nested


def draw(rng, knobs):
    """One configuration: the base with some knobs turned."""
    raw = dict(knobs["base"])
    if knobs.get("turns", True) and rng.random() < 0.5:
        draw_one = draw_nested_rope if knobs.get("nested") else draw_rope
        (draw_longrope if knobs.get("longrope") else draw_one)(rng, raw)
    for key in rng.sample(list(knobs["knobs"]), rng.choice([0, 1, 1, 2, 3, 4])):
        value = rng.choice(knobs["knobs"][key])
        raw.pop(key, None)
        if value != GONE:
            raw[key] = value
    return raw
