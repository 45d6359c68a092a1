#!/usr/bin/env python3
# Inner loops of kernels move no vector to or from the stack.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_stack_traffic.py ASM... [--allow=FILE] [--show] [--update]

Reads what `tenon compile --emit=asm` prints. In every innermost loop of every kernel
it counts the instructions with an operand in a slot of the stack frame: those with a
vector register, of which there may be none, and the others, of which there may be two.
An access with an index register reaches into an array of the function and does not
count. The allow-list, stack_traffic_allowlist.txt next to this script, names kernels, one per line: `<vectors> <scalars> <kernel>`, the
most that any of its loops has. A line that is no longer needed, or whose numbers are
too large, is an error, so that the list only shrinks.

With --show it prints every loop that counts something; with --update it writes the
allow-list anew.
"""

import argparse
import dataclasses
import pathlib
import re
import sys

MOST_VECTORS, MOST_SCALARS = 0, 2
ALLOW_LIST = pathlib.Path(__file__).with_name("stack_traffic_allowlist.txt")
ALLOW_HEAD = """\
# Kernels whose inner loops touch the stack more than check_stack_traffic.py allows, one
# per line: <vectors> <scalars> <kernel>. Numbers may only shrink.
"""

LABEL = re.compile(r"^([.\w$]+):")
JUMP = re.compile(r"^\s+j\w+\s+(\.L\w+)")
UNCONDITIONAL = re.compile(r"^\s+jmp\w*\s")
RETURN = re.compile(r"^\s+(?:ret|ud2)")
# A slot has a base that is the stack pointer, or the frame pointer in a function that
# sets it up, and no index.
SLOT = re.compile(r"\(%rsp\)")
SLOT_OF_FRAME = re.compile(r"\(%r[sb]p\)")
FRAME = re.compile(r"^\s+movq\s+%rsp, %rbp")
CALL = re.compile(r"^\s+call")
VECTOR = re.compile(r"%[xyz]mm\d+")


@dataclasses.dataclass
class Block:
    lines: list  # numbers of its lines, counted from 0
    next: list  # names of the blocks that it jumps to or falls into
    falls: bool = True  # whether what follows it is one of these


@dataclasses.dataclass
class Loop:
    kernel: str
    lines: list
    hasFrame: bool
    vectors: int = 0
    scalars: int = 0

    def __str__(self):
        return (
            f"{self.kernel}: loop at line {self.lines[0] + 1}: {self.vectors} vector and "
            f"{self.scalars} scalar instructions with an operand on the stack"
        )


def is_instruction(line):
    return line.startswith("\t") and not line.lstrip().startswith((".", "#"))


def split_blocks(lines, first, last):
    """The blocks of a function whose label is in line `first`."""
    blocks, block, name = {}, None, None
    for number in range(first, last):
        label = LABEL.match(lines[number])
        if label or block is None:
            follower = label[1] if label else number
            if block is not None and block.falls:
                block.next.append(follower)
            name = follower
            block = blocks[name] = Block([], [])
        if not is_instruction(lines[number]):
            continue
        block.lines.append(number)
        if jump := JUMP.match(lines[number]):
            block.next.append(jump[1])
            if not UNCONDITIONAL.match(lines[number]):
                block.next.append(number + 1)
                block = blocks[number + 1] = Block([], [])
            else:
                block.falls = False
        elif RETURN.match(lines[number]):
            block.falls = False
    return blocks


def find_dominators(blocks, entry):
    """For each block that can be reached the blocks on all ways to it."""
    order, seen, work = [], {entry}, [(entry, iter(blocks[entry].next))]
    while work:
        name, rest = work[-1]
        for follower in rest:
            if follower in blocks and follower not in seen:
                seen.add(follower)
                work.append((follower, iter(blocks[follower].next)))
                break
        else:
            order.append(name)
            work.pop()
    order.reverse()
    before = {name: [] for name in order}
    for name in order:
        for follower in blocks[name].next:
            if follower in before:
                before[follower].append(name)
    dominators, changed = {entry: {entry}}, True
    while changed:
        changed = False
        for name in order[1:]:
            known = [dominators[other] for other in before[name] if other in dominators]
            found = set.intersection(*known) | {name}
            if found != dominators.get(name):
                dominators[name], changed = found, True
    return dominators, before


def find_loops(lines, first, last):
    """The innermost loops of a function: those that hold no other one, and no call."""
    blocks = split_blocks(lines, first, last)
    entry = LABEL.match(lines[first])[1]
    dominators, before = find_dominators(blocks, entry)
    hasFrame = any(map(FRAME.match, lines[first:last]))
    bodies = {}
    for name in dominators:
        for head in blocks[name].next:
            if head not in dominators.get(name, ()):
                continue
            body, work = bodies.setdefault(head, {head}), [name]
            while work:
                if (inner := work.pop()) not in body:
                    body.add(inner)
                    work += before[inner]
    for head, body in bodies.items():
        numbers = sorted(n for name in body for n in blocks[name].lines)
        isInner = not any(other in body for other in bodies if other != head)
        if isInner and not any(CALL.match(lines[n]) for n in numbers):
            yield Loop(entry, numbers, hasFrame)


def list_functions(lines):
    starts = [
        number
        for number, line in enumerate(lines)
        if (label := LABEL.match(line)) and not label[1].startswith(".L")
    ]
    return zip(starts, [*starts[1:], len(lines)])


def count_traffic(lines, loop):
    slot = SLOT_OF_FRAME if loop.hasFrame else SLOT
    for number in loop.lines:
        code = lines[number].partition("#")[0]
        if slot.search(code):
            if VECTOR.search(code):
                loop.vectors += 1
            else:
                loop.scalars += 1


def read_allowed(path):
    allowed = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            vectors, scalars, kernel = line.split()
            allowed[kernel] = (int(vectors), int(scalars))
    return allowed


def write_allowed(path, worst):
    rows = [
        f"{max(vectors, MOST_VECTORS)} {max(scalars, MOST_SCALARS)} {kernel}\n"
        for kernel, (vectors, scalars) in sorted(worst.items())
        if vectors > MOST_VECTORS or scalars > MOST_SCALARS
    ]
    path.write_text(ALLOW_HEAD + "".join(rows))


def judge(worst, allowed):
    """Yields what is wrong: too much traffic, and allowances that nobody needs."""
    for kernel, (vectors, scalars) in sorted(worst.items()):
        most = allowed.get(kernel, (MOST_VECTORS, MOST_SCALARS))
        if vectors > most[0] or scalars > most[1]:
            yield (
                f"{kernel}: expects at most {most[0]} vector and {most[1]} scalar "
                "instructions with an operand on the stack in an inner loop, but got "
                f"{vectors} and {scalars}"
            )
    for kernel, most in sorted(allowed.items()):
        found = worst.get(kernel, (0, 0))
        needed = max(found[0], MOST_VECTORS), max(found[1], MOST_SCALARS)
        if needed != most:
            if needed == (MOST_VECTORS, MOST_SCALARS):
                yield f"{kernel}: needs no line in the allow-list"
            elif needed[0] <= most[0] and needed[1] <= most[1]:
                yield f"{kernel}: its line in the allow-list shrinks to {needed}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[2])
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    parser.add_argument("--allow", type=pathlib.Path, default=ALLOW_LIST)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    worst, count = {}, 0
    for path in options.files:
        lines = path.read_text().splitlines()
        functions = list_functions(lines)
        for loop in (loop for ends in functions for loop in find_loops(lines, *ends)):
            count_traffic(lines, loop)
            count += 1
            before = worst.get(loop.kernel, (0, 0))
            worst[loop.kernel] = (
                max(before[0], loop.vectors),
                max(before[1], loop.scalars),
            )
            if options.show and (loop.vectors or loop.scalars):
                print(f"{path}: {loop}")
    if not count:
        sys.exit("check_stack_traffic.py: error: expects loops, but found none")
    if options.update:
        write_allowed(options.allow, worst)
    wrong = list(judge(worst, read_allowed(options.allow)))
    for line in wrong:
        print(f"check_stack_traffic.py: error: {line}", file=sys.stderr)
    print(f"{count} inner loops in {len(worst)} kernels")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
