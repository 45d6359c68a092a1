# Writes mutants into sources, each behind its number, and finds them again in errors.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import re

INCLUDE = '#include "tenon_mutation_switch.h"\n'
MARKER = re.compile(r"/\*(<?)(\d+)(>?)\*/")


def group_by_place(mutants):
    """Places, outer ones first, each with its mutants."""
    places = {}
    for mutant in mutants:
        places.setdefault((mutant.start, mutant.end), []).append(mutant)
    return sorted(places.items(), key=lambda item: (item[0][0], -item[0][1]))


def wrap(text, group):
    """The text of a place with its mutants around it."""
    if group[0].form == "statement":
        for mutant in group:
            number = mutant.number
            text = (
                f"{{/*<{number}*/ if (!::tenon_mutation::mutant({number})) {{ {text} }}"
                f" /*{number}>*/}}"
            )
        return text
    if any(mutant.form == "condition" for mutant in group):
        text = f"static_cast<bool>({text})"
    casts = [mutant.cast for mutant in group if mutant.cast]
    for mutant in group:
        number = mutant.number
        text = (
            f"(/*<{number}*/::tenon_mutation::mutant({number}) ? ({mutant.mutated})"
            f" : ({text})/*{number}>*/)"
        )
    return f"static_cast<{casts[0]}>{text}" if casts else text


def render(text, places, start, end):
    """text[start:end] with the places that lie in it, which are sorted."""
    pieces, at = [], start
    while places:
        (first, last), group = places.pop(0)
        inner = []
        while places and places[0][0][0] < last:
            inner.append(places.pop(0))
        # Trees nest; anything else is a place that a macro moved.
        inner = [place for place in inner if place[0][1] <= last]
        pieces += [text[at:first], wrap(render(text, inner, first, last), group)]
        at = last
    return "".join(pieces) + text[at:end]


def rewrite_source(text, mutants):
    """A C++ source with its mutants in it."""
    for at in {mutant.constant for mutant in mutants if mutant.constant >= 0}:
        # What is constant no longer is known only when it runs; every offset is kept.
        text = text[:at] + "const".ljust(len("constexpr")) + text[at + len("constexpr") :]
    return INCLUDE + render(text, group_by_place(mutants), 0, len(text))


def rewrite_tablegen(text, mutants):
    """A .td file with its mutants in it."""
    for (start, end), group in reversed(group_by_place(mutants)):
        value = group[0].original
        for mutant in group:
            switch = f"::tenon_mutation::mutant({mutant.number})"
            value = f"({switch} ? ({mutant.mutated}) : ({value}))"
        text = f'{text[:start]}"{value}"{text[end:]}'
    return text


def innermost(text, offset):
    """The number of the mutant around an offset of a rewritten source, or None."""
    open_ones = []
    for marker in MARKER.finditer(text):
        if marker.start() > offset:
            break
        if marker[1]:
            open_ones.append(int(marker[2]))
        elif open_ones and open_ones[-1] == int(marker[2]):
            open_ones.pop()
    return open_ones[-1] if open_ones else None


def on_line(text, line):
    """Numbers of the mutants that one line of a rewritten or generated file has."""
    lines = text.splitlines()
    words = lines[line - 1] if 0 < line <= len(lines) else ""
    return {int(number) for number in re.findall(r"mutant\((\d+)\)", words)}
