# The C API of the runtime, called from Python.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Sessions of a compiled model, through include/tenon/Runtime/tenon.h."""

import ctypes
import os

import numpy as np


class Refused(Exception):
    """The message of a call that failed."""


class ModelInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("architecture", ctypes.c_char_p),
        ("producer", ctypes.c_char_p),
        ("variant", ctypes.c_char_p),
        ("vocabulary", ctypes.c_uint32),
        ("hidden", ctypes.c_uint32),
        ("layers", ctypes.c_uint32),
        ("max_context", ctypes.c_uint32),
        ("num_buckets", ctypes.c_uint32),
        ("buckets", ctypes.POINTER(ctypes.c_uint32)),
        ("weights_bytes", ctypes.c_uint64),
    ]


class SessionOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("max_context", ctypes.c_uint32),
        ("slots", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("pin", ctypes.c_uint32),
        ("prefault", ctypes.c_uint32),
    ]


def pointer(values):
    """An array of int32 as C takes it; an empty one is not null."""
    array = np.ascontiguousarray(values, dtype=np.int32)
    return array, array.ctypes.data_as(ctypes.c_void_p)


class Runtime:
    """The library."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.tenon_last_error.restype = ctypes.c_char_p

    def call(self, name, *arguments):
        if getattr(self.library, name)(*arguments):
            raise Refused(self.library.tenon_last_error().decode())


class Model:
    """An artifact, opened with the code of one variant: `v3`, `v4`."""

    def __init__(self, runtime, path, variant):
        self.runtime = runtime
        self.handle = ctypes.c_void_p()
        os.environ["TENON_CPU"] = variant
        runtime.call(
            "tenon_model_open", str(path).encode(), None, ctypes.byref(self.handle)
        )
        info = ModelInfo(ctypes.sizeof(ModelInfo))
        runtime.call("tenon_model_get_info", self.handle, ctypes.byref(info))
        self.vocabulary = info.vocabulary
        self.max_context = info.max_context
        self.buckets = info.buckets[: info.num_buckets]

    def close(self):
        self.runtime.library.tenon_model_close(self.handle)


class Session:
    """Sequences of a model."""

    def __init__(self, model, slots, context, threads):
        self.model = model
        self.runtime = model.runtime
        self.handle = ctypes.c_void_p()
        options = SessionOptions(
            ctypes.sizeof(SessionOptions), context, slots, threads, 0, 0
        )
        self.runtime.call(
            "tenon_session_create",
            model.handle,
            ctypes.byref(options),
            ctypes.byref(self.handle),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.runtime.library.tenon_session_destroy(self.handle)

    def step(self, tokens, slots, rows):
        """Logits [rows, vocabulary], NaN where none were written."""
        logits = np.full((len(rows), self.model.vocabulary), np.nan, np.float32)
        kept = [pointer(values) for values in (tokens, slots, rows)]
        self.runtime.call(
            "tenon_session_step",
            self.handle,
            ctypes.c_uint32(len(tokens)),
            kept[0][1],
            None,
            kept[1][1],
            ctypes.c_uint32(len(rows)),
            kept[2][1],
            logits.ctypes.data_as(ctypes.c_void_p),
        )
        return logits

    def prefill(self, slot, tokens, chunk):
        """Logits [1, vocabulary] of the last token."""
        logits = np.full((1, self.model.vocabulary), np.nan, np.float32)
        kept, address = pointer(tokens)
        self.runtime.call(
            "tenon_session_prefill",
            self.handle,
            ctypes.c_uint32(slot),
            ctypes.c_size_t(len(kept)),
            address,
            ctypes.c_uint32(chunk),
            logits.ctypes.data_as(ctypes.c_void_p),
        )
        return logits

    def truncate(self, slot, length):
        self.runtime.call(
            "tenon_session_truncate",
            self.handle,
            ctypes.c_uint32(slot),
            ctypes.c_uint32(length),
        )

    def copy(self, source, target):
        """Saves one slot and restores it into another."""
        size = ctypes.c_size_t()
        self.runtime.call(
            "tenon_session_get_saved_size",
            self.handle,
            ctypes.c_uint32(source),
            ctypes.byref(size),
        )
        saved = ctypes.create_string_buffer(size.value)
        self.runtime.call(
            "tenon_session_save",
            self.handle,
            ctypes.c_uint32(source),
            saved,
            size,
        )
        self.runtime.call(
            "tenon_session_restore", self.handle, ctypes.c_uint32(target), saved, size
        )
