# Lists what the pages of the dialects describe and no case of a module has.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import pathlib
import re

PAGES = pathlib.Path(__file__).resolve().parents[4] / "docs/reference/dialects"
# What the interpreter does not execute: memory, and what follows bufferization.
LOWERED = {"tile.barrier", "tile.next_ticket", "tile.weight_view"}
# How a loop is shared, and what an argument is called, say nothing about what is computed.
UNREAD_ENUMS = {"Split", "Role"}
# Where the bytes of a weight lie, which the interpreter has no use for.
PLACES = {("tenon.derive", "at"), ("tenon.rope_table", "at"), ("tenon.weight", "at")}


def list_missing(modules):
    """Ops, words of their syntax, and cases of enumerations."""
    lines = [line for module in modules for line in module.splitlines()]
    missing = []
    for page in ("Tenon.md", "Tile.md"):
        text = (PAGES / page).read_text()
        for op, body in re.findall(r"### `(t\w+\.\w+)`(.*?)(?=\n###? |\Z)", text, re.S):
            own = [line for line in lines if re.search(rf"\b{op}\b", line)]
            if op in LOWERED:
                continue
            syntax = re.search(r"operation ::= (.*?)\n```", body, re.S)[1]
            for word in [None, *re.findall(r"`(\w+)`", syntax)]:
                pattern = op if word in (None, op) else rf"\b{word}\b"
                if (op, word) not in PLACES and not any(
                    re.search(pattern, line) for line in own
                ):
                    missing.append(op if word is None else f"`{word}` of {op}")
        everything = "\n".join(lines)
        enums = text.partition("\n## Enums\n")[2]
        for enum, body in re.findall(r"### (\w+)\n(.*?)(?=\n### |\Z)", enums, re.S):
            missing += [
                f"the case {case} of {enum}"
                for case in re.findall(r"^\| \w+ \| `\d+` \| (\w+) \|", body, re.M)
                if enum not in UNREAD_ENUMS
                and not re.search(rf"\b{case}\b", everything)
            ]
    return sorted(set(missing))
