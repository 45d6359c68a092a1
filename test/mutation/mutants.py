# A mutant, and the changes of operators.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import dataclasses

import sources

BINARY = {
    "<": ("relation", "<=", ">="),
    "<=": ("relation", "<", ">"),
    ">": ("relation", ">=", "<="),
    ">=": ("relation", ">", "<"),
    "==": ("relation", "!="),
    "!=": ("relation", "=="),
    "+": ("arithmetic", "-"),
    "-": ("arithmetic", "+"),
    "*": ("arithmetic", "/", "+"),
    "/": ("arithmetic", "*"),
    "%": ("arithmetic", "*", "/"),
    "<<": ("arithmetic", ">>"),
    ">>": ("arithmetic", "<<"),
    "&": ("arithmetic", "|"),
    "|": ("arithmetic", "&"),
    "&&": ("logic", "||"),
    "||": ("logic", "&&"),
    "+=": ("arithmetic", "-=", "="),
    "-=": ("arithmetic", "+=", "="),
    "*=": ("arithmetic", "/=", "="),
    "/=": ("arithmetic", "*=", "="),
    "|=": ("arithmetic", "="),
    "&=": ("arithmetic", "="),
    "<<=": ("arithmetic", ">>="),
    ">>=": ("arithmetic", "<<="),
}


@dataclasses.dataclass
class Mutant:
    """One fault: `start` to `end` of a file, and what stands there when it is on."""

    file: str
    start: int
    end: int
    form: str  # expression, condition, statement, or text of a .td file
    kind: str
    original: str
    mutated: str
    function: str
    line: int
    cast: str = ""
    constant: int = -1  # where `constexpr` must become `const`
    nth: int = 0  # of those with the same file, function and texts
    number: int = 0

    @property
    def key(self):
        texts = (" ".join(text.split()) for text in (self.original, self.mutated))
        return "|".join([self.file, self.function, *texts, str(self.nth)])

    @property
    def room(self):
        return sources.room_of(self.file)


def with_ordinals(mutants):
    """The mutants, each counted among those that read the same."""
    seen = {}
    for mutant in sorted(mutants, key=lambda one: (one.start, one.end)):
        mutant.nth = seen.get(mutant.key, 0)
        seen[mutant.key.rsplit("|", 1)[0] + "|0"] = mutant.nth + 1
    return mutants
