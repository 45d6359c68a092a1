#!/usr/bin/env python3
"""Assembles PTX and fails on what costs speed or cannot be linked.

Usage: check_ptxas.py PTXAS ARCHITECTURE FILE.ptx

Fails on a spill, on a stack, on a warning about matrix instructions (C75xx), and
on functions outside the text. Prints registers and shared memory of each kernel.
"""

import pathlib
import re
import subprocess
import sys

ENTRY = re.compile(r"Compiling entry function '([^']+)'")
FRAME = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")
WARNING = re.compile(r"\bC75\d\d\b|warning", re.I)


def find_faults(text, report):
    """Returns a list of faults and the registers of each kernel."""
    faults = ["it declares a function elsewhere: " + line.strip()
              for line in text.splitlines() if ".extern .func" in line]
    registers, kernel = {}, None
    for line in report.splitlines():
        if WARNING.search(line):
            faults.append(line.strip())
        if match := ENTRY.search(line):
            kernel = match[1]
        elif match := FRAME.search(line):
            if any(int(number) for number in match.groups()):
                faults.append(f"{kernel}: {line.strip()}")
        elif match := USED.search(line):
            registers[kernel] = int(match[1])
    for kernel in re.findall(r"\.entry ([\w$]+)", text):
        if kernel not in registers:
            faults.append(f"{kernel}: the assembler does not report it")
    return faults, registers


def main():
    ptxas, architecture, path = sys.argv[1:]
    text = pathlib.Path(path).read_text()
    run = subprocess.run([ptxas, "-v", "-arch=" + architecture, path, "-o", "/dev/null"],
                         capture_output=True, text=True)
    faults, registers = find_faults(text, run.stdout + run.stderr)
    if run.returncode:
        faults.append(f"ptxas fails: {run.stderr.strip()}")
    if not registers:
        faults.append("there is no kernel")
    for kernel, count in sorted(registers.items()):
        print(f"{kernel}: {count} registers")
    for fault in faults:
        print(f"fault: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
