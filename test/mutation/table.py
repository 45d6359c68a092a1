# The table of rooms, and the mutants that survive.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import json
import pathlib

import sources

EQUIVALENTS = pathlib.Path(__file__).with_name("equivalents.json")
HEAD = [
    "Room", "Mutants", "Killed by a fine test", "By a golden", "Survived",
    "Of these not reached", "Equivalent", "Score",
]  # fmt: skip


def key_of(entry):
    texts = (" ".join(entry[field].split()) for field in ("original", "mutated"))
    return "|".join([entry["file"], entry["function"], *texts, str(entry.get("nth", 0))])


def read_equivalents(path=EQUIVALENTS):
    """Keys of the mutants that are argued equivalent, with their arguments."""
    entries = json.loads(path.read_text())
    for entry in entries:
        if not entry.get("why", "").strip():
            raise sources.Refused(f"{key_of(entry)} has no argument; say why")
    return {key_of(entry): entry["why"] for entry in entries}


def verdict_of(result, equivalents):
    """The column of a mutant."""
    if result["outcome"] == "killed":
        if result["key"] in equivalents:
            raise sources.Refused(
                f"{result['key']} is argued equivalent, but {result['by']} kills it; "
                "take it off the list"
            )
        return "golden" if result["by"].startswith("e2e/") else "fine"
    return "equivalent" if result["key"] in equivalents else "survived"


def percent(part, whole):
    return f"{100 * part / whole:.0f} %" if whole else "-"


def row(name, results, equivalents):
    verdicts = [verdict_of(result, equivalents) for result in results]
    fine, golden = verdicts.count("fine"), verdicts.count("golden")
    survived, equivalent = verdicts.count("survived"), verdicts.count("equivalent")
    unreached = sum(
        verdict == "survived" and not result["tests"]
        for result, verdict in zip(results, verdicts)
    )
    score = percent(fine + golden, len(results) - equivalent)
    return [name, len(results), fine, golden, survived, unreached, equivalent, score]


def render(rows):
    lines = [HEAD, ["---"] + ["---:"] * (len(HEAD) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def summarize(results, equivalents, by="room"):
    """The table, as Markdown: a row for each room or kind, and their sum."""
    names = list(sources.ROOMS) if by == "room" else sorted({one[by] for one in results})
    rows = []
    for name in names:
        own = [result for result in results if result[by] == name]
        if own:
            rows.append(row(name, own, equivalents))
    rows.append(row("all", results, equivalents))
    return render(rows)


def survivors(results, equivalents):
    """Lines for those that nothing killed."""
    for result in sorted(results, key=lambda one: (one["room"], one["file"], one["line"])):
        if verdict_of(result, equivalents) != "survived":
            continue
        reached = f"{result['tests']} tests reach it" if result["tests"] else "not reached"
        original = " ".join(result["original"].split())
        mutated = " ".join(result["mutated"].split()) or "(dropped)"
        yield (
            f"{result['room']}: {result['file']}:{result['line']} {result['function']}: "
            f"{result['kind']}: {original} -> {mutated} [{reached}]"
        )
