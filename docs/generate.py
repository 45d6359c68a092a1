#!/usr/bin/env python3
# Writes the IR and the assembly of FromConfigToFma.md, or fails when the page has other text.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""generate.py <folder of the tools> [--update]

The page holds its own input: the fenced block after `<!-- config -->` is the
config.json that is compiled. Each fenced block after `<!-- generated: NAME -->`
is replaced by an excerpt of what the tools print. Numbers in the prose that
describe such a block are counted in it.
"""

import collections
import difflib
import pathlib
import re
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parent / "FromConfigToFma.md"
KERNEL = "layer.dense.attention.t8"
BLOCK = re.compile(r"<!-- (?:generated: )?([\w-]+) -->\n+```\w+\n(.*?)```", re.S)


def run(command, text=None):
    """Returns what a command prints; ends the program when it fails."""
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed: {result.stderr.strip()}")
    return result.stdout


def excerpt(text, first, last, within=""):
    """Returns the lines from `first` to `last`, both found by a pattern, of the
    part of a text that begins where `within` is found."""
    lines = text[re.search(within, text).start() :].splitlines()
    try:
        begin = next(i for i, line in enumerate(lines) if re.search(first, line))
        end = next(i for i in range(begin, len(lines)) if re.search(last, lines[i]))
    except StopIteration:
        sys.exit(f"no lines from '{first}' to '{last}' after '{within}'")
    return dedent(lines[begin : end + 1])


def dedent(lines):
    width = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "".join(line[width:] + "\n" for line in lines)


def first_loop_of_fma(text):
    """Returns the first loop without a loop inside that has a vector.fma."""
    lines = text.splitlines()
    for begin, line in enumerate(lines):
        if "scf.for" not in line:
            continue
        indent = line[: len(line) - len(line.lstrip())]
        end = next(i for i in range(begin, len(lines)) if lines[i] == indent + "}")
        body = lines[begin + 1 : end]
        if any("vector.fma" in l for l in body) and not any("scf." + k in l for l in body for k in ("for", "if")):
            return dedent(lines[begin : end + 1])
    sys.exit("no loop of vector.fma in the expanded kernel")


def first_loop_of_vfmadd(text):
    """Returns the first loop of a function's assembly that has a vfmadd: from a
    label to the jump back to it."""
    lines = [line for line in text.splitlines() if not re.match(r"\s+[.#]", line)]
    labels = {}
    for i, line in enumerate(lines):
        if label := re.match(r"(\.L\w+):", line):
            labels[label[1]] = i
        jump = re.match(r"\s+j\w+\s+(\.L\w+)", line)
        if jump and jump[1] in labels:
            loop = lines[labels[jump[1]] : i + 1]
            if any("vfmadd" in line for line in loop):
                return "".join(re.sub(r"\s+#.*", "", line) + "\n" for line in loop)
    sys.exit("no loop of vfmadd in the assembly of the kernel")


def generate(tools, config):
    """Returns the text of each generated block by its name."""
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "config.json").write_text(config)
        compile = [tools / "tenon", "compile", folder, "--skip-weights"]
        compile += ["--target=cpu:x86-64-v3", "--buckets=8"]
        phases = {
            phase: run(compile + [f"--stop-after={phase}", "--emit=mlir"])
            for phase in ("import", "simplify", "form", "tile", "bufferize")
        }
        assembly = run(compile + ["--emit=asm"])
    expand = "builtin.module(func.func(convert-tile-to-vector),canonicalize,cse)"
    vector = run([tools / "tenon-opt", f"--pass-pipeline={expand}"], phases["bufferize"])

    layer, kernel = r"@layer\.dense", re.escape(KERNEL)
    joined = r"@dense\.q_k_v"
    states = (r"tile\.attention_init", r"tile\.attention_finish")
    function = rf"func\.func private @{kernel}"
    return {
        "import": excerpt(phases["import"], r"weight_ref @dense\.q\[", r"tenon\.attention", layer + r"\("),
        "joined": excerpt(phases["simplify"], "derive " + joined, ""),
        "placed": excerpt(phases["form"], "derive " + joined, ""),
        "form": excerpt(phases["form"], rf'tile\.kernel "{kernel}"', r"^\s+} ->"),
        "tile": excerpt(phases["tile"], *states, rf'tile\.kernel "{kernel}"'),
        "bufferize": excerpt(phases["bufferize"], *states, function),
        "vector": first_loop_of_fma(vector[re.search(function, vector).start() :]),
        "assembly": first_loop_of_vfmadd(excerpt(assembly, rf'^"?{kernel}\.v3"?:', r"\.Lfunc_end")),
    }


def describe(blocks):
    """Yields a pattern of the prose about a block, and the text with its numbers."""
    vector, assembly = blocks["vector"], blocks["assembly"]
    loads = collections.Counter(re.findall(r"vector\.load (%\w+)\[", vector))
    if len(loads) != 2:
        sys.exit(f"expected loads of rows and of keys, but got {dict(loads)}")
    rows, keys = loads.values()
    step = re.search(r"scf\.for .* step %c(\d+) ", vector)[1]
    yield (
        r"\d+ x \d+ register tile \(rows x keys\), \d+ head elements per\s"
        r"iteration and \d+ accumulators",
        f"{rows} x {keys} register tile (rows x keys), {step} head elements per\n"
        f"iteration and {vector.count('vector.fma')} accumulators",
    )
    if "(%rsp" in assembly:
        sys.exit("the loop of vfmadd has spills")
    loads = sum("(%" in line for line in assembly.splitlines())
    yield (
        r"\d+ vector loads and \d+ FMAs",
        f"{loads} vector loads and {assembly.count('vfmadd')} FMAs",
    )


def main(tools, update):
    old = PAGE.read_text()
    config = dict(BLOCK.findall(old))["config"]
    blocks = {"config": config, **generate(tools, config)}

    def fill(match):
        begin, end = (place - match.start() for place in match.span(2))
        return match[0][:begin] + blocks[match[1]] + match[0][end:]

    new = BLOCK.sub(fill, old)
    for pattern, text in describe(blocks):
        new, count = re.subn(pattern, text, new)
        if count != 1:
            sys.exit(f"docs/{PAGE.name} has no text like '{text}'")
    if update:
        PAGE.write_text(new)
        return 0
    lines = (old.splitlines(), new.splitlines(), f"docs/{PAGE.name}", "generated")
    diff = list(difflib.unified_diff(*lines, lineterm=""))
    print("\n".join(diff))
    if diff:
        print(f"docs/{PAGE.name} is out of date; run docs/generate.py {tools} --update")
    return bool(diff)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--update"]):
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]), bool(sys.argv[2:])))
