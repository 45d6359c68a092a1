# Rewrites a source, compiles it, and prints the mutants that the errors point at.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: blame.py FOLDER SOURCE COMPILER [FLAG...]: FOLDER gets the copy of the tree."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import plan
import rewrite
import sources
import work_tree


def main(folder, source, compiler, *flags):
    tree = work_tree.WorkTree(pathlib.Path(folder), jobs=1)
    path = pathlib.Path(source)
    text = sources.read(path)
    found = plan.collect_source(path.name, text, path, list(flags))
    for number, mutant in enumerate(found, 1):
        mutant.number = number
    tree.build.mkdir(parents=True)
    work_tree.write_if_new(tree.root / path.name, rewrite.rewrite_source(text, found))
    work_tree.write_if_new(
        tree.root / "tenon_mutation_switch.h", sources.read(work_tree.SWITCH)
    )
    command = [compiler, *flags, "-fsyntax-only", f"../../{path.name}"]
    done = subprocess.run(command, cwd=tree.build, capture_output=True, text=True)
    output = f"[1/1] x\nFAILED: x.dir/{path.name}.o\n{done.stderr}"
    blamed = [found[number - 1] for number in tree.blamed(output, found)]
    for mutant in sorted(blamed, key=lambda one: (one.line, one.mutated)):
        print(f"{mutant.line}: {mutant.original} -> {mutant.mutated}")


if __name__ == "__main__":
    main(*sys.argv[1:])
