"""Runs the launches of a trace on the PTX machine and compares with the interpreter.

A trace is what `tenon-run --trace-kernels` writes; the tolerances in it are those of
the interpreter, so this file has none of its own.
"""

import dataclasses
import itertools
import json
import pathlib
import re

import numpy as np

from ptx_machine import Program, run_program
from ptx_memory import Memory, bf16_to_f32

STORED = {"f32": np.float32, "f16": np.float16, "bf16": np.uint16, "i32": np.int32,
          "i64": np.int64, "index": np.int64, "i8": np.int8}
# A launch has this many blocks at most; any number gives the same bits.
BLOCKS = 12


def to_numbers(array, type_name):
    """Floats as doubles; integers as they are."""
    if type_name == "bf16":
        array = bf16_to_f32(array)
    return array.astype(np.float64) if type_name[0] in "fb" else array


class Trace:
    """The lines of a trace, and the elements of its values."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.weights = np.fromfile(folder / "weights.bin", np.uint8)
        self.data = np.fromfile(folder / "data.bin", np.uint8)
        with open(folder / "trace.jsonl") as lines:
            self.lines = [json.loads(line) for line in lines]
        self.values = {}
        for line in self.lines:
            for value in [*line.get("operands", {}).values()] if "begin" in line else []:
                self.values[value["value"]] = value
            for value in line.get("results", []) + line.get("caches", []):
                if isinstance(value, dict) and "type" in value:
                    self.values[value["value"]] = value

    def get(self, number):
        """Elements of a value as they are stored, or None if it is unwritten."""
        value = self.values[number]
        if value["at"] is None:
            return None
        dtype = np.dtype(STORED[value["type"]])
        count = int(np.prod(value["shape"]))
        end = value["at"] + count * dtype.itemsize
        return self.data[value["at"]:end].view(dtype).reshape(value["shape"])

    def size(self, number):
        """Bytes of a value."""
        value = self.values[number]
        return int(np.prod(value["shape"])) * np.dtype(STORED[value["type"]]).itemsize


class Code:
    """The entries of a PTX text, and how each kernel is launched."""

    LAUNCH = re.compile(
        r"^// kernel (\S+): (\S+) threads (\d+) shared (\d+) blocks (\d+)$", re.M)

    def __init__(self, text):
        self.text = text
        self.kernels = {name: (symbol, int(shared), int(blocks))
                        for symbol, name, _, shared, blocks in self.LAUNCH.findall(text)}
        self.programs = {}

    def find(self, kernel):
        """Program, shared memory and blocks of a kernel."""
        if kernel not in self.kernels:
            raise RuntimeError(f"kernel '{kernel}' has no device code")
        symbol, shared, blocks = self.kernels[kernel]
        if symbol not in self.programs:
            self.programs[symbol] = Program(self.text, symbol)
        return self.programs[symbol], shared, blocks


# Routers ----------------------------------------------------------------------


def score_logits(router, logits):
    if router["scoring"] == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def find_margin(router, scores, choice):
    """By how much each score of a token must move, at least, for this choice: 0 for
    that of the scores themselves. It is exact with one group."""
    groups, each = router["groups"], len(scores) // router["groups"]
    members = 2 if router["by"] == "top2sum" else 1
    sums = np.sort(scores.reshape(groups, each), 1)[:, ::-1][:, :members].sum(1)
    chosen = scores[choice]
    # An expert that comes later has no larger score.
    order = max(0, (chosen - np.minimum.accumulate(chosen)).max())
    needed = np.inf
    for kept in itertools.combinations(range(groups), router["keep"]):
        inside = np.isin(np.arange(len(scores)) // each, kept)
        others = inside.copy()
        others[choice] = False
        if not inside[choice].all():
            continue
        rest = scores[others].max(initial=-np.inf) - chosen.min()
        dropped = np.delete(sums, kept).max(initial=-np.inf) - sums[list(kept)].min()
        needed = min(needed, max(order, rest, dropped / members, 0) / 2)
    return needed


@dataclasses.dataclass
class Choices:
    """The tokens for which a router chose other experts than the interpreter's."""

    other: np.ndarray
    # Largest margin in units of what the scores may differ by: wrong from 1 on.
    ratio: float = 0


def compare_choices(trace, launch, router, got, path, skip):
    """Compares choices. Scores may differ by the tolerance of the router alone, and
    with `path` by that of its logits, too."""
    result = launch["results"][router["choice"]]
    expected = trace.get(result["value"])
    other = (got != expected).any(1) & ~skip
    choices = Choices(other)
    if not other.any():
        return choices
    number = launch["operands"][router["logits"]]["value"]
    logits = to_numbers(trace.get(number), trace.values[number]["type"])
    scores = score_logits(router, logits)
    corrected = scores
    if router["bias"] is not None:
        part = launch["operands"][router["bias"]]
        bytes_of = trace.weights[part["at"]:part["at"] + 4 * scores.shape[1]]
        corrected = scores + bytes_of.view(np.float32)
    rounding = max(x.get("relative", 0) for x in launch["results"])
    for token in np.flatnonzero(other):
        if len(set(got[token])) < router["top"] or not (got[token] < scores.shape[1]).all():
            return Choices(other, np.inf)
        allowed = rounding * np.abs(corrected[token]).max()
        if path:
            made = trace.values[number]
            # No score moves by more than this part of what its logits move by.
            slope = 0.25 if router["scoring"] == "sigmoid" else 0.5
            allowed += slope * made["path"] * max(np.abs(logits[token]).max(), made["usual"])
        margin = find_margin(router, corrected[token], got[token])
        choices.ratio = max(choices.ratio, margin / allowed)
    return choices


