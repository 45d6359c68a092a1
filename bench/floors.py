#!/usr/bin/env python3
# Measures compiled models of real shapes against what the machine can do.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""floors.py [--tenon=PATH] [--folder=DIR] [--shapes=...] [--weights=f32,bf16] [--threads=2]

Makes a model with random weights for each shape, compiles it for each kind of
weights and measures it with `tenon bench`, which measures the rate of
multiply-adds and the bandwidth of memory in the same run, before and after.
Prints parts of these limits:

  decode     bytes of weights and of the cache after 512 tokens / bandwidth
  prefill    arithmetic of a prompt of 512 tokens / rate of multiply-adds
  attention  arithmetic of attention in a prompt of 4,096 tokens, in the time of
             the attention kernels / rate of multiply-adds

The arithmetic is counted from config.json: 2 operations for each weight of a
product that a token meets (the head for one token only), and for each visible
pair of query and key 2 (d_key + d_value) operations in each head. What a kernel
computes beyond that does not count.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHAPES = "llama-3.1-8b", "deepseek-v2-lite"


def count_llama(config):
    """Operations of one token's products, and of one visible pair, in all layers."""
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    size = config.get("head_dim", hidden // heads)
    projections = hidden * size * (2 * heads + 2 * config["num_key_value_heads"])
    layer = projections + 3 * hidden * config["intermediate_size"]
    layers = config["num_hidden_layers"]
    return 2 * layer * layers, 4 * size * heads * layers


def count_deepseek(config):
    """As count_llama; keys and values are expanded once for each token."""
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    layers, latent = config["num_hidden_layers"], config["kv_lora_rank"]
    nope, rope, value = (
        config["qk_nope_head_dim"],
        config["qk_rope_head_dim"],
        config["v_head_dim"],
    )
    rank, width = config.get("q_lora_rank"), heads * (nope + rope)
    attention = (hidden + width) * rank if rank else hidden * width
    attention += hidden * (latent + rope) + latent * heads * (nope + value)
    attention += heads * value * hidden
    dense = config["first_k_dense_replace"]
    experts = config["num_experts_per_tok"] + config["n_shared_experts"]
    routed = 3 * hidden * config["moe_intermediate_size"] * experts
    routed += hidden * config["n_routed_experts"]
    weights = layers * attention + (layers - dense) * routed
    weights += dense * 3 * hidden * config["intermediate_size"]
    return 2 * weights, 2 * (nope + rope + value) * heads * layers


def count_prompt(config, tokens):
    """Operations of a prompt: of all of it, and of its attention alone."""
    isLlama = config["model_type"] == "llama"
    products, pair = (count_llama if isLlama else count_deepseek)(config)
    attention = pair * tokens * (tokens + 1) // 2
    head = 2 * config["hidden_size"] * config["vocab_size"]
    return products * tokens + head + attention, attention


def run(*command):
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"floors.py: error: {' '.join(command)} failed")
    return done.stdout


def bench(options, artifact, *choices):
    """The JSON that `tenon bench` writes."""
    file = artifact.with_suffix(".json")
    command = [options.tenon, "bench", artifact, f"--threads={options.threads}"]
    run(*command, *choices, "--json", file)
    return json.loads(file.read_text())


def median(values):
    return sorted(values)[len(values) // 2]


def limit(measured, name):
    return (measured["limits_before"][name] + measured["limits_after"][name]) / 2


def report(name, value, unit, most, part):
    print(f"  {name:10}{value:9.2f} {unit:9} of {most:7.2f}  {100 * part:5.1f} %")


def measure(options, config, artifact):
    measured = bench(
        options, artifact, "--prefill=512", "--decode=16", "--context=512",
        f"--repetitions={options.repetitions}",
    )  # fmt: skip
    print(f"  {measured['variant']}, {options.threads} threads, medians of "
          f"{options.repetitions}")  # fmt: skip
    rate = measured["decode_tokens_per_second"]
    read, most = rate * measured["bytes_per_token"] * 1e-9, limit(
        measured, "gigabytes_per_second"
    )
    report("decode", read, "GB/s", most, read / most)
    operations, _ = count_prompt(config, 512)
    done = operations / median(measured["prefill_seconds"]) * 1e-9
    most = limit(measured, "gigaflops")
    report("prefill", done, "GFLOP/s", most, done / most)

    measured = bench(
        options, artifact, "--prefill=4096", "--decode=0", "--repetitions=1", "--profile",
    )  # fmt: skip
    _, operations = count_prompt(config, 4096)
    kernels = measured["prefill_kernels"]
    share = sum(part for name, part in kernels.items() if ".attention." in name)
    seconds = share * median(measured["prefill_seconds"])
    done, most = operations / seconds * 1e-9, limit(measured, "gigaflops")
    report("attention", done, "GFLOP/s", most, done / most)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tenon", default=ROOT / "build/release/bin/tenon")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/floors")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--weights", default="f32,bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    return parser.parse_args()


def main():
    options = parse_options()
    options.folder.mkdir(parents=True, exist_ok=True)
    generator = ROOT / "python/models/random_model.py"
    for shape in options.shapes.split(","):
        model = options.folder / shape
        if not model.exists():
            run(sys.executable, generator, shape, model)
        config = json.loads((model / "config.json").read_text())
        for weights in options.weights.split(","):
            artifact = options.folder / f"{shape}-{weights}.tenon"
            run(options.tenon, "compile", model, f"--weights={weights}", "-o", artifact)
            os.sync()  # weights on their way to the disk would share the memory
            print(f"{shape}, {weights}, {config['num_hidden_layers']} layers")
            measure(options, config, artifact)
            shutil.rmtree(artifact)


if __name__ == "__main__":
    main()
