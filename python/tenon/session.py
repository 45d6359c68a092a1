# Sequences of a model, and the steps that extend them.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""A session holds sequences and runs the steps of a model on them."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from . import native
from .arrays import (
    Float32Array,
    Int32Array,
    Tokens,
    to_int32,
    to_logits,
    to_natural,
    to_output,
)
from .errors import Error
from .generation import Generation, Sampling, SlotOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .model import Model


def _to_slots(slots: Tokens, count: int) -> Int32Array:
    """One for each token: C would read beyond a shorter array."""
    array = to_int32(slots, "slots")
    if array.size != count:
        raise ValueError(f"slots: expects {count}, as many as tokens, got {array.size}")
    return array


class Session:
    """A fixed number of slots, each of which holds one sequence of tokens.

    Made by `Model.session`. Threads may share a session: one call waits for another.
    Threads that have a session each run at the same time. Arrays that a step returns
    are the caller's; nothing refers to them later.
    """

    def __init__(self, model: Model, options: native.SessionOptions):
        pointer = ctypes.c_void_p()
        self.model = model
        self._library = native.runtime()
        self._lock = threading.RLock()
        owner = model._open_handle()
        self._library.call(
            "session_create",
            owner.pointer,
            ctypes.byref(options),
            ctypes.byref(pointer),
        )
        destroy = self._library.function("session_destroy")
        self._handle: native.Handle | None = native.Handle(pointer, destroy, owner)
        self._info = native.SessionInfo(ctypes.sizeof(native.SessionInfo))
        self._call("session_get_info", ctypes.byref(self._info))

    def _call(self, name: str, *arguments: Any) -> None:
        with self._lock:
            if self._handle is None:
                raise Error("the session is closed; make another with Model.session")
            self._library.call(name, self._handle.pointer, *arguments)

    def close(self) -> None:
        """Ends its threads and frees its memory. A second time has no effect."""
        with self._lock:
            if self._handle:
                self._handle.close()
            self._handle = None

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def slots(self) -> int:
        """The number of sequences."""
        return int(self._info.slots)

    @property
    def max_context(self) -> int:
        """The maximum length of a sequence."""
        return int(self._info.max_context)

    @property
    def max_tokens(self) -> int:
        """The maximum number of tokens of a step."""
        return int(self._info.max_tokens)

    @property
    def threads(self) -> int:
        """The number of threads, that of the caller included."""
        return int(self._info.threads)

    @property
    def state_bytes(self) -> int:
        """The size of the KV caches of all slots."""
        return int(self._info.state_bytes)

    # ---- Steps ---------------------------------------------------------------

    def step(self, sequences: Mapping[int, Tokens] | Tokens) -> Float32Array:
        """Appends tokens to sequences; returns the logits after the last token of each.

        `sequences` has the tokens of each slot, any number of them: a chunk of one
        prompt and one token of each sequence that decodes, for instance. What is no
        mapping are the tokens of slot 0. Row i of the result, [sequences, vocabulary],
        belongs to the i-th entry.
        """
        if not isinstance(sequences, Mapping):
            sequences = {0: sequences}
        parts = [to_int32(part, f"slot {slot}") for slot, part in sequences.items()]
        sizes = [part.size for part in parts]
        if 0 in sizes:
            slot = list(sequences)[sizes.index(0)]
            raise ValueError(f"slot {slot}: expects a token, but got none")
        if not parts:
            return to_output(None, (0, self.model.vocabulary))
        return self.step_rows(
            np.concatenate(parts),
            slots=np.repeat(to_int32(list(sequences), "slots"), sizes),
            rows=np.cumsum(sizes) - 1,
        )

    def step_rows(
        self,
        tokens: Tokens,
        *,
        slots: Tokens | None = None,
        rows: Tokens,
        out: Float32Array | None = None,
    ) -> Float32Array:
        """Appends tokens to sequences; returns the logits after those that `rows`
        names.

        `slots` has the slot of each token, and those of one slot are next to each
        other; left out, all are of slot 0. `rows` are indices into `tokens`, in any
        order: all draft tokens that are to be verified, for instance. They
        are written to `out`, if it is given.
        """
        ids = to_int32(tokens, "tokens")
        places = None if slots is None else _to_slots(slots, ids.size)
        wanted = to_int32(rows, "rows")
        logits = to_output(out, (wanted.size, self.model.vocabulary))
        self._call(
            "session_step", ids.size, native.address(ids), None, native.address(places),
            wanted.size, native.address(wanted), native.address(logits),
        )  # fmt: skip
        return logits

    def prefill(
        self,
        tokens: Tokens,
        *,
        slot: int = 0,
        chunk: int = 0,
        out: Float32Array | None = None,
    ) -> Float32Array:
        """Appends any number of tokens to one sequence, in steps of `chunk`.

        Returns the logits after the last one, [vocabulary], written to `out`, if it is
        given.
        """
        ids = to_int32(tokens, "tokens")
        logits = to_output(out, (self.model.vocabulary,))
        if ids.size == 0:
            raise ValueError("tokens: expects at least one, but got none")
        self._call(
            "session_prefill", to_natural(slot, "slot"), ids.size, native.address(ids),
            to_natural(chunk, "chunk"), native.address(logits),
        )  # fmt: skip
        return logits

    def encode_rows(
        self,
        tokens: Tokens,
        *,
        slots: Tokens,
        rows: Tokens,
        pooled: bool = False,
    ) -> Float32Array:
        """The outputs of an encoder for whole sequences, [rows, hidden].

        Arguments are those of `step_rows`; nothing is kept. `pooled` asks for the
        outputs of the pooler instead.
        """
        ids, wanted = to_int32(tokens, "tokens"), to_int32(rows, "rows")
        places = _to_slots(slots, ids.size)
        embeddings = to_output(None, (wanted.size, self.model.hidden))
        pools = np.empty_like(embeddings) if pooled else None
        self._call(
            "session_encode", ids.size, native.address(ids), None,
            native.address(places), wanted.size, native.address(wanted),
            native.address(embeddings), native.address(pools),
        )  # fmt: skip
        return embeddings if pools is None else pools

    # ---- Sequences -----------------------------------------------------------

    def length(self, slot: int = 0) -> int:
        """The number of tokens of a sequence."""
        length = ctypes.c_uint32()
        self._call("session_get_length", to_natural(slot, "slot"), ctypes.byref(length))
        return length.value

    def reset(self, slot: int = 0) -> None:
        """Empties a sequence."""
        self._call("session_reset", to_natural(slot, "slot"))

    def truncate(self, length: int, *, slot: int = 0) -> None:
        """Shortens a sequence to its first tokens."""
        size = to_natural(length, "length")
        self._call("session_truncate", to_natural(slot, "slot"), size)

    def save(self, slot: int = 0) -> bytes:
        """A sequence as bytes."""
        index, size = to_natural(slot, "slot"), ctypes.c_size_t()
        with self._lock:
            self._call("session_get_saved_size", index, ctypes.byref(size))
            buffer = ctypes.create_string_buffer(size.value)
            self._call("session_save", index, buffer, size.value)
        return buffer.raw

    def restore(self, saved: bytes, *, slot: int = 0) -> None:
        """Replaces a sequence by a saved one, of any session of the same model."""
        if not isinstance(saved, bytes):
            raise TypeError(f"saved: expects bytes, but got {type(saved).__name__}")
        self._call("session_restore", to_natural(slot, "slot"), saved, len(saved))

    # ---- Generation ----------------------------------------------------------

    def sample(self, logits: Float32Array, sampling: Sampling, *, counter: int) -> int:
        """Chooses a token by the logits of one row.

        The same arguments give the same token on every machine. `counter` is another
        number for each draw; `generate` takes the position of the token.
        """
        row = to_logits(logits, self.model.vocabulary)
        choices, token = sampling.pack(), ctypes.c_int32()
        self._call(
            "sample", native.address(row), ctypes.byref(choices),
            to_natural(counter, "counter", bits=64), ctypes.byref(token),
        )  # fmt: skip
        return token.value

    @overload
    def stream(
        self, prompt: str, **options: Unpack[SlotOptions]
    ) -> Generation[str]: ...

    @overload
    def stream(
        self, prompt: Tokens, **options: Unpack[SlotOptions]
    ) -> Generation[int]: ...

    def stream(
        self, prompt: str | Tokens, **options: Unpack[SlotOptions]
    ) -> Generation[Any]:
        """Continues a sequence piece by piece: see `Model.stream`.

        The prompt, and what the model makes of it, are appended to sequence `slot`.
        """
        return Generation(self, prompt, **options)

    @overload
    def generate(
        self, prompt: str, **options: Unpack[SlotOptions]
    ) -> Generation[str]: ...

    @overload
    def generate(
        self, prompt: Tokens, **options: Unpack[SlotOptions]
    ) -> Generation[int]: ...

    def generate(
        self, prompt: str | Tokens, **options: Unpack[SlotOptions]
    ) -> Generation[Any]:
        """The same, to the end."""
        return Generation(self, prompt, **options).run()
