# Text into tokens and back.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""The tokenizer of a compiled model, which any number of threads may share."""

from __future__ import annotations

import codecs
import ctypes
import os
from collections.abc import Iterable, Iterator

import numpy as np

from . import native
from .arrays import Tokens, to_int32
from .errors import Error


class Tokenizer:
    """An open `tokenizer.bin`, a file of an artifact."""

    def __init__(self, path: str | os.PathLike[str]):
        pointer = ctypes.c_void_p()
        self._library = native.text()
        self._library.call("open", os.fsencode(path), ctypes.byref(pointer))
        self._handle = native.Handle(pointer, self._library.function("close"))
        self._capacity = self._fact("stream_capacity")

    def _fact(self, name: str, *arguments: object) -> int:
        return int(self._library.function(name)(self._handle.pointer, *arguments))

    @property
    def vocabulary(self) -> int:
        """One more than the largest token."""
        return self._fact("vocabulary")

    @property
    def bos(self) -> int | None:
        """The token that begins a text."""
        token = self._fact("bos")
        return None if token < 0 else token

    @property
    def eos(self) -> list[int]:
        """The tokens that end a generation."""
        tokens = ctypes.POINTER(ctypes.c_int32)()
        count = self._fact("eos", ctypes.byref(tokens))
        return list(tokens[:count])

    @property
    def adds_eos(self) -> bool:
        """Whether texts get tokens at their end."""
        return bool(self._fact("add_eos"))

    def is_special(self, token: int) -> bool:
        """Whether a token stands for no text."""
        return bool(self._fact("is_special", token))

    def find(self, text: str) -> int | None:
        """The token whose text this is, special ones included."""
        data = text.encode()
        token = self._fact("find", data, len(data))
        return None if token < 0 else token

    def encode(
        self,
        text: str | bytes,
        *,
        add_special: bool = True,
        parse_special: bool = True,
    ) -> list[int]:
        """The tokens of a text.

        `add_special` adds at the beginning and at the end what the model was trained
        with. `parse_special` makes special tokens of what looks like them; leave it out
        for text that is not trusted.
        """
        if not isinstance(text, (str, bytes)):
            raise TypeError(
                f"text: expects str or bytes, but got {type(text).__name__}"
            )
        data = text.encode() if isinstance(text, str) else text
        flags = native.ADD_SPECIAL if add_special else 0
        flags |= native.PARSE_SPECIAL if parse_special else 0
        tokens = np.empty(len(data) + 8, np.int32)
        count = ctypes.c_uint64()
        while True:
            try:
                self._library.call(
                    "encode", self._handle.pointer, data, len(data), flags,
                    native.address(tokens), tokens.size, ctypes.byref(count),
                )  # fmt: skip
                return list(map(int, tokens[: count.value]))
            except native.StatusError as error:
                if error.status != native.BUFFER_TOO_SMALL:
                    raise
                tokens = np.empty(count.value, np.int32)

    def decode_bytes(self, tokens: Tokens, *, skip_special: bool = False) -> bytes:
        """The text of tokens, byte for byte."""
        array = to_int32(tokens, "tokens")
        flags = native.SKIP_SPECIAL if skip_special else 0
        size = ctypes.c_uint64()
        buffer = ctypes.create_string_buffer(16 * array.size + 16)
        while True:
            try:
                self._library.call(
                    "decode", self._handle.pointer, native.address(array), array.size,
                    flags, buffer, len(buffer), ctypes.byref(size),
                )  # fmt: skip
                return buffer.raw[: size.value]
            except native.StatusError as error:
                if error.status != native.BUFFER_TOO_SMALL:
                    raise
                buffer = ctypes.create_string_buffer(size.value)

    def decode(self, tokens: Tokens, *, skip_special: bool = False) -> str:
        """The text of tokens; bytes that are no UTF-8 become U+FFFD."""
        data = self.decode_bytes(tokens, skip_special=skip_special)
        return data.decode(errors="replace")

    def stream_bytes(
        self,
        tokens: Iterable[int],
        *,
        after: Tokens = (),
        skip_special: bool = False,
    ) -> Iterator[bytes]:
        """What each token makes complete, and what is left at the end.

        `after` are tokens whose text is there already, such as a prompt. All outputs
        one after another are the text of all tokens.
        """
        before = to_int32(after, "after")
        stream = native.TextStream()
        buffer = ctypes.create_string_buffer(self._capacity + 1)
        size = ctypes.c_uint64()
        flags = native.SKIP_SPECIAL if skip_special else 0
        room = (buffer, self._capacity, ctypes.byref(size))
        self._library.call(
            "stream_continue", self._handle.pointer, flags, native.address(before),
            before.size, ctypes.byref(stream),
        )  # fmt: skip
        for token in tokens:
            self._library.call("stream_next", ctypes.byref(stream), token, *room)
            yield buffer.raw[: size.value]
        self._library.call("stream_finish", ctypes.byref(stream), *room)
        yield buffer.raw[: size.value]

    def stream(
        self,
        tokens: Iterable[int],
        *,
        after: Tokens = (),
        skip_special: bool = False,
    ) -> Iterator[str]:
        """The text that each token makes complete, and what is left at the end."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for data in self.stream_bytes(tokens, after=after, skip_special=skip_special):
            yield decoder.decode(data)
        yield decoder.decode(b"", final=True)


def open_tokenizer(artifact: str | os.PathLike[str]) -> Tokenizer | None:
    """The tokenizer of an artifact; models without one have none."""
    path = os.path.join(artifact, "tokenizer.bin")
    return Tokenizer(path) if os.path.exists(path) else None


def require(tokenizer: Tokenizer | None, artifact: str) -> Tokenizer:
    if tokenizer is None:
        raise Error(
            f"'{artifact}' has no tokenizer, because its model has none; give tokens "
            "instead of text"
        )
    return tokenizer
