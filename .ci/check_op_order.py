#!/usr/bin/env python3
"""Finds calls of which two arguments create ops: compilers order those differently.

Usage: check_op_order.py [--root=FOLDER] [--build=build/dev] [WORD...]

C++ leaves open in which order the arguments of a call are evaluated. clang goes from left
to right and g++ from right to left, so that `b.add(b.mul(x, y), b.mul(z, w))` makes other
IR, and in the end other code, with each of them. All arguments but one need names. What
stands in braces is evaluated from left to right and may create as many ops as it likes.

Creates ops: `create` and its kin, a member of a class of ours that is no const getter, a
function that takes a builder, and a lambda, if it gives values or ops. Reads the sources
that compile_commands.json names (or those of them that match a WORD) with libclang, of the
package python3-clang-22; /usr/bin/python3 finds it on Debian.
"""

import argparse
import concurrent.futures
import functools
import json
import os
import pathlib
import re
import sys

from clang.cindex import CursorKind, Index

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = {"dialects", "include", "lib"}
# What an argument is made of if it creates ops.
GIVES = re.compile(r"\b(?:\w*Value|Values|Operation|OpResult|\w+Op)\b")
CREATES = re.compile(r"create\w*|clone\w*|materialize\w*|insert")
BUILDER = re.compile(r"\b\w*(?:Builder|Rewriter|Lowering|Emitter|DeviceKernel)\b[^,<>]*&$")
GETTER = re.compile(r"(?:get|has|is)[A-Z]")
# Their operands are evaluated from left to right, or right to left.
ORDERED = {"operator<<", "operator>>", "operator=", "operator[]", "operator->", "operator,"}


def is_within(root, path):
    path = pathlib.Path(path)
    return path.is_relative_to(root) and path.relative_to(root).parts[0] in FOLDERS


class Reader:
    """Looks for such calls in the syntax tree of one source."""

    def __init__(self, root):
        self.root = root

    def is_ours(self, cursor):
        file = cursor.location.file
        return bool(file) and is_within(self.root, file.name)

    def creates_op(self, call):
        """Whether a call by itself creates an op that its result depends on."""
        if not GIVES.search(call.type.spelling):
            return False
        callee = call.referenced
        if callee is None:
            return bool(CREATES.fullmatch(call.spelling))
        if callee.kind in {CursorKind.CONSTRUCTOR, CursorKind.CONVERSION_FUNCTION}:
            return False
        if not self.is_ours(callee):
            return bool(CREATES.fullmatch(callee.spelling))
        if callee.spelling == "operator()":
            return True
        if any(BUILDER.search(one.type.spelling) for one in callee.get_arguments()):
            return True
        return (
            callee.kind == CursorKind.CXX_METHOD
            and not (callee.is_const_method() and GETTER.match(callee.spelling))
            and not callee.is_static_method()
        )

    def find_creating(self, cursor):
        """The first call that creates an op below a cursor, bodies of lambdas left out."""
        if cursor.kind == CursorKind.LAMBDA_EXPR:
            return None
        if cursor.kind == CursorKind.CALL_EXPR and self.creates_op(cursor):
            return cursor.spelling
        return next(filter(None, map(self.find_creating, cursor.get_children())), None)

    def check_call(self, call):
        if call.kind == CursorKind.BINARY_OPERATOR:
            operands = call.get_children()
        elif call.kind == CursorKind.CALL_EXPR and call.spelling not in ORDERED:
            operands = call.get_arguments()
        else:
            return None
        found = [name for name in map(self.find_creating, operands) if name]
        if len(found) < 2 or has_braces(call):
            return None
        path = pathlib.Path(call.location.file.name).relative_to(self.root)
        called = call.spelling or "operator"
        return f"{path}:{call.location.line}: {called} of {', '.join(found)}"

    def check_below(self, cursor):
        complaint = self.check_call(cursor)
        if complaint:
            yield complaint
        for child in cursor.get_children():
            yield from self.check_below(child)


def has_braces(call):
    last = None
    for last in call.get_tokens():
        pass
    return last is not None and last.spelling == "}"


def get_flags(command):
    """Arguments of the compiler that decide what a source means."""
    words = iter(command.split())
    for word in words:
        if word in {"-o", "-c", "-MF", "-MT"}:
            next(words)
        elif word.startswith("-") and not word.startswith(("-W", "-M")):
            yield word
            if word in {"-Xclang", "-isystem", "-include"}:
                yield next(words)


def check_source(root, entry):
    os.chdir(entry["directory"])
    unit = Index.create().parse(entry["file"], args=list(get_flags(entry["command"])))
    broken = [one for one in unit.diagnostics if one.severity >= 3]
    if broken:
        return [f"{entry['file']}: cannot be read: {broken[0].spelling}"]
    reader = Reader(root)
    return [
        complaint
        for cursor in unit.cursor.get_children()
        if reader.is_ours(cursor)
        for complaint in reader.check_below(cursor)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
    parser.add_argument("words", nargs="*", metavar="WORD")
    options = parser.parse_args()
    entries = [
        entry
        for entry in json.loads((options.build / "compile_commands.json").read_text())
        if is_within(options.root, entry["file"])
        and "mlir" in pathlib.Path(entry["file"]).read_text()
        and (not options.words or any(word in entry["file"] for word in options.words))
    ]
    check = functools.partial(check_source, options.root)
    with concurrent.futures.ProcessPoolExecutor() as pool:
        complaints = dict.fromkeys(sum(pool.map(check, entries), []))
    print("\n".join(complaints), end="\n" if complaints else "")
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