# Comparison -------------------------------------------------------------------


def compare_floats(got, expected, value, key):
    """The largest error in units of the tolerance; infinite for one that has none.
    What is unwritten on the one side is unwritten on the other."""
    unwritten = np.isnan(expected)
    if (np.isnan(got) != unwritten).any():
        return np.inf
    same = (got == expected) | unwritten
    if same.all():
        return 0.0
    error = np.abs(got - expected)[~same]
    allowed = value[key] * np.maximum(np.abs(expected), value["usual"])[~same]
    with np.errstate(all="ignore"):
        return float(np.nan_to_num(error / allowed, nan=np.inf).max())


def compare_launch(trace, launch, outputs, path=False, skip=None):
    """Ratio of each result of a launch, and the choices of its routers; rows that
    `skip` marks are left out."""
    key = "path" if path else "relative"
    routers = [(router, compare_choices(trace, launch, router, outputs[router["choice"]], path,
                                        False if skip is None else skip))
               for router in launch["routers"]]
    other = skip
    for _, choices in routers:
        other = choices.other if other is None else other | choices.other
    chosen = {router["choice"] for router, _ in routers}
    ratios = []
    for index, (value, got) in enumerate(zip(launch["results"], outputs)):
        expected = trace.get(value["value"])
        if expected is None:
            expected = np.full(value["shape"], np.nan)
        got = to_numbers(got, value["type"])
        expected = to_numbers(expected, value["type"])
        if other is not None and len(other) == len(got):
            got, expected = got[~other], expected[~other]
        if index in chosen or value["type"][0] not in "fb":
            ratios.append(0.0 if (got == expected).all() else np.inf)
        else:
            ratios.append(compare_floats(got, expected, value, key))
    return ratios, [choices for _, choices in routers]


# Running ----------------------------------------------------------------------


class Replay:
    """The launches of a trace on the machine."""

    def __init__(self, trace, code, seed=1, gangs=2, blocks=BLOCKS):
        self.trace, self.code = trace, code
        self.seed, self.gangs, self.blocks = seed, gangs, blocks
        self.memory, self.parts = Memory(), {}
        # A weight that a kernel is given lies between bytes that it may not read.
        for line in trace.lines:
            for operand in line["operands"] if "launch" in line else []:
                if "weight" in operand:
                    at, size = key = operand["at"], operand["bytes"]
                    if key not in self.parts:
                        self.parts[key] = self.memory.add(trace.weights[at:at + size])
        self.base = self.memory.top

    def upload(self, number):
        elements = self.trace.get(number)
        if elements is None:
            return self.memory.allocate(self.trace.size(number))
        return self.memory.add(elements)

    def launch(self, line, find):
        """Runs a kernel; `find` gives the address of a value. Returns addresses."""
        arguments, addresses = [], []
        for operand in line["operands"]:
            if "index" in operand:
                address = operand["index"]
            elif "weight" in operand:
                address = self.parts[operand["at"], operand["bytes"]]
            elif "empty" in operand:
                count = int(np.prod(operand["shape"]))
                size = np.dtype(STORED[operand["empty"]]).itemsize
                address = self.memory.allocate(count * size)
            else:
                address = find(operand["value"])
            arguments += [address, *operand.get("sizes", [])]
            addresses.append(address)
        program, shared, blocks = self.code.find(line["launch"])
        blocks = max(1, min(blocks, self.blocks))
        self.seed += 1
        try:
            run_program(program, self.memory, arguments, shared, blocks, self.seed, self.gangs)
        except RuntimeError as error:
            raise RuntimeError(f"kernel '{line['launch']}': {error}") from error
        return addresses

    def read(self, value, address):
        like = np.empty(value["shape"], STORED[value["type"]])
        return self.memory.get(address, like)

    def run_alone(self, line):
        """Runs one launch on the operands that the interpreter gave it."""
        self.memory.release(self.base)
        addresses = self.launch(line, self.upload)
        return [self.read(value, addresses[value["operand"]]) for value in line["results"]]

    def run_steps(self):
        """Runs all launches on what those before them wrote. Yields each with its
        results, and each end of a step with its logits, or None, after its begin."""
        buffers = {}
        self.memory.release(self.base)
        for line in self.trace.lines:
            if "begin" in line:
                for value in line["caches"]:
                    if value["value"] not in buffers:
                        buffers[value["value"]] = self.upload(value["value"])
                top = self.memory.top
                for value in line["operands"].values():
                    buffers[value["value"]] = self.upload(value["value"])
                yield line, None
            elif "launch" in line:
                addresses = self.launch(line, lambda number: buffers[number])
                for value in line["results"]:
                    operand = line["operands"][value["operand"]]
                    # The operand's memory has another value from now on.
                    buffers.pop(operand.get("value"), None)
                    buffers[value["value"]] = addresses[value["operand"]]
                yield line, [self.read(value, buffers[value["value"]])
                             for value in line["results"]]
            else:
                logits = line["logits"]
                yield line, None if logits is None else self.read(
                    self.trace.values[logits], buffers[logits])
                buffers = {number: buffers[number] for number in line["caches"]}
                if any(address >= top for address in buffers.values()):
                    raise RuntimeError("a cache was not written in its place")
                self.memory.release(top)
