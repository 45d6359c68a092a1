#!/usr/bin/env python3
# Measures how far tenon and llama.cpp are from exact logits of a Gemma 3 GGUF file.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""gemma_accuracy.py --tenon=build/dev/bin/tenon --model=gemma.gguf
       --llama-source=llama.cpp --llama-build=llama.cpp/build [--lengths=5,600,3000]

For each length, a prompt of so many tokens is continued greedily by `tenon run`.
The reference (python/models/gemma_reference.py, float64 on the dequantized weights)
and llama.cpp, with its default parameters, are given the prompt and these very
tokens, so that all three are compared at every position after the same tokens.

Printed are the mean and the largest KL(reference || program) in nats over all
positions, and the ratio tenon / llama.cpp. Of the greedy tokens it prints how many
are decided, that is, where the reference's lead over the runner-up exceeds the
largest error of any logit of that row, and how many are the reference's choice.

Exits with 1 if a ratio is above --ratio, fewer than 90 % of the tokens are decided,
or a decided one differs. The logits need 6.5 GB of disk for 3,000 tokens.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import numpy
from llama_peer import LlamaPeer, run
from prompt_text import make_text

PYTHON = pathlib.Path(__file__).resolve().parents[1] / "python"
sys.path[:0] = [str(PYTHON), str(PYTHON / "goldens"), str(PYTHON / "models")]
import compare_logits  # noqa: E402
import gemma_reference  # noqa: E402
import numpy_reference  # noqa: E402
from formats import gguf_file  # noqa: E402

ROWS = 64
DECIDED_SHARE = 0.9


class Exact:
    """The reference; its matrix of embeddings is kept, as every row needs it."""

    def __init__(self, file, kind):
        config = gemma_reference.configuration(file)
        weights = gemma_reference.Weights(file)
        self.model = numpy_reference.Gemma3(config, weights, numpy.dtype(kind).type)
        self.vocabulary = config["vocab_size"]
        parts = list(self.model.head(numpy.eye(config["hidden_size"], dtype=kind)))
        self.head = numpy.concatenate([part for _, _, part in parts], axis=1)

    def rows(self, tokens):
        """Yields the first position and the logits of a few positions at a time."""
        hidden = self.model.hidden(tokens)
        for low in range(0, len(tokens), ROWS):
            yield low, hidden[low : low + ROWS] @ self.head


def run_tenon(options, artifact, tokens, folder):
    """Gives the tokens that continue a prompt, and the logits of all positions."""
    source, output = folder / "prompt.json", folder / "tenon.npy"
    source.write_text(json.dumps(tokens))
    command = [options.tenon, "run", artifact, f"--tokens-file={source}", "--json"]
    command += ["-n", options.generate, f"--dump-logits={output}"]
    report = json.loads(run(command + [f"--threads={options.threads}"]).splitlines()[-1])
    return report["tokens"], numpy.load(output, mmap_mode="r")


def compare(exact, tokens, programs):
    """The columns of compare_logits.compare_rows for each program."""
    parts = {name: [] for name in programs}
    for low, theirs in exact.rows(tokens):
        for name, logits in programs.items():
            ours = logits[low : low + len(theirs)]
            parts[name].append(compare_logits.compare_rows(ours, theirs))
    return {name: [numpy.concatenate(c) for c in zip(*p)] for name, p in parts.items()}


def summarize(columns, length):
    """Numbers of one program; greedy choices start at the end of the prompt."""
    error, divergence, ours, theirs, lead = columns
    chosen = slice(length - 1, None)
    decided = lead[chosen] > error[chosen]
    same = ours[chosen] == theirs[chosen]
    return {
        "positions": len(error),
        "kl_mean": float(divergence.mean()),
        "kl_max": float(divergence.max()),
        "largest_error": float(error.max()),
        "greedy": len(same),
        "greedy_same": int(same.sum()),
        "greedy_decided": int(decided.sum()),
        "greedy_decided_same": int((decided & same).sum()),
        "least_lead": float(lead[chosen].min()),
    }


