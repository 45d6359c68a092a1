# Checks that what the how-tos tell to look for stands in the files that they name.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_places.py ROOT PAGE...

Every row of a table with the columns `Step | File | Line to look for` names one
file or two, the second relative to the folder of the first, and texts in back
quotes, each of which must stand in one of them.
"""

import pathlib
import re
import sys

HEADER = ["Step", "File", "Line to look for"]
QUOTED = re.compile(r"`([^`]+)`")


def read_rows(page):
    """The cells of each row of the tables of places, with line numbers."""
    isInside = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells == HEADER:
            isInside = True
        elif not line.startswith("|"):
            isInside = False
        elif isInside and not set(line) <= set("|- "):
            yield number, cells


def check_row(root, cells):
    """What is wrong with a row: a list of texts."""
    if len(cells) != len(HEADER):
        return [f"expects {len(HEADER)} cells, but got {len(cells)}"]
    names = QUOTED.findall(cells[1])
    paths = [root / names[0]] + [(root / names[0]).parent / name for name in names[1:]]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        return [f"there is no file {path}" for path in missing]
    content = "\n".join(path.read_text() for path in paths)
    return [f"`{text}` does not stand in {', '.join(names)}"
            for text in QUOTED.findall(cells[2]) if text not in content]  # fmt: skip


def main():
    root, pages = pathlib.Path(sys.argv[1]), sys.argv[2:]
    checked, failed = 0, False
    for page in map(pathlib.Path, pages):
        for number, cells in read_rows(page):
            checked += 1
            for problem in check_row(root, cells):
                failed = True
                print(f"{page.name}:{number}: {problem}")
    print(f"{checked} places")
    sys.exit(failed or not checked)


if __name__ == "__main__":
    main()
