#!/usr/bin/env python3
"""Runs kernels of single operations on the PTX machine, with the interpreter as oracle.

Usage: compare_kernels.py TOOLS FOLDER ARCHITECTURE [NAME...]

The kernels are the cases of run_kernels.py whose names begin with a NAME, by default
all, with weights that `tenon-run` draws at random. The largest error of each is
printed in units of the tolerance that follows from its sums and types. A case that is like another one has equal bits.
"""

import argparse
import pathlib
import subprocess
import sys
import zlib

import numpy as np

import attention_cases  # noqa: F401, adds cases
import expert_cases  # noqa: F401, adds cases
import kernel_cases
import replay_trace
import row_cases
from run_kernels import SHARED

FACTORS = {"f8": 'factors ["{0}.scale"] '}
# Columns of the blocks that stored tensors with such codes consist of.
BLOCKS = {"i8": 32, "i8o": 32, "i8s": 256}


def is_weight(operand):
    return operand.type.startswith("!tenon.weight")


def is_stored(case):
    """Whether there are files with weights as a case has them."""
    return all(x.shape[-1] % BLOCKS.get(x.format, 1) == 0
               for x in case.inputs if isinstance(x, kernel_cases.Panels))


class Module:
    """All cases as functions of one module, whose weights have symbols."""

    def __init__(self, architecture, cases):
        self.symbols, self.functions, self.offset = [], [], 0
        for case in cases:
            self.add(case)
        self.text = "\n".join([
            f'module attributes {{machine.target = #machine.gpu<name = "{architecture}", '
            f"shared = {SHARED[architecture]}, registers = 65536>}} {{",
            *self.symbols, *self.functions, "}"])

    def add_weight(self, case, weight):
        """Those of a case and of what is like it have the same tensor."""
        symbol, tensor = (f"{name}.{weight.name}" for name in (case.name, case.like or case.name))
        shape = [int(x) for x in weight.type[len("!tenon.weight<"):].split(",")[0].split("x")]
        if isinstance(weight, row_cases.Table):
            dims = f"dims = {shape[1]}, pairing = half, theta = 1.0e4 : f64"
            what = f"tenon.rope_table @{symbol} <{dims}> positions 768"
        else:
            factors = FACTORS.get(getattr(weight, "format", ""), "").format(tensor)
            what = f'tenon.weight @{symbol} "{tensor}" {factors}'
        self.symbols.append(f"{what} : {weight.type} at {self.offset}")
        # Panels are padded, and groups of columns have two factors at most.
        matrix = (shape[-1] + 32) * 4 * (1 if len(shape) == 1 else shape[-2] + 16)
        self.offset += -(-matrix * int(np.prod(shape[:-2])) // 4096) * 4096 + 4096

    def add(self, case):
        values = [x for x in case.inputs + case.outs if not is_weight(x)]
        weights = [x for x in case.inputs if is_weight(x)]
        for weight in weights:
            self.add_weight(case, weight)
        results = ", ".join(x.type for x in case.outs)
        ins, outs = (", ".join(f"%f_{x.name}" for x in xs) for xs in (case.inputs, case.outs))
        self.functions += [
            f"func.func @f.{case.name}({', '.join(f'%f_{x.name}: {x.type}' for x in values)}) -> "
            f"({results}) attributes {{tile.bucket = #tile.bucket<tokens = {case.bucket}>}} {{",
            *(f"  %f_{x.name} = tenon.weight_ref @{case.name}.{x.name} : {x.type}" for x in weights),
            f'  %f_r:{len(case.outs)} = tile.kernel "{case.name}" '
            f"ins({ins} : {', '.join(x.type for x in case.inputs)}) outs({outs} : {results}) {{",
            "  ^bb0(" + ", ".join(f"%a_{x.name}: {x.type}" for x in case.inputs + case.outs) + "):",
            case.body.rstrip(),
            f"  }} -> {results}",
            f"  return {', '.join(f'%f_r#{i}' for i in range(len(case.outs)))} : {results}\n}}"]


def call(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def trace(options, case):
    """Runs a case in the interpreter."""
    arrays = case.make(np.random.default_rng(zlib.crc32((case.like or case.name).encode())))
    inputs = []
    for operand in case.inputs + case.outs:
        if is_weight(operand):
            continue
        value = arrays[operand.name]
        if operand.type == "index":
            inputs.append(f"--input=ints:{value}@")
            continue
        path = options.folder / f"{operand.name}.npy"
        if operand.dtype == "i32":
            value = np.asarray(value, np.int32)
        elif operand.dtype == "bf16":
            value = kernel_cases.round_bf16(value)
        np.save(path, value if operand.dtype == "i32" else np.asarray(value, np.float32))
        inputs.append(f"--input={path}")
    call(options.tools / "tenon-run", options.module, f"--entry=f.{case.name}", *inputs,
         f"--trace-kernels={options.folder / 'trace'}")
    return replay_trace.Trace(options.folder / "trace")


def compare(options, code, case, bits):
    """The largest ratio of a case, and whether its bits are those of what it is like."""
    traced = trace(options, case)
    replay = replay_trace.Replay(traced, code, gangs=32 if case.apart else 2, blocks=case.grid)
    line = next(line for line in traced.lines if "launch" in line)
    outputs = replay.run_alone(line)
    ratios, choices = replay_trace.compare_launch(traced, line, outputs)
    bits[case.name] = [output.tobytes() for output in outputs]
    return (max(ratios + [x.ratio for x in choices]),
            not case.like or case.like not in bits or bits[case.name] == bits[case.like])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tools", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("architecture", choices=SHARED)
    parser.add_argument("names", nargs="*", default=[""])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    options.module = options.folder / "kernels.mlir"
    cases = [case for case in kernel_cases.CASES
             if is_stored(case) and any(case.name.startswith(name) for name in options.names)]
    options.module.write_text(Module(options.architecture, cases).text)
    lowered = options.folder / "lowered.mlir"
    call(options.tools / "tenon-opt", "--tenon-nvptx-kernel-pipeline",
         "--tenon-nvptx-lowering-pipeline", options.module, "-o", lowered)
    code = replay_trace.Code(
        call(options.tools / "tenon-translate", "--gpu-module-to-ptx", lowered))
    failures, bits = 0, {}
    for case in cases:
        try:
            ratio, is_like = compare(options, code, case, bits)
        except RuntimeError as error:
            ratio, is_like = np.inf, str(error)
        is_good = ratio < 1 and is_like is True
        failures += not is_good
        print(f"{case.name}: ratio {ratio:.3g}{'' if is_good else ', wrong'}"
              f"{'' if is_like is True else '; ' + (is_like or f'other bits than {case.like}')}",
              flush=True)
    print(f"{failures} of {len(cases)} kernels fail")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
