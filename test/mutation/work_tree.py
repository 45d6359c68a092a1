# A copy of the tree with all mutants of a plan in it, and its build.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import concurrent.futures
import hashlib
import pathlib
import re
import subprocess
import sys

import rewrite
import sources

SWITCH = pathlib.Path(__file__).with_name("switch.h")
TARGETS = ["all", "TenonUnitTests"]
ERROR = re.compile(r"^(\S[^:\n]*):(\d+):(\d+): (error|note|fatal error): (.*)$", re.M)
FAILED = re.compile(r"^FAILED: .*?(\S+\.o)\b", re.M)
INCLUDES_GENERATED = re.compile(r'#include "([\w/]+?)(\.h|\.cpp)?\.inc"')
COLORS = re.compile("\x1b\\[[0-9;]*[mK]")


def including_generated(texts, tablegen):
    """Sources that include what TableGen makes of changed .td files.

    Default values are also in what headers include; predicates are not."""
    found = set()
    for td, mutants in tablegen.items():
        folder = str(pathlib.PurePosixPath(td).parent).removeprefix("include/")
        headers = any(mutant.form == "default" for mutant in mutants)
        for file, text in texts.items():
            for match in INCLUDES_GENERATED.finditer(text):
                if match[1].startswith(folder) and (headers or match[2] == ".cpp"):
                    found.add(file)
    return found


def rewritten(mutants):
    """The files that mutants change, with their new texts."""
    by_file = {}
    for mutant in mutants:
        by_file.setdefault(mutant.file, []).append(mutant)
    tablegen = {file: group for file, group in by_file.items() if file.endswith(".td")}
    texts = {}
    for file, group in by_file.items():
        text = sources.read(sources.ROOT / file)
        write = rewrite.rewrite_tablegen if file in tablegen else rewrite.rewrite_source
        texts[file] = write(text, group)
    if tablegen:
        product = {
            file: sources.read(sources.ROOT / file)
            for file in sources.tracked_files(sources.ROOT)
            if sources.room_of(file) and file.endswith((".h", ".cpp"))
        }
        for file in including_generated(product, tablegen):
            if file not in texts:
                texts[file] = rewrite.INCLUDE + product[file]
    return texts


