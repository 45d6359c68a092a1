#!/usr/bin/env python3
# Compares tokens per second with llama.cpp, side by side on one machine.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""gemma_vs_llamacpp.py --tenon=build/release/bin/tenon --llama-bench=PATH --model=X.gguf

Compiles the model, then measures both programs in turns: each round runs both, and
every second round in the other order, so that a machine that warms up or is shared
treats them alike. Prints the median of the rounds, their spread and the ratio.
"""

import argparse
import json
import pathlib
import statistics
import tempfile

from llama_peer import run


def measure_tenon(options, artifact, folder):
    report = folder / "tenon.json"
    command = [options.tenon, "bench", artifact, f"--prefill={options.prefill}"]
    command += [f"--decode={options.decode}", f"--context={options.context}"]
    command += [f"--threads={options.threads}", "--repetitions=1", f"--json={report}"]
    run(command)
    values = json.loads(report.read_text())
    return {
        "prefill": values["prefill_tokens_per_second"],
        "decode": values["decode_tokens_per_second"],
    }


def measure_llama(options):
    shared = [options.llama_bench, "-m", options.model, "-t", options.threads]
    shared += ["-ngl", 0, "-r", 1, "-o", "json"]
    prefill = shared + ["-p", options.prefill, "-n", 0]
    decode = shared + ["-p", 0, "-n", options.decode, "-d", options.context]
    rates = [json.loads(run(command))[0]["avg_ts"] for command in (prefill, decode)]
    return dict(zip(("prefill", "decode"), rates))


def measure_rounds(options, artifact, folder):
    """Returns for each program the rates of each round."""
    programs = {
        "tenon": lambda: measure_tenon(options, artifact, folder),
        "llama.cpp": lambda: measure_llama(options),
    }
    rates = {name: {"prefill": [], "decode": []} for name in programs}
    for turn in range(options.rounds):
        for name in list(programs)[:: -1 if turn % 2 else 1]:
            for kind, rate in programs[name]().items():
                rates[name][kind].append(rate)
    return rates


def summarize(rates):
    """Returns medians, spreads and ratios, ready to be printed or stored."""
    table = {}
    for kind in ("prefill", "decode"):
        row = {
            name: {
                "median": statistics.median(values[kind]),
                "least": min(values[kind]),
                "most": max(values[kind]),
            }
            for name, values in rates.items()
        }
        row["ratio"] = row["tenon"]["median"] / row["llama.cpp"]["median"]
        table[kind] = row
    return table


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenon", required=True, type=pathlib.Path)
    parser.add_argument("--llama-bench", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True, type=pathlib.Path, help="a GGUF file")
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--context", type=int, default=512, help="tokens before decoding")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path, help="file of all numbers")
    options = parser.parse_args()
    if options.rounds < 5:
        parser.error(f"--rounds expects at least 5, but got {options.rounds}")
    for name in ("prefill", "decode", "context", "threads"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} expects at least 1, but got {getattr(options, name)}")
    return options


def main():
    options = parse_options()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        artifact = folder / "model.tenon"
        longest = max(options.prefill, options.context + options.decode)
        command = [options.tenon, "compile", options.model, "-o", artifact]
        run(command + [f"--max-context={longest}"])
        rates = measure_rounds(options, artifact, folder)
    table = summarize(rates)
    threads = "1 thread" if options.threads == 1 else f"{options.threads} threads"
    print(f"{threads}, medians of {options.rounds} rounds, tokens per second")
    for kind, row in table.items():
        cells = "".join(
            f"  {name} {row[name]['median']:9.1f} ({row[name]['least']:.1f} to {row[name]['most']:.1f})"
            for name in rates
        )
        print(f"{kind:8}{cells}  ratio {row['ratio']:.2f}")
    if options.json:
        settings = {key: str(value) for key, value in vars(options).items()}
        report = {"options": settings, "rounds": rates, "summary": table}
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
