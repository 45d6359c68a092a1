#!/usr/bin/env python3
"""Writes the arrays and the weights of functions under test.

Usage: make_arrays.py FOLDER ROWS

The rows are of two sequences, whose tokens follow each other: the first one has
positions from 3, the second one from 0.
"""

import json
import pathlib
import sys

import numpy


def save_safetensors(path, tensors):
    header, data = {}, b""
    for name, array in tensors.items():
        end = len(data) + array.nbytes
        header[name] = {
            "dtype": "F32",
            "shape": array.shape,
            "data_offsets": [len(data), end],
        }
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def main():
    folder, rows = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    random = numpy.random.default_rng(rows)

    def draw(*shape):
        return random.standard_normal(shape).astype("f4")

    first = rows // 2
    begins = [(0, first, 0, 3), (first, rows - first, 1, 0)]
    blocks = [
        (begin + i, min(4, n - i), slot, position + i)
        for begin, n, slot, position in begins
        for i in range(0, n, 4)
    ]
    arrays = {
        "x": draw(rows, 12),
        "pos": numpy.array([p for _, n, _, b in begins for p in range(b, b + n)]),
        "slot": numpy.array([s for _, n, s, _ in begins for _ in range(n)]),
        "blocks": numpy.array(blocks).reshape(-1, 4),
        "k": draw(1, 2, 80, 1, 4),
        "v": draw(1, 2, 80, 1, 4),
        "rows": numpy.arange(rows + 2)[::-1] % max(rows, 1),
    }
    for name, array in arrays.items():
        array = array if array.dtype == numpy.float32 else array.astype("i4")
        numpy.save(folder / f"{name}.npy", array)
    random = numpy.random.default_rng(1)
    weights = {
        "norm": draw(12),
        "q": draw(12, 12),
        "k": draw(4, 12),
        "v": draw(4, 12),
        "o": draw(12, 12),
        "router": draw(5, 12),
    }
    for expert in range(5):
        weights[f"gate.{expert}"] = draw(9, 12)
        weights[f"up.{expert}"] = draw(9, 12)
        weights[f"down.{expert}"] = draw(12, 9)
    save_safetensors(folder / "block.safetensors", weights)


main()
