#!/usr/bin/env python3
# Plants faults, one at a time, and reports the first test that turns red.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Plants the faults of faults.json and says which test catches each.

A fault is one line of a source that is replaced by another. For each: the line is
replaced, the targets are built, the tests are run in the order of the list until one
fails, the file is restored and built again, and the test that failed is run once
more: it must pass without the fault.

Tests below test/e2e compare a whole model with goldens; every other one is finer.
Fails if a fault survives, if fewer than 15 are caught by a finer test, or if they lie in
fewer than 12 folders.

The sources must be as committed, and nothing else may build in the same folder.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAULTS = pathlib.Path(__file__).with_name("faults.json")
LEAST_FINE = 15
LEAST_FOLDERS = 12
GOLDEN = "e2e/"
LONGEST = 900  # seconds that tests may take; with a fault, some never end


class Refused(Exception):
    """What is wrong with the tree, the list or the machine."""


def read_faults(only):
    faults = json.loads(FAULTS.read_text())
    for key in ("name", "category"):
        values = [fault[key] for fault in faults]
        if len(set(values)) != len(values):
            raise Refused(f"two faults have the same {key}; expects one of each")
    if only:
        faults = [fault for fault in faults if fault["name"] in only]
    if not faults or (only and len(faults) != len(set(only))):
        raise Refused(f"no such fault among {', '.join(only)}; see faults.json")
    return faults


def check_clean():
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=no"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if changed:
        raise Refused(f"the tree has changes, commit them first:\n{changed.rstrip()}")


def replace_line(text, fault):
    """The text with the fault in it. Indentation is that of the line before."""
    lines = text.splitlines(keepends=True)
    places = [i for i, line in enumerate(lines) if line.strip() == fault["before"]]
    if len(places) != 1:
        raise Refused(
            f"{fault['name']}: expects the line before in {fault['file']} once, but "
            f"it is there {len(places)} times; bring faults.json up to date"
        )
    line = lines[places[0]]
    indent = line[: len(line) - len(line.lstrip())]
    lines[places[0]] = indent + fault["after"] + "\n"
    return "".join(lines)


class Planted:
    """A file with a fault in it, restored whatever happens."""

    def __init__(self, fault):
        self.path = ROOT / fault["file"]
        self.original = self.path.read_text()
        self.changed = replace_line(self.original, fault)

    def __enter__(self):
        self.path.write_text(self.changed)

    def __exit__(self, *_):
        self.path.write_text(self.original)


class Tree:
    """A build folder, its build program and its tests."""

    def __init__(self, build, jobs):
        self.build_folder = build.resolve()
        self.jobs = str(jobs)
        site = self.build_folder / "test/lit.site.cfg.py"
        if not site.exists():
            raise Refused(f"{build} has no test/lit.site.cfg.py; configure it first")
        tools = re.search('^config.llvm_tools_dir = "(.*)"', site.read_text(), re.M)
        self.lit = pathlib.Path(tools[1]) / "lit"

    def build(self, targets):
        """Builds; returns whether that went well."""
        command = ["ninja", "-C", self.build_folder, "-j", self.jobs, *targets]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            print(result.stdout[-3000:], file=sys.stderr)
        return result.returncode == 0

    def run(self, test):
        """Runs the tests whose path a pattern matches; returns what lit says, or None
        if they do not end."""
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            command = [self.lit, "-q", "--max-failures=1", "-j", self.jobs]
            command += ["--filter", test, "--output", report, self.build_folder / "test"]
            lit = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                lit.wait(LONGEST)
            except subprocess.TimeoutExpired:
                return None
            finally:
                if lit.poll() is None:
                    # What it started ends with it.
                    os.killpg(lit.pid, signal.SIGKILL)
                    lit.wait()
            tests = json.loads(report.read_text())["tests"] if report.exists() else []
        ran = [one for one in tests if one["code"] not in ("SKIPPED", "UNSUPPORTED")]
        if not ran:
            raise Refused(f"no test that can run here matches '{test}'")
        return ran

    def find_red(self, test):
        """The first red test that a pattern matches, or None: its path, its name in
        words, and a pattern that matches it alone."""
        ran = self.run(test)
        if ran is None:
            return test, f"{test} (does not end)", test
        for one in ran:
            if one["code"] in ("PASS", "XFAIL"):
                continue
            path = one["name"].split(" :: ")[-1]
            case = re.search(r"\[  FAILED  \] ([^\s,]+)", one.get("output", ""))
            words = f"{path} {case[1]}" if case else path
            return path, words, f":: {re.escape(path)}$"
        return None


def try_fault(tree, fault):
    """Returns the test that caught a fault, as `find_red` does, or None."""
    red = None
    targets = fault["targets"]
    try:
        with Planted(fault):
            for test in fault["tests"]:
                if test.startswith(GOLDEN):
                    targets = sorted({*targets, "tenon"})
                if not tree.build(targets):
                    raise Refused(f"{fault['name']}: does not compile")
                red = tree.find_red(test)
                if red:
                    break
    finally:
        # Nothing that was built with the fault stays behind.
        if not tree.build(targets):
            raise Refused("the tree does not build without faults")
    if red and tree.find_red(red[2]):
        raise Refused(f"{red[0]} fails without {fault['name']}, too; repair it")
    return red


def report(fault, red):
    folder = str(pathlib.PurePath(fault["file"]).parent)
    verdict = "SURVIVED"
    if red:
        kind = "golden" if red[0].startswith(GOLDEN) else "fine"
        verdict = f"caught by {red[1]} ({kind})"
    print(f"{fault['name']}, {fault['category']}, {folder}, {verdict}", flush=True)
    return folder, bool(red), bool(red) and not red[0].startswith(GOLDEN)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    # An end from outside is an exception too, so that files are restored.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit("ended by a signal"))

    faults = read_faults(options.only)
    check_clean()
    for fault in faults:
        Planted(fault)  # so that a line that is gone is told before anything runs
    tree = Tree(options.build, options.jobs)
    results = [report(fault, try_fault(tree, fault)) for fault in faults]
    caught = sum(is_caught for _, is_caught, _ in results)
    fine = sum(is_fine for _, _, is_fine in results)
    folders = len({folder for folder, _, _ in results})
    print(
        f"{caught} of {len(results)} faults caught, {fine} of them by something "
        f"finer than a golden of a whole model, in {folders} folders"
    )
    if options.only:
        return caught < len(results)
    return caught < len(results) or fine < LEAST_FINE or folders < LEAST_FOLDERS


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refusal:
        sys.exit(f"mutate.py: error: {refusal}")
