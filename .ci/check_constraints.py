#!/usr/bin/env python3
"""Fails when a constraint of an op, attribute or type is not checked or not tested.

Each `(C1)` of a description in <Group>.td is a comment in the verifier, in
a .cpp file of the same folder, and above a case in <group>-invalid.mlir.

Usage: check_constraints.py [repository root]
"""

import pathlib
import re
import sys

DEFINITION = re.compile(r"^def \w+ : (\w+)<(.*?)^}", re.M | re.S)
# The name of an op or an enum is in its base class, that of the others in a field.
NAMED = re.compile(r'^\s*(?:\w+, )*"(\w+)"')
MNEMONIC = re.compile(r'let mnemonic = "(\w+)"')
VERIFIER = re.compile(r"^\w+ (?:\w+::)*?(\w+)::verify\w*\(.*?^}", re.M | re.S)
COMMENTED = re.compile(r"//.*?\bC\d.*")
SIGIL = {"Attr": "#", "Type": "!", "Op": r"(?<![#!\w])"}


def labels_of(text):
    """Returns the labels in the comments of a text."""
    return set(re.findall(r"\bC\d+\b", " ".join(COMMENTED.findall(text))))


def verifiers(folder):
    """Returns the labels checked for each class: in its verifiers and in what is before."""
    checked = {}
    for source in folder.glob("*.cpp"):
        text, end = source.read_text(), 0
        for match in VERIFIER.finditer(text):
            checked.setdefault(match[1], set()).update(labels_of(text[end : match.end()]))
            end = match.end()
    return checked


def cases(test, written):
    """Returns the labels above cases that contain the op, attribute or type."""
    parts = test.read_text().split("// -----") if test.exists() else []
    return set().union(*(labels_of(part) for part in parts if re.search(written, part)))


def check(definitions, checked, tests):
    """Yields a line for each constraint of a .td file that is missing somewhere."""
    dialect = definitions.parent.name
    group = definitions.stem.removesuffix("Ops")
    group = re.sub("(?<=[a-z])(?=[A-Z])", "-", group).lower() if group != "MoE" else "moe"
    test = tests / dialect / f"{group}-invalid.mlir"
    for match in DEFINITION.finditer(definitions.read_text()):
        labels = set(re.findall(r"\* \((C\d+)\)", match[2]))
        if not labels:
            continue
        kind = next(kind for kind in ("Attr", "Type", "Op") if kind in match[1])
        mnemonic = (MNEMONIC.search(match[2]) or NAMED.match(match[2]))[1]
        name = f"{dialect.lower()}.{mnemonic}"
        class_name = "".join(word.capitalize() for word in mnemonic.split("_")) + kind
        tested = cases(test, SIGIL[kind] + re.escape(name) + r"\b")
        found = checked.get(class_name, set())
        if kind == "Attr":
            # A dialect verifies attributes on ops of others.
            found = found | checked.get(f"{dialect}Dialect", set())
        for label in sorted(labels - found):
            yield f"{definitions}: {label} of {name} is not in a verifier of {class_name}"
        for label in sorted(labels - tested):
            yield f"{definitions}: {label} of {name} has no case in {test}"


def main(root):
    failures = []
    for folder in sorted(path for path in (root / "dialects").iterdir() if path.is_dir()):
        checked = verifiers(folder)
        for definitions in sorted(folder.glob("*.td")):
            failures += check(definitions, checked, root / "test" / "dialects")
    for failure in failures:
        print(failure.replace(f"{root}/", ""))
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if sys.argv[1:] else __file__ + "/../..").resolve()))
