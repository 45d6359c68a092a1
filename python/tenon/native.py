# The C API of the runtime and of tokenizers, as ctypes sees it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Structures and signatures of include/tenon/Runtime/tenon.h and
include/tenon/Text/text.h.

The rest of the package calls the libraries through `runtime()` and `text()`, each of
which is loaded on first use. A call releases Python's lock, so that other threads go
on.
"""

from __future__ import annotations

import ctypes
import functools
import weakref
from ctypes import POINTER, c_char_p, c_float, c_int32, c_size_t, c_uint32, c_uint64
from ctypes import c_void_p
from typing import Any, Callable

import numpy.typing as npt

from .errors import Error
from .places import find_library


class ModelOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("cpu", c_char_p),
        ("inspect", c_uint32),
        ("preload", c_uint32),
    ]


class ModelInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("architecture", c_char_p),
        ("producer", c_char_p),
        ("variant", c_char_p),
        ("vocabulary", c_uint32),
        ("hidden", c_uint32),
        ("layers", c_uint32),
        ("max_context", c_uint32),
        ("num_buckets", c_uint32),
        ("buckets", POINTER(c_uint32)),
        ("weights_bytes", c_uint64),
        ("segments", c_uint32),
        ("pooled", c_uint32),
        ("pooling", c_uint32),
        ("normalizes", c_uint32),
    ]


class SessionOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("max_context", c_uint32),
        ("slots", c_uint32),
        ("threads", c_uint32),
        ("pin", c_uint32),
        ("prefault", c_uint32),
    ]


class SessionInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("max_context", c_uint32),
        ("slots", c_uint32),
        ("threads", c_uint32),
        ("max_tokens", c_uint32),
        ("state_bytes", c_uint64),
        ("arena_bytes", c_uint64),
        ("scratch_bytes", c_uint64),
    ]


class Sampling(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("temperature", c_float),
        ("top_p", c_float),
        ("top_k", c_uint32),
        ("reserved", c_uint32),
        ("seed", c_uint64),
    ]


class TextStream(ctypes.Structure):
    _fields_ = [
        ("tokenizer", c_void_p),
        ("flags", c_uint32),
        ("at_start", c_uint32),
        ("num_held", c_uint32),
        ("held", ctypes.c_char * 4),
    ]


# Flags of tenon_text_encode and tenon_text_decode.
ADD_SPECIAL, PARSE_SPECIAL, SKIP_SPECIAL = 1, 2, 4
# The status of a call that says how much room it needs.
BUFFER_TOO_SMALL = 3
# The status of a model that has no code for this machine.
NO_VARIANT = 4

_handle, _array = c_void_p, c_void_p

_RUNTIME: dict[str, list[Any]] = {
    "model_open": [c_char_p, POINTER(ModelOptions), POINTER(_handle)],
    "model_check": [_handle],
    "model_get_info": [_handle, POINTER(ModelInfo)],
    "session_create": [_handle, POINTER(SessionOptions), POINTER(_handle)],
    "session_get_info": [_handle, POINTER(SessionInfo)],
    "session_step": [
        _handle, c_uint32, _array, _array, _array, c_uint32, _array, _array,
    ],
    "session_prefill": [_handle, c_uint32, c_size_t, _array, c_uint32, _array],
    "session_encode": [
        _handle, c_uint32, _array, _array, _array, c_uint32, _array, _array, _array,
    ],
    "session_get_length": [_handle, c_uint32, POINTER(c_uint32)],
    "session_reset": [_handle, c_uint32],
    "session_truncate": [_handle, c_uint32, c_uint32],
    "session_get_saved_size": [_handle, c_uint32, POINTER(c_size_t)],
    "session_save": [_handle, c_uint32, c_char_p, c_size_t],
    "session_restore": [_handle, c_uint32, c_char_p, c_size_t],
    "sample": [_handle, _array, POINTER(Sampling), c_uint64, POINTER(c_int32)],
}  # fmt: skip
_RUNTIME_FREES = ["model_close", "session_destroy"]

_TEXT: dict[str, list[Any]] = {
    "open": [c_char_p, POINTER(_handle)],
    "encode": [
        _handle, c_char_p, c_uint64, c_uint32, _array, c_uint64, POINTER(c_uint64),
    ],
    "decode": [
        _handle, _array, c_uint64, c_uint32, c_char_p, c_uint64, POINTER(c_uint64),
    ],
    "stream_continue": [_handle, c_uint32, _array, c_uint64, POINTER(TextStream)],
    "stream_next": [
        POINTER(TextStream), c_int32, c_char_p, c_uint64, POINTER(c_uint64),
    ],
    "stream_finish": [POINTER(TextStream), c_char_p, c_uint64, POINTER(c_uint64)],
}  # fmt: skip
# Functions that cannot fail, with the types of their results.
_TEXT_FACTS: dict[str, tuple[Any, list[Any]]] = {
    "vocabulary": (c_int32, [_handle]),
    "bos": (c_int32, [_handle]),
    "add_eos": (c_int32, [_handle]),
    "eos": (c_uint64, [_handle, POINTER(POINTER(c_int32))]),
    "is_special": (c_int32, [_handle, c_int32]),
    "find": (c_int32, [_handle, c_char_p, c_uint64]),
    "stream_capacity": (c_uint64, [_handle]),
}  # fmt: skip
_TEXT_FREES = ["close"]


class StatusError(Error):
    """An error with the number by which the library tells kinds of them apart."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


