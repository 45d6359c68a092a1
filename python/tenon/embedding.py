# Vectors of texts.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Makes a vector of each text with an encoder, as `tenon embed` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from .arrays import Float32Array, Int32Array, Tokens, to_int32
from .errors import Error
from .tokenizer import Tokenizer, require

if TYPE_CHECKING:
    from .model import Model
    from .session import Session

Pooling = Literal["mean", "first", "pooler"]

# In the order of tenon_model_info.
_POOLINGS: list[Pooling] = ["mean", "first", "pooler"]
# A step of the largest bucket has no more sequences than this.
_MOST_SLOTS = 64


def _common_end(tokens: list[int], others: list[int]) -> int:
    size = 0
    while (
        size < min(len(tokens), len(others)) and tokens[-1 - size] == others[-1 - size]
    ):
        size += 1
    return size


def _fit(tokens: Int32Array, longest: int, tokenizer: Tokenizer | None) -> Int32Array:
    """Cuts what stands between the special tokens, so that these stay."""
    end = 0
    if tokenizer and tokenizer.adds_eos:
        end = min(_common_end(tokenizer.encode(""), tokens.tolist()), longest)
    return np.concatenate([tokens[: longest - end], tokens[tokens.size - end :]])


def _encode(
    model: Model, texts: Sequence[str | Tokens], truncate: bool
) -> Iterator[Int32Array]:
    longest = min(model.max_context, model.buckets[-1])
    for index, text in enumerate(texts):
        name = f"text {index}"
        if isinstance(text, str):
            tokens = require(model.tokenizer, model.path).encode(text)
            ids = to_int32(tokens, name)
        else:
            ids = to_int32(text, name)
        if ids.size == 0:
            raise ValueError(f"{name}: expects at least one token, but got none")
        if ids.size > longest and not truncate:
            raise ValueError(
                f"{name} has {ids.size} tokens, but '{model.path}' takes at most "
                f"{longest}; shorten it, give truncate=True, or compile with a larger "
                "max_context and buckets if the model allows it"
            )
        yield ids if ids.size <= longest else _fit(ids, longest, model.tokenizer)


def _batches(
    session: Session, sequences: list[Int32Array]
) -> Iterator[list[Int32Array]]:
    """As many sequences at once as one step holds."""
    batch: list[Int32Array] = []
    for sequence in sequences:
        size = sum(other.size for other in batch) + sequence.size
        if batch and (len(batch) == session.slots or size > session.max_tokens):
            yield batch
            batch = []
        batch.append(sequence)
    yield batch


def _pool(rows: Float32Array, normalize: bool) -> npt.NDArray[np.float64]:
    # Sums in order, as the program adds.
    vector: npt.NDArray[np.float64] = np.add.reduce(
        rows.astype(np.float64), axis=0
    ) / len(rows)
    if normalize:
        squares = np.add.accumulate(vector * vector)[-1]
        vector /= max(np.sqrt(squares), 1e-12)
    return vector


def _run_batch(
    session: Session, batch: list[Int32Array], pooling: Pooling, normalize: bool
) -> Iterator[npt.NDArray[np.float64]]:
    sizes = [sequence.size for sequence in batch]
    begins = np.cumsum([0, *sizes[:-1]])
    all_rows = pooling == "mean"
    outputs = session.encode_rows(
        np.concatenate(batch),
        slots=np.repeat(np.arange(len(batch)), sizes),
        rows=np.arange(sum(sizes)) if all_rows else begins,
        pooled=pooling == "pooler",
    )
    for rows in np.split(outputs, begins[1:]) if all_rows else outputs[:, None]:
        yield _pool(rows, normalize)


def embed(
    model: Model,
    texts: Sequence[str | Tokens],
    pooling: Pooling | None,
    normalize: bool | None,
    truncate: bool,
    threads: int,
) -> Float32Array:
    if not model.is_encoder:
        raise Error(
            f"'{model.path}' is a decoder, which has no embeddings; use generate"
        )
    if isinstance(texts, str):
        raise TypeError(
            "texts: expects a list of texts, but got str; put it into a list"
        )
    chosen = pooling or _POOLINGS[model._info.pooling]
    if chosen not in _POOLINGS:
        raise ValueError(f"pooling: expects one of {_POOLINGS}, but got {chosen!r}")
    if chosen == "pooler" and not model._info.pooled:
        raise Error(f"'{model.path}' has no pooler; choose pooling='mean' or 'first'")
    unit = bool(model._info.normalizes) if normalize is None else normalize
    sequences = list(_encode(model, texts, truncate))
    if not sequences:
        return np.empty((0, model.hidden), np.float32)
    slots = min(len(sequences), _MOST_SLOTS)
    with model.session(slots=slots, threads=threads) as session:
        vectors = [
            vector
            for batch in _batches(session, sequences)
            for vector in _run_batch(session, batch, chosen, unit)
        ]
    return np.stack(vectors).astype(np.float32)
