# Compiled models.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""A compiled model: what it is, its tokenizer, and what it makes of text."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

from . import native
from .arrays import Float32Array, Tokens, to_natural
from .chat import Messages, render
from .embedding import Pooling, embed
from .errors import Error
from .generation import UNTIL_THE_END, Generation, Options
from .session import Session
from .tokenizer import Tokenizer, open_tokenizer, require

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Model:
    """An artifact that `tenon compile` wrote, open to be run.

    It does not change: any number of threads and sessions may use one model at the same
    time. Made by `load` and `compile`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        cpu: str | None = None,
        inspect: bool = False,
        preload: bool = False,
        keeps: object = None,
    ):
        """`keeps` is what must be there as long as the model is open."""
        self.path = os.fspath(path)
        self._library = native.runtime()
        options = native.ModelOptions(
            ctypes.sizeof(native.ModelOptions),
            cpu.encode() if cpu else None,
            inspect,
            preload,
        )
        pointer = ctypes.c_void_p()
        self._library.call(
            "model_open",
            os.fsencode(path),
            ctypes.byref(options),
            ctypes.byref(pointer),
        )
        close = self._library.function("model_close")
        self._handle: native.Handle | None = native.Handle(pointer, close, keeps)
        self._info = native.ModelInfo(ctypes.sizeof(native.ModelInfo))
        self._library.call("model_get_info", pointer, ctypes.byref(self._info))
        # Its pointers are valid until the model is closed.
        self.architecture: str = self._info.architecture.decode()
        self.producer: str = self._info.producer.decode()
        self.variant: str = self._info.variant.decode()
        self.buckets: list[int] = self._info.buckets[: self._info.num_buckets]

    def _open_handle(self) -> native.Handle:
        if self._handle is None:
            raise Error(f"'{self.path}' is closed; load it again")
        return self._handle

    def close(self) -> None:
        """Lets go of the model; its memory is free once its last session is closed."""
        self._handle = None

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"Model({self.path!r}, architecture={self.architecture!r}, "
            f"variant={self.variant!r})"
        )

    # ---- What it is ----------------------------------------------------------

    @property
    def vocabulary(self) -> int:
        """The number of tokens."""
        return int(self._info.vocabulary)

    @property
    def hidden(self) -> int:
        """The hidden size."""
        return int(self._info.hidden)

    @property
    def layers(self) -> int:
        return int(self._info.layers)

    @property
    def max_context(self) -> int:
        """The maximum length of a sequence, its prompt included."""
        return int(self._info.max_context)

    @property
    def weights_bytes(self) -> int:
        """The size of the packed weights."""
        return int(self._info.weights_bytes)

    @property
    def is_encoder(self) -> bool:
        """Whether it makes vectors of texts instead of continuing them."""
        return bool(self._info.segments)

    @functools.cached_property
    def tokenizer(self) -> Tokenizer | None:
        return open_tokenizer(self.path)

    @functools.cached_property
    def end_tokens(self) -> set[int]:
        """The tokens that end a generation."""
        return set(self.tokenizer.eos) if self.tokenizer else set()

    def check(self) -> None:
        """Verifies the hashes of all weights, which reads the whole file."""
        self._library.call("model_check", self._open_handle().pointer)

    # ---- What it does --------------------------------------------------------

    def session(
        self,
        *,
        slots: int = 1,
        max_context: int = 0,
        threads: int = 0,
        pin: bool = False,
        prefault: bool = False,
    ) -> Session:
        """A session with `slots` sequences, which are empty.

        `max_context` is the maximum length of a sequence (default: that of the model),
        `threads` includes the caller's (default: one for each CPU of the process).
        `pin` binds the others to a CPU each; `prefault` maps the KV caches now.
        """
        options = native.SessionOptions(
            ctypes.sizeof(native.SessionOptions),
            to_natural(max_context, "max_context"),
            to_natural(slots, "slots"),
            to_natural(threads, "threads"),
            pin,
            prefault,
        )
        return Session(self, options)

    @overload
    def stream(
        self, prompt: str, *, threads: int = 0, **options: Unpack[Options]
    ) -> Generation[str]: ...

    @overload
    def stream(
        self, prompt: Tokens, *, threads: int = 0, **options: Unpack[Options]
    ) -> Generation[int]: ...

    def stream(
        self, prompt: str | Tokens, *, threads: int = 0, **options: Unpack[Options]
    ) -> Generation[Any]:
        """Continues a prompt piece by piece: text continues text, tokens continue
        tokens.

        Options are those of `Options`, and have the defaults of `tenon run`.
        """
        return Generation(self.session(threads=threads), prompt, **options)

    @overload
    def generate(
        self, prompt: str, *, threads: int = 0, **options: Unpack[Options]
    ) -> Generation[str]: ...

    @overload
    def generate(
        self, prompt: Tokens, *, threads: int = 0, **options: Unpack[Options]
    ) -> Generation[int]: ...

    def generate(
        self, prompt: str | Tokens, *, threads: int = 0, **options: Unpack[Options]
    ) -> Generation[Any]:
        """Continues a prompt; the same options as `stream`."""
        with self.session(threads=threads) as session:
            return Generation[Any](session, prompt, **options).run()

    def chat_tokens(self, messages: Messages) -> list[int]:
        """Messages, and the beginning of an answer, by the chat template of the model.

        A message has a role, system, user or assistant, and content:
        `{"role": "user", "content": "Hello"}`. Needs the package jinja2.
        """
        tokenizer = require(self.tokenizer, self.path)
        return tokenizer.encode(render(self.path, messages), add_special=False)

    def stream_chat(
        self, messages: Messages, *, threads: int = 0, **options: Unpack[Options]
    ) -> Generation[str]:
        """Answers messages piece by piece, without `n` until the answer ends."""
        session = self.session(threads=threads)
        choices: Options = {"n": UNTIL_THE_END, **options}
        return Generation(session, self.chat_tokens(messages), as_text=True, **choices)

    def chat(
        self, messages: Messages, *, threads: int = 0, **options: Unpack[Options]
    ) -> Generation[str]:
        """Answers messages; the same options as `stream_chat`."""
        return self.stream_chat(messages, threads=threads, **options).run()

    def embed(
        self,
        texts: Sequence[str | Tokens],
        *,
        pooling: Pooling | None = None,
        normalize: bool | None = None,
        truncate: bool = False,
        threads: int = 0,
    ) -> Float32Array:
        """Vectors of texts, [texts, hidden], as `tenon embed` makes them.

        `pooling` and `normalize` are, unless given, as the model says. `truncate` cuts
        texts that are too long instead of refusing them.
        """
        return embed(self, texts, pooling, normalize, truncate, threads)


def load(
    path: str | os.PathLike[str],
    *,
    cpu: str | None = None,
    inspect: bool = False,
    preload: bool = False,
) -> Model:
    """Opens an artifact.

    `cpu` names a code variant, such as "v3" (default: TENON_CPU, or the best that this
    machine runs). `inspect` opens it only to say what it is. `preload` maps all weights
    now instead of on first use.
    """
    return Model(path, cpu=cpu, inspect=inspect, preload=preload)
