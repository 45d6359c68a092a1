# Checks that source files that pages name are there.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_files.py ROOT PAGE...

Every text in back quotes that reads as the name of a source file, with or
without folders and with `*` for any letters, must be the end of a path in the
tree. Files that a reader makes, and those of other projects, are left out.
"""

import fnmatch
import os
import pathlib
import re
import sys

NAME = re.compile(r"`([\w*/.-]+\.(?:cpp|h|td|def|py|mlir|test))`")
FOLDERS = ".ci bench dialects docs examples include lib python test tools".split()
ELSEWHERE = {"X.mlir", "device.mlir", "llama.cpp"}


def list_files(root):
    for folder in FOLDERS:
        for path, _, names in os.walk(root / folder):
            for name in names:
                yield "/" + str((pathlib.Path(path) / name).relative_to(root))


def main():
    root, pages = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    files = list(list_files(root))
    checked, failed = 0, False
    for page in map(pathlib.Path, pages):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for name in NAME.findall(line):
                if name in ELSEWHERE or name.startswith(("mlir/", "llvm/")):
                    continue
                checked += 1
                if not any(fnmatch.fnmatch(file, "*/" + name) for file in files):
                    failed = True
                    print(f"{page.name}:{number}: there is no file {name}")
    print(f"{checked} files")
    sys.exit(failed or not checked)


if __name__ == "__main__":
    main()
