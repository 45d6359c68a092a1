# What the published classes make of configurations that are drawn at random.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""published_configs.py FOLDER [FAMILY...] : writes FOLDER/<family>.json for each
family, with the configuration classes, models and frequencies of transformers 5.24.0. Needs
torch and transformers; models have no storage, so that class defaults of any size can
be looked at.

A row is [changes, answer]: what differs from the "base" configuration ("-" removes a
key), and what differs in the facts of the model from those of the base. An answer is
also ["refused", exception], or ["loosely", facts]: the class is stricter about types
than the format is. It refuses null where it takes the configuration without the key,
and an integer where it takes the same number with a point.

A configuration is accepted when the class takes it, the model can be built and its
forward pass of two tokens runs. Frequencies are those of the published functions,
evaluated in float64. Where the port departs from the models' authors, the authors'
rule is put in its place, as in reference.py.
"""

import contextlib
import itertools
import json
import pathlib
import random
import sys

import numpy
import torch
import transformers
from config_knobs import FAMILIES, draw
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

SEED = 20240229
DIGITS = 6
MOST_REFUSED = 0.25
# Keys whose null is not their absence, in classes that take it.
NULLS = (
    "q_lora_rank",
    "num_key_value_heads",
    "sliding_window",
    "attn_logit_softcapping",
    "final_logit_softcapping",
)
# Keys for which the class does not take an integer.
FLOATS = ("rms_norm_eps", "layer_norm_epsilon", "layer_norm_eps", "routed_scaling_factor", "attn_logit_softcapping")


def number(value):
    """A number with as many digits as the table has."""
    return float(f"{float(value):.{DIGITS}g}")


@contextlib.contextmanager
def in_float64():
    """The published functions name float32 by these two."""
    kept = torch.float, torch.float32
    torch.float = torch.float32 = torch.float64
    try:
        yield
    finally:
        torch.float, torch.float32 = kept


def thin(values):
    """Some of many frequencies: the first, the last and every n-th."""
    step = -(-len(values) // 8)
    return values[:-1:step] + values[-1:]


def frequencies(config, rotary, layer_type):
    """The frequencies of a layer and what cosine and sine are multiplied by."""
    nested = layer_type in config.rope_parameters
    parameters = config.rope_parameters[layer_type] if nested else config.rope_parameters
    functions = transformers.modeling_rope_utils.ROPE_INIT_FUNCTIONS
    kind = parameters["rope_type"]
    function = functions[kind] if kind != "default" else rotary.compute_default_rope_parameters
    further = {"layer_type": layer_type} if nested else {}
    if kind == "longrope":
        # The longest sequence decides for all that are compiled together.
        further["seq_len"] = config.max_position_embeddings
    with in_float64():
        values, attention = function(config, **further)
    return values.tolist(), number(attention)


def name_activation(function):
    """The activation that a function is, by its values."""
    grid = torch.linspace(-6, 6, 49, dtype=torch.float64)
    known = {
        "silu": torch.nn.functional.silu(grid),
        "gelu_tanh": torch.nn.functional.gelu(grid, approximate="tanh"),
        "gelu": torch.nn.functional.gelu(grid),
        "relu": torch.nn.functional.relu(grid),
    }
    for name, values in known.items():
        if torch.allclose(function(grid), values, rtol=0, atol=1e-9):
            return name
    return "another"


def shape(tensor):
    return "x".join(str(size) for size in tensor.shape)


# The names of the tensors of experts in checkpoints of a family with other ones.
OLD_NAMES = {
    "mixtral": {
        "mlp.gate.": "block_sparse_moe.gate.",
        "mlp.experts.{e}.gate_proj": "block_sparse_moe.experts.{e}.w1",
        "mlp.experts.{e}.up_proj": "block_sparse_moe.experts.{e}.w3",
        "mlp.experts.{e}.down_proj": "block_sparse_moe.experts.{e}.w2",
    }
}


def weights(family, layer):
    """The tensors of a layer, under the names and in the shapes of a checkpoint."""
    result = {}
    for name, tensor in list(layer.named_parameters()) + list(layer.named_buffers()):
        if family == "gpt_oss":
            # The bias of an expert is a column.
            result[name] = shape(tensor) + ("x1" if name.endswith("_proj_bias") else "")
        elif name == "mlp.experts.gate_up_proj":
            experts, rows, cols = tensor.shape
            for half in ("gate", "up"):
                result[f"mlp.experts.{{e}}.{half}_proj.weight"] = f"{experts}x{rows // 2}x{cols}"
        elif name == "mlp.experts.down_proj":
            result["mlp.experts.{e}.down_proj.weight"] = shape(tensor)
        else:
            result[name] = shape(tensor)
    for new, old in OLD_NAMES.get(family, {}).items():
        result = {name.replace(new, old): size for name, size in result.items()}
    return {shorten(name): size for name, size in result.items()}


def shorten(name):
    """`q` for self_attn.q_proj.weight."""
    for part in ("self_attn.", "mlp.", "_proj", ".weight"):
        name = name.replace(part, "")
    return name


NORMS = {
    "gemma3_text": {
        "norm3": "pre_feedforward_layernorm",
        "norm4": "post_feedforward_layernorm",
        "q_norm": "self_attn.q_norm",
        "k_norm": "self_attn.k_norm",
    },
    "qwen3": {"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm"},
    "gemma2": {
        "norm3": "pre_feedforward_layernorm",
        "norm4": "post_feedforward_layernorm",
    },
    "glm4_moe": {"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm"},
    "olmoe": {"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm"},
    "qwen3_moe": {"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm"},
    "deepseek_v2": {"q_norm": "self_attn.q_a_layernorm", "kv_norm": "self_attn.kv_a_layernorm"},
}
NORMS["deepseek_v3"] = NORMS["deepseek_v2"]
NORMS["deepseek_v32"] = NORMS["deepseek_v2"] | {"index_norm": "self_attn.indexer.k_norm"}
NORMS["llama4_text"] = {"rotated_norm": "self_attn.qk_norm"}


def eps_of(norm):
    value = norm.variance_epsilon if hasattr(norm, "variance_epsilon") else norm.eps
    return number(numpy.float32(value))


def norms(family, layer):
    names = {"norm1": "input_layernorm", "norm2": "post_attention_layernorm"}
    names |= NORMS.get(family, {})
    modules = dict(layer.named_modules())
    return {role: eps_of(modules[name]) for role, name in names.items() if name in modules}


def mlp_of(layer):
    """What follows attention, whatever it is called."""
    return layer.mlp if hasattr(layer, "mlp") else layer.feed_forward


def gate_of(layer):
    """The router of a layer with experts."""
    mlp = mlp_of(layer)
    return getattr(mlp, "gate", None) or getattr(mlp, "router", None)


def softmax_router(family, gate):
    """The router of families whose weights are normalized by their sum alone."""
    facts = {"scoring": "softmax", "top": gate.top_k, "scale": 1.0, "groups": 1, "keep": 1}
    if family in ("gpt_oss", "mixtral") or gate.norm_topk_prob:
        facts["renorm"] = 0.0
    return facts


def router(family, raw, config, gate):
    if family == "llama4_text":
        return {"scoring": "sigmoid", "top": gate.top_k, "scale": 1.0, "groups": 1, "keep": 1}
    if family not in ("deepseek_v2", *SIGMOIDS):
        return softmax_router(family, gate)
    facts = {
        "scoring": "sigmoid" if family in SIGMOIDS else "softmax",
        "top": gate.top_k,
        "scale": number(gate.routed_scaling_factor),
        "groups": 1,
        "keep": 1,
    }
    if family in SIGMOIDS or gate.topk_method == "group_limited_greedy":
        facts |= {"groups": gate.num_group, "keep": gate.topk_group}
    if facts["groups"] > 1:
        facts["by"] = "top2sum" if family in SIGMOIDS else "max"
    if family in SIGMOIDS and gate.norm_topk_prob:
        facts["renorm"] = number(numpy.float32(1e-20))
    # The authors of V2 normalize weights or scale them, never both.
    if family == "deepseek_v2" and raw.get("norm_topk_prob") and gate.top_k > 1:
        facts |= {"renorm": number(numpy.float32(1e-20)), "scale": 1.0}
    return facts


# Families with the router of DeepSeek-V3.
SIGMOIDS = ("deepseek_v3", "deepseek_v32", "glm4_moe")
# Families whose layers all have the window of the configuration, or none.
WINDOWED = ("mistral", "mixtral", "phi3")
# Families whose models take one mask for all layers.
FLAT = (
    "deepseek", "glm4", "granite", "llama", "mistral", "mixtral", "olmoe", "phi3", "qwen3_moe",
)
FLAT_NOT = ("deepseek_v32", "llama4_text")
# Kinds of layers that no other family has.
OWN_MASKS = {"deepseek_v32": ["indexed_attention"], "llama4_text": ["chunked_attention"]}


def details(family, config, attention, n):
    """What only some families have."""
    facts = {}
    if family == "deepseek_v32":
        indexer = attention.indexer
        facts["index"] = {
            "heads": f"{indexer.n_heads}x{indexer.head_dim}",
            "top": indexer.index_topk,
            "scale": number((indexer.n_heads * indexer.head_dim) ** -0.5),
            "pairing": "half",
        }
    if family == "llama4_text":
        if config.layer_types[n] == "chunked_attention":
            facts["chunk"] = config.attention_chunk_size
        if attention.attn_temperature_tuning and not attention.use_rope:
            scale = number(numpy.float32(attention.attn_scale))
            facts["temperature"] = {"interval": attention.floor_scale, "slope": scale}
    return facts


def describe_layer(family, raw, config, model, n):
    layer = model.model.layers[n]
    attention = layer.self_attn
    layer_type = (getattr(config, "layer_types", None) or {n: "full_attention"})[n]
    values, factor = frequencies(config, model.model.rotary_emb, layer_type)
    latent = family.startswith("deepseek")
    # V3.2 has no such key.
    chosen = family == "deepseek_v32" or getattr(config, "rope_interleave", True)
    interleaved = family == "llama4_text" or (latent and chosen)
    facts = {
        "rope": {
            "dims": 2 * len(values),
            "pairing": "interleaved" if interleaved else "half",
            "attention": factor,
            "frequencies": [number(value) for value in thin(values)],
        },
        "scale": number(attention.scaling),
        "eps": norms(family, layer),
        "weights": weights(family, layer),
    }
    heads = config.num_attention_heads
    if latent:
        facts |= {"heads": f"{heads}x{attention.qk_head_dim}", "nope": attention.qk_nope_head_dim}
    else:
        facts |= {
            "heads": f"{heads}x{attention.head_dim}",
            "key_heads": f"{config.num_key_value_heads}x{attention.head_dim}",
        }
    whole = config if family in WINDOWED else None
    window = getattr(whole or attention, "sliding_window", None)
    if window is not None:
        facts["window"] = window
    if not getattr(attention, "use_rope", True):
        del facts["rope"]
    if getattr(config, "clip_qkv", None) is not None:
        facts["clip"] = number(config.clip_qkv)
    if hasattr(layer, "residual_multiplier") and layer.residual_multiplier != 1:
        facts["residual"] = number(layer.residual_multiplier)
    if getattr(attention, "attn_logit_softcapping", None) is not None:
        facts["softcap"] = number(attention.attn_logit_softcapping)
    mlp = mlp_of(layer)
    if family == "gpt_oss":
        return facts | {
            "router": softmax_router(family, mlp.router),
            "activation": "silu",
            "alpha": number(mlp.experts.alpha),
            "beta": 1.0,
            "limit": number(mlp.experts.limit),
        }
    if gate_of(layer) is not None:
        facts["router"] = router(family, raw, config, gate_of(layer))
        if family == "llama4_text":
            facts["scale_input"] = True
        mlp = mlp.shared_experts if hasattr(mlp, "shared_experts") else mlp.experts
    function = getattr(mlp, "act_fn", None) or getattr(mlp, "activation_fn", None)
    facts["activation"] = name_activation(function)
    return facts | details(family, config, attention, n)


def build(family, raw, kind=transformers.AutoModelForCausalLM):
    """The model of a configuration, without storage."""
    config = CONFIG_MAPPING[family].from_dict(dict(raw, architectures=None))
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    with torch.device("meta"):
        model = kind.from_config(config, dtype=torch.float32)
    if family.startswith("deepseek"):
        use_dense_layers(family, raw, config, model)
    return config, model


def use_dense_layers(family, raw, config, model):
    """The authors of DeepSeek give experts to every moe_layer_freq-th layer."""
    module = sys.modules[type(model).__module__]
    for n, layer in enumerate(model.model.layers):
        if family in ("deepseek_v2", "deepseek_v3") and n % raw.get("moe_layer_freq", 1):
            dense = {"deepseek_v2": "DeepseekV2MLP", "deepseek_v3": "DeepseekV3MLP"}[family]
            with torch.device("meta"):
                layer.mlp = getattr(module, dense)(config)


def feed(model, mask, **further):
    """A step of two tokens, of whose results only the shapes exist."""
    positions = torch.arange(2, device="meta")[None]
    model(input_ids=TOKENS, position_ids=positions, attention_mask=mask, **further)


TOKENS = torch.zeros(1, 2, dtype=torch.long, device="meta")
MASK = torch.zeros(1, 1, 2, 2, device="meta")


def run(model):
    """A step with the masks that the class expects, and experts that do nothing."""
    for layer in model.model.layers:
        mlp = mlp_of(layer)
        if hasattr(mlp, "experts") and hasattr(layer, "mlp"):
            mlp.experts.forward = lambda x, chosen, weight: torch.zeros_like(x)
    family = model.config.model_type
    kinds = ["full_attention", "sliding_attention", *OWN_MASKS.get(family, [])]
    masks = dict.fromkeys(kinds, MASK)
    flat = family.startswith(FLAT) and family not in FLAT_NOT
    feed(model, MASK if flat else masks, use_cache=False)


def tensors(module, prefix=""):
    """Name and shape of each tensor of a module."""
    named = module.named_parameters()
    return {shorten(prefix + name): shape(tensor) for name, tensor in named}


def describe_plain_layer(layer, heads, scale, norms, activation):
    """A layer with two norms and as many heads of keys as of queries."""
    return {
        "scale": number(numpy.float32(scale)),
        "eps": {f"norm{n}": eps_of(norm) for n, norm in enumerate(norms, 1)},
        "heads": heads,
        "key_heads": heads,
        "activation": name_activation(activation),
        "weights": tensors(layer),
    }


def list_kinds(layers):
    """The different layers, and which of them each one is."""
    kinds = []
    for layer in layers:
        if layer not in kinds:
            kinds.append(layer)
    runs = itertools.groupby(kinds.index(layer) for layer in layers)
    schedule = " ".join(f"{kind}x{len(list(run))}" for kind, run in runs)
    return {"kinds": kinds, "schedule": schedule}


def describe_gpt2(raw):
    """GPT-2 has names of its own."""
    config, model = build("gpt2", raw)
    feed(model, MASK, use_cache=False)
    body = model.transformer
    facts = {
        "model.embed_tokens.weight": shape(body.wte.weight),
        "model.embed_positions.weight": shape(body.wpe.weight),
        "model.norm.weight": shape(body.ln_f.weight),
        "model.norm.bias": shape(body.ln_f.bias),
        "max_position_embeddings": config.n_positions,
        "final_eps": eps_of(body.ln_f),
        "kinds": [],
    }
    if not config.tie_word_embeddings:
        facts["lm_head.weight"] = shape(model.lm_head.weight)
    layers = [
        describe_plain_layer(
            layer,
            f"{layer.attn.num_heads}x{layer.attn.head_dim}",
            layer.attn.scaling,
            (layer.ln_1, layer.ln_2),
            layer.mlp.act,
        )
        for layer in body.h
    ]
    return facts | list_kinds(layers)


def describe_bert(raw):
    """An encoder has no causal model."""
    config, model = build("bert", raw, transformers.AutoModel)
    feed(model, MASK, token_type_ids=TOKENS)
    tables = model.embeddings
    facts = {
        "model.embed_tokens.weight": shape(tables.word_embeddings.weight),
        "model.embed_positions.weight": shape(tables.position_embeddings.weight),
        "model.token_types.weight": shape(tables.token_type_embeddings.weight),
        "model.embed_norm.weight": shape(tables.LayerNorm.weight),
        "model.embed_norm.bias": shape(tables.LayerNorm.bias),
        "model.pooler.weight": shape(model.pooler.dense.weight),
        "model.pooler.bias": shape(model.pooler.dense.bias),
        "max_position_embeddings": config.max_position_embeddings,
        "final_eps": eps_of(tables.LayerNorm),
        # The hyperbolic tangent of the pooler.
        "logit_cap": 1.0,
        "kinds": [],
    }
    layers = []
    for layer in model.encoder.layer:
        attention = layer.attention.self
        layers.append(describe_plain_layer(
            layer,
            f"{attention.num_attention_heads}x{attention.attention_head_size}",
            attention.scaling,
            (layer.attention.output.LayerNorm, layer.output.LayerNorm),
            layer.intermediate.intermediate_act_fn,
        ))  # fmt: skip
    return facts | list_kinds(layers)


def describe(family, raw):
    own = {"bert": describe_bert, "gpt2": describe_gpt2}
    if family in own:
        return own[family](json.loads(json.dumps(raw)))
    config, model = build(family, json.loads(json.dumps(raw)))
    run(model)
    facts = {
        "model.embed_tokens.weight": shape(model.model.embed_tokens.weight),
        "model.norm.weight": shape(model.model.norm.weight),
        "max_position_embeddings": config.max_position_embeddings,
        "final_eps": eps_of(model.model.norm),
        "kinds": [],
    }
    if not config.tie_word_embeddings:
        facts["lm_head.weight"] = shape(model.lm_head.weight)
    if hasattr(model.model.embed_tokens, "scalar_embed_scale"):
        facts["embedding_scale"] = number(model.model.embed_tokens.scalar_embed_scale)
    if getattr(config, "embedding_multiplier", 1) != 1:
        facts["embedding_scale"] = number(config.embedding_multiplier)
    if getattr(config, "logits_scaling", 1) != 1:
        facts["logit_scale"] = number(1 / config.logits_scaling)
    if getattr(config, "final_logit_softcapping", None) is not None and family == "gemma2":
        facts["logit_cap"] = number(config.final_logit_softcapping)
    # Layers of one type are built alike, but for where experts begin.
    seen, layers = {}, []
    for n in range(config.num_hidden_layers):
        layer = model.model.layers[n]
        types = getattr(config, "layer_types", None)
        rotates = getattr(layer.self_attn, "use_rope", True)
        key = (types[n] if types else "", gate_of(layer) is not None, rotates)
        if key not in seen:
            seen[key] = describe_layer(family, raw, config, model, n)
        layers.append(seen[key])
    return facts | list_kinds(layers)


def loosen(value, nulls, key=""):
    """A configuration without keys that are null, and with floats for integers."""
    if key in FLOATS and isinstance(value, int):
        return float(value)
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if item is not None or key in nulls}
    return {key: loosen(item, nulls, key) for key, item in kept.items()}


def answer(family, raw, base):
    try:
        return difference(describe(family, raw), base)
    except Exception as error:  # noqa: BLE001: whatever stops the published model
        reason = type(error).__name__
    for nulls in (NULLS, ()):
        loose = loosen(raw, nulls)
        if json.dumps(loose) != json.dumps(raw):
            with contextlib.suppress(Exception):
                return ["loosely", difference(describe(family, loose), base)]
    return ["refused", reason]


def flatten(facts, prefix=""):
    result = {}
    for key, value in facts.items():
        if isinstance(value, dict):
            result |= flatten(value, f"{prefix}{key}/")
        else:
            result[prefix + key] = value
    return result


def difference(facts, base):
    """What differs; None for what the base alone has. A kind of layer differs from
    the kind of the base that it is most like."""
    result = flat_difference(facts, base)
    if facts["kinds"] != base["kinds"]:
        result["kinds"] = [kind_difference(kind, base["kinds"]) for kind in facts["kinds"]]
    return result


def flat_difference(facts, base):
    facts = flatten({key: value for key, value in facts.items() if key != "kinds"})
    base = flatten({key: value for key, value in base.items() if key != "kinds"})
    changed = {key: value for key, value in facts.items() if base.get(key) != value}
    return changed | {key: None for key in base if key not in facts}


def kind_difference(kind, known):
    found = [flat_difference(kind, other) | {"like": n} for n, other in enumerate(known)]
    return min(found, key=len)


def changes(raw, base):
    result = {key: value for key, value in raw.items() if key not in base or base[key] != value}
    return result | {key: "-" for key in base if key not in raw}


def main(folder, *only):
    for family, knobs in FAMILIES.items():
        if only and family not in only:
            continue
        rng = random.Random(f"{SEED} {family}")
        base, facts = knobs["base"], describe(family, knobs["base"])
        table, known, refused = [], set(), 0
        rows = knobs["rows"]
        while len(table) < rows:
            raw = draw(rng, knobs)
            changed = changes(raw, base)
            if json.dumps(changed, sort_keys=True) in known:
                continue
            known.add(json.dumps(changed, sort_keys=True))
            said = answer(family, raw, facts)
            if said[:1] == ["refused"] if isinstance(said, list) else False:
                if refused >= MOST_REFUSED * rows:
                    continue
                refused += 1
            table.append([changed, said])
        write(pathlib.Path(folder) / f"{family}.json", base, facts, table)


def write(path, base, facts, table):
    """A line for each row, so that a difference can be read."""
    def dump(value):
        return json.dumps(value, separators=(",", ":"))

    head = f'{{"transformers":"{transformers.__version__}","seed":{SEED},"digits":{DIGITS},\n'
    rows = ",\n".join(dump(row) for row in table)
    path.write_text(f'{head}"base":{dump(base)},\n"facts":{dump(facts)},\n"rows":[\n{rows}\n]}}\n')


if __name__ == "__main__":
    main(*sys.argv[1:])
