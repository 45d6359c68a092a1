# Functions of a compiled library, called with arrays.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Calls what `tenon compile --entry` compiled, by what its header says of arguments."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import pathlib
import re
import threading
from collections.abc import Sequence
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from .arrays import to_array, to_natural
from .errors import Error

_WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
_PARALLEL = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_int64, _WORK, ctypes.c_void_p
)


class _Workers(ctypes.Structure):
    _fields_ = [
        ("count", ctypes.c_int64),
        ("memory", ctypes.c_void_p),
        ("parallel", _PARALLEL),
        ("pool", ctypes.c_void_p),
    ]


# Bits of bf16 are uint16, as in C, for NumPy has no such type.
_TYPES: dict[str, npt.DTypeLike] = {
    "f32": np.float32,
    "f64": np.float64,
    "f16": np.float16,
    "bf16": np.uint16,
    "i1": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "index": np.int64,
}
# The alignment of memory and of weights.
_ALIGNMENT = 64

# A part of the header: `/* NAME`, and a line for each argument.
_FUNCTION = re.compile(r"^/\* (\w+)\n \*\n((?: \* .*\n)+)", re.MULTILINE)
_SIZE = re.compile(r" \*   (\w+): a size from 0(?: to (\d+))?$")
_ARGUMENT = re.compile(r" \*   (\w+)((?:\[\w+\])*): (.*), is (.*)$")


@dataclasses.dataclass(frozen=True)
class Argument:
    """What the header says of one argument."""

    name: str
    shape: list[str]  # numbers, and names of sizes
    type: str
    use: str  # "read", "written", "read and updated" or "a number"

    @property
    def dtype(self) -> np.dtype[Any]:
        element = re.sub(r"^(?:tensor|memref)<(?:.*x)?(\w+)>$", r"\1", self.type)
        if element not in _TYPES:
            raise Error(f"{self.name}: has the type {self.type}, which NumPy lacks")
        return np.dtype(_TYPES[element])

    def take(self, values: Any) -> npt.NDArray[Any]:
        """The array to pass: a copy only where the type or the order asks for one."""
        array, dtype = to_array(values, self.name), self.dtype
        if self.use == "read and updated":
            flags = array.flags
            usable = flags.c_contiguous and flags.writeable and array is values
            if array.dtype != dtype or not usable:
                raise TypeError(
                    f"{self.name}: is updated, and expects a writable array of NumPy "
                    f"of {dtype} in C order"
                )
            return array
        if not np.can_cast(array.dtype, dtype, "same_kind"):
            raise TypeError(f"{self.name}: expects {dtype}, but got {array.dtype}")
        return np.asarray(array, dtype, order="C")

    def learn(self, array: npt.NDArray[Any], sizes: dict[str, int]) -> None:
        """Checks a shape, and takes from it the sizes that nobody has said yet."""
        if array.ndim != len(self.shape):
            rank = len(self.shape)
            raise ValueError(
                f"{self.name}: expects {rank} dimensions, but got {array.ndim}"
            )
        for place, (size, got) in enumerate(zip(self.shape, array.shape)):
            want = int(size) if size.isdigit() else sizes.setdefault(size, got)
            if got != want:
                raise ValueError(
                    f"{self.name}: expects {want} in dimension {place}, but got {got}"
                )


