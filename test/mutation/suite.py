# Runs tests one at a time with a mutant on, or notes which mutants they reach.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import concurrent.futures
import hashlib
import json
import os
import pathlib
import queue
import re
import resource
import signal
import subprocess
import threading
import time

import sources
from work_tree import OutOfTime

GOLDEN = "e2e/"
MEMORY = 12 << 30  # bytes of addresses that one process may have
FILE_SIZE = 4 << 30
# GoogleTest need not go on behind the first case that is red.
SITE = """\
lit_config.load_config(config, {site!r})
config.test_exec_root = {folder!r}
config.environment["GTEST_FAIL_FAST"] = "1"
for name in ("TENON_MUTANT", "TENON_MUTANTS_REACHED"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
"""


class Clock:
    """How long a call may take."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds if seconds else None

    def left(self):
        if self.end is None:
            return None
        if time.monotonic() >= self.end:
            raise OutOfTime
        return self.end - time.monotonic()


def limit_process():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Suite:
    """The tests of a work tree and folders in which several can run at once."""

    def __init__(self, tree, folder, jobs, pattern=""):
        self.pattern = pattern
        self.site = tree.build / "test/lit.site.cfg.py"
        tools = re.search('^config.llvm_tools_dir = "(.*)"', self.site.read_text(), re.M)
        self.lit = str(pathlib.Path(tools[1]) / "lit")
        self.jobs = jobs
        self.workers = queue.Queue()
        self.running, self.lock = set(), threading.Lock()
        for number in range(jobs):
            worker = folder / f"worker-{number}"
            worker.mkdir(parents=True, exist_ok=True)
            text = "import os\n" + SITE.format(site=str(self.site), folder=str(worker))
            (worker / "lit.site.cfg.py").write_text(text)
            self.workers.put(worker)

    def list(self):
        command = [self.lit, "--show-tests", str(self.site.parent)]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        names = re.findall(r"^\s+tenon :: (\S+)$", listed.stdout, re.M)
        # Those of this folder say nothing about the product.
        return [
            name
            for name in names
            if not name.startswith("mutation/") and re.search(self.pattern, name)
        ]

    def run(self, worker, test, environment, seconds):
        """Whether a test passes; None if it cannot run here, "timeout" if it does not
        end."""
        command = [self.lit, "-v", "-j1", str(worker / test)]
        lit = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **environment},
            start_new_session=True,
            preexec_fn=limit_process,
        )
        with self.lock:
            self.running.add(lit.pid)
        try:
            output, _ = lit.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return "timeout"
        finally:
            # What the test started ends with it.
            try:
                os.killpg(lit.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            lit.wait()
            lit.stdout.close()
            with self.lock:
                self.running.discard(lit.pid)
        if re.search(r"^\s*Unsupported\s*:", output, re.M):
            return None
        return lit.returncode == 0

    def stop(self):
        with self.lock:
            for pid in self.running:
                try:
                    os.killpg(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def for_each(self, items, action, clock):
        """Calls action(worker, item) for each item; ends early when time is over."""

        def one(item):
            clock.left()
            worker = self.workers.get()
            try:
                return action(worker, item)
            finally:
                self.workers.put(worker)

        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            futures = [pool.submit(one, item) for item in items]
            try:
                for future in concurrent.futures.as_completed(futures):
                    future.result()
            except BaseException:
                for future in futures:
                    future.cancel()
                self.stop()
                raise


class Reach:
    """For each test that passes without a mutant: its seconds, and what it reaches."""

    def __init__(self, folder):
        self.path = folder / "reached.jsonl"
        self.tests, self.lock = {}, threading.Lock()
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                one = json.loads(line)
                self.tests[one["test"]] = one

    def record(self, suite, folder, clock):
        def run(worker, test):
            place = folder / f"reached-{worker.name}"
            place.unlink(missing_ok=True)
            begin = time.monotonic()
            passed = suite.run(worker, test, {"TENON_MUTANTS_REACHED": str(place)}, 900)
            seconds = time.monotonic() - begin
            reached = place.read_bytes() if place.exists() else b""
            numbers = [number for number, byte in enumerate(reached) if byte]
            self.add(test, passed, round(seconds, 2), numbers)

        left = [test for test in suite.list() if test not in self.tests]
        suite.for_each(left, run, clock)
        return [
            test for test, one in self.tests.items() if one["passed"] in (False, "timeout")
        ]

    def add(self, test, passed, seconds, numbers):
        one = {"test": test, "passed": passed, "seconds": seconds, "reached": numbers}
        with self.lock:
            self.tests[test] = one
            with self.path.open("a") as file:
                file.write(json.dumps(one) + "\n")

    def tests_of(self, mutant):
        """The tests that reach a mutant: those of its room, others, goldens; fast ones
        first."""
        own = re.compile(sources.OWN_TESTS[mutant.room])

        def order(one):
            test = one["test"]
            return test.startswith(GOLDEN), not own.match(test), one["seconds"]

        # `passed` may also be a word.
        able = [one for one in self.tests.values() if one["passed"] is True]
        reaching = [one for one in able if mutant.number in one["reached"]]
        return [(one["test"], one["seconds"]) for one in sorted(reaching, key=order)]


class Results:
    """What became of each mutant, in a file that the next call goes on with."""

    def __init__(self, folder):
        self.path = folder / "results.jsonl"
        self.by_key, self.lock = {}, threading.Lock()
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                one = json.loads(line)
                self.by_key[one["key"]] = one

    def add(self, mutant, verdict):
        one = {
            "key": mutant.key,
            "room": mutant.room,
            "kind": mutant.kind,
            "file": mutant.file,
            "line": mutant.line,
            "function": mutant.function,
            "original": mutant.original,
            "mutated": mutant.mutated,
            "nth": mutant.nth,
            **verdict,
        }
        with self.lock:
            self.by_key[mutant.key] = one
            with self.path.open("a") as file:
                file.write(json.dumps(one) + "\n")

    def run(self, suite, plan, reach, clock, budget):
        """Runs tests of each mutant until one is red or they have taken `budget`
        seconds: what has survived then may be killed by a test that was left out."""

        def judge(worker, mutant):
            begin = time.monotonic()
            tests = reach.tests_of(mutant)
            verdict = {"outcome": "survived", "tests": len(tests)}
            for number, (test, seconds) in enumerate(tests):
                clock.left()
                if time.monotonic() - begin + seconds > budget:
                    verdict["tests"] = number
                    break
                environment = {"TENON_MUTANT": str(mutant.number)}
                passed = suite.run(worker, test, environment, 5 * seconds + 10)
                if passed is not True:
                    how = "timeout" if passed == "timeout" else "red"
                    verdict.update(outcome="killed", by=test, how=how)
                    break
            verdict["seconds"] = round(time.monotonic() - begin, 1)
            self.add(mutant, verdict)
            by = verdict.get("by", f"{verdict['tests']} of {len(tests)} that reach it")
            print(
                f"{verdict['outcome']}: {mutant.file}:{mutant.line} {mutant.kind} ({by})",
                flush=True,
            )

        left = [one for one in plan.sample() if one.key not in self.by_key]
        # A run that is cut short has looked at each room alike.
        left.sort(key=lambda one: hashlib.sha256(one.key.encode()).digest())
        suite.for_each(left, judge, clock)
