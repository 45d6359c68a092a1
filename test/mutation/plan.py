# Which mutants there are, and which of them a seed draws.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import concurrent.futures
import dataclasses
import hashlib
import json
import math
import pathlib
import random
import re
import subprocess

import predicates
import sources
from mutants import Mutant

SPARE = 0.35  # part of a sample that may turn out not to compile
# What decides on mutants: a change of it empties the cache.
CODE = ("collector.py", "mutants.py", "sources.py")


def parse(path, flags):
    from clang.cindex import Diagnostic, Index

    resources = subprocess.run(
        ["clang++-22", "-print-resource-dir"], capture_output=True, text=True, check=True
    ).stdout.strip()
    arguments = ["-x", "c++", *flags, "-w", f"-resource-dir={resources}"]
    unit = Index.create().parse(str(path), arguments)
    errors = [one for one in unit.diagnostics if one.severity >= Diagnostic.Error]
    if errors:
        raise sources.Refused(f"{path} does not parse: {errors[0]}; build it first")
    return unit


def collect_source(file, text, path, flags):
    from collector import Collector

    return Collector(file, text).collect(parse(path, flags))


def is_worth_parsing(file, text):
    """Headers that a C compiler sees cannot hold a mutant, and most hold no code."""
    if file.endswith(".cpp"):
        return True
    return 'extern "C"' not in text and bool(
        re.search(r"\breturn\b|=\s*(-?[0-9]|true|false|\w+::)", sources.mask(text))
    )


def flags_for(file, flags):
    """The flags of a source, or for a header those of a source nearby."""
    if file in flags:
        return flags[file]
    folder = pathlib.PurePosixPath(file.replace("include/tenon/", "lib/")).parent
    for place in (folder, *folder.parents):
        for other in sorted(flags):
            if other.startswith(f"{place}/"):
                return flags[other]
    return next(iter(flags.values()))


def read_cached(cache, file, text, flags):
    """The mutants of one source; what was found once is found in the cache."""
    code = [pathlib.Path(__file__).with_name(name) for name in CODE]
    known = json.dumps([file, text, flags, *(one.read_text() for one in code)])
    place = cache / (hashlib.sha256(known.encode()).hexdigest()[:24] + ".json")
    if place.exists():
        return [Mutant(**fields) for fields in json.loads(place.read_text())]
    found = collect_source(file, text, sources.ROOT / file, flags)
    place.write_text(json.dumps([dataclasses.asdict(mutant) for mutant in found]))
    return found


def collect(build, cache, rooms, jobs):
    """All mutants of some rooms."""
    cache.mkdir(parents=True, exist_ok=True)
    flags = sources.compile_arguments(build)
    texts = {
        file: sources.read(sources.ROOT / file)
        for file in sources.tracked_files(sources.ROOT)
        if sources.room_of(file) in rooms and file.endswith((".cpp", ".h", ".td"))
    }
    enumerations = predicates.read_enumerations(
        text for file, text in texts.items() if file.endswith(".td")
    )
    found = []
    for file, text in texts.items():
        if file.endswith(".td"):
            found += predicates.collect(file, text, enumerations)
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        futures = [
            pool.submit(read_cached, cache, file, text, flags_for(file, flags))
            for file, text in texts.items()
            if not file.endswith(".td") and is_worth_parsing(file, text)
        ]
        for future in futures:
            found += future.result()
    return found


def draw(found, seed, per_room):
    """For each room some mutants, of each kind in turn, and some to spare."""
    drawn = []
    for room in sources.ROOMS:
        kinds = {}
        for mutant in found:
            if mutant.room == room:
                kinds.setdefault(mutant.kind, []).append(mutant)
        source = random.Random(f"{seed}/{room}")
        piles = [sorted(kinds[kind], key=lambda one: one.key) for kind in sorted(kinds)]
        for pile in piles:
            source.shuffle(pile)
        wanted = math.ceil(per_room * (1 + SPARE))
        while wanted and any(piles):
            for pile in piles:
                if pile and wanted:
                    drawn.append(pile.pop())
                    wanted -= 1
    for number, mutant in enumerate(drawn, 1):
        mutant.number = number
    return drawn


class Plan:
    """The mutants that a seed draws, in a file."""

    def __init__(self, folder):
        self.path = folder / "plan.json"
        self.dropped_path = folder / "dropped.json"
        self.sound_path = folder / "sound.json"
        self.mutants, self.per_room, self.dropped, self.sound = [], 0, set(), set()
        if self.path.exists():
            plan = json.loads(self.path.read_text())
            self.per_room = plan["per_room"]
            self.mutants = [Mutant(**fields) for fields in plan["mutants"]]
        if self.dropped_path.exists():
            self.dropped = set(json.loads(self.dropped_path.read_text()))
        if self.sound_path.exists():
            self.sound = set(json.loads(self.sound_path.read_text()))

    def write(self, mutants, per_room):
        self.mutants, self.per_room = mutants, per_room
        fields = [dataclasses.asdict(mutant) for mutant in mutants]
        self.path.write_text(
            json.dumps({"per_room": per_room, "mutants": fields}, indent=1)
        )

    def drop(self, numbers):
        self.dropped |= set(numbers)
        self.dropped_path.write_text(json.dumps(sorted(self.dropped)))

    def add_sound(self, texts):
        """Remembers headers that compile, so that the next call need not try."""
        self.sound |= set(texts)
        self.sound_path.write_text(json.dumps(sorted(self.sound)))

    def compiled(self):
        return [one for one in self.mutants if one.number not in self.dropped]

    def sample(self):
        """Of each room as many as were asked for, if as many compile."""
        left, taken = {}, []
        for mutant in self.compiled():
            left.setdefault(mutant.room, self.per_room)
            if left[mutant.room]:
                left[mutant.room] -= 1
                taken.append(mutant)
        return taken
