# The mutants of a .td file: predicates and default values, which are C++ in strings.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import re

from mutants import BINARY, Mutant, with_ordinals

STRINGS = r'"(?:\\.|[^"\\])*"(?:\s*"(?:\\.|[^"\\])*")*'
PREDICATE = re.compile(rf"\bCPred<\s*({STRINGS})")
DEFAULT = re.compile(
    rf"\bDefaultValued(?:Prop|Parameter|Attr|OptionalAttr)<[^\";]*?"
    rf"(?:\"[\w:]+\",\s*)?({STRINGS})>"
    rf"|/\*default=\*/\s*({STRINGS})"
)
OPERATOR = re.compile(r"(?<= )(&&|\|\||==|!=|<=|>=|<|>|\+|-|\*|/|%)(?= )")
NUMBER = re.compile(r"(?<![\w.<])-?\d+(?![\w.>])")
NEGATION = re.compile(r"!(?=[:\w$(])")
ENUM = re.compile(r"\bI32Enum\w*<\"(\w+)\".*?\]>", re.S)
CASE = re.compile(r"EnumCase<\"(\w+)\"|EnumCase\w*<\"(\w+)\"")
DEFINITION = re.compile(r"^(?:def|class)\s+(\w+)", re.M)


def unquote(strings):
    """What adjacent strings of TableGen hold together."""
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', strings))


def changes_of_predicate(text):
    """The text of a predicate with one change, for each change."""
    for match in OPERATOR.finditer(text):
        _, *others = BINARY[match[1]]
        for other in others:
            yield text[: match.start()] + other + text[match.end() :]
        if match[1] in ("&&", "||"):
            yield text[: match.start()].strip()
            yield text[match.end() :].strip()
    for match in NUMBER.finditer(text):
        for other in (int(match[0]) + 1, int(match[0]) - 1):
            yield text[: match.start()] + str(other) + text[match.end() :]
    for match in NEGATION.finditer(text):
        yield text[: match.start()] + text[match.end() :]
    yield "true"


def changes_of_default(text, enumerations):
    if re.fullmatch(r"-?\d+", text):
        yield str(int(text) + 1)
        yield str(int(text) - 1)
    elif text in ("true", "false"):
        yield "false" if text == "true" else "true"
    else:
        name, _, case = text.rpartition("::")
        cases = enumerations.get(name.rpartition("::")[2], [])
        if case in cases and len(cases) > 1:
            yield f"{name}::{cases[(cases.index(case) + 1) % len(cases)]}"


def read_enumerations(texts):
    """Cases of the enumerations of .td files, by name."""
    found = {}
    for text in texts:
        for match in ENUM.finditer(text):
            found[match[1]] = [one or two for one, two in CASE.findall(match[0])]
    return found


def collect(file, text, enumerations):
    """The mutants of one .td file."""
    found = []

    def add(match, group, kind, mutated):
        before = DEFINITION.findall(text, 0, match.start())
        found.append(
            Mutant(
                file, match.start(group), match.end(group), kind, kind,
                unquote(match[group]), mutated, before[-1] if before else "",
                text.count("\n", 0, match.start()) + 1,
            )
        )  # fmt: skip

    for match in PREDICATE.finditer(text):
        for changed in dict.fromkeys(changes_of_predicate(unquote(match[1]))):
            add(match, 1, "predicate", changed)
    for match in DEFAULT.finditer(text):
        group = 1 if match[1] else 2
        for changed in changes_of_default(unquote(match[group]), enumerations):
            add(match, group, "default", changed)
    return with_ordinals(found)
