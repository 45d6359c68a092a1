#!/usr/bin/env python3
"""Counts in how many source files a fact stands: what a change of it costs.

Usage: check_spread.py [--table] [--allow=FILE] [repository root]

For each op of the tenon and tile dialects: the files that name its class, besides its
dialect, the oracle (Interpreter), its lowerings (lib/Conversion and lib/Target) and the
harness of tests (Testing).
For other facts that belong into one place (names of CPU levels, the height of a panel,
...): the files that spell them. And each list of more than three op classes in one
`isa` or `TypeSwitch` outside dialects, oracle and lowerings.

Fails where a count exceeds its limit. What exceeds it today stands in
spread_allowlist.txt next to this script with its count, which may only shrink: an entry
that allows more than there is, is an error too. --table prints every count.
"""

import argparse
import pathlib
import re
import statistics
import sys

ALLOW_LIST = pathlib.Path(__file__).with_name("spread_allowlist.txt")
OP_LIMIT = 3
OP_MEDIAN_LIMIT = 1
LIST_LIMIT = 3
SOURCES = ["lib", "include", "dialects", "tools"]
DIALECTS = ["Tenon", "Tile"]
# Where an op is defined, executed and lowered: every op may stand there.
OWN = re.compile(
    r"(?:dialects|(?:lib|include/tenon)/(?:Interpreter|Testing)"
    r"|lib/Conversion|lib/Target)/"
)
# Repeats facts on purpose, to judge the others.
ORACLE = re.compile(r"lib/Interpreter/")
# Who knows no target: it asks back ends.
DRIVER = re.compile(r"(?:lib|include/tenon)/Driver/|tools/tenon/")
# A fact, what spells it, and in how many files besides the oracle it may stand; and, if
# only some files count, which.
FACTS = [
    # Names of code variants: driver, help, runtime, code generation.
    ("CPU level", re.compile(r'"[^"\n]*\bx86-64-v[34]'), 1),
    ("GPU level", re.compile(r'"[^"\n]*\bsm_(?:80|90a)\b'), 1),
    # The rows of a panel and half of them, in arithmetic on panels.
    ("panel height", re.compile(r"(?s)[pP]anel.*(?:= 16;|!= 16\b|[/*] 16\b)"), 1),
    # How a rotary table splits a position.
    ("split of rotary positions", re.compile(r"\b256\b(?=[^\n]*(?:position|angle|row))"), 1),
    ("name of a scale tensor", re.compile(r'"_scale_inv"'), 1),
    # What stands for a layer or an expert in the name of a tensor.
    ("mark in a tensor's name", re.compile(r'"\{[le]\}"'), 1),
    ("log2(e)", re.compile(r"M_LOG2E|1\.44269|log2e\b|inLog2"), 1),
    # Operands of a step, found by position, rank or name.
    ("prefix of entries", re.compile(r'"entry\."'), 1),
    # But not the option of a tool.
    ("name of the step", re.compile(r'"step"(?!,\s*cl::)'), 1),
    # Names of back ends, of their libraries, and questions of which one it is.
    (
        "which back end it is",
        re.compile(
            r'\bisGpu\b|"cuda\b|"cpu:|tenon/Target/(?:CPU|NVPTX)/|\bget(?:Cpu|Gpu)Levels\b'
            r"|\bcompileForCpu\b|\bemitPtx\b"
        ),
        0,
        DRIVER,
    ),
    ("cache found by its rank", re.compile(r"getRank\(\) (?:<|>=|>) [34]\b"), 1),
]
OP = re.compile(r"^def (?:Tenon|Tile)_(\w+Op)\b", re.M)
LIST = re.compile(r"\bisa(?:_and_present|_and_nonnull)?<([^>()]*)>|(\.Case<[^>]*>)")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


class Tree:
    """Sources without their comments."""

    def __init__(self, root):
        files = [
            file
            for folder in SOURCES
            for file in sorted((root / folder).rglob("*"))
            if file.suffix in {".cpp", ".h", ".td", ".c", ".def"}
        ]
        self.texts = {
            file.relative_to(root).as_posix(): COMMENT.sub("", file.read_text())
            for file in files
        }

    def find(self, pattern, own=None, within=None):
        """Files in which a pattern stands, those that may not count left out."""
        return [
            path
            for path, text in self.texts.items()
            if pattern.search(text)
            and not (own and own.match(path))
            and not (within and not within.match(path))
        ]

    def ops(self):
        """The classes of all ops of the dialects."""
        for path, text in self.texts.items():
            if path.endswith(".td") and path.split("/")[1] in DIALECTS:
                yield from OP.findall(text)


def count_ops(tree):
    return {op: tree.find(re.compile(rf"\b{op}\b"), OWN) for op in tree.ops()}


def count_facts(tree):
    return {
        name: (tree.find(pattern, ORACLE, *within), limit)
        for name, pattern, limit, *within in FACTS
    }


def find_lists(tree, ops):
    """Places that list many op classes: `path: A, B, C, D`."""
    for path, text in tree.texts.items():
        if OWN.match(path):
            continue
        for match in LIST.finditer(text):
            named = [word for word in re.findall(r"\w+", match[0]) if word in ops]
            if len(named) > LIST_LIMIT:
                yield f"{path}: {', '.join(named)}"


def read_allowed(path):
    allowed = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            count, _, name = line.partition(" ")
            allowed[name.strip()] = int(count)
    return allowed


def complaints(counts, allowed):
    """Where a count is above its limit and what is allowed, or below what is."""
    for name, (count, limit, where) in counts.items():
        most = max(limit, allowed.get(name, 0))
        if count > most:
            yield f"{name}: stands in {count} places, at most {most} may: {where}"
        elif name in allowed and count < allowed[name]:
            wanted = "remove it" if count <= limit else f"lower it to {count}"
            yield f"{name}: the allow-list has {allowed[name]}; {wanted}"
    for name in allowed.keys() - counts.keys():
        yield f"{name}: the allow-list has it, but nothing counts it; remove it"


def measure(root):
    tree = Tree(root)
    ops = count_ops(tree)
    counts = {
        op: (len(files), OP_LIMIT, ", ".join(files)) for op, files in ops.items()
    }
    median = statistics.median_high(len(files) for files in ops.values())
    counts["median of all ops"] = (int(median), OP_MEDIAN_LIMIT, "see --table")
    for name, (files, limit) in count_facts(tree).items():
        counts[name] = (len(files), limit, ", ".join(files))
    lists = list(find_lists(tree, set(ops)))
    counts["lists of ops"] = (len(lists), 0, "; ".join(lists))
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--allow", type=pathlib.Path, default=ALLOW_LIST)
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path("."))
    options = parser.parse_args()
    counts = measure(options.root)
    if options.table:
        for name, (count, _, where) in sorted(counts.items(), key=lambda one: -one[1][0]):
            print(f"{count:3} {name}: {where}")
    found = list(complaints(counts, read_allowed(options.allow)))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
