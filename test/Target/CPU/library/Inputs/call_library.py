#!/usr/bin/env python3
"""Calls a function of a library, by one worker and by three.

Usage: call_library.py LIBRARY.so FUNCTION ARGUMENT...

An argument is in the order of the header:
  weights:FILE              the bytes of a file, at a multiple of 64
  size:N                    a number
  F.npy                     an array that is only read
  F.npy:NEW.npy             an array that is updated, and then written
  TYPE:SHAPE:NEW.npy        a result: f4:5x7:r.npy

Fails unless the call returns 0, leaves alone what is only read, and gives the same
bits with three workers as with one.
"""

import ctypes
import sys
import threading

import numpy

WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
PARALLEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, WORK, ctypes.c_void_p)


class Workers(ctypes.Structure):
    _fields_ = [
        ("count", ctypes.c_int64),
        ("memory", ctypes.c_void_p),
        ("parallel", PARALLEL),
        ("pool", ctypes.c_void_p),
    ]


@PARALLEL
def parallel(_pool, count, work, job):
    threads = [threading.Thread(target=work, args=(job, i)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def aligned(size):
    """Returns bytes at a multiple of 64, none of which is zero."""
    memory = numpy.full(size + 64, 255, numpy.uint8)
    begin = -memory.ctypes.data % 64
    return memory[begin : begin + size]


class Argument:
    def __init__(self, text):
        self.output, self.is_read = None, False
        kind, _, rest = text.partition(":")
        if kind == "size":
            self.value = ctypes.c_int64(int(rest))
            return
        if kind == "weights":
            stored = numpy.fromfile(rest, numpy.uint8)
            self.array = aligned(len(stored))
            self.array[:] = stored
            self.is_read = True
        elif kind.endswith(".npy"):
            self.array = numpy.ascontiguousarray(numpy.load(kind))
            self.output, self.is_read = rest or None, not rest
        else:
            shape, self.output = rest.split(":")
            self.array = numpy.full([int(n) for n in shape.split("x")], 77, kind)
        self.value = ctypes.c_void_p(self.array.ctypes.data)
        self.before = self.array.copy()


def call(library, name, texts, count):
    """Returns the arguments after a call."""
    size = getattr(library, sys.argv[1].split("/")[-1][:-3] + "_memory_bytes")
    size.restype = ctypes.c_int64
    memory = aligned(size(ctypes.c_int64(count)))
    workers = Workers(count, memory.ctypes.data, parallel, None)
    arguments = [Argument(text) for text in texts]
    returned = getattr(library, name)(ctypes.byref(workers), *[a.value for a in arguments])
    if returned != 0:
        sys.exit(f"{name} returns {returned}")
    for text, argument in zip(texts, arguments):
        if argument.is_read and argument.array.tobytes() != argument.before.tobytes():
            sys.exit(f"{name} writes to {text}, which it only reads")
    return arguments


def main():
    library = ctypes.CDLL(sys.argv[1])
    alone = call(library, sys.argv[2], sys.argv[3:], 1)
    shared = call(library, sys.argv[2], sys.argv[3:], 3)
    for one, three in zip(alone, shared):
        if one.output and one.array.tobytes() != three.array.tobytes():
            sys.exit(f"other bits in {one.output} with 3 workers than with 1")
        if one.output:
            numpy.save(one.output, one.array)


main()
