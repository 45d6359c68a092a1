# Prints what a program prints with each of its mutants, or that it does not come across it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: each.py PROGRAM REACHED COMMAND: REACHED is the file of reached mutants, COMMAND
lists all of them."""

import os
import pathlib
import shlex
import subprocess
import sys


def main(program, reached, command):
    marks = pathlib.Path(reached).read_bytes()
    listed = subprocess.run(
        shlex.split(command), capture_output=True, text=True, check=True
    ).stdout
    for line in listed.splitlines():
        number, _, words = line.partition(": ")
        environment = {**os.environ, "TENON_MUTANT": number}
        printed = "not reached"
        if marks[int(number)]:
            printed = subprocess.run(
                [program], env=environment, capture_output=True, text=True
            ).stdout.strip()
        print(f"{words}: {printed}")


if __name__ == "__main__":
    main(*sys.argv[1:])