def measure(options, exact, artifact, peer, prompt, folder):
    generated, ours = run_tenon(options, artifact, prompt, folder)
    # The last token is chosen, but no program is given it.
    tokens = prompt + generated[:-1]
    if len(ours) != len(tokens):
        sys.exit(f"expects logits of {len(tokens)} positions, but got {len(ours)}")
    theirs = peer.logits(tokens, len(prompt), options.threads, exact.vocabulary)
    columns = compare(exact, tokens, {"tenon": ours, "llama.cpp": theirs})
    result = {name: summarize(c, len(prompt)) for name, c in columns.items()}
    for key in ("kl_mean", "kl_max"):
        result[f"{key}_ratio"] = result["tenon"][key] / result["llama.cpp"][key]
    return result


def is_good(result, limit):
    ours = result["tenon"]
    return (
        result["kl_mean_ratio"] <= limit
        and result["kl_max_ratio"] <= limit
        and ours["greedy_decided"] >= DECIDED_SHARE * ours["greedy"]
        and ours["greedy_decided_same"] == ours["greedy_decided"]
    )


def print_result(length, result):
    for name in ("tenon", "llama.cpp"):
        row = result[name]
        print(
            f"{length:6} {name:10} KL mean {row['kl_mean']:.3e} max {row['kl_max']:.3e}"
            f"  error max {row['largest_error']:.2e}  greedy {row['greedy_same']}"
            f"/{row['greedy']}, decided {row['greedy_decided']}, of these same "
            f"{row['greedy_decided_same']}, least lead {row['least_lead']:.2e}"
        )
    mean, largest = result["kl_mean_ratio"], result["kl_max_ratio"]
    print(f"{length:6} ratio      KL mean {mean:.3e} max {largest:.3e}", flush=True)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenon", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True, type=pathlib.Path, help="a GGUF file")
    parser.add_argument("--llama-source", required=True, type=pathlib.Path)
    parser.add_argument("--llama-build", required=True, type=pathlib.Path)
    parser.add_argument("--compiler", default="c++", help="of C++, for LlamaPeer.cpp")
    parser.add_argument("--lengths", default="5,600,3000", help="tokens of the prompts")
    parser.add_argument("--generate", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--type", default="float64", choices=["float32", "float64"])
    parser.add_argument("--ratio", type=float, default=0.1, help="the most of KL's ratios")
    parser.add_argument("--folder", type=pathlib.Path, help="of the temporary files")
    parser.add_argument("--json", type=pathlib.Path, help="file of all numbers")
    options = parser.parse_args()
    options.lengths = [int(length) for length in options.lengths.split(",")]
    if min(options.lengths) < 1 or options.generate < 1:
        parser.error("--lengths and --generate expect at least 1")
    return options


def main():
    options = parse_options()
    file = gguf_file.Gguf(options.model)
    results = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = pathlib.Path(name)
        places = (options.llama_source, options.llama_build, options.compiler)
        peer = LlamaPeer(*places, options.model, folder)
        version = peer.version()
        print(f"llama.cpp {version}")
        artifact = folder / "model.tenon"
        longest = max(options.lengths) + options.generate
        command = [options.tenon, "compile", options.model, "-o", artifact]
        run(command + [f"--max-context={longest}"])
        text = peer.tokens([make_text(8 * max(options.lengths))])[0]
        if len(text) < max(options.lengths):
            sys.exit(f"the text has {len(text)} tokens, fewer than --lengths asks for")
        exact = Exact(file, options.type)
        for length in options.lengths:
            prompt = text[:length]
            result = measure(options, exact, artifact, peer, prompt, folder)
            print_result(length, result)
            results[length] = result
    if options.json:
        report = {"llama.cpp": version, "lengths": results}
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if all(is_good(r, options.ratio) for r in results.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
