# Writes the tiny seeded checkpoints of checkpoint_cases.py as Hugging Face folders.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""For each case a folder NAME with config.json and safetensors, and NAME.tokens.json
beside it, a plain list: the prompt and then 32 tokens that are decoded one by one.
Needs NumPy alone; a name and a shape decide all bits of a tensor."""

import argparse
import json
import pathlib
import sys
import zlib

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import checkpoint_cases  # noqa: E402
from formats import safetensors_file  # noqa: E402

BLOCK = 128
# Families whose heads of queries and keys have norms.
HEAD_NORMS = ("gemma3_text", "qwen3", "qwen3_moe")


def source(*words):
    """RandomState, because its stream is frozen for all versions of NumPy."""
    return numpy.random.RandomState(zlib.crc32("/".join(words).encode()))


class Shapes:
    """Collects (name, shape) of a model, layer by layer."""

    def __init__(self, config, stacks=False):
        self.config, self.stacks, self.entries = config, stacks, []

    def add(self, name, *shape):
        self.entries.append((name, shape))

    def linear(self, name, rows, columns, bias=False):
        self.add(f"{name}.weight", rows, columns)
        if bias:
            self.add(f"{name}.bias", rows)

    def glu(self, name, inner, bias=False):
        hidden = self.config["hidden_size"]
        self.linear(f"{name}.gate_proj", inner, hidden, bias)
        self.linear(f"{name}.up_proj", inner, hidden, bias)
        self.linear(f"{name}.down_proj", hidden, inner, bias)

    def grouped_attention(self, name):
        config = self.config
        hidden, heads = config["hidden_size"], config["num_attention_heads"]
        size = config.get("head_dim") or hidden // heads
        keys = config["num_key_value_heads"]
        family = config["model_type"]
        outer = config.get("attention_bias", False)
        inner = outer or family in ("qwen2", "qwen2_moe")
        if family == "gpt_oss":
            outer = inner = config.get("attention_bias", True)
            self.add(f"{name}.sinks", heads)
        if family == "phi3":
            self.linear(f"{name}.qkv_proj", (heads + 2 * keys) * size, hidden)
            self.linear(f"{name}.o_proj", hidden, heads * size)
            return
        self.linear(f"{name}.q_proj", heads * size, hidden, inner)
        self.linear(f"{name}.k_proj", keys * size, hidden, inner)
        self.linear(f"{name}.v_proj", keys * size, hidden, inner)
        outer = outer and family != "glm4_moe"
        self.linear(f"{name}.o_proj", hidden, heads * size, outer)
        if family == "olmoe":
            self.add(f"{name}.q_norm.weight", heads * size)
            self.add(f"{name}.k_norm.weight", keys * size)
        elif family in HEAD_NORMS or (family == "glm4_moe" and config.get("use_qk_norm")):
            self.add(f"{name}.q_norm.weight", size)
            self.add(f"{name}.k_norm.weight", size)

    def latent_attention(self, name):
        config = self.config
        hidden, heads = config["hidden_size"], config["num_attention_heads"]
        plain, turned = config["qk_nope_head_dim"], config["qk_rope_head_dim"]
        rank, value = config["kv_lora_rank"], config["v_head_dim"]
        query_rank = config["q_lora_rank"]
        if query_rank is None:
            self.linear(f"{name}.q_proj", heads * (plain + turned), hidden)
        else:
            self.linear(f"{name}.q_a_proj", query_rank, hidden)
            self.add(f"{name}.q_a_layernorm.weight", query_rank)
            self.linear(f"{name}.q_b_proj", heads * (plain + turned), query_rank)
        self.linear(f"{name}.kv_a_proj_with_mqa", rank + turned, hidden)
        self.add(f"{name}.kv_a_layernorm.weight", rank)
        self.linear(f"{name}.kv_b_proj", heads * (plain + value), rank)
        self.linear(f"{name}.o_proj", hidden, heads * value)
        if "index_topk" in config:
            self.indexer(f"{name}.indexer")

    def indexer(self, name):
        config = self.config
        heads, width = config["index_n_heads"], config["index_head_dim"]
        self.linear(f"{name}.wq_b", heads * width, config["q_lora_rank"])
        self.linear(f"{name}.wk", width, config["hidden_size"])
        self.add(f"{name}.k_norm.weight", width)
        self.add(f"{name}.k_norm.bias", width)
        self.linear(f"{name}.weights_proj", heads, config["hidden_size"])

    def experts(self, name):
        config = self.config
        hidden, family = config["hidden_size"], config["model_type"]
        count, inner = count_experts(config), expert_width(config)
        if family == "gpt_oss":
            self.interleaved_experts(name, count, inner)
            return
        is_old_mixtral = family == "mixtral" and not self.stacks
        block = name.replace("mlp", "block_sparse_moe") if is_old_mixtral else name
        self.add(f"{block}.gate.weight", count, hidden)
        if family in ("deepseek_v3", "deepseek_v32", "kimi_k2", "glm4_moe"):
            self.add(f"{name}.gate.e_score_correction_bias", count)
        if self.stacks:
            self.add(f"{name}.experts.gate_up_proj", count, 2 * inner, hidden)
            self.add(f"{name}.experts.down_proj", count, hidden, inner)
        for expert in range(0 if self.stacks else count):
            if is_old_mixtral:
                self.add(f"{block}.experts.{expert}.w1.weight", inner, hidden)
                self.add(f"{block}.experts.{expert}.w2.weight", hidden, inner)
                self.add(f"{block}.experts.{expert}.w3.weight", inner, hidden)
            else:
                self.glu(f"{name}.experts.{expert}", inner)
        if config.get("n_shared_experts"):
            self.glu(f"{name}.shared_experts", inner * config["n_shared_experts"])
        if "shared_expert_intermediate_size" in config:
            self.glu(f"{name}.shared_expert", config["shared_expert_intermediate_size"])
            self.add(f"{name}.shared_expert_gate.weight", 1, hidden)

    def interleaved_experts(self, name, count, inner):
        """Those of gpt_oss: rows in blocks, or columns, with biases."""
        hidden = self.config["hidden_size"]
        self.linear(f"{name}.router", count, hidden, bias=True)
        for part, rows, columns in (("gate_up", 2 * inner, hidden), ("down", hidden, inner)):
            tensor = f"{name}.experts.{part}_proj"
            if "quantization_config" in self.config:
                self.add(f"{tensor}_blocks", count, rows, columns // 32, 16)
                self.add(f"{tensor}_scales", count, rows, columns // 32)
            else:
                self.add(tensor, count, columns, rows)
            self.add(f"{tensor}_bias", count, rows)

    def llama4_mlp(self, name, has_experts):
        config = self.config
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        if not has_experts:
            self.glu(name, config["intermediate_size_mlp"])
            return
        count = config["num_local_experts"]
        self.linear(f"{name}.router", count, hidden)
        self.add(f"{name}.experts.gate_up_proj", count, hidden, 2 * inner)
        self.add(f"{name}.experts.down_proj", count, inner, hidden)
        self.glu(f"{name}.shared_expert", inner)

    def block(self, name, has_experts):
        config = self.config
        is_gemma = config["model_type"].startswith("gemma")
        norms = ["input_layernorm", "post_attention_layernorm"]
        if is_gemma:
            norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
        for norm in norms:
            self.add(f"{name}.{norm}.weight", config["hidden_size"])
        if "kv_lora_rank" in config:
            self.latent_attention(f"{name}.self_attn")
        else:
            self.grouped_attention(f"{name}.self_attn")
        if config["model_type"] == "llama4_text":
            self.llama4_mlp(f"{name}.feed_forward", has_experts)
        elif has_experts:
            self.experts(f"{name}.mlp")
        elif config["model_type"] == "phi3":
            inner, hidden = config["intermediate_size"], config["hidden_size"]
            self.linear(f"{name}.mlp.gate_up_proj", 2 * inner, hidden)
            self.linear(f"{name}.mlp.down_proj", hidden, inner)
        else:
            bias = config.get("mlp_bias", False)
            self.glu(f"{name}.mlp", config["intermediate_size"], bias)

    def prediction_module(self, name):
        hidden, vocabulary = self.config["hidden_size"], self.config["vocab_size"]
        self.add(f"{name}.embed_tokens.weight", vocabulary, hidden)
        self.add(f"{name}.enorm.weight", hidden)
        self.add(f"{name}.hnorm.weight", hidden)
        self.linear(f"{name}.eh_proj", hidden, 2 * hidden)
        self.block(name, has_experts=True)
        self.add(f"{name}.shared_head.norm.weight", hidden)
        self.add(f"{name}.shared_head.head.weight", vocabulary, hidden)


class Gpt2Shapes(Shapes):
    """Matrices have a row for each input, and every module has a bias."""

    def columns(self, name, inputs, outputs):
        self.add(f"{name}.weight", inputs, outputs)
        self.add(f"{name}.bias", outputs)

    def norm(self, name):
        self.add(f"{name}.weight", self.config["n_embd"])
        self.add(f"{name}.bias", self.config["n_embd"])

    def model(self, prefix, masks=False):
        config, hidden = self.config, self.config["n_embd"]
        inner = config["n_inner"] or 4 * hidden
        self.add(f"{prefix}wte.weight", config["vocab_size"], hidden)
        self.add(f"{prefix}wpe.weight", config["n_positions"], hidden)
        for n in range(config["n_layer"]):
            name = f"{prefix}h.{n}"
            self.norm(f"{name}.ln_1")
            if masks:
                size = config["n_positions"]
                self.add(f"{name}.attn.bias", 1, 1, size, size)
                self.add(f"{name}.attn.masked_bias")
            self.columns(f"{name}.attn.c_attn", hidden, 3 * hidden)
            self.columns(f"{name}.attn.c_proj", hidden, hidden)
            self.norm(f"{name}.ln_2")
            self.columns(f"{name}.mlp.c_fc", hidden, inner)
            self.columns(f"{name}.mlp.c_proj", inner, hidden)
        self.norm(f"{prefix}ln_f")
        if not is_tied(config):
            self.add("lm_head.weight", config["vocab_size"], hidden)


class BertShapes(Shapes):
    """Every module has a bias; norms have older names in some files."""

    def norm(self, name, old):
        self.add(f"{name}.{'gamma' if old else 'weight'}", self.config["hidden_size"])
        self.add(f"{name}.{'beta' if old else 'bias'}", self.config["hidden_size"])

    def model(self, prefix, old_norms=False, pooler=False):
        config, hidden = self.config, self.config["hidden_size"]
        inner = config["intermediate_size"]
        for name, rows in [
            ("word", "vocab_size"),
            ("position", "max_position_embeddings"),
            ("token_type", "type_vocab_size"),
        ]:
            self.add(f"{prefix}embeddings.{name}_embeddings.weight", config[rows], hidden)
        self.norm(f"{prefix}embeddings.LayerNorm", old_norms)
        for n in range(config["num_hidden_layers"]):
            name = f"{prefix}encoder.layer.{n}"
            for part in ("query", "key", "value"):
                self.linear(f"{name}.attention.self.{part}", hidden, hidden, True)
            self.linear(f"{name}.attention.output.dense", hidden, hidden, True)
            self.norm(f"{name}.attention.output.LayerNorm", old_norms)
            self.linear(f"{name}.intermediate.dense", inner, hidden, True)
            self.linear(f"{name}.output.dense", hidden, inner, True)
            self.norm(f"{name}.output.LayerNorm", old_norms)
        if pooler:
            self.linear(f"{prefix}pooler.dense", hidden, hidden, True)


def count_experts(config):
    keys = ("n_routed_experts", "num_experts", "num_local_experts")
    return next((config[key] for key in keys if config.get(key) is not None), None)


def expert_width(config):
    return config.get("moe_intermediate_size", config["intermediate_size"])


def has_experts(config, n):
    return (
        count_experts(config) is not None
        and n >= config.get("first_k_dense_replace", 0)
        and n % config.get("moe_layer_freq", 1) == 0
        and (n + 1) % config.get("decoder_sparse_step", 1) == 0
        and (n + 1) % config.get("interleave_moe_layer_step", 1) == 0
        and n in config.get("moe_layers", [n])
        and n not in (config.get("mlp_only_layers") or [])
    )


def is_tied(config):
    default = config["model_type"] in ("gemma2", "gemma3_text", "gpt2", "smollm3")
    return config.get("tie_word_embeddings", default)


def shapes(config, predicts=False, stacks=False, prefix="", **further):
    own = {"gpt2": Gpt2Shapes, "bert": BertShapes}.get(config["model_type"])
    if own:
        model = own(config)
        model.model(prefix, **further)
        return model.entries
    model = Shapes(config, stacks)
    hidden, vocabulary = config["hidden_size"], config["vocab_size"]
    layers = config["num_hidden_layers"]
    model.add("model.embed_tokens.weight", vocabulary, hidden)
    for n in range(layers):
        model.block(f"model.layers.{n}", has_experts(config, n))
    if predicts:
        model.prediction_module(f"model.layers.{layers}")
    model.add("model.norm.weight", hidden)
    if not is_tied(config):
        model.add("lm_head.weight", vocabulary, hidden)
    return model.entries


def values(case, name, shape):
    """Scaled so that scores and logits have a spread of one to three, and that
    no norm, bias or router is neutral."""
    random = source(case["name"], name).standard_normal(shape)
    is_gemma = case["config"]["model_type"].startswith("gemma")
    if name.endswith("e_score_correction_bias"):
        return case.get("bias_mean", 0.0) + 0.2 * random
    if name.endswith((".attn.bias", ".masked_bias")):
        return numpy.tril(numpy.ones(shape)) if shape else numpy.array(-1e4)
    if name.endswith((".bias", "_proj_bias", ".beta")):
        return 0.3 * random
    if ".mlp.experts." in name and case["config"]["model_type"] == "gpt_oss":
        # Gates and projections up of which some pass the limit.
        gain = 4.0 if "gate_up" in name else 1.0
        return gain * random / shape[-2] ** 0.5
    if len(shape) == 1:
        return 0.3 * random + (0 if is_gemma else 1)
    embeddings = ("model.embed_tokens.weight", "wte.weight")
    if name.endswith(embeddings) and not is_tied(case["config"]):
        return random
    gain = 1.0
    heads = ("lm_head.weight", "embed_tokens.weight", "wte.weight")
    if name.endswith((*heads, "gate.weight", "feed_forward.router.weight")):
        gain = 2.0
    if name.endswith("_embeddings.weight"):
        return 0.7 * random
    queries = ("q_proj.weight", "k_proj.weight", "q_b_proj.weight", "qkv_proj.weight")
    if name.endswith((*queries, "self.query.weight", "self.key.weight")):
        gain = 1.4
    if ".c_" in name:
        return 1.3 * random / shape[0] ** 0.5
    # The experts of Llama 4 have their inputs as rows.
    inputs = shape[-2] if ".feed_forward.experts." in name else shape[-1]
    return gain * random / inputs**0.5


def is_in_blocks(case, name, shape):
    """The matrices that released fp8 checkpoints store in blocks."""
    kept = ("embed_tokens.weight", "lm_head.weight", "mlp.gate.weight")
    method = case["config"].get("quantization_config", {}).get("quant_method")
    in_blocks = method == "fp8"
    return in_blocks and len(shape) == 2 and not name.endswith(kept)


def block_scales(matrix):
    """The largest size in each block over 448, [ceil(N / 128), ceil(K / 128)]."""
    rows, columns = (-(-size // BLOCK) for size in matrix.shape)
    padded = numpy.zeros((rows * BLOCK, columns * BLOCK))
    padded[: matrix.shape[0], : matrix.shape[1]] = numpy.abs(matrix)
    largest = padded.reshape(rows, BLOCK, columns, BLOCK).max(axis=(1, 3))
    return (largest / 448).astype(numpy.float32)


def drawn_bytes(case, name, shape):
    """All codes of 4 bits, and powers of two for numbers of a deviation of about
    1 / sqrt(columns), or 4 of it for gates and projections up."""
    random = source(case["name"], name)
    if name.endswith("_blocks"):
        return random.randint(0, 256, shape)
    usual = 127 - round(numpy.log2(2.5 * (32 * shape[-1]) ** 0.5))
    return usual + 2 * ("gate_up" in name) + random.randint(-1, 2, shape)


def stored_tensors(case):
    """Name to (format, values) in the order of the file."""
    tensors = {}
    keys = ("predicts", "stacks", "masks", "prefix", "old_norms", "pooler")
    options = {key: case[key] for key in keys if key in case}
    for name, shape in shapes(case["config"], **options):
        if name.endswith(("_blocks", "_scales")):
            tensors[name] = ("U8", drawn_bytes(case, name, shape))
            continue
        tensor = values(case, name, shape)
        if is_in_blocks(case, name, shape):
            scales = block_scales(tensor)
            grid = scales.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
            codes = tensor / grid[: shape[0], : shape[1]]
            tensors[name] = ("F8_E4M3", codes)
            tensors[f"{name}_scale_inv"] = ("F32", scales)
        elif name.endswith("e_score_correction_bias"):
            tensors[name] = ("F32", tensor)
        else:
            tensors[name] = (case["storage"], tensor)
    return tensors


def write_case(case, output):
    folder = output / case["name"]
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(case["config"], indent=2) + "\n"
    (folder / "config.json").write_text(text)
    tensors = stored_tensors(case)
    entries = [(name, kind, data.shape) for name, (kind, data) in tensors.items()]
    safetensors_file.write_sharded(
        folder, entries, lambda name: tensors[name][1], case["shards"]
    )
    count = case["prompt"] + checkpoint_cases.DECODED
    vocabulary = case["config"]["vocab_size"]
    random = source(case["name"], "tokens", *case.get("further_seed", []))
    tokens = random.randint(0, vocabulary, count).tolist()
    beside = output / f"{case['name']}.tokens.json"
    beside.write_text(json.dumps(tokens) + "\n")


def main():
    parser = argparse.ArgumentParser(description="writes tiny checkpoints")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--only", nargs="*", help="names of cases; default all")
    parser.add_argument("--list", action="store_true", help="print names and stop")
    options = parser.parse_args()
    known = [case["name"] for case in checkpoint_cases.CASES]
    unknown = set(options.only or []) - set(known)
    if unknown:
        parser.error(f"unknown case {sorted(unknown)[0]}; known: {', '.join(known)}")
    for case in checkpoint_cases.CASES:
        if options.only and case["name"] not in options.only:
            continue
        if options.list:
            print(case["name"])
        else:
            write_case(case, options.output)


if __name__ == "__main__":
    main()
