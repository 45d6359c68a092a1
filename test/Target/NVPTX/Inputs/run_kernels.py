#!/usr/bin/env python3
"""Runs the kernels of small operations on a machine of PTX and checks numbers.

Usage: run_kernels.py print ARCHITECTURE > KERNELS.mlir
       run_kernels.py check KERNELS.ptx [NAME...]

`print` writes formed kernels, `check` runs what became of them and compares with
the formulas of the operations, in double precision.
"""

import pathlib
import re
import sys
import zlib

import numpy as np

import attention_cases  # noqa: F401, adds cases
import expert_cases  # noqa: F401, adds cases
import kernel_cases
import row_cases  # noqa: F401, adds cases
from ptx_machine import Memory, run_kernel

SHARED = {"sm_80": 166912, "sm_90a": 232448}


def print_module(architecture):
    """Writes a function with one kernel for each case."""
    print(f'module attributes {{machine.target = #machine.gpu<name = "{architecture}", '
          f"shared = {SHARED[architecture]}, registers = 65536>}} {{")
    for case in kernel_cases.CASES:
        ins = ", ".join(f"%f_{i.name}" for i in case.inputs)
        outs = ", ".join(f"%f_{o.name}" for o in case.outs)
        both = case.inputs + case.outs
        print(f"func.func @f.{case.name}({', '.join(f'%f_{a.name}: {a.type}' for a in both)}) "
              f"attributes {{tile.bucket = #tile.bucket<tokens = {case.bucket}>}} {{")
        types = ", ".join(i.type for i in case.inputs)
        results = ", ".join(o.type for o in case.outs)
        print(f'  %f_r:{len(case.outs)} = tile.kernel "{case.name}" '
              f"ins({ins} : {types}) outs({outs} : {results}) {{")
        print("  ^bb0(" + ", ".join(f"%a_{a.name}: {a.type}" for a in both) + "):")
        print(case.body.rstrip())
        print(f"  }} -> {results}\n  return\n}}")
    print("}")


def read_launches(text):
    """Returns shared memory and largest grid of each kernel by its name."""
    header = re.findall(r"^// kernel (\S+): (\S+) threads (\d+) shared (\d+) blocks (\d+)$",
                        text, re.M)
    return {name: (symbol, int(shared), int(blocks))
            for symbol, name, _, shared, blocks in header}


def check_case(case, text, launches, results):
    """Runs a case; returns a complaint or None. Keeps the bits of its results."""
    if case.name not in launches:
        return "there is no device code"
    symbol, shared, blocks = launches[case.name]
    rng = np.random.default_rng(zlib.crc32((case.like or case.name).encode()))
    arrays = case.make(rng)
    memory, arguments, places = Memory(), [], {}
    for operand in case.inputs + case.outs:
        value = arrays[operand.name]
        if operand.type == "index":
            arguments.append(int(value))
            continue
        places[operand.name] = memory.add(operand.pack(value))
        arguments.append(places[operand.name])
        arguments += [value.shape[i] for i in operand.dynamic]
    grid = max(1, min(blocks, case.grid))
    run_kernel(text, symbol, memory, arguments, shared, grid, case.apart)
    for operand, expected in zip(case.outs, case.reference(arrays), strict=True):
        got = operand.unpack(memory.get(places[operand.name], operand.pack(expected)))
        bits = results.setdefault((case.name, operand.name), operand.pack(got).tobytes())
        if case.like and bits != results.get((case.like, operand.name)):
            return f"{operand.name} has other bits than that of {case.like}"
        if operand.dtype == "i32":
            if (got != expected).any():
                return f"{operand.name} differs"
            continue
        nonzero = expected[expected != 0]
        size = np.sqrt((nonzero ** 2).mean()) if nonzero.size else 1.0
        ratio = np.abs(got - expected) / (case.tolerance * np.maximum(np.abs(expected), size))
        if not (ratio <= 1).all():
            worst = np.unravel_index(np.argmax(np.nan_to_num(ratio, nan=np.inf)), ratio.shape)
            return (f"{operand.name} differs by {ratio[worst]:.3g} tolerances at {worst}: "
                    f"{got[worst]} is not {expected[worst]}")
    return None


def main():
    if sys.argv[1] == "print":
        return print_module(sys.argv[2])
    text = pathlib.Path(sys.argv[2]).read_text()
    launches, results, wanted, failures = read_launches(text), {}, sys.argv[3:], 0
    for case in kernel_cases.CASES:
        if wanted and case.name not in wanted:
            continue
        try:
            complaint = check_case(case, text, launches, results)
        except RuntimeError as error:
            complaint = str(error)
        print(f"{case.name}: {complaint or 'ok'}", flush=True)
        failures += complaint is not None
    print(f"{failures} of {len(wanted or kernel_cases.CASES)} kernels fail")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
