# Runs each activation natively on a grid of numbers, beside the interpreter.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: check_activations.py <tenon-run> <repository> <folder> <target attribute>

The activations are those of TenonEnums.td, so that none is forgotten. The largest
relative error is the one that Polynomials.h promises."""

import math
import pathlib
import re
import subprocess
import sys

import numpy as np

WIDTH = 25  # whole vectors of both widths, and a tail
PROMISE = re.compile(r"///   (\w+) +2\^-(\d+)")
CASES = re.compile(r"def Tenon_Activation .*?\]>", re.S)
FUNCTION = """
func.func @{name}(%x: tensor<?x{width}xf32>, %one: tensor<?x{width}xf32>)
    -> tensor<?x{width}xf32> {{
  %a = tenon.glu {name} %x, %one : tensor<?x{width}xf32>
  return %a : tensor<?x{width}xf32>
}}
"""


# How small the factor of x becomes; those that code flushes are found by it.
FACTORS = {
    "silu": lambda x: 1 / (1 + math.exp(min(-x, 700))),
    "gelu_tanh": lambda x: 1
    / (1 + math.exp(min(-math.sqrt(8 / math.pi) * (x + 0.044715 * x**3), 700))),
    "gelu": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
    "relu": lambda x: 1,
}


def list_numbers(name):
    """Both zeros, every power of two that matters, the ends of the ranges that the
    code distinguishes, and numbers close together in between. Apart from them those
    for which the factor of x is no normal number any more and may be 0, with a 1 that
    says what is small."""
    powers = np.exp2(np.arange(-126, 8, dtype=np.float64))
    ends = [14, 13.999999, 87.3, 88, 88.7, 126, 127, 1e4, 1e20]
    dense = np.linspace(0, 16, 1600)
    sizes = np.concatenate([[0.0], powers, ends, dense, np.linspace(16, 90, 300)])
    numbers = np.concatenate([sizes, -sizes]).astype(np.float32)
    factors = np.array([FACTORS[name](float(x)) for x in numbers])
    is_flushed = factors < 2.0**-126
    return numbers[~is_flushed], np.append(numbers[is_flushed], np.float32(1))


def compare(command, folder, numbers, *options):
    """Runs one function on numbers, of which the last ones may be repeated."""
    rows = -(-len(numbers) // WIDTH)
    np.save(folder / "x.npy", np.resize(numbers, (rows, WIDTH)))
    np.save(folder / "one.npy", np.ones((rows, WIDTH), np.float32))
    inputs = [f"--input={folder}/x.npy", f"--input={folder}/one.npy"]
    inputs.append(f"--input=unwritten@{rows}x{WIDTH}")
    result = subprocess.run(
        [*command, *inputs, *options], text=True, capture_output=True
    )
    if result.returncode:
        sys.exit(f"{' '.join(command)}: {result.stdout}{result.stderr}")


def main(runner, repository, folder, target):
    repository, folder = pathlib.Path(repository), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    header = (repository / "lib/Target/CPU/Polynomials.h").read_text()
    enums = (repository / "dialects/Tenon/TenonEnums.td").read_text()
    names = re.findall(r'Case<"\w+", \d+, "(\w+)">', CASES.search(enums)[0])
    promised = {name: 2.0**-int(bits) for name, bits in PROMISE.findall(header)}
    functions = "".join(FUNCTION.format(name=name, width=WIDTH) for name in names)
    module = folder / "activations.mlir"
    module.write_text(
        f"module attributes {{machine.target = {target}}} {{\n{functions}}}\n"
    )
    pipeline = "tenon-form-pipeline{buckets=256 positions=64},tenon-tile-pipeline"
    for name in names:
        normal, flushed = list_numbers(name)
        bound = promised[name]
        command = [runner, str(module), f"--entry={name}", "--engine=native"]
        command += ["--compare=interpret", f"--pipeline=builtin.module({pipeline})"]
        compare(command, folder, normal, f"--relative-error={bound}")
        compare(command, folder, flushed)
        print(f"{name}: {len(normal)} numbers within {bound:.3g}")


if __name__ == "__main__":
    main(*sys.argv[1:])
