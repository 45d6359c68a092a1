# Applies the diffs of a how-to, whose hunks are found by their text and not by lines.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""apply_howto.py PAGE FILE          prints FILE as the page changes it
apply_howto.py --in=ROOT PAGE       changes the files of the page below ROOT
apply_howto.py --shown=ROOT PAGE    says which files below ROOT have the changes already
"""

import argparse
import pathlib
import re
import sys

FENCE = re.compile(r"^```diff\n(.*?)^```", re.S | re.M)
FILE = re.compile(r"^--- a/(\S+)\n\+\+\+ b/\S+\n(.*?)(?=^--- a/|\Z)", re.S | re.M)


def read_changes(page):
    """File -> texts before and after, for each hunk."""
    changes = {}
    for fence in FENCE.findall(page.read_text()):
        for file, body in FILE.findall(fence):
            for hunk in re.split(r"^@@.*\n", body, flags=re.M)[1:]:
                lines = hunk.splitlines(keepends=True)
                sides = ["".join(x[1:] for x in lines if x[0] in " " + s) for s in "-+"]
                changes.setdefault(file, []).append(sides)
    if not changes:
        sys.exit(f"{page} shows no change")
    return changes


def require(file, text, part):
    if text.count(part) != 1:
        sys.exit(f"{file} has not, or not once:\n{part}")


def apply(file, hunks):
    text = file.read_text()
    for before, after in hunks:
        require(file, text, before)
        text = text.replace(before, after)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--in", dest="root", type=pathlib.Path)
    parser.add_argument("--shown", type=pathlib.Path)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("file", type=pathlib.Path, nargs="?")
    options = parser.parse_args()
    changes = read_changes(options.page)
    if options.file:
        (hunks,) = changes.values()
        print(apply(options.file, hunks), end="")
    for name, hunks in changes.items():
        if options.root:
            file = options.root / name
            file.write_text(apply(file, hunks))
        if options.shown:
            text = (options.shown / name).read_text()
            for _, after in hunks:
                require(name, text, after)
        if not options.file:
            print(name)


if __name__ == "__main__":
    main()
