# Trains the adder, a small model of the DeepSeek-V3 architecture, on one CPU core.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import argparse
import math
import pathlib
import random
import time

import torch
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

import sums
from evaluate import accuracy

END = 256
# The longest line is 999+999=1998 and its end.
LENGTH = 13


def configuration():
    return DeepseekV3Config(
        vocab_size=257,
        hidden_size=128,
        intermediate_size=320,
        moe_intermediate_size=96,
        num_hidden_layers=3,
        first_k_dense_replace=1,
        num_attention_heads=4,
        num_key_value_heads=4,
        q_lora_rank=48,
        kv_lora_rank=32,
        qk_nope_head_dim=16,
        qk_rope_head_dim=16,
        v_head_dim=24,
        n_routed_experts=8,
        n_shared_experts=1,
        num_experts_per_tok=2,
        n_group=4,
        topk_group=2,
        norm_topk_prob=True,
        routed_scaling_factor=1.5,
        rope_interleave=True,
        max_position_embeddings=64,
        initializer_range=0.05,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=END,
        pad_token_id=END,
    )


def batch(source, size):
    """Token rows [size, LENGTH] and the mask of the positions whose next token
    is learnt: from the '=' to the last digit."""
    rows = torch.full((size, LENGTH), END)
    learnt = torch.zeros((size, LENGTH - 1), dtype=torch.bool)
    for row in range(size):
        a, b = sums.draw_number(source), sums.draw_number(source)
        while sums.is_held_out(a, b):
            a, b = sums.draw_number(source), sums.draw_number(source)
        prompt, answer = f"{a}+{b}=", str(a + b)
        line = torch.tensor(list((prompt + answer).encode()))
        rows[row, : len(line)] = line
        learnt[row, len(prompt) - 1 : len(line)] = True
    return rows, learnt


class Balance:
    """Keeps the experts busy without a loss: after each step the bias of an
    expert that had more tokens than the mean falls, that of another rises."""

    def __init__(self, model):
        self.routers = [
            layer.mlp.gate for layer in model.model.layers if hasattr(layer.mlp, "gate")
        ]
        self.loads = {}
        for router in self.routers:
            router.register_forward_hook(self.count)

    def count(self, router, inputs, outputs):
        logits, _, chosen = outputs
        experts = logits.shape[-1]
        self.loads[router] = torch.bincount(chosen.flatten(), minlength=experts)

    @torch.no_grad()
    def update(self, speed):
        for router in self.routers:
            load = self.loads[router]
            error = load.float().mean() - load
            router.e_score_correction_bias += speed * torch.sign(error)


def learning_rate(step, steps, peak):
    warm = min(1.0, (step + 1) / 200)
    return peak * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def loss_of(model, rows, learnt):
    """Cross entropy of the learnt positions; the head runs on those alone."""
    hidden = model.model(rows[:, :-1], use_cache=False).last_hidden_state
    logits = model.lm_head(hidden[learnt])
    return torch.nn.functional.cross_entropy(logits, rows[:, 1:][learnt])


def train(options):
    torch.manual_seed(options.seed)
    source = random.Random(options.seed)
    model = DeepseekV3ForCausalLM(configuration())
    model.set_experts_implementation("eager")
    balance = Balance(model)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=options.peak, betas=(0.9, 0.98), weight_decay=0.05
    )
    tests = sums.held_out_sums(1000, seed=2)
    start = time.monotonic()
    for step in range(options.steps):
        rate = learning_rate(step, options.steps, options.peak)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(model, *batch(source, options.batch))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        # The router has settled when the rate has fallen; so has its bias.
        balance.update(1e-3 * rate / options.peak)
        if (step + 1) % options.report and step + 1 < options.steps:
            continue
        right = accuracy(model, tests)
        minutes = (time.monotonic() - start) / 60
        print(
            f"step {step + 1} loss {loss.item():.4f} held out {right:.4f} "
            f"after {minutes:.1f} min",
            flush=True,
        )
        if right >= options.enough and step + 1 < options.steps:
            break
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="where the model goes")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--steps", type=int, default=3500)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--peak", type=float, default=2.5e-3, help="learning rate")
    parser.add_argument("--report", type=int, default=250, help="steps between tests")
    parser.add_argument("--enough", type=float, default=2.0, help="stop above this")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = train(options).to(torch.bfloat16)
    options.folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(options.folder)
    sums.write_tokenizer(options.folder)
    right = accuracy(model.float(), sums.held_out_sums(1000, seed=2))
    print(f"saved in bfloat16, of which {right:.4f} are right")


if __name__ == "__main__":
    main()
