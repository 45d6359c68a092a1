"""Writes damaged templates, for a build with sanitizers.

  python fuzz.py COUNT SEED TEMPLATE.jinja ... > OUT

The templates are separated by a byte 1. Each is one of the files, or a random one of
compare.py, with a few pieces taken away, doubled, moved or replaced.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import pathlib
import random
import sys

import compare

PIECES = ["{{", "}}", "{%", "%}", "{#", "#}", "-", "'", '"', "(", ")", "[", "]", "{", "}"]
PIECES += ["|", ".", ",", ":", "~", "not ", "if ", "else ", "for ", "in ", "endif", "\\"]
PIECES += ["endfor", "set ", "macro ", "range(99999)", "* 999999999", "loop", "\u00e9"]
PIECES += ["[::-1]", "namespace(", "raw", "endraw", "1e309", "9" * 30, "\0", "\n", "call "]


def damage(pick, text):
    for _ in range(pick.randrange(1, 6)):
        at = pick.randrange(len(text) + 1)
        end = min(len(text), at + pick.choice([0, 0, 1, 2, 7, 40]))
        other = pick.randrange(len(text) + 1)
        piece = pick.choice(PIECES + [text[at:end] * 2, text[other : other + 30], ""])
        text = text[:at] + piece + text[end:]
    return text


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    pick = random.Random(seed)
    sources = [pathlib.Path(name).read_text() for name in sys.argv[3:]]
    for _ in range(count):
        is_one = sources and pick.random() < 0.6
        text = pick.choice(sources) if is_one else compare.template(pick, 4)
        sys.stdout.write(damage(pick, text).replace("\1", "") + "\1")


if __name__ == "__main__":
    main()
