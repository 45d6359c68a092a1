# What a scenario must give: one token at a time, by the interpreter, by kernel.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Judges of the logits of a scenario.

* `Alone`: the same code, each sequence by itself, one token at a time, on one
  thread. The bits must be the same.
* `Oracle`: the interpreter, on the graph as it was imported, all sequences in one
  step. The tolerance is its own.
* `Tiles`: the interpreter on the loops over tiles that the graph became, step by
  step, beside the graph: what `tenon-run` shows of a failure without the runtime.
* `Kernels`: every kernel of every step, beside the interpreter, in memory between
  guard pages.
"""

import os
import subprocess
import tempfile

import numpy as np
import tenon
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


def apart(compute):
    """The array that a function returns, computed in a process of its own, so that
    one that is ended by a signal is a failure like others."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            os.dup2(errors.fileno(), 2)
            try:
                np.save(file, compute())
                file.flush()
                os._exit(0)
            except tenon.Error as refused:
                os.write(2, str(refused).encode())
                os._exit(1)
        _, status = os.waitpid(child, 0)
        errors.seek(0)
        if status:
            code = os.waitstatus_to_exitcode(status)
            raise Wrong(f"ends with code {code}: {errors.read().decode().strip()}")
        file.seek(0)
        return np.load(file)


def unwritten(model, rows):
    """Logits that show where a step writes none."""
    return np.full((rows, model.vocabulary), np.nan, np.float32)


def act(session, call):
    """The logits of the wanted rows of a call."""
    action = call.action
    if isinstance(action, Step):
        logits = unwritten(session.model, len(action.rows))
        places = {"slots": call.slots, "rows": action.rows}
        return session.step_rows(call.tokens, **places, out=logits)
    if hasattr(action, "chunk"):
        (last,) = unwritten(session.model, 1)
        session.prefill(call.tokens, slot=action.slot, chunk=action.chunk, out=last)
        return last[None, :][: len(call.wanted)]
    if hasattr(action, "length"):
        session.truncate(action.length, slot=action.slot)
    else:
        session.restore(session.save(action.source), slot=action.target)
    return unwritten(session.model, 0)


def run(model, scenario, threads):
    """The logits of all wanted rows, call by call."""
    sizes = {"slots": scenario.slots, "max_context": scenario.context}
    with model.session(**sizes, threads=threads) as session:
        logits = [act(session, call) for call in unfold(scenario)]
    return np.concatenate([unwritten(model, 0), *logits])


def wanted_of(scenario):
    return [history for call in unfold(scenario) for history in call.wanted]


class Alone:
    """Logits of sequences by themselves, one token at a time."""

    def __init__(self, model):
        self.model = model

    def rows(self, histories):
        known = {}
        for history in longest(histories):
            sizes = {"slots": 1, "max_context": len(history)}
            with self.model.session(**sizes, threads=1) as session:
                for place, token in enumerate(history):
                    row = unwritten(self.model, 1)
                    session.step_rows([token], rows=[0], out=row)
                    known[history[: place + 1]] = row[0]
        return np.array([known[history] for history in histories])


class Oracle:
    """The interpreter on what was imported."""

    def __init__(self, runner, module, checkpoint, folder):
        self.command = [
            str(runner),
            str(module),
            "--entry=step",
            f"--model={checkpoint}",
        ]
        self.file = folder / "rows.npy"

    def step(self, histories):
        """All sequences from their beginnings in one step, which wants the last row
        of each history."""
        sequences = longest(histories)
        rows, places = {}, 0
        for sequence in sequences:
            for length in range(1, len(sequence) + 1):
                rows[sequence[:length]] = places
                places += 1
        text = (
            f"tokens:{join(map(len, sequences))},rows:{join(rows[h] for h in histories)},"
            f"ids:{join(token for sequence in sequences for token in sequence)}"
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


class Tiles:
    """Passes alone: what a graph became for one target, beside the graph."""

    def __init__(self, runner, tiles, imported, checkpoint, buckets):
        self.command = [
            str(runner),
            str(tiles),
            f"--before={imported}",
            "--before-entry=step",
            "--compare=interpret",
            f"--model={checkpoint}",
        ]
        self.buckets = buckets

    def line(self, step):
        """The command that compares one step, in the bucket that the runtime takes."""
        tokens = sum(map(int, step.split(",")[0].removeprefix("tokens:").split("+")))
        bucket = min(bucket for bucket in self.buckets if bucket >= tokens)
        return [*self.command, f"--entry=step.t{bucket}", f"--step={step}"]

    def judge(self, step):
        result = subprocess.run(self.line(step), capture_output=True, text=True)
        if result.returncode:
            line = " ".join(self.line(step))
            raise Wrong(f"tiles: {result.stdout}{result.stderr}\n{line}")


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
        """Ends the process, if there is one; returns what it said at its end."""
        if not self.process:
            return ""
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