class Library:
    """A shared library whose functions begin with a prefix."""

    def __init__(
        self,
        path: str,
        prefix: str,
        functions: dict[str, list[Any]],
        facts: dict[str, tuple[Any, list[Any]]],
        frees: list[str],
    ):
        try:
            self._library = ctypes.CDLL(path)
        except OSError as error:
            raise Error(f"cannot load '{path}': {error}") from None
        self._prefix = prefix
        for name, arguments in functions.items():
            self.function(name).argtypes = arguments
        for name, (result, arguments) in facts.items():
            self.function(name).argtypes = arguments
            self.function(name).restype = result
        for name in frees:
            self.function(name).argtypes = [_handle]
            self.function(name).restype = None
        self._last_error = self.function("last_error")
        self._last_error.restype = c_char_p

    def function(self, name: str) -> Any:
        return getattr(self._library, self._prefix + name)

    def message(self) -> str:
        """What the last call of this thread that failed had to say."""
        text: bytes = self._last_error()
        return text.decode(errors="replace")

    def call(self, name: str, *arguments: Any) -> None:
        """Calls a function that returns a status."""
        status = self.function(name)(*arguments)
        if status:
            raise StatusError(self.message(), status)


@functools.lru_cache(maxsize=None)
def _load_runtime(path: str) -> Library:
    return Library(path, "tenon_", _RUNTIME, {}, _RUNTIME_FREES)


@functools.lru_cache(maxsize=None)
def _load_text(path: str) -> Library:
    return Library(path, "tenon_text_", _TEXT, _TEXT_FACTS, _TEXT_FREES)


def runtime() -> Library:
    return _load_runtime(str(find_library("Runtime", "tenon-runtime")))


def text() -> Library:
    return _load_text(str(find_library("Text", "tenon-text")))


class Handle:
    """An object of a library, which is freed when nobody has it any more.

    `keeps` are objects that must outlive it: a session keeps its model, whatever the
    order in which a program lets go of the two.
    """

    def __init__(
        self, pointer: c_void_p, free: Callable[[c_void_p], None], *keeps: object
    ):
        self.pointer = pointer
        self._finalizer = weakref.finalize(self, Handle._free, free, pointer, keeps)

    @staticmethod
    def _free(
        free: Callable[[c_void_p], None], pointer: c_void_p, keeps: object
    ) -> None:
        free(pointer)

    def close(self) -> None:
        self._finalizer()


def address(array: npt.NDArray[Any] | None) -> int | None:
    """What C takes for an array, which the caller keeps during the call."""
    return None if array is None else array.ctypes.data
