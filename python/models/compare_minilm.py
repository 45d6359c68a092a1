# Compares vectors of texts with those of the published implementation.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""compare_minilm.py TENON FOLDER ARTIFACT [TEXTS] : FOLDER is what fetch_minilm.py
writes, ARTIFACT is compiled from it, TEXTS has a text on each line. Needs torch,
transformers and tokenizers.

The published model runs in float32 and in float64. Prints the largest difference of
the tokens, of vectors relative to their length, and of the published float32 itself.
"""

import json
import pathlib
import subprocess
import sys

import numpy
import tokenizers
import torch
import transformers

TEXTS = [
    "The capital of France is Paris.",
    "A sentence encoder makes a vector of a text.",
    "",
    "caf\u00e9 na\u00efve \u65e5\u672c\u8a9e \U0001f600 don't stop-me now 12,345.67",
    "compiler " * 120,
    "Two dogs run across a field; one of them carries a stick.",
]


@torch.no_grad()
def published(folder, texts, dtype):
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    model = transformers.AutoModel.from_pretrained(folder, dtype=dtype).eval()
    tokens, vectors = [], []
    for text in texts:
        ids = tokenizer.encode(text).ids
        mean = model(torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
        tokens.append(ids)
        vectors.append((mean / mean.norm()).double().numpy())
    return tokens, numpy.stack(vectors)


def ours(tenon, artifact, path):
    command = [tenon, "embed", artifact, "--lines-file", path, "--json"]
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    vectors = [text["embedding"] for text in result["texts"]]
    return [text["tokens"] for text in result["texts"]], numpy.array(vectors)


def main(tenon, folder, artifact, *given):
    folder = pathlib.Path(folder)
    path = pathlib.Path(given[0] if given else f"{artifact}.texts")
    if not given:
        path.write_text("\n".join(TEXTS) + "\n")
    texts = path.read_text().removesuffix("\n").split("\n")
    tokens, vectors = ours(tenon, artifact, path)
    expected_tokens, exact = published(folder, texts, torch.float64)
    _, single = published(folder, texts, torch.float32)
    differing = sum(a != b for a, b in zip(tokens, expected_tokens))
    print(f"{len(texts)} texts, {differing} with other tokens")
    lengths = numpy.linalg.norm(exact, axis=1)
    for name, found in (("tenon", vectors), ("published float32", single)):
        errors = numpy.linalg.norm(found - exact, axis=1) / lengths
        print(f"{name}: largest relative error {errors.max():.2e}")
        if name == "tenon" and (differing or not errors.max() <= 1e-5):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
