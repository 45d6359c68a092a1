# Runs a model with the package that is installed, and says which libraries it took.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import pathlib
import sys

import tenon

print(tenon.load(sys.argv[1]).generate("123+45="))
maps = pathlib.Path("/proc/self/maps").read_text().splitlines()
libraries = {line.split()[-1] for line in maps if "libtenon-" in line}
print(*sorted(libraries), sep="\n")
try:
    tenon.compile("nowhere")
except tenon.Error as error:
    print(f"error: {error}")
