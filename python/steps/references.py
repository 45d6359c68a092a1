# What a scenario must give: one token at a time, by the interpreter, by kernel.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Three judges of the logits of a scenario.

* `Alone`: the same code, each sequence by itself, one token at a time, on one
  thread. The bits must be the same.
* `Oracle`: the interpreter, on the graph as it was imported, all sequences in one
  step. The tolerance is its own.
* `Kernels`: every kernel of every step, beside the interpreter, in memory between
  guard pages.
"""

import subprocess

import numpy as np
from runtime import Session
from scenarios import Step, unfold


class Wrong(AssertionError):
    """What disagrees, and a line that shows it again."""


def join(numbers):
    return "+".join(map(str, numbers))


def longest(histories):
    """Those that are no beginning of another one."""
    ordered = sorted(set(histories))
    return [
        history
        for history, following in zip(ordered, [*ordered[1:], ()])
        if following[: len(history)] != history
    ]


def run(model, scenario, threads):
    """The logits of all wanted rows, call by call."""
    logits = []
    with Session(model, scenario.slots, scenario.context, threads) as session:
        for call in unfold(scenario):
            action = call.action
            if isinstance(action, Step):
                logits.append(session.step(call.tokens, call.slots, action.rows))
            elif hasattr(action, "chunk"):
                last = session.prefill(action.slot, call.tokens, action.chunk)
                logits.append(last[: len(call.wanted)])
            elif hasattr(action, "length"):
                session.truncate(action.slot, action.length)
            else:
                session.copy(action.source, action.target)
    return np.concatenate([np.zeros((0, model.vocabulary), np.float32), *logits])


def wanted_of(scenario):
    return [history for call in unfold(scenario) for history in call.wanted]


class Alone:
    """Logits of sequences by themselves, one token at a time."""

    def __init__(self, model):
        self.model = model

    def rows(self, histories):
        known = {}
        for history in longest(histories):
            with Session(self.model, 1, len(history), 1) as session:
                for place, token in enumerate(history):
                    row = session.step([token], [0], [0])
                    known[history[: place + 1]] = row[0]
        return np.array([known[history] for history in histories])


class Oracle:
    """The interpreter on what was imported."""

    def __init__(self, runner, module, checkpoint, folder, vocabulary):
        self.command = [
            str(runner),
            str(module),
            "--entry=step",
            f"--model={checkpoint}",
        ]
        self.file = folder / "rows.npy"
        self.vocabulary = vocabulary

    def step(self, histories):
        """All sequences from their beginnings in one step, with all rows; returns
        its text and the row of each history."""
        sequences = longest(histories)
        rows, places = {}, 0
        for sequence in sequences:
            for length in range(1, len(sequence) + 1):
                rows[sequence[:length]] = places
                places += 1
        text = (
            f"tokens:{join(map(len, sequences))},rows:{join(rows[h] for h in histories)},"
            f"ids:{join(token for sequence in sequences for token in sequence)},"
            f"vocabulary:{self.vocabulary}"
        )
        return text

    def judge(self, histories, logits, what):
        np.save(self.file, logits)
        command = [
            *self.command,
            f"--step={self.step(histories)}",
            f"--other={self.file}",
        ]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise Wrong(
                f"{what} differ from the interpreter's: {result.stdout}{result.stderr}\n"
                f"{' '.join(command)}"
            )


class Kernels:
    """A process that compares the kernels of one step after the other."""

    def __init__(self, runner, module, checkpoint):
        self.command = [
            str(runner),
            str(module),
            "--entry=step",
            f"--model={checkpoint}",
            "--engine=native",
            "--compare=interpret",
        ]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [*self.command, "--steps-from=-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def stop(self):
        """Ends the process; returns what it said at its end."""
        _, errors = self.process.communicate()
        self.process = None
        return errors

    def judge(self, step):
        if not self.process:
            self.start()
        try:
            self.process.stdin.write(step + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if answer.startswith("ok"):
            return
        line = answer.strip() or self.stop().strip()
        raise Wrong(f"{line}\n{' '.join(self.command)} --step={step}")


def list_steps(scenario, vocabulary):
    """The steps of a scenario as tenon-run takes them. Blocks are shorter than the
    runtime cuts them, so that there are several."""
    for call in unfold(scenario):
        action = call.action
        if not isinstance(action, Step) or not call.tokens:
            continue
        parts = [
            (slot, count, start)
            for slot, count, start in zip(action.slots, action.counts, call.starts)
            if count
        ]
        slots, counts, starts = zip(*parts)
        rows = f"rows:{join(action.rows)}" if action.rows else "rows:none"
        yield (
            f"tokens:{join(counts)},start:{join(starts)},slot:{join(slots)},"
            f"slots:{scenario.slots},context:{scenario.context},"
            f"block:{1 + (scenario.seed + call.number) % 9},{rows},"
            f"ids:{join(call.tokens)},vocabulary:{vocabulary}"
        )
