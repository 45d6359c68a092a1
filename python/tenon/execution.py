# Functions of modules, run on arrays.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Runs a function of an MLIR module, as `tenon-run` does."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import to_array
from .errors import Error
from .programs import Source, Value, run_program, source_file, to_flags

# More results than any function has; the program leaves files out that it does not
# need.
_MOST_RESULTS = 256


def _to_stored(values: Any, name: str) -> npt.NDArray[Any]:
    """As a type that the program reads; it converts to those of the function."""
    array = np.asarray(to_array(values, name), order="C")
    if array.dtype in (np.float32, np.float64, np.int32, np.int64):
        return array
    if array.dtype.kind in "bui" and array.dtype != np.uint64:
        return array.astype(np.int64)
    if array.dtype.kind == "f":
        return array.astype(np.float64)
    raise TypeError(f"{name}: expects floats or integers, but got {array.dtype}")


def run(
    module: Source,
    *arrays: Any,
    entry: str = "main",
    engine: str = "interpret",
    **options: Value,
) -> list[npt.NDArray[Any]]:
    """The results of a function: float32, or int32 and int64.

    `module` is a file or text, and `arrays` are the arguments of function `entry`:
    numbers, lists, arrays of NumPy, or tensors with DLPack. The engine `interpret` is
    the oracle, slow and literal; `native` compiles. Other options are those of
    `tenon-run` with `_` for `-`, such as `model="FOLDER"`, where weights come from.
    """
    with source_file(module) as (path, folder):
        inputs = []
        for index, values in enumerate(arrays):
            file = f"input{index}.npy"
            np.save(folder / file, _to_stored(values, f"argument {index}"))
            inputs.append(f"--input={file}")
        outputs = [f"{index}.npy" for index in range(_MOST_RESULTS)]
        run_program(
            "tenon-run", path, *inputs, *(f"--output={file}" for file in outputs),
            *to_flags({"entry": entry, "engine": engine, **options}), folder=folder,
        )  # fmt: skip
        found = [folder / file for file in outputs if os.path.exists(folder / file)]
        if len(found) == _MOST_RESULTS:
            raise Error(f"'{entry}' has {_MOST_RESULTS} results or more; return fewer")
        return [np.load(file) for file in found]
