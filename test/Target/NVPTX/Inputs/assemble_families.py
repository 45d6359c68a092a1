#!/usr/bin/env python3
"""Compiles a checkpoint of each family to PTX and assembles it.

Usage: assemble_families.py TENON GOLDENS PTXAS FOLDER [NAME...]

Prints the number of kernels of each, for both architectures; exits with 1 if one
has a fault of check_ptxas.py.
"""

import pathlib
import subprocess
import sys

CASES = [
    "bert-pooled-f32",
    "deepseek2-greedy-f32",
    "deepseek3-grouped-bf16",
    "deepseek32-selecting-f32",
    "gemma2-capped-f32",
    "gemma3-pattern-f32",
    "glm4-normed-f32",
    "gpt2-plain-f32",
    "gptoss-blocks-bf16",
    "granite-scaled-f32",
    "kimi2-stretched-bf16",
    "llama-scaled-bf16",
    "llama4-chunked-f32",
    "mistral-window-f32",
    "mixtral-joined-bf16",
    "olmoe-clipped-f16",
    "phi3-longrope-long-f32",
    "phi3-partial-bf16",
    "qwen-moe2-shared-f32",
    "qwen-moe3-normalized-bf16",
    "qwen2-window-f32",
    "qwen3-window-f32",
    "smollm3-listed-bf16",
]
ARCHITECTURES = ["sm_80", "sm_90a"]


def call(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def assemble(tenon, ptxas, model, name, architecture):
    """How many kernels there are, or a complaint."""
    output = model.with_name(f"{model.name}.{architecture}.ptx")
    options = ["--skip-weights", "--max-context=64", "--buckets=1,8,129"]
    target = [f"--target=cuda:{architecture}", "--emit=ptx", "-o", output]
    code, said = call(tenon, "compile", model, *options, *target)
    if code:
        return f"fault: {said}"
    if "has no device code" in said:
        return f"fault: {said}"
    check = pathlib.Path(__file__).with_name("check_ptxas.py")
    code, said = call(sys.executable, check, ptxas, architecture, output)
    return f"fault: {said}" if code else f"{said.count(' registers')} kernels"


def main():
    tenon, goldens, ptxas, folder, *names = sys.argv[1:]
    folder, names = pathlib.Path(folder), names or CASES
    script = pathlib.Path(goldens) / "make_checkpoints.py"
    subprocess.run([sys.executable, script, folder, "--only", *names], check=True)
    failures = 0
    for name in names:
        for architecture in ARCHITECTURES:
            said = assemble(tenon, ptxas, folder / name, name, architecture)
            failures += said.startswith("fault")
            print(f"{name} {architecture}: {said}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
