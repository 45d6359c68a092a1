# Runs the Python of a page, and compares what it prints with the comments of the page.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_page.py PAGE.md

All blocks are one program. A line `print(...)  # TEXT` prints the text.
"""

import builtins
import pathlib
import re
import sys

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMISE = re.compile(r"^( *)print\((.*)\)  # (.*)$", re.MULTILINE)


def expect(want, *values):
    got = " ".join(map(str, values))
    if got != want:
        sys.exit(f"the page says '{want}', but it is '{got}'")


def main():
    page = pathlib.Path(sys.argv[1]).read_text()
    code = "".join(BLOCK.findall(page))
    code, count = PROMISE.subn(
        lambda match: f"{match[1]}expect({match[3]!r}, {match[2]})", code
    )
    exec(
        compile(code, sys.argv[1], "exec"), {"expect": expect, "__builtins__": builtins}
    )
    print(f"\n{count} promises")


if __name__ == "__main__":
    main()
