# Looks at the buffers of models: nothing is allocated, and nothing large is copied.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_copies.py TENON FOLDER... : compiles each model up to buffers.

Every buffer must have a place in the memory that a session brings: no allocation is
left. A copy moves no more than either side holds: what a view is cut out of
bounds it, where its own type does not.
"""

import math
import pathlib
import re
import subprocess
import sys

LIMIT = 64 << 10
BYTES = {"f32": 4, "i32": 4, "bf16": 2, "f16": 2, "i8": 1}
VIEWS = "view|subview|cast|reinterpret_cast|expand_shape|collapse_shape"
# `%view = memref.subview %of[...] : TYPE to TYPE`, `memref.copy %from, %to : TYPE to TYPE`.
VIEW = re.compile(
    rf"(%\w+) = memref\.(?:{VIEWS}) (%\w+).* : (memref<.*>) (?:to|into) memref<.*>$"
)
COPY = re.compile(r"memref\.copy (%\w+), (%\w+) : (memref<.*>) to (memref<.*>)$")


def size_of(memref):
    """Bytes of a type, or None if a dimension is not known."""
    *sizes, element = re.match(r"memref<((?:[\d?]+x)*\w+)", memref)[1].split("x")
    return None if "?" in sizes else math.prod(map(int, sizes)) * BYTES[element]


def bound(value, memref, views):
    """The least size of a buffer and of all that it is a view of."""
    sizes = [size_of(memref)]
    while value in views:
        value, memref = views[value]
        sizes.append(size_of(memref))
    return min((size for size in sizes if size is not None), default=math.inf)


def check(text):
    """Returns how many copies there are, and the lines that are not allowed."""
    copies, wrong, views = 0, [], {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("func.func"):
            views = {}
        elif match := VIEW.search(line):
            views[match[1]] = (match[2], match[3])
        elif match := COPY.search(line):
            copies += 1
            source, target, *types = match.groups()
            sides = zip((source, target), types)
            if min(bound(*side, views) for side in sides) > LIMIT:
                wrong.append(line)
        elif "memref.copy" in line or "memref.alloc" in line:
            wrong.append(line)
    return copies, wrong


def main():
    tenon, *folders = sys.argv[1:]
    for folder in folders:
        command = [tenon, "compile", folder, "--skip-weights", "--target=cpu:x86-64-v3"]
        buffers = subprocess.run(
            [*command, "--stop-after=bufferize"], stdout=subprocess.PIPE, check=True
        ).stdout.decode()
        if "memref.view" not in buffers:
            sys.exit(f"{folder}: expects buffers between kernels, but there are none")
        copies, wrong = check(buffers)
        name = pathlib.Path(folder).name
        if wrong or not copies:
            sys.exit("\n".join([f"{name}: {copies} copies, not allowed:", *wrong]))
        print(f"{name}: nothing large is copied")


if __name__ == "__main__":
    main()
