# Applies the diff of a how-to, whose hunks are found by their text and not by lines.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""apply_howto.py PAGE FILE: prints FILE as the page changes it."""

import pathlib
import re
import sys

page, file = map(pathlib.Path, sys.argv[1:])
diff = re.search(r"```diff\n---[^\n]*\n\+\+\+[^\n]*\n(.*?)```", page.read_text(), re.S)[1]
text = file.read_text()
hunks = re.split(r"^@@.*\n", diff, flags=re.M)[1:]
if not hunks:
    sys.exit(f"{page} shows no change")
for hunk in hunks:
    lines = hunk.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    if text.count(old) != 1:
        sys.exit(f"{file} has not, or not once:\n{old}")
    text = text.replace(old, new)
print(text, end="")
