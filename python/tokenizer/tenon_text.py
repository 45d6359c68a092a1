"""Calls libtenon-text through ctypes.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import ctypes

ADD_SPECIAL, PARSE_SPECIAL, SKIP_SPECIAL = 1, 2, 4


class Stream(ctypes.Structure):
    _fields_ = [
        ("tokenizer", ctypes.c_void_p),
        ("flags", ctypes.c_uint32),
        ("at_start", ctypes.c_uint32),
        ("num_held", ctypes.c_uint32),
        ("held", ctypes.c_char * 4),
    ]


class Tokenizer:
    """An open tokenizer.bin."""

    def __init__(self, library, path):
        self.lib = ctypes.CDLL(library)
        self.lib.tenon_text_last_error.restype = ctypes.c_char_p
        self.lib.tenon_text_stream_capacity.restype = ctypes.c_uint64
        self.handle = ctypes.c_void_p()
        self.check(
            self.lib.tenon_text_open(path.encode(), ctypes.byref(self.handle))
        )

    def check(self, status):
        if status:
            raise ValueError(self.lib.tenon_text_last_error().decode())

    def encode(self, text, flags=PARSE_SPECIAL):
        data = text.encode() if isinstance(text, str) else text
        capacity = 4 * len(data) + 16
        tokens = (ctypes.c_int32 * capacity)()
        count = ctypes.c_uint64()
        self.check(
            self.lib.tenon_text_encode(
                self.handle, data, ctypes.c_uint64(len(data)), flags, tokens,
                ctypes.c_uint64(capacity), ctypes.byref(count),
            )
        )
        return tokens[: count.value]

    def decode(self, tokens, flags=0):
        array = (ctypes.c_int32 * len(tokens))(*tokens)
        size = ctypes.c_uint64()
        arguments = (self.handle, array, ctypes.c_uint64(len(tokens)), flags)
        self.lib.tenon_text_decode(
            *arguments, None, ctypes.c_uint64(0), ctypes.byref(size)
        )
        buffer = ctypes.create_string_buffer(size.value + 1)
        self.check(
            self.lib.tenon_text_decode(
                *arguments, buffer, size, ctypes.byref(size)
            )
        )
        return buffer.raw[: size.value]

    def stream(self, tokens, flags=0):
        """Yields the output of each token, and of the end."""
        stream = Stream()
        self.lib.tenon_text_stream_begin(self.handle, flags, ctypes.byref(stream))
        capacity = self.lib.tenon_text_stream_capacity(self.handle)
        buffer = ctypes.create_string_buffer(capacity)
        size = ctypes.c_uint64()
        for token in tokens:
            self.check(
                self.lib.tenon_text_stream_next(
                    ctypes.byref(stream), token, buffer,
                    ctypes.c_uint64(capacity), ctypes.byref(size),
                )
            )
            yield buffer.raw[: size.value]
        self.check(
            self.lib.tenon_text_stream_finish(
                ctypes.byref(stream), buffer, ctypes.c_uint64(capacity),
                ctypes.byref(size),
            )
        )
        yield buffer.raw[: size.value]
