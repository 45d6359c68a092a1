#!/usr/bin/env python3
"""Fails when a file is not formatted, or does not begin as the house style asks.

Usage: check_format.py [repository root]

The first line of a source says what is in it, and the second names the license;
clang-format would join them where the first one fills its line.
"""

import pathlib
import re
import subprocess
import sys

FOLDERS = ["bench", "dialects", "examples", "include", "lib", "test", "tools"]
FORMATTED = {".c", ".cpp", ".h"}
LICENSE = re.compile(
    r"(//|/\*) \S.*\n(//| \*) SPDX-License-Identifier: Apache-2\.0 WITH LLVM-exception"
)


def sources(root, suffixes):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes:
                yield path


def main():
    default = pathlib.Path(__file__).resolve().parents[1]
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    failed = False
    for path in sources(root, FORMATTED | {".td"}):
        if not LICENSE.match(path.read_text()):
            print(
                f"{path.relative_to(root)}: expects a line that says what is in the "
                "file, and the license on the second"
            )
            failed = True
    formatted = list(sources(root, FORMATTED))
    result = subprocess.run(["clang-format-22", "--dry-run", "-Werror", *formatted])
    return failed or not formatted or result.returncode != 0


if __name__ == "__main__":
    raise SystemExit(main())