class _Gang:
    """Threads that run one call, all at the same time."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.callback = _PARALLEL(self._run)

    def _run(self, pool: Any, count: int, work: Any, job: Any) -> None:
        # Workers wait for each other, so none begins before all are there.
        all_there = threading.Event()

        def begin(index: int) -> None:
            all_there.wait()
            if not self.error:
                work(job, index)

        threads = [threading.Thread(target=begin, args=[i]) for i in range(1, count)]
        started = []
        try:
            for thread in threads:
                thread.start()
                started.append(thread)
        except RuntimeError as error:
            self.error = error
        all_there.set()
        if not self.error:
            work(job, 0)
        for thread in started:
            thread.join()


class Library:
    """An open library and its weights, which its functions share."""

    def __init__(self, path: str | os.PathLike[str]):
        self.path = pathlib.Path(path)
        try:
            header = self.path.with_suffix(".h").read_text()
            self._library = ctypes.CDLL(os.path.abspath(path))
        except OSError as error:
            raise Error(f"cannot open '{path}': {error}") from None
        weights = self.path.with_suffix(".weights")
        self.weights = np.memmap(weights, np.uint8, "r") if weights.exists() else None
        self.descriptions = dict(_FUNCTION.findall(header))
        self._memory_bytes = self.function(f"{self.path.stem}_memory_bytes")
        self._memory_bytes.argtypes = [ctypes.c_int64]
        self._memory_bytes.restype = ctypes.c_int64
        self._memories: dict[int, npt.NDArray[np.uint8]] = {}
        # Memory serves one call at a time.
        self.lock = threading.Lock()

    def function(self, name: str) -> Any:
        return getattr(self._library, name)

    def memory(self, count: int) -> int:
        """The address of memory for so many workers."""
        if count not in self._memories:
            size = self._memory_bytes(count) + _ALIGNMENT
            self._memories[count] = np.empty(size, np.uint8)
        address = self._memories[count].ctypes.data
        return address + -address % _ALIGNMENT


class Function:
    """A compiled function, called with arrays of NumPy or tensors with DLPack.

    Returns the array that it writes, or a tuple if it writes several; arrays that it
    updates, such as caches, it updates in place. `arguments` describes them. Threads may
    share a function: functions of one library wait for each other.
    """

    def __init__(self, library: Library, name: str):
        self.name = name
        self._library = library
        if name not in library.descriptions:
            raise Error(f"'{library.path}' has no function '{name}'")
        lines = library.descriptions[name].splitlines()
        self.sizes: dict[str, int | None] = {
            match[1]: int(match[2]) if match[2] else None
            for match in map(_SIZE.match, lines)
            if match
        }
        self.arguments = [
            Argument(match[1], re.findall(r"\w+", match[2]), match[3], match[4])
            for match in map(_ARGUMENT.match, lines)
            if match
        ]
        self._inputs = [a for a in self.arguments if a.use != "written"]
        self._takes_weights = any(line.startswith(" *   weights: ") for line in lines)

    def __repr__(self) -> str:
        names = ", ".join(f"{a.name}: {a.type}" for a in self._inputs)
        return f"Function({self.name}({names}))"

    def __call__(
        self, *arrays: Any, threads: int = 1
    ) -> Union[npt.NDArray[Any], tuple[npt.NDArray[Any], ...]]:
        if len(arrays) != len(self._inputs):
            count = len(self._inputs)
            raise TypeError(
                f"{self.name}: expects {count} arrays, but got {len(arrays)}"
            )
        sizes: dict[str, int] = {}
        values = {}
        for argument, given in zip(self._inputs, arrays):
            values[argument.name] = argument.take(given)
            argument.learn(values[argument.name], sizes)
        self._check_sizes(sizes)
        results = []
        for argument in self.arguments:
            if argument.use == "written":
                shape = [int(n) if n.isdigit() else sizes[n] for n in argument.shape]
                values[argument.name] = np.empty(shape, argument.dtype)
                results.append(values[argument.name])
        self._run(values, sizes, to_natural(threads, "threads"))
        return results[0] if len(results) == 1 else tuple(results)

    def _check_sizes(self, sizes: dict[str, int]) -> None:
        for name, most in self.sizes.items():
            if name not in sizes:
                raise Error(f"{self.name}: no array says the size {name}")
            if most is not None and sizes[name] > most:
                raise ValueError(
                    f"{name}: expects at most {most}, but got {sizes[name]}; compile "
                    "with larger buckets"
                )

    def _pack(self, argument: Argument, value: npt.NDArray[Any]) -> Any:
        """As C takes it: a number as it is, or the address of an array."""
        if argument.use != "a number":
            return ctypes.c_void_p(value.ctypes.data)
        return np.ctypeslib.as_ctypes_type(value.dtype)(value.item())

    def _run(
        self, values: dict[str, npt.NDArray[Any]], sizes: dict[str, int], threads: int
    ) -> None:
        library = self._library
        packed: list[Any] = []
        if self._takes_weights and library.weights is None:
            raise Error(f"'{library.path}' lacks its file of weights; compile it again")
        if self._takes_weights and library.weights is not None:
            packed.append(ctypes.c_void_p(library.weights.ctypes.data))
        packed += [ctypes.c_int64(sizes[name]) for name in self.sizes]
        packed += [self._pack(a, values[a.name]) for a in self.arguments]
        gang = _Gang()
        count = max(threads, 1)
        with library.lock:
            workers = _Workers(count, library.memory(count), gang.callback, None)
            status = library.function(self.name)(ctypes.byref(workers), *packed)
        if gang.error:
            raise Error(
                f"{self.name}: cannot start threads: {gang.error}; ask for fewer"
            )
        if status:
            reason = {1: "a size is too large", 2: "it has no code for this CPU"}
            raise Error(f"{self.name}: {reason.get(status, 'the workers are refused')}")


def open_functions(
    path: str | os.PathLike[str], names: Sequence[str]
) -> list[Function]:
    library = Library(path)
    return [Function(library, name) for name in names]
