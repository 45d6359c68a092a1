# Arguments as the arrays that C takes.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Accepts lists, NumPy arrays and whatever has DLPack, such as tensors of other
libraries.

Nothing is copied that has the right type and order already.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Protocol, Union

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]
Float32Array = npt.NDArray[np.float32]


class SupportsDLPack(Protocol):
    """A tensor of any library, on the CPU."""

    def __dlpack__(self, *, stream: Any = None) -> Any: ...
    def __dlpack_device__(self) -> tuple[Any, Any]: ...


# Integers in one dimension.
Tokens = Union["Sequence[int]", "npt.NDArray[Any]", SupportsDLPack]

_INT32 = np.iinfo(np.int32)


def to_array(values: Any, name: str) -> npt.NDArray[Any]:
    """An array of NumPy, by DLPack where there is no other way."""
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name}: expects numbers, but got {type(values).__name__}")
    if not isinstance(values, np.ndarray) and hasattr(values, "__dlpack__"):
        try:
            return np.from_dlpack(values)
        except (TypeError, RuntimeError, BufferError) as error:
            raise TypeError(
                f"{name}: cannot read {type(values).__name__}: {error}; move it to the "
                "CPU, and convert it to a type that NumPy has"
            ) from None
    try:
        return np.asarray(values)
    except ValueError:
        raise TypeError(f"{name}: expects rows of one length") from None


def to_int32(values: Any, name: str) -> Int32Array:
    """Integers in one dimension, each of which fits into 32 bits."""
    array = to_array(values, name)
    if array.ndim != 1:
        raise ValueError(f"{name}: expects one dimension, but got {array.ndim}")
    # An empty list has no type of its own.
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"{name}: expects integers, but got {array.dtype}")
    if array.size and not (_INT32.min <= array.min() and array.max() <= _INT32.max):
        raise ValueError(f"{name}: expects numbers of 32 bits, but got others")
    return np.ascontiguousarray(array, np.int32)


def to_logits(values: Any, vocabulary: int) -> Float32Array:
    """The logits of one token."""
    array = to_array(values, "logits")
    if array.dtype != np.float32:
        raise TypeError(f"logits: expects float32, but got {array.dtype}")
    if array.shape != (vocabulary,):
        raise ValueError(
            f"logits: expects the shape ({vocabulary},), but got {array.shape}; choose "
            "one row"
        )
    return np.ascontiguousarray(array)


def to_output(out: Float32Array | None, shape: tuple[int, ...]) -> Float32Array:
    """An array for C to write to: the caller's, or a new one."""
    if out is None:
        return np.empty(shape, np.float32)
    if not isinstance(out, np.ndarray) or out.dtype != np.float32:
        got = getattr(out, "dtype", type(out).__name__)
        raise TypeError(f"out: expects an array of float32, but got {got}")
    if out.shape != shape or not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError(
            f"out: expects the shape {shape} in C order, writable, but got {out.shape}"
        )
    return out


def to_natural(value: int, name: str, *, bits: int = 32) -> int:
    """An integer that C takes without a sign; ctypes would take any of its bits."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}: expects an integer, but got {type(value).__name__}"
        ) from None
    if not 0 <= number < 1 << bits:
        raise ValueError(f"{name}: expects 0 to {(1 << bits) - 1}, but got {number}")
    return number
