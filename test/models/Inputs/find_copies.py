# Prints what check_copies.py finds in a file.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import pathlib
import sys

import check_copies

copies, wrong = check_copies.check(pathlib.Path(sys.argv[1]).read_text())
print(f"{copies} copies", *(line.removeprefix("%alloc = ") for line in wrong), sep="\n")
