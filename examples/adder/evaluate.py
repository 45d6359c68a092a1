# Counts how many held-out sums a saved adder gets right with greedy decoding.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import argparse
import collections
import pathlib

import torch

import sums

END = 256
LONGEST_ANSWER = 5


@torch.no_grad()
def answers(model, prompts):
    """The greedy continuation of prompts of one length, up to the end token."""
    rows = torch.tensor([list(prompt.encode()) for prompt in prompts])
    start = rows.shape[1]
    for _ in range(LONGEST_ANSWER):
        logits = model(rows, use_cache=False).logits[:, -1]
        rows = torch.cat([rows, logits.argmax(-1, keepdim=True)], dim=1)
    texts = []
    for row in rows[:, start:].tolist():
        row = row[: row.index(END)] if END in row else row
        texts.append(bytes(token % 256 for token in row).decode("latin-1"))
    return texts


def wrong_answers(model, pairs):
    by_length = collections.defaultdict(list)
    for a, b in pairs:
        by_length[len(f"{a}+{b}=")].append((a, b))
    wrong = []
    for group in by_length.values():
        given = answers(model, [f"{a}+{b}=" for a, b in group])
        wrong += [(a, b, t) for (a, b), t in zip(group, given) if t != str(a + b)]
    return wrong


def accuracy(model, pairs):
    was_training = model.training
    model.eval()
    wrong = wrong_answers(model, pairs)
    model.train(was_training)
    return 1 - len(wrong) / len(pairs)


def main():
    from transformers import DeepseekV3ForCausalLM

    parser = argparse.ArgumentParser(description="evaluates a saved adder")
    parser.add_argument(
        "folder", type=pathlib.Path, nargs="?", default=pathlib.Path(__file__).parent
    )
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    model = DeepseekV3ForCausalLM.from_pretrained(
        options.folder, dtype=torch.float32
    ).eval()
    wrong = wrong_answers(model, sums.held_out_sums(options.count, options.seed))
    for a, b, given in wrong:
        print(f"{a}+{b}={a + b}, but the model says {given!r}")
    right = options.count - len(wrong)
    print(f"{right} of {options.count} held-out sums are right")
    return 0 if right >= 0.99 * options.count else 1


if __name__ == "__main__":
    raise SystemExit(main())
