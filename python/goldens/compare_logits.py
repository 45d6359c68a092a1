# Compares two arrays of logits, ours with a reference, and says where they part.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""compare_logits.py OURS.npy REFERENCE.npy [--tolerance=1e-4]

Both [tokens, vocabulary]. Prints the largest error over the spread (standard
deviation) of the reference, the divergence KL(reference || ours) in nats, and at
how many positions the greedy choice is the same. A position where the choice
differs is listed with the reference's lead over the runner-up; a lead within twice
the error is a near tie, which no arithmetic decides. Exits with 1 if the largest
error passes the tolerance, if a value is no number where the reference has one, or
if a choice differs without a near tie.
"""

import argparse
import dataclasses
import pathlib

import numpy

ROWS = 64


def log_softmax(x):
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - numpy.log(numpy.exp(shifted).sum(axis=1, keepdims=True))


@dataclasses.dataclass
class Comparison:
    """What is known of each position, and the spread of the whole reference."""

    spread: float
    error: numpy.ndarray
    divergence: numpy.ndarray
    ours: numpy.ndarray
    theirs: numpy.ndarray
    lead: numpy.ndarray

    @property
    def relative_error(self):
        if not self.error.size:
            return 0.0
        largest = float(self.error.max())
        if self.spread == 0:
            return numpy.inf if largest else 0.0
        return largest / self.spread

    @property
    def differing(self):
        return numpy.flatnonzero(self.ours != self.theirs)

    def is_near_tie(self, position, tolerance):
        return self.lead[position] <= 2 * tolerance * self.spread


def compare_rows(ours, theirs):
    """Error, divergence, both choices and the lead, for each of a few rows."""
    ours, theirs = ours.astype(numpy.float64), theirs.astype(numpy.float64)
    error = numpy.abs(ours - theirs).max(axis=1)
    p, q = log_softmax(theirs), log_softmax(ours)
    divergence = (numpy.exp(p) * (p - q)).sum(axis=1)
    lead = numpy.full(len(theirs), numpy.inf)
    if theirs.shape[1] > 1:
        best = numpy.partition(theirs, -2, axis=1)
        lead = best[:, -1] - best[:, -2]
    return error, divergence, ours.argmax(axis=1), theirs.argmax(axis=1), lead


def spread_of(array):
    """The standard deviation in two sweeps, for arrays larger than the memory."""
    count, total, squares = array.size, 0.0, 0.0
    starts = range(0, len(array), ROWS)
    for low in starts:
        total += float(array[low : low + ROWS].sum(dtype=numpy.float64))
    mean = total / max(count, 1)
    for low in starts:
        rows = array[low : low + ROWS].astype(numpy.float64) - mean
        squares += float((rows * rows).sum())
    return (squares / max(count, 1)) ** 0.5


def compare(ours, theirs):
    parts = [
        compare_rows(ours[low : low + ROWS], theirs[low : low + ROWS])
        for low in range(0, len(theirs), ROWS)
    ]
    empty = [numpy.zeros(0)] * 5
    columns = [numpy.concatenate(column) for column in zip(*parts)] if parts else empty
    return Comparison(spread_of(theirs), *columns)


def report(result, tolerance):
    """Prints the comparison; gives whether it is good enough."""
    positions, differing = len(result.error), result.differing
    print(f"positions            {positions}")
    print(f"spread of reference  {result.spread:.6g}")
    if not positions:
        return True
    worst = int(numpy.argmax(numpy.nan_to_num(result.error, nan=numpy.inf)))
    print(f"largest error/spread {result.relative_error:.3e} at position {worst}")
    print(
        f"KL mean, largest     {result.divergence.mean():.3e} {result.divergence.max():.3e}"
    )
    print(f"same greedy choice   {positions - len(differing)} of {positions}")
    good = result.relative_error <= tolerance
    for position in differing:
        tie = result.is_near_tie(position, tolerance)
        good = good and tie
        print(
            f"  position {position}: ours {result.ours[position]}, reference "
            f"{result.theirs[position]}, lead {result.lead[position]:.3e}"
            f"{', a near tie' if tie else ''}"
        )
    near = [
        position
        for position in range(positions)
        if result.is_near_tie(position, tolerance)
    ]
    if near:
        print(f"near ties            {', '.join(map(str, near))}")
    return good


def load(ours, theirs):
    """Both files, or ValueError where they cannot be compared."""
    arrays = [numpy.load(path, mmap_mode="r") for path in (ours, theirs)]
    if arrays[0].shape != arrays[1].shape or arrays[0].ndim != 2:
        raise ValueError(
            f"expects two arrays [tokens, vocabulary] of one shape, but "
            f"'{ours}' has {list(arrays[0].shape)} and "
            f"'{theirs}' has {list(arrays[1].shape)}"
        )
    return arrays


def main():
    parser = argparse.ArgumentParser(description="compares two arrays of logits")
    parser.add_argument("ours", type=pathlib.Path)
    parser.add_argument("reference", type=pathlib.Path)
    parser.add_argument(
        "--tolerance", type=float, default=1e-4, help="of the spread; default 1e-4"
    )
    options = parser.parse_args()
    try:
        ours, theirs = load(options.ours, options.reference)
    except ValueError as error:
        parser.error(str(error))
    return 0 if report(compare(ours, theirs), options.tolerance) else 1


if __name__ == "__main__":
    raise SystemExit(main())
