# What a model makes of a prompt.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Continues a prompt as `tenon run` does: the same defaults, and the same tokens."""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

import numpy as np

from . import native
from .arrays import Float32Array, Int32Array, Tokens, to_int32, to_natural
from .errors import Error
from .tokenizer import require

if TYPE_CHECKING:
    from .session import Session

Piece = TypeVar("Piece", str, int)

# As many tokens as the context has room for.
UNTIL_THE_END = (1 << 32) - 1


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How tokens are drawn.

    Logits are divided by `temperature`; 0 takes the most likely token. `top_k` draws
    from so many tokens, 0 from all. `top_p` draws from the fewest tokens with this
    probability.
    """

    temperature: float = 0
    top_k: int = 0
    top_p: float = 1
    seed: int = 0

    def __post_init__(self) -> None:
        largest = float(np.finfo(np.float32).max)
        if not 0 <= self.temperature <= largest:
            raise ValueError(
                "temperature: expects a finite number of at least 0, but got "
                f"{self.temperature}"
            )
        if not 0 <= self.top_p <= 1:
            raise ValueError(
                f"top_p: expects a number from 0 to 1, but got {self.top_p}"
            )
        to_natural(self.top_k, "top_k")
        to_natural(self.seed, "seed", bits=64)

    def pack(self) -> native.Sampling:
        # A nucleus of nothing holds the most likely token; to the runtime 0 is all.
        top_k = 1 if self.top_p == 0 else self.top_k
        return native.Sampling(
            ctypes.sizeof(native.Sampling),
            self.temperature,
            self.top_p,
            top_k,
            0,
            self.seed,
        )


class Options(TypedDict, total=False):
    """Options of `generate` and `stream`, with their defaults.

    n: maximum number of tokens (64)
    temperature, top_k, top_p, seed: those of `Sampling`
    chunk: tokens of one step of the prompt (those of the largest bucket)
    ignore_eos: continue after a token that ends the text
    """

    n: int
    temperature: float
    top_k: int
    top_p: float
    seed: int
    chunk: int
    ignore_eos: bool


class SlotOptions(Options, total=False):
    """Those of a session, which has several sequences."""

    slot: int


class Generation(Generic[Piece]):
    """A generation under way, or one that is complete.

    Iterating gives it piece by piece: text where the prompt is text, and tokens where
    it is tokens. What is there so far is in `tokens` and `text`. An interrupt leaves
    the session as it was after the last piece, so that it can be used further.

        prompt         the tokens that the model was given
        tokens         the tokens that it made of them
        text           their text, or None if the prompt was given as tokens
        finish_reason  "count", "end_token" or "context"; None before the end
    """

    def __init__(
        self,
        session: Session,
        prompt: str | Tokens,
        *,
        slot: int = 0,
        n: int = 64,
        temperature: float = 0,
        top_k: int = 0,
        top_p: float = 1,
        seed: int = 0,
        chunk: int = 0,
        ignore_eos: bool = False,
        as_text: bool | None = None,
    ):
        """`as_text` says what to give, unless it is what the prompt is."""
        self._session: Session = session
        self._model = session.model
        self._slot = to_natural(slot, "slot")
        self._count = to_natural(n, "n")
        self._chunk = to_natural(chunk, "chunk") or session.max_tokens
        self._sampling = Sampling(temperature, top_k, top_p, seed)
        self._eos = set() if ignore_eos else self._model.end_tokens
        is_text = isinstance(prompt, str) if as_text is None else as_text
        self.text = "" if is_text else None
        ids = self._encode(prompt)
        self.prompt: list[int] = ids.tolist()
        self.tokens: list[int] = []
        self.finish_reason: str | None = None
        self._check_context(ids.size)
        self._pieces: Generator[Piece, None, None] = self._run(ids)

    def __iter__(self) -> Iterator[Piece]:
        return self

    def __next__(self) -> Piece:
        return next(self._pieces)

    def __str__(self) -> str:
        return ",".join(map(str, self.tokens)) if self.text is None else self.text

    def __repr__(self) -> str:
        what = f"tokens={self.tokens}" if self.text is None else f"text={self.text!r}"
        return f"Generation({what}, finish_reason={self.finish_reason!r})"

    def run(self) -> Generation[Piece]:
        """Goes on to the end."""
        for _ in self:
            pass
        return self

    def close(self) -> None:
        """Stops where it is."""
        self._pieces.close()

    def _encode(self, prompt: str | Tokens) -> Int32Array:
        if isinstance(prompt, str):
            tokenizer = require(self._model.tokenizer, self._model.path)
            ids = to_int32(tokenizer.encode(prompt), "prompt")
        else:
            ids = to_int32(prompt, "prompt")
        if ids.size == 0:
            raise ValueError("prompt: expects at least one token, but got none")
        return ids

    def _check_context(self, size: int) -> None:
        total = self._session.length(self._slot) + size
        if total <= self._session.max_context:
            return
        enough = f"max_context={total + max(self._count, 1) - 1} or more"
        if self._count == UNTIL_THE_END:
            enough = "a larger max_context"
        raise Error(
            f"the prompt ends at {total} tokens, but the context has "
            f"{self._session.max_context}; compile the model with {enough}, if it allows "
            "so many"
        )

    def _run(self, ids: Int32Array) -> Generator[Any, None, None]:
        if self.text is None:
            yield from self._draw(ids)
            return
        tokenizer = require(self._model.tokenizer, self._model.path)
        for text in tokenizer.stream(self._draw(ids), after=ids, skip_special=True):
            self.text += text
            if text:
                yield text

    def _prefill(self, ids: Int32Array) -> Float32Array:
        """In parts, between which Python sees an interrupt."""
        for first in range(0, ids.size, self._chunk):
            part = ids[first : first + self._chunk]
            logits = self._session.prefill(part, slot=self._slot, chunk=self._chunk)
        return logits

    def _draw(self, ids: Int32Array) -> Iterator[int]:
        """Token after token, until the model ends the text or there is no room."""
        session, slot = self._session, self._slot
        if self._count == 0:
            self._prefill(ids)
        while len(self.tokens) < self._count:
            if self.tokens:
                logits = session.step({slot: self.tokens[-1:]})[0]
            else:
                logits = self._prefill(ids)
            # The position is another number for each draw.
            position = session.length(slot)
            token = session.sample(logits, self._sampling, counter=position)
            if token in self._eos:
                self.finish_reason = "end_token"
                return
            self.tokens.append(token)
            yield token
            if len(self.tokens) < self._count and position >= session.max_context:
                self.finish_reason = "context"
                return
        self.finish_reason = "count"
