# Compares the formulas of formulas.py with the implementations that models are published with.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""published.py

Run by hand, in an environment with transformers, torch and gguf. It agreed with transformers
5.24.0, torch 2.15.0 and gguf 0.19.0.

These compute in float32, u = 2^-24. The longest chain of operations is about 16 (an inverse
frequency, a ramp and a blend; a softmax and two products), and a ramp adds the error of its
bounds, up to 128 numbers of units, over its length. So results must agree within

    16 u (1 + magnitude of what is subtracted / length)

of the larger of an element and the root mean square; `amplified` is the parenthesis.
"""

import itertools
import math
import types

import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType, dequantize
from transformers import activations, masking_utils, modeling_rope_utils
from transformers.models.deepseek_v2 import modeling_deepseek_v2
from transformers.models.deepseek_v3 import modeling_deepseek_v3
from transformers.models.gemma2 import modeling_gemma2
from transformers.models.gemma3 import modeling_gemma3
from transformers.models.gpt_oss import modeling_gpt_oss
from transformers.models.llama import modeling_llama
from transformers.models.qwen3_moe import modeling_qwen3_moe

import float_types
import formulas
import rows
from stored_blocks import BLOCKS

transformers.logging.set_verbosity_error()
RANDOM = np.random.RandomState(5)
FAILURES = []


def expect(name, got, want, amplified=1.0):
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    usual = math.sqrt(np.mean(want**2)) or 1
    limit = 16 * 2.0**-24 * amplified * np.maximum(np.abs(want), usual)
    error = np.abs(got - want)
    good = got.shape == want.shape and bool(np.all(error <= limit))
    if not good:
        FAILURES.append(name)
    worst = float((error / limit).max()) if got.shape == want.shape else math.nan
    print(f"{name}: {'agrees' if good else 'differs'} ({worst:.2g} of the limit)")


def identity(kind, values):
    del kind
    return np.asarray(values, np.float64)


def tensor(values):
    return torch.tensor(np.asarray(values), dtype=torch.float32)


# Rotary embeddings


def check_ropes():
    names = {"factor": "factor", "truncate": "truncate",
             "original": "original_max_position_embeddings"}  # fmt: skip
    for i, rope in enumerate(rows.list_ropes()):
        kind = rope.get("scaling", "none")
        low, high = ("beta_slow", "beta_fast")
        if kind == "llama3":
            low, high = ("low_freq_factor", "high_freq_factor")
        parameters = {"rope_type": kind, "rope_theta": rope["theta"]}
        defaults = {"factor": 1.0, "original": 8192}
        defaults |= {"low": 1.0, "high": 4.0} if kind == "llama3" else {}
        for key, value in (defaults | rope).items():
            name = {**names, "low": low, "high": high}.get(key)
            if name:
                parameters[name] = value
        if kind == "none":
            plain = [
                1 / rope["theta"] ** (2 * k / rope["dims"])
                for k in range(rope["dims"] // 2)
            ]
            expect(f"rope {i} none", formulas.rope_frequencies(rope), plain)
            continue
        config = transformers.LlamaConfig(
            hidden_size=rope["dims"], num_attention_heads=1, head_dim=rope["dims"],
            max_position_embeddings=8192, rope_parameters=parameters,
        )  # fmt: skip
        function = modeling_rope_utils.ROPE_INIT_FUNCTIONS[kind]
        frequencies, _ = function(config, "cpu")
        amplified = 1.0
        if kind == "yarn":
            a, b = formulas.yarn_bounds(
                rope["dims"], rope["theta"], rope.get("original", 8192), rope.get("low", 1),
                rope.get("high", 32), rope.get("truncate", True))  # fmt: skip
            # Nothing lies on a ramp of a thousandth but its ends.
            amplified += rope["dims"] / (b - a) if b - a > 0.01 else 0
        expect(
            f"rope {i} {kind}", formulas.rope_frequencies(rope), frequencies, amplified
        )
    check_rotations()


def check_rotations():
    x = RANDOM.uniform(-1, 1, (5, 3, 8))
    angles = np.outer(np.arange(5), [1, 0.3, 0.1, 0.01])
    both = np.concatenate([angles, angles], 1)
    q = tensor(x).transpose(0, 1)[None]
    rotated, _ = modeling_llama.apply_rotary_pos_emb(
        q, q, tensor(np.cos(both))[None], tensor(np.sin(both))[None]
    )
    rope = {"dims": 8, "pairing": "half"}
    expect(
        "rotate half",
        formulas.rotate(x, angles, rope, "first"),
        rotated[0].transpose(0, 1),
    )
    turned, _ = modeling_deepseek_v3.apply_rotary_pos_emb_interleave(
        q, q, tensor(np.cos(both))[None], tensor(np.sin(both))[None]
    )
    rope["pairing"] = "interleaved"
    ours = formulas.rotate(x, angles, rope, "first")
    # The published one leaves even elements before odd ones.
    ours = np.concatenate([ours[..., 0::2], ours[..., 1::2]], -1)
    expect("rotate interleaved", ours, turned[0].transpose(0, 1))


# Rows


def check_rows():
    x, weight, bias = RANDOM.uniform(-2, 2, (4, 24)), RANDOM.rand(24), RANDOM.rand(24)
    for name, published, kind, order in (
        ("llama", modeling_llama.LlamaRMSNorm(24, eps=1e-5), "rms", "cast_then_scale"),
        ("gemma", modeling_gemma3.Gemma3RMSNorm(24, eps=1e-5), "rms", "one_plus"),
        ("layer", torch.nn.LayerNorm(24, eps=1e-5), "layer", "scale_then_cast"),
    ):
        published.weight.data = tensor(weight)
        b = None
        if kind == "layer":
            published.bias.data, b = tensor(bias), bias
        ours = formulas.norm(identity, "f32", kind, order, x, weight, b, 1e-5)
        expect(f"norm {name}", ours, published(tensor(x)).detach())
        if kind == "layer":
            continue
        # Bits, where a norm rounds: bfloat16 rows and weights.
        rounded = [float_types.round_to("bf16", v) for v in (x, weight)]
        published.weight.data = tensor(rounded[1]).bfloat16()
        got = published(tensor(rounded[0]).bfloat16()).detach().float()
        ours = formulas.norm(
            float_types.round_to, "bf16", kind, order, *rounded, None, 1e-5
        )
        share = float(np.mean(np.asarray(got, np.float64) == ours))
        # What lies within the error of a float32 of a middle may round the other way.
        expect(
            f"norm {name} in bf16, share of equal bits",
            share,
            1.0,
            0.05 / (16 * 2.0**-24),
        )
    names = {
        "silu": "silu",
        "gelu_tanh": "gelu_pytorch_tanh",
        "gelu": "gelu",
        "relu": "relu",
    }
    z = np.linspace(-6, 6, 97)
    for ours, published in names.items():
        expect(
            ours, formulas.activate(ours, z), activations.ACT2FN[published](tensor(z))
        )
    pairs = RANDOM.uniform(-12, 12, (5, 14))
    limits = types.SimpleNamespace(alpha=1.702, limit=7.0)
    published = modeling_gpt_oss.GptOssExperts._apply_gate(limits, tensor(pairs))
    ours = formulas.glu(
        "silu<alpha = 1.702, beta = 1.0, limit = 7.0>", pairs[:, ::2], pairs[:, 1::2]
    )
    expect("gate of gpt_oss", ours, published)


# Attention


def check_masks():
    p, n = np.arange(20)[:, None], np.arange(20)[None]
    tp, tn = torch.tensor(p), torch.tensor(n)
    padding = torch.zeros(1, dtype=torch.int64)
    causal = masking_utils.causal_mask_function(0, 0, tp, tn)
    for name, mask, overlay in (
        ("causal", {}, None),
        ("window", {"window": 5}, masking_utils.sliding_window_overlay(5)),
        ("chunk", {"chunk": 6}, masking_utils.chunked_overlay(6, padding)),
    ):
        published = causal if overlay is None else causal & overlay(0, 0, tp, tn)
        expect(
            f"mask {name}", formulas.sees({"causal": True, **mask}, p, n, 20), published
        )


def check_attention():
    q, k, v = (RANDOM.uniform(-2, 2, (1, h, 9, 8)) for h in (4, 2, 2))
    p, n = np.arange(9)[:, None], np.arange(9)[None]
    seen = formulas.sees({"causal": True, "window": 4}, p, n, 9)
    mask = torch.where(torch.tensor(seen), 0.0, -torch.inf)[None, None]
    sinks = RANDOM.uniform(-2, 2, 4)
    module = types.SimpleNamespace(
        num_key_value_groups=2, training=False, sinks=tensor(sinks), head_dim=8
    )
    for name, model, softcap, sink in (
        ("softcap", modeling_gemma2, 1.5, None),
        ("sinks", modeling_gpt_oss, None, sinks),
        ("plain", modeling_llama, None, None),
    ):
        options = {"softcap": softcap} if softcap else {}
        published, _ = model.eager_attention_forward(
            module, tensor(q), tensor(k), tensor(v), mask, scaling=0.4, **options
        )
        ours = [
            [
                formulas.attention(q[0, h, t], k[0, h // 2], v[0, h // 2], seen[t], 0.4,
                                   softcap, None if sink is None else sink[h])
                for h in range(4)
            ]
            for t in range(9)
        ]  # fmt: skip
        expect(f"attention {name}", ours, published[0], amplified=8)


# Routers


def route_of(**changes):
    base = {"scoring": "softmax", "groups": 1, "keep": 1, "by": "max", "renorm": None,
            "scale": 1.0, "top": 3}  # fmt: skip
    return base | changes


def compare_route(name, logits, bias, route, published):
    """Experts in any order, as published ones are not sorted."""
    _, weights, choice = published
    for t, row in enumerate(logits):
        ours, ours_weights = formulas.router(identity, "f32", row, bias, route)
        order = np.argsort(ours)
        theirs = np.argsort(choice[t].numpy())
        expect(f"{name} {t} choice", ours[order], choice[t].numpy()[theirs])
        expect(
            f"{name} {t} weights",
            ours_weights[order],
            weights[t].detach().numpy()[theirs],
        )


def check_routers():
    logits = np.float64(np.float32(RANDOM.uniform(-3, 3, (6, 12))))
    x = tensor(logits)
    for groups, keep, norm in itertools.product((1, 3), (1, 2), (False, True)):
        if keep > groups:
            continue
        config = types.SimpleNamespace(
            num_experts_per_tok=3, num_local_experts=12, num_experts=12, hidden_size=12,
            routed_scaling_factor=2.5, n_group=groups, topk_group=keep, norm_topk_prob=norm,
            topk_method="group_limited_greedy",
        )  # fmt: skip
        router = modeling_deepseek_v3.DeepseekV3TopkRouter(config)
        router.weight.data = torch.eye(12)
        bias = np.float64(np.float32(RANDOM.uniform(-0.5, 0.5, 12)))
        router.e_score_correction_bias.data = tensor(bias)
        route = route_of(scoring="sigmoid", groups=groups, keep=keep, by="top2sum", scale=2.5,
                         renorm=1e-20 if norm else None)  # fmt: skip
        compare_route(
            f"deepseek v3 {groups} {keep} {norm}", logits, bias, route, router(x)
        )
        router = modeling_deepseek_v2.DeepseekV2TopkRouter(config)
        router.weight.data = torch.eye(12)
        route = route_of(groups=groups, keep=keep, scale=2.5)
        compare_route(f"deepseek v2 {groups} {keep}", logits, None, route, router(x))
    for norm in (False, True):
        config = types.SimpleNamespace(
            num_experts_per_tok=3, num_experts=12, num_local_experts=12, hidden_size=12,
            norm_topk_prob=norm,
        )  # fmt: skip
        router = modeling_qwen3_moe.Qwen3MoeTopKRouter(config)
        router.weight.data = torch.eye(12)
        route = route_of(renorm=0.0 if norm else None)
        compare_route(f"qwen3 moe {norm}", logits, None, route, router(x))


def check_blocks():
    for name, block in BLOCKS.items():
        data = block.draw(RANDOM, 5)
        kind = getattr(GGMLQuantizationType, name)
        published = dequantize(data.reshape(5, -1), kind)
        expect(f"blocks {name}", block.decode(data), published.reshape(5, -1))


def main():
    check_ropes()
    check_rows()
    check_masks()
    check_attention()
    check_routers()
    check_blocks()
    print(f"{len(FAILURES)} differ: {FAILURES}")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    raise SystemExit(main())
