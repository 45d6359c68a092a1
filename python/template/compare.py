"""Compares renderings with those of the publishers' library.

  python compare.py RENDER [--fuzz=N] [--seed=S] [TEMPLATE.jinja ...]

RENDER is the program render-template of the build. Without files, N random templates
are rendered by both. A template that both refuse agrees; one that only this project
refuses is counted, and is a failure only where its error does not say that something
is not supported.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys

import library
import make_cases

ATOMS = ["a", "t", "u", "n", "m", "f", "yes", "no", "nil", "l", "w", "d", "o", "e", "z"]
ATOMS += ["1", "0", "-2", "3.5", "'x'", "''", "[1, 'a']", "{'k': 1}", "()", "d.x", "o[0]"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">=", "and", "or", "in"]
BINARY += ["not in"]
FILTERS = ["trim", "length", "upper", "list", "string", "tojson", "first", "last", "int"]
FILTERS += ["default('q')", "join('-')", "sort", "reverse", "map('string')", "title"]
FILTERS += ["select", "unique", "abs", "sum", "indent", "float", "capitalize", "max"]
TESTS = ["defined", "none", "string", "number", "mapping", "iterable", "odd", "true"]
METHODS = ["strip()", "split()", "split('a')", "upper()", "items()", "get('k')", "title()"]
METHODS += ["replace('a', 'bb')", "startswith('a')", "splitlines()", "count('a')"]


def expression(pick, depth):
    kind = pick.randrange(11) if depth else 0
    inner = lambda: expression(pick, depth - 1)
    if kind <= 1:
        return pick.choice(ATOMS)
    if kind == 2:
        return f"({inner()} {pick.choice(BINARY)} {inner()})"
    if kind == 3:
        return f"{inner()} {pick.choice(BINARY)} {inner()}"
    if kind == 4:
        return f"{inner()} | {pick.choice(FILTERS)}"
    if kind == 5:
        return f"{inner()} is {pick.choice(['', 'not '])}{pick.choice(TESTS)}"
    if kind == 6:
        return f"({inner()}).{pick.choice(METHODS)}"
    if kind == 7:
        return f"({inner()})[{pick.choice(['0', '-1', '1:', ':-1', '::-1', inner()])}]"
    if kind == 8:
        return f"({inner()} if {inner()} else {inner()})"
    if kind == 9:
        return f"[{inner()}, {inner()}]"
    return f"not {inner()}"


def template(pick, depth):
    sign = lambda: pick.choice(["", "", "-", "+"])
    end = lambda: pick.choice(["", "", "-"])
    blank = pick.choice(["", " ", "\n", "\n  ", "x\n", " \n\n"])
    kind = pick.randrange(8) if depth else pick.randrange(2)
    inner = lambda: template(pick, depth - 1)
    value = expression(pick, 2)
    if kind == 0:
        return f"{blank}{{{{{pick.choice(['', '-'])} {value} {end()}}}}}"
    if kind == 1:
        return f"{blank}{{%{sign()} set {pick.choice('xyz')} = {value} {end()}%}}"
    if kind == 2:
        return (
            f"{blank}{{%{sign()} if {value} {end()}%}}{inner()}{{%{sign()} else %}}"
            f"{inner()}{{% endif {end()}%}}"
        )
    if kind == 3:
        return (
            f"{{%{sign()} for z in {value} {end()}%}}{inner()}{{{{ loop.index }}}}"
            f"{{% endfor {end()}%}}{blank}"
        )
    if kind == 4:
        return f"{{% macro g(z=1) {end()}%}}{inner()}{{% endmacro %}}{{{{ g({value}) }}}}"
    if kind == 5:
        return f"{blank}{{#{sign()} {blank} {end()}#}}{inner()}"
    if kind == 6:
        return f"{{% set x {end()}%}}{inner()}{{%{sign()} endset %}}[{{{{ x }}}}]"
    return inner() + blank + inner()


def mutate(pick, source):
    """Takes away, doubles or replaces a few characters."""
    text = list(source)
    for _ in range(pick.randrange(3)):
        at = pick.randrange(len(text) + 1)
        text[at : at + pick.randrange(3)] = pick.choice(["", "{", "}", "%", "'", "(", "|"])
    return "".join(text)


def run(program, requests):
    lines = "".join(
        json.dumps(
            {
                "template": source,
                "variables": library.encode(variables),
                "now": library.NOW,
            }
        )
        + "\n"
        for source, variables in requests
    )
    done = subprocess.run(
        [program], input=lines, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{program} ended with {done.returncode}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(program, requests):
    answers = run(program, requests)
    assert len(answers) == len(requests)
    counts = {"agree": 0, "both refuse": 0, "not supported": 0, "differ": 0}
    for (source, variables), answer in zip(requests, answers):
        expected = library.render(source, variables)
        if not isinstance(expected, dict):
            expected = {"text": expected}
        if "text" not in expected and "error" in answer:
            counts["both refuse"] += 1
        elif answer == expected:
            counts["agree"] += 1
        elif "not supported" in answer.get("error", ""):
            counts["not supported"] += 1
        else:
            counts["differ"] += 1
            if counts["differ"] <= 20:
                print(f"{source!r:.400}\n  {expected!s:.400}\n  {answer!s:.400}")
    print(counts)
    return counts["differ"] == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--fuzz", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.files:
        requests = [
            (path.read_text(), variables)
            for path in options.files
            for variables in make_cases.CONVERSATIONS.values()
        ]
    else:
        pick = random.Random(options.seed)
        requests = [
            (mutate(pick, template(pick, 3)), make_cases.VARIABLES)
            for _ in range(options.fuzz)
        ]
    return 0 if compare(options.program, requests) else 1


if __name__ == "__main__":
    sys.exit(main())
