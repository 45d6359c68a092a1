# Computes the logits of all families with NumPy.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Written from the models' definitions, one family after the other, slow and
literal. It needs NumPy alone and computes in float64 on the stored weights.

  numpy_reference.py NAME...       a folder beside NAME.tokens.json;
                                   writes NAME.logits.npy beside both
  numpy_reference.py --all DIR     the same for every folder in DIR

With --cache-type=bf16 the rows of caches are rounded, as by a compiler that is
told the same.
"""

import argparse
import json
import math
import pathlib
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rotary  # noqa: E402
from formats import safetensors_file  # noqa: E402

# Rows of scores that are alive at once, for all heads of one key head.
QUERY_ROWS = 256
# Rows of the head that are alive at once; a vocabulary may have 262144.
HEAD_ROWS = 32768


def silu(x):
    # exp of a negative number alone, so that nothing overflows.
    small = numpy.exp(-numpy.abs(x))
    return x * numpy.where(x >= 0, 1, small) / (1 + small)


def gelu(x):
    erf = numpy.vectorize(math.erf, otypes=[x.dtype])
    return 0.5 * x * (1 + erf(x / 2**0.5))


def gelu_tanh(x):
    return 0.5 * x * (1 + numpy.tanh((2 / numpy.pi) ** 0.5 * (x + 0.044715 * x**3)))


def softmax(x):
    shifted = numpy.exp(x - x.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def round_to_bfloat16(x):
    """To nearest even, of numbers that are finite in float32."""
    bits = x.astype(numpy.float32).view(numpy.uint32)
    bits = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
    return bits.view(numpy.float32).astype(x.dtype)


def root_mean_square(x, weight, eps):
    return weight * (x / numpy.sqrt((x * x).mean(axis=-1, keepdims=True) + eps))


def layer_norm(x, weight, bias, eps):
    centered = x - x.mean(axis=-1, keepdims=True)
    return root_mean_square(centered, weight, eps) + bias


def largest(values, count):
    """The indices of the largest values of each row; a tie goes to the lower."""
    return numpy.argsort(-values, axis=-1, kind="stable")[:, :count]


def keep_best_groups(choice, group_scores, count, fill):
    """Replaces the scores outside the best groups by `fill`."""
    best = largest(group_scores, count)
    kept = numpy.zeros(group_scores.shape, bool)
    numpy.put_along_axis(kept, best, True, axis=1)
    size = choice.shape[1] // group_scores.shape[1]
    return numpy.where(kept.repeat(size, axis=1), choice, fill)


def route_by_sigmoids(model, x, name, default_scale):
    """The experts of each token and their weights, for DeepSeek-V3 and its kin."""
    config = model.config
    scores = 1 / (1 + numpy.exp(-(x @ model.weight(f"{name}.gate.weight").T)))
    choice = scores
    if f"{name}.gate.e_score_correction_bias" in model.weights:
        choice = scores + model.weight(f"{name}.gate.e_score_correction_bias")
    groups = numpy.sort(choice.reshape(len(x), config["n_group"], -1), axis=-1)
    best = groups[..., -2:].sum(axis=-1)
    choice = keep_best_groups(choice, best, config["topk_group"], -numpy.inf)
    chosen = largest(choice, config["num_experts_per_tok"])
    weights = numpy.take_along_axis(scores, chosen, axis=1)
    if config.get("norm_topk_prob", True):
        weights = weights / (weights.sum(axis=1, keepdims=True) + 1e-20)
    return chosen, weights * config.get("routed_scaling_factor", default_scale)


def attend_to_all(query, key, value, scale):
    """Attention of every token to all. All three are [tokens, heads, d]."""
    heads = range(query.shape[1])
    rows = [softmax(query[:, h] @ key[:, h].T * scale) @ value[:, h] for h in heads]
    return numpy.stack(rows, axis=1)


def attend(
    query, key, value, scale, window=None, cap=None, sinks=None, chunk=None, seen=None
):
    """Causal attention. Query [tokens, heads, d], key and value with a divisor
    of that many heads; a window counts the token itself, scores stay below
    `cap`, a token sees its chunk, and of all keys those that `seen` says. A sink is
    one more score of a head, without a value."""
    tokens, heads, _ = query.shape
    shared = heads // key.shape[1]
    result = numpy.empty((tokens, heads, value.shape[-1]), query.dtype)
    for low in range(0, tokens, QUERY_ROWS):
        high = min(low + QUERY_ROWS, tokens)
        distance = numpy.arange(low, high)[:, None] - numpy.arange(high)[None]
        hidden = distance < 0
        if window is not None:
            hidden |= distance >= window
        if chunk is not None:
            begin = numpy.arange(low, high) // chunk * chunk
            hidden |= numpy.arange(high)[None] < begin[:, None]
        if seen is not None:
            hidden |= ~seen[low:high, :high]
        for head in range(heads):
            keys = key[:high, head // shared]
            scores = query[low:high, head] @ keys.T * scale
            if cap is not None:
                scores = cap * numpy.tanh(scores / cap)
            scores = numpy.where(hidden, -numpy.inf, scores)
            if sinks is not None:
                column = numpy.full((high - low, 1), sinks[head])
                scores = numpy.concatenate([scores, column], axis=1)
            weights = softmax(scores)[:, :high]
            result[low:high, head] = weights @ value[:high, head // shared]
    return result


class Model:
    """What all families share. `weights` maps a name to an array."""

    # Whether the rows of caches are rounded to bfloat16.
    rounds_cache = False

    def __init__(self, config, weights, dtype=numpy.float64):
        self.config, self.weights, self.dtype = config, weights, dtype
        self.eps = config.get("rms_norm_eps", 1e-6)
        self.heads = config["num_attention_heads"]

    def weight(self, name):
        return self.weights[name].astype(self.dtype)

    def linear(self, x, name):
        y = x @ self.weight(f"{name}.weight").T
        return y + self.weight(f"{name}.bias") if f"{name}.bias" in self.weights else y

    def norm(self, x, name, eps=None):
        weight = self.weight(f"{name}.weight")
        return root_mean_square(x, weight, self.eps if eps is None else eps)

    def cached(self, rows):
        """What attention reads of rows that went into a cache."""
        return round_to_bfloat16(rows) if self.rounds_cache else rows

    def activation(self, x):
        return silu(x)

    def glu(self, x, name):
        gate = self.activation(self.linear(x, f"{name}.gate_proj"))
        up = self.linear(x, f"{name}.up_proj")
        return self.linear(gate * up, f"{name}.down_proj")

    def embed(self, tokens):
        rows = self.weights["model.embed_tokens.weight"][numpy.asarray(tokens, int)]
        return rows.astype(self.dtype)

    def block(self, h, n):
        name = f"model.layers.{n}"
        h = h + self.attention(self.norm(h, f"{name}.input_layernorm"), n)
        return h + self.mlp(self.norm(h, f"{name}.post_attention_layernorm"), n)

    def mlp(self, x, n):
        return self.glu(x, f"model.layers.{n}.mlp")

    def expert(self, x, name, e):
        """One expert of a layer, whose tensors have its number, or are rows of
        tensors of all experts."""
        if f"{name}.experts.gate_up_proj" not in self.weights:
            return self.glu(x, f"{name}.experts.{e}")
        both = x @ self.weight(f"{name}.experts.gate_up_proj")[e].T
        gate, up = numpy.split(both, 2, axis=-1)
        down = self.weight(f"{name}.experts.down_proj")[e]
        return (self.activation(gate) * up) @ down.T

    def mix(self, x, name, chosen, weights):
        """The weighted sum of the chosen experts of each token."""
        result = numpy.zeros_like(x)
        for e in numpy.unique(chosen):
            tokens, place = numpy.nonzero(chosen == e)
            rows = self.expert(x[tokens], name, e)
            result[tokens] += weights[tokens, place][:, None] * rows
        return result

    def ties_embeddings(self):
        return self.config.get("tie_word_embeddings", False)

    def head(self, h):
        """Yields the logits by ranges of the vocabulary."""
        tied = self.ties_embeddings() or "lm_head.weight" not in self.weights
        name = "model.embed_tokens.weight" if tied else "lm_head.weight"
        matrix = self.weights[name]
        for low in range(0, len(matrix), HEAD_ROWS):
            rows = matrix[low : low + HEAD_ROWS].astype(self.dtype)
            yield low, low + len(rows), h @ rows.T

    def hidden(self, tokens):
        """The final, normalized hidden state of each token."""
        h = self.embed(tokens)
        for n in range(self.config["num_hidden_layers"]):
            h = self.block(h, n)
        return self.norm(h, "model.norm")

    def logits(self, tokens):
        parts = [part for _, _, part in self.head(self.hidden(tokens))]
        return numpy.concatenate(parts, axis=1)


class Llama(Model):
    """Grouped queries, rotary over halves; qwen2 adds biases and a window."""

    def layer_type(self, n):
        return "full_attention"

    def window(self, n):
        return None

    def chunk(self, n):
        return None

    def cap(self):
        """What scores stay below."""
        return None

    def temper(self, query, n):
        return query

    def head_norm(self, x, name):
        return x

    def sinks(self, name):
        """A score without a value of each head."""
        return None

    def project(self, x, name):
        """Rows of queries, of keys and of values."""
        return [self.linear(x, f"{name}.{letter}_proj") for letter in "qkv"]

    def head_size(self):
        default = self.config["hidden_size"] // self.heads
        return self.config.get("head_dim") or default

    def scale(self):
        return self.head_size() ** -0.5

    def turned_size(self):
        """How many elements of a head rotate; they come first."""
        return self.head_size()

    def turn(self, x, n):
        size = self.turned_size()
        rope = rotary.settings(self.config, self.layer_type(n))
        tables = rotary.tables(rope, size, numpy.arange(len(x)))
        first = rotary.rotate(x[..., :size], *tables, interleaved=False)
        return numpy.concatenate([first, x[..., size:]], axis=-1)

    def attention(self, x, n):
        name = f"model.layers.{n}.self_attn"
        tokens, size = len(x), self.head_size()
        rows = self.project(x, name)
        query, key, value = (part.reshape(tokens, -1, size) for part in rows)
        query = self.head_norm(query, f"{name}.q_norm")
        key = self.head_norm(key, f"{name}.k_norm")
        if self.config.get("clip_qkv") is not None:
            limit = self.config["clip_qkv"]
            query, key, value = (part.clip(-limit, limit) for part in (query, key, value))
        query, key = self.temper(self.turn(query, n), n), self.turn(key, n)
        key, value = self.cached(key), self.cached(value)
        sees = {"window": self.window(n), "cap": self.cap(), "chunk": self.chunk(n)}
        rows = attend(query, key, value, self.scale(), sinks=self.sinks(name), **sees)
        return self.linear(rows.reshape(tokens, -1), f"{name}.o_proj")


class Qwen2(Llama):
    def window(self, n):
        if not self.config.get("use_sliding_window", False):
            return None
        kinds = self.config.get("layer_types")
        first = self.config.get("max_window_layers", 28)
        slides = kinds[n] == "sliding_attention" if kinds else n >= first
        return self.config["sliding_window"] if slides else None


class Qwen3(Qwen2):
    """Norms of the heads of queries and keys before they rotate."""

    def head_norm(self, x, name):
        return self.norm(x, name)


class Mistral(Llama):
    def window(self, n):
        return self.config.get("sliding_window", 4096)


class SmolLM3(Llama):
    """Some layers do not rotate; a window is theirs."""

    def ties_embeddings(self):
        return self.config.get("tie_word_embeddings", True)

    def rotates(self, n):
        listed = self.config.get("no_rope_layers")
        every = self.config.get("no_rope_layer_interval", 4)
        return listed[n] if listed else (n + 1) % every != 0

    def turn(self, x, n):
        return super().turn(x, n) if self.rotates(n) else x

    def window(self, n):
        slides = self.config.get("use_sliding_window") and not self.rotates(n)
        return self.config.get("sliding_window") if slides else None


class Llama4(Llama):
    """Chunks, norms of heads that have rotated, temperatures of those that do not,
    and one expert of each token, which reads the token times its weight."""

    def __init__(self, config, weights, dtype=numpy.float64):
        super().__init__(config, weights, dtype)
        self.eps = config.get("rms_norm_eps", 1e-5)

    def rotates(self, n):
        listed = self.config.get("no_rope_layers")
        every = self.config.get("no_rope_layer_interval", 4)
        return listed[n] if listed else (n + 1) % every != 0

    def chunk(self, n):
        size = self.config.get("attention_chunk_size", 8192)
        kinds = self.config.get("layer_types")
        has_chunks = kinds[n] == "chunked_attention" if kinds else self.rotates(n)
        return size if has_chunks else None

    def turn(self, x, n):
        if not self.rotates(n):
            return x
        rope = rotary.settings(self.config)
        tables = rotary.tables(rope, self.head_size(), numpy.arange(len(x)))
        x = rotary.rotate(x, *tables, interleaved=True)
        if not self.config.get("use_qk_norm", True):
            return x
        return root_mean_square(x, 1, self.eps)

    def temper(self, query, n):
        if self.rotates(n) or not self.config.get("attn_temperature_tuning", True):
            return query
        position = numpy.arange(len(query))
        passed = (position + 1) // self.config.get("floor_scale", 8192)
        factor = 1 + self.config.get("attn_scale", 0.1) * numpy.log(1 + passed)
        return query * factor[:, None, None]

    def has_experts(self, n):
        listed = self.config.get("moe_layers")
        every = self.config.get("interleave_moe_layer_step", 1)
        return n in listed if listed is not None else (n + 1) % every == 0

    def mlp(self, x, n):
        name = f"model.layers.{n}.feed_forward"
        if not self.has_experts(n):
            return self.glu(x, name)
        logits = self.linear(x, f"{name}.router")
        chosen = largest(logits, self.config["num_experts_per_tok"])
        scores = 1 / (1 + numpy.exp(-numpy.take_along_axis(logits, chosen, axis=1)))
        result = self.glu(x, f"{name}.shared_expert")
        for e in numpy.unique(chosen):
            tokens, place = numpy.nonzero(chosen == e)
            rows = x[tokens] * scores[tokens, place][:, None]
            both = rows @ self.weight(f"{name}.experts.gate_up_proj")[e]
            gate, up = numpy.split(both, 2, axis=-1)
            down = self.weight(f"{name}.experts.down_proj")[e]
            result[tokens] += (self.activation(gate) * up) @ down
        return result


class Mixtral(Llama):
    """Experts by a softmax over the logits of the best."""

    def window(self, n):
        return self.config.get("sliding_window")

    def expert(self, x, name, e):
        if f"{name}.experts.gate_up_proj" in self.weights:
            return super().expert(x, name, e)
        name = f"{name.replace('mlp', 'block_sparse_moe')}.experts.{e}"
        inner = silu(self.linear(x, f"{name}.w1")) * self.linear(x, f"{name}.w3")
        return self.linear(inner, f"{name}.w2")

    def mlp(self, x, n):
        name = f"model.layers.{n}.mlp"
        gate = f"{name}.gate.weight"
        if gate not in self.weights:
            gate = f"model.layers.{n}.block_sparse_moe.gate.weight"
        logits = x @ self.weight(gate).T
        chosen = largest(logits, self.config["num_experts_per_tok"])
        weights = softmax(numpy.take_along_axis(logits, chosen, axis=1))
        return self.mix(x, name, chosen, weights)


class QwenExperts(Llama):
    """What qwen2_moe, qwen3_moe and olmoe share: which layers have experts, and a
    softmax over all of them."""

    def has_experts(self, n):
        listed = self.config.get("mlp_only_layers") or []
        every = self.config.get("decoder_sparse_step", 1)
        return n not in listed and (n + 1) % every == 0

    def shared(self, x, name):
        return 0

    def mlp(self, x, n):
        name = f"model.layers.{n}.mlp"
        if not self.has_experts(n):
            return self.glu(x, name)
        scores = softmax(x @ self.weight(f"{name}.gate.weight").T)
        chosen = largest(scores, self.config["num_experts_per_tok"])
        weights = numpy.take_along_axis(scores, chosen, axis=1)
        if self.config.get("norm_topk_prob", False):
            weights = weights / weights.sum(axis=1, keepdims=True)
        return self.mix(x, name, chosen, weights) + self.shared(x, name)


class Qwen2Moe(QwenExperts):
    """An expert that all tokens share, with a gate of its own."""

    def window(self, n):
        slides = n % 2 == 0 and n < self.config.get("max_window_layers", 28)
        used = self.config.get("use_sliding_window") and slides
        return self.config["sliding_window"] if used else None

    def shared(self, x, name):
        logit = x @ self.weight(f"{name}.shared_expert_gate.weight").T
        return self.glu(x, f"{name}.shared_expert") / (1 + numpy.exp(-logit))


class Qwen3Moe(QwenExperts):
    def head_norm(self, x, name):
        return self.norm(x, name)

    def window(self, n):
        used = self.config.get("use_sliding_window")
        return self.config.get("sliding_window") if used else None


class Olmoe(QwenExperts):
    """The norms of queries and keys are over all heads together."""

    def head_norm(self, x, name):
        return self.norm(x.reshape(len(x), -1), name).reshape(x.shape)


class Glm4Moe(Llama):
    """The router of DeepSeek-V3 in a model whose heads rotate in part."""

    def turned_size(self):
        return int(self.head_size() * self.config.get("partial_rotary_factor", 0.5))

    def head_norm(self, x, name):
        return self.norm(x, name) if self.config.get("use_qk_norm") else x

    def mlp(self, x, n):
        name = f"model.layers.{n}.mlp"
        if n < self.config.get("first_k_dense_replace", 1):
            return self.glu(x, name)
        routed = self.mix(x, name, *route_by_sigmoids(self, x, name, 1.0))
        return routed + self.glu(x, f"{name}.shared_experts")


class Phi3(Llama):
    """Projections that share a matrix."""

    def window(self, n):
        return self.config.get("sliding_window")

    def project(self, x, name):
        queries = self.heads * self.head_size()
        keys = self.config["num_key_value_heads"] * self.head_size()
        both = self.linear(x, f"{name}.qkv_proj")
        return numpy.split(both, [queries, queries + keys], axis=-1)

    def turned_size(self):
        return int(self.head_size() * self.config.get("partial_rotary_factor", 1.0))

    def mlp(self, x, n):
        name = f"model.layers.{n}.mlp"
        gate, up = numpy.split(self.linear(x, f"{name}.gate_up_proj"), 2, axis=-1)
        return self.linear(self.activation(gate) * up, f"{name}.down_proj")


class Granite(Llama):
    """Factors of embeddings, scores, residuals and logits."""

    def embed(self, tokens):
        return super().embed(tokens) * self.config.get("embedding_multiplier", 1.0)

    def scale(self):
        return self.config.get("attention_multiplier", 1.0)

    def block(self, h, n):
        name, factor = f"model.layers.{n}", self.config.get("residual_multiplier", 1.0)
        h = h + factor * self.attention(self.norm(h, f"{name}.input_layernorm"), n)
        return h + factor * self.mlp(self.norm(h, f"{name}.post_attention_layernorm"), n)

    def head(self, h):
        for low, high, part in super().head(h):
            yield low, high, part / self.config.get("logits_scaling", 1.0)


class GptOss(Llama):
    """Sinks, windows in every other layer, and experts with biases whose gates and
    projections up are limited and lie in turn."""

    def window(self, n):
        kinds = self.config.get("layer_types")
        slides = kinds[n] == "sliding_attention" if kinds else n % 2 == 0
        return self.config.get("sliding_window", 128) if slides else None

    def sinks(self, name):
        return self.weight(f"{name}.sinks")

    def project_expert(self, x, name, e):
        bias = self.weight(f"{name}_bias")[e]
        if f"{name}_blocks" in self.weights:
            return x @ self.weight(f"{name}_blocks")[e].T + bias
        return x @ self.weight(name)[e] + bias

    def expert(self, x, name, e):
        limit = self.config.get("swiglu_limit", 7.0)
        both = self.project_expert(x, f"{name}.experts.gate_up_proj", e)
        gate = numpy.minimum(both[:, ::2], limit)
        up = both[:, 1::2].clip(-limit, limit)
        gate = gate / (1 + numpy.exp(-gate * self.config.get("swiglu_alpha", 1.702)))
        return self.project_expert(gate * (up + 1), f"{name}.experts.down_proj", e)

    def mlp(self, x, n):
        name = f"model.layers.{n}.mlp"
        logits = self.linear(x, f"{name}.router")
        chosen = largest(logits, self.config["num_experts_per_tok"])
        weights = softmax(numpy.take_along_axis(logits, chosen, axis=1))
        return self.mix(x, name, chosen, weights)


class Gemma3(Llama):
    """Four norms of one plus the weight, norms of heads, windows by pattern."""

    def activation(self, x):
        return gelu_tanh(x)

    def norm(self, x, name, eps=None):
        weight = 1 + self.weight(f"{name}.weight")
        return root_mean_square(x, weight, self.eps)

    def head_norm(self, x, name):
        return self.norm(x, name)

    def ties_embeddings(self):
        return self.config.get("tie_word_embeddings", True)

    def embed(self, tokens):
        # A model that runs in bfloat16 rounds this root; ours runs in float.
        return super().embed(tokens) * self.config["hidden_size"] ** 0.5

    def layer_type(self, n):
        kinds = self.config.get("layer_types")
        if kinds:
            return kinds[n]
        is_global = (n + 1) % self.config.get("sliding_window_pattern", 6) == 0
        return "full_attention" if is_global else "sliding_attention"

    def window(self, n):
        slides = self.layer_type(n) == "sliding_attention"
        return self.config["sliding_window"] if slides else None

    def head_size(self):
        return self.config.get("head_dim", 256)

    def scale(self):
        return self.config.get("query_pre_attn_scalar", 256) ** -0.5

    def block(self, h, n):
        name = f"model.layers.{n}"
        rows = self.attention(self.norm(h, f"{name}.input_layernorm"), n)
        h = h + self.norm(rows, f"{name}.post_attention_layernorm")
        rows = self.mlp(self.norm(h, f"{name}.pre_feedforward_layernorm"), n)
        return h + self.norm(rows, f"{name}.post_feedforward_layernorm")


class Gemma2(Gemma3):
    """Capped scores and logits; a window in every other layer."""

    def head_norm(self, x, name):
        return x

    def cap(self):
        return self.config.get("attn_logit_softcapping", 50.0)

    def layer_type(self, n):
        kinds = self.config.get("layer_types")
        default = ("sliding_attention", "full_attention")[n % 2]
        return kinds[n] if kinds else default

    def head(self, h):
        cap = self.config.get("final_logit_softcapping", 30.0)
        for low, high, part in super().head(h):
            yield low, high, part if cap is None else cap * numpy.tanh(part / cap)


ACTIVATIONS = {"gelu": gelu, "gelu_new": gelu_tanh, "relu": lambda x: x.clip(0), "silu": silu}


class Gpt2(Model):
    """Layer norms, learned positions, and matrices with a row for each input."""

    def __init__(self, config, weights, dtype=numpy.float64):
        super().__init__(config | {"num_attention_heads": config["n_head"]}, weights, dtype)
        self.prefix = "transformer." if "transformer.wte.weight" in weights else ""

    def part(self, name):
        return self.weight(self.prefix + name)

    def columns(self, x, name):
        return x @ self.part(f"{name}.weight") + self.part(f"{name}.bias")

    def norm(self, x, name):
        eps = self.config["layer_norm_epsilon"]
        return layer_norm(x, self.part(f"{name}.weight"), self.part(f"{name}.bias"), eps)

    def attention(self, x, n):
        both = self.columns(x, f"h.{n}.attn.c_attn").reshape(len(x), 3, self.heads, -1)
        query, key, value = (both[:, part] for part in range(3))
        scale = query.shape[-1] ** -0.5 if self.config.get("scale_attn_weights", True) else 1
        if self.config.get("scale_attn_by_inverse_layer_idx"):
            scale /= n + 1
        rows = attend(query, self.cached(key), self.cached(value), scale)
        return self.columns(rows.reshape(len(x), -1), f"h.{n}.attn.c_proj")

    def block(self, h, n):
        h = h + self.attention(self.norm(h, f"h.{n}.ln_1"), n)
        inner = self.columns(self.norm(h, f"h.{n}.ln_2"), f"h.{n}.mlp.c_fc")
        inner = ACTIVATIONS[self.config["activation_function"]](inner)
        return h + self.columns(inner, f"h.{n}.mlp.c_proj")

    def hidden(self, tokens):
        h = self.part("wte.weight")[tokens] + self.part("wpe.weight")[: len(tokens)]
        for n in range(self.config["n_layer"]):
            h = self.block(h, n)
        return self.norm(h, "ln_f")

    def head(self, h):
        tied = self.config.get("tie_word_embeddings", True)
        matrix = self.part("wte.weight") if tied else self.weight("lm_head.weight")
        yield 0, len(matrix), h @ matrix.T


class Bert(Model):
    """An encoder: what it has for logits is its last hidden state."""

    def __init__(self, config, weights, dtype=numpy.float64):
        super().__init__(config, weights, dtype)
        word = "embeddings.word_embeddings.weight"
        self.prefix = "bert." if f"bert.{word}" in weights else ""

    def part(self, name):
        return self.weight(self.prefix + name)

    def dense(self, x, name):
        return x @ self.part(f"{name}.weight").T + self.part(f"{name}.bias")

    def norm(self, x, name):
        name = f"{name}.LayerNorm"
        old = f"{self.prefix}{name}.gamma" in self.weights
        scale, shift = ("gamma", "beta") if old else ("weight", "bias")
        eps = self.config["layer_norm_eps"]
        return layer_norm(x, self.part(f"{name}.{scale}"), self.part(f"{name}.{shift}"), eps)

    def embed(self, tokens, types=0):
        words, positions, kinds = (
            self.part(f"embeddings.{name}_embeddings.weight")
            for name in ("word", "position", "token_type")
        )
        return self.norm(words[tokens] + positions[: len(tokens)] + kinds[types], "embeddings")

    def attention(self, x, name):
        rows = [self.dense(x, f"{name}.self.{part}") for part in ("query", "key", "value")]
        query, key, value = (part.reshape(len(x), self.heads, -1) for part in rows)
        rows = attend_to_all(query, self.cached(key), self.cached(value), query.shape[-1] ** -0.5)
        return self.dense(rows.reshape(len(x), -1), f"{name}.output.dense")

    def block(self, h, n):
        name = f"encoder.layer.{n}"
        h = self.norm(h + self.attention(h, f"{name}.attention"), f"{name}.attention.output")
        inner = ACTIVATIONS[self.config["hidden_act"]](self.dense(h, f"{name}.intermediate.dense"))
        return self.norm(h + self.dense(inner, f"{name}.output.dense"), f"{name}.output")

    def logits(self, tokens, types=0):
        h = self.embed(tokens, types)
        for n in range(self.config["num_hidden_layers"]):
            h = self.block(h, n)
        return h

    def pooled(self, h):
        return numpy.tanh(self.dense(h, "pooler.dense"))


class DeepseekV2(Model):
    """Latent attention in its naive form, and experts chosen by a softmax router."""

    # The norms of the latents do not use rms_norm_eps.
    LATENT_EPS = 1e-6

    def attention_scale(self, rope):
        config = self.config
        scale = (config["qk_nope_head_dim"] + config["qk_rope_head_dim"]) ** -0.5
        weight = rope.get("mscale_all_dim")
        if rope.get("rope_type", "default") == "default" or not weight:
            return scale
        return scale * rotary.mscale(rope["factor"], weight) ** 2

    def query_latent(self, x, name):
        latent = self.linear(x, f"{name}.q_a_proj")
        return self.norm(latent, f"{name}.q_a_layernorm", self.LATENT_EPS)

    def query(self, x, name):
        if self.config.get("q_lora_rank") is None:
            return self.linear(x, f"{name}.q_proj")
        return self.linear(self.query_latent(x, name), f"{name}.q_b_proj")

    def attention(self, x, n):
        config, name = self.config, f"model.layers.{n}.self_attn"
        tokens, plain = len(x), config["qk_nope_head_dim"]
        rank, turned = config["kv_lora_rank"], config["qk_rope_head_dim"]
        query = self.query(x, name).reshape(tokens, self.heads, plain + turned)
        joint = self.linear(x, f"{name}.kv_a_proj_with_mqa")
        latent = self.norm(joint[:, :rank], f"{name}.kv_a_layernorm", self.LATENT_EPS)
        latent = self.cached(latent)
        both = self.linear(latent, f"{name}.kv_b_proj").reshape(tokens, self.heads, -1)
        rope = rotary.settings(config)
        turn = rotary.tables(rope, turned, numpy.arange(tokens))
        pairs = config.get("rope_interleave", True)
        query[..., plain:] = rotary.rotate(query[..., plain:], *turn, pairs)
        shared = self.cached(rotary.rotate(joint[:, None, rank:], *turn, pairs))
        shared = numpy.broadcast_to(shared, (tokens, self.heads, turned))
        key = numpy.concatenate([both[..., :plain], shared], axis=-1)
        value = both[..., plain:]
        seen = self.select(x, name)
        rows = attend(query, key, value, self.attention_scale(rope), seen=seen)
        return self.linear(rows.reshape(tokens, -1), f"{name}.o_proj")

    def select(self, x, name):
        """Which keys each token may see; None for all."""
        return None

    def has_experts(self, n):
        config = self.config
        if config.get("n_routed_experts") is None:
            return False
        every = config.get("moe_layer_freq", 1)
        return n >= config.get("first_k_dense_replace", 0) and n % every == 0

    def route(self, x, name):
        """The experts of each token and their weights."""
        config = self.config
        scores = softmax(x @ self.weight(f"{name}.gate.weight").T)
        choice = scores
        if config.get("topk_method", "greedy") == "group_limited_greedy":
            groups = scores.reshape(len(x), config["n_group"], -1).max(axis=-1)
            choice = keep_best_groups(scores, groups, config["topk_group"], 0.0)
        chosen = largest(choice, config["num_experts_per_tok"])
        weights = numpy.take_along_axis(choice, chosen, axis=1)
        if config.get("norm_topk_prob", False) and chosen.shape[1] > 1:
            return chosen, weights / (weights.sum(axis=1, keepdims=True) + 1e-20)
        return chosen, weights * config.get("routed_scaling_factor", 1.0)

    def mlp(self, x, n):
        name = f"model.layers.{n}.mlp"
        if not self.has_experts(n):
            return self.glu(x, name)
        chosen, weights = self.route(x, name)
        result = self.mix(x, name, chosen, weights)
        if not self.config.get("n_shared_experts"):
            return result
        return result + self.glu(x, f"{name}.shared_experts")


class DeepseekV3(DeepseekV2):
    """As before, but the router is a sigmoid and a bias takes part in choosing."""

    def route(self, x, name):
        return route_by_sigmoids(self, x, name, 2.5)


class DeepseekV32(DeepseekV3):
    """An indexer scores the keys, and a token sees those with the largest scores."""

    def index_scores(self, x, name):
        config, tokens = self.config, len(x)
        name, latent = f"{name}.indexer", self.query_latent(x, name)
        turned, heads = config["qk_rope_head_dim"], config["index_n_heads"]
        query = self.linear(latent, f"{name}.wq_b").reshape(tokens, heads, -1)
        key = self.linear(x, f"{name}.wk")
        key = key - key.mean(axis=-1, keepdims=True)
        key = root_mean_square(key, self.weight(f"{name}.k_norm.weight"), 1e-6)
        key = key[:, None] + self.weight(f"{name}.k_norm.bias")
        # Halves rotate, and come first, whatever the attention's own heads do.
        turn = rotary.tables(rotary.settings(config), turned, numpy.arange(tokens))
        for rows in (query, key):
            rows[..., :turned] = rotary.rotate(rows[..., :turned], *turn, interleaved=False)
        key = self.cached(key)[:, 0]
        weights = self.linear(x, f"{name}.weights_proj")
        scores = numpy.maximum(numpy.einsum("thd,nd->thn", query, key), 0)
        scores = numpy.einsum("th,thn->tn", weights, scores)
        return scores * (heads * key.shape[1]) ** -0.5

    def select(self, x, name):
        scores = self.index_scores(x, name)
        future = numpy.triu(numpy.ones(scores.shape, bool), 1)
        scores = numpy.where(future, -numpy.inf, scores)
        chosen = largest(scores, min(self.config["index_topk"], len(x)))
        seen = numpy.zeros(scores.shape, bool)
        numpy.put_along_axis(seen, chosen, True, axis=1)
        return seen


FAMILIES = {
    "bert": Bert,
    "deepseek_v2": DeepseekV2,
    "deepseek_v3": DeepseekV3,
    "deepseek_v32": DeepseekV32,
    "gemma2": Gemma2,
    "gemma3_text": Gemma3,
    "glm4_moe": Glm4Moe,
    "gpt2": Gpt2,
    "gpt_oss": GptOss,
    "granite": Granite,
    "kimi_k2": DeepseekV3,
    "llama": Llama,
    "llama4_text": Llama4,
    "mistral": Mistral,
    "mixtral": Mixtral,
    "olmoe": Olmoe,
    "phi3": Phi3,
    "qwen2": Qwen2,
    "qwen2_moe": Qwen2Moe,
    "qwen3": Qwen3,
    "qwen3_moe": Qwen3Moe,
    "smollm3": SmolLM3,
}


def load(folder, dtype=numpy.float64):
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    family = FAMILIES.get(config["model_type"])
    if family is None:
        raise ValueError(
            f"'{folder}/config.json' has model_type {config['model_type']}; "
            f"known: {', '.join(FAMILIES)}"
        )
    return family(config, safetensors_file.Folder(folder), dtype)


def write_logits(folder, tokens, output, cache_type):
    if not tokens.exists():
        raise SystemExit(
            f"cannot open '{tokens}': no such file; make_checkpoints.py writes it"
        )
    model = load(folder)
    model.rounds_cache = cache_type == "bf16"
    result = model.logits(json.loads(tokens.read_text()))
    numpy.save(output, result.astype(numpy.float32))


def main():
    parser = argparse.ArgumentParser(description="reference logits with NumPy")
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    parser.add_argument("--all", type=pathlib.Path, help="all folders in this one")
    parser.add_argument("--tokens", type=pathlib.Path, help="JSON list of tokens")
    parser.add_argument("--output", type=pathlib.Path, help=".npy of one folder")
    parser.add_argument("--cache-type", choices=["f32", "bf16"], default="f32")
    options = parser.parse_args()
    folders = options.folders
    if options.all:
        folders += sorted(f.parent for f in options.all.glob("*/config.json"))
    if not folders:
        parser.error("expects a folder, or --all and a folder of folders")
    if len(folders) > 1 and (options.tokens or options.output):
        parser.error("--tokens and --output go with one folder")
    for folder in folders:
        tokens = options.tokens or folder.with_name(f"{folder.name}.tokens.json")
        output = options.output or folder.with_name(f"{folder.name}.logits.npy")
        write_logits(folder, tokens, output, options.cache_type)


if __name__ == "__main__":
    main()