def write_if_new(path, text):
    data = text.encode("latin-1")
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class WorkTree:
    """The copy. Its build folder lies in it as build/dev does in the tree, so that a
    compiler cache knows what did not change."""

    def __init__(self, folder, jobs):
        self.root = folder / "tree"
        self.build = self.root / "build/dev"
        self.jobs = str(jobs)

    def write(self, mutants):
        """Writes the files of the tree, the changed ones as they must be now."""
        changed = rewritten(mutants)
        listed = sources.tracked_files(sources.ROOT)
        for file in listed:
            path = self.root / file
            text = changed.get(file) or sources.read(sources.ROOT / file)
            write_if_new(path, text)
            mode = (sources.ROOT / file).stat().st_mode
            if path.stat().st_mode != mode:
                path.chmod(mode)
        write_if_new(self.root / "tenon_mutation_switch.h", sources.read(SWITCH))

    def configure(self):
        if not (self.build / "build.ninja").exists():
            command = [".ci/build.sh", "dev", "help", "-DTENON_PRECOMPILE_HEADERS=ON"]
            # Without a time in it a compiler cache knows the precompiled file again.
            command.append("-DCMAKE_CXX_FLAGS=-Xclang -fno-pch-timestamp")
            environment = {"TENON_BUILD_DIR": "build"}
            self.call(["env", *(f"{k}={v}" for k, v in environment.items()), *command])

    def call(self, command):
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        if done.returncode:
            raise sources.Refused(
                f"{command} fails:\n{(done.stdout + done.stderr)[-2000:]}"
            )

    def compile(self, seconds):
        """Builds; returns what the build program says if that goes wrong, or None."""
        command = ["ninja", "-C", str(self.build), "-k", "0", "-j", self.jobs, *TARGETS]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise OutOfTime from None
        return COLORS.sub("", done.stdout + done.stderr) if done.returncode else None

    def text_of(self, file):
        """A name for the text that a file of the copy has now."""
        return hashlib.sha256((self.root / file).read_bytes()).hexdigest()[:24]

    def check(self, file, flags):
        """Compiles a header by itself, with the flags and headers of the tree that is
        copied; returns its errors as those of a build, or None."""
        command = ["clang++-22", *flags, "-w", "-fsyntax-only", f"-I{self.root}"]
        command += ["-x", "c++", str(self.root / file)]
        done = subprocess.run(command, capture_output=True, text=True)
        errors = f"[1/1] \nFAILED: {file}.o\n{done.stderr}\n"
        return COLORS.sub("", errors) if done.returncode else None

    def blamed(self, output, mutants):
        """The numbers that errors point at. Of a source none of whose errors points at one,
        those on the same line; failing that, some of its own."""
        found = set()
        for block in re.split(r"(?m)^\[\d+/\d+\] ", output):
            within, beside, group = set(), set(), set()
            for file, line, column, what, _ in ERROR.findall(block):
                if what != "note":
                    group = set()
                inside, near = self.numbers_at(file, int(line), int(column))
                # A note that says where a constant was declared counts as well.
                if not group:
                    group = inside or (near if what == "note" else set())
                    within |= group
                beside |= near
            failed = FAILED.search(block)
            # A compiler that was killed says nothing about mutants.
            if failed and ERROR.search(block):
                found |= within or beside or self.suspects(failed[1], mutants)
        return found

    def numbers_at(self, file, line, column):
        """The mutant around a place of the copy, and those on its line."""
        path = (self.build / file).resolve()
        if not path.is_relative_to(self.root.resolve()) or not path.exists():
            return set(), set()
        text = sources.read(path)
        offset = -1
        for _ in range(line - 1):
            offset = text.find("\n", offset + 1)
        number = rewrite.innermost(text, offset + column)
        return {number} if number else set(), rewrite.on_line(text, line)

    def suspects(self, target, mutants):
        """Constants first, then one half of what a source holds."""
        stem = pathlib.PurePosixPath(
            re.sub(r"CMakeFiles/[^/]+\.dir/", "", target)
        ).with_suffix("")
        file = str(stem)
        own = [one for one in mutants if one.file == file]
        constants = [one.number for one in own if one.constant >= 0]
        half = [one.number for one in own][: (len(own) + 1) // 2]
        return set(constants or half)


def check_headers(tree, plan, flags, clock):
    """Drops mutants of headers that do not compile before all that includes them does."""
    while True:
        mutants = plan.compiled()
        tree.write(mutants)
        headers = {one.file for one in mutants if one.file.endswith(".h")}
        headers = sorted(file for file in headers if tree.text_of(file) not in plan.sound)
        with concurrent.futures.ThreadPoolExecutor(int(tree.jobs)) as pool:
            outputs = list(pool.map(lambda file: tree.check(file, flags(file)), headers))
        plan.add_sound(
            tree.text_of(file) for file, output in zip(headers, outputs) if output is None
        )
        clock.left()
        blamed = tree.blamed("".join(filter(None, outputs)), mutants)
        if not blamed:
            return
        print(f"{len(blamed)} mutants of headers do not compile", flush=True)
        plan.drop(blamed)


class OutOfTime(Exception):
    """The time that a caller gave is over; the next call goes on."""


def build(tree, plan, flags, clock):
    """Builds all mutants of a plan; those that do not compile are dropped. `flags` gives
    those of a file."""
    check_headers(tree, plan, flags, clock)
    while True:
        mutants = plan.compiled()
        tree.write(mutants)
        tree.configure()
        output = tree.compile(clock.left())
        if output is None:
            return
        blamed = tree.blamed(output, mutants) - plan.dropped
        if not blamed:
            sys.stderr.write(output[-6000:])
            raise sources.Refused("the build fails, and no mutant is to blame")
        print(f"{len(blamed)} mutants do not compile", flush=True)
        plan.drop(blamed)
