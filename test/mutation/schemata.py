#!/usr/bin/env python3
# Draws mutants of the product, builds all of them at once, and runs the tests on each.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Mutants of the product, drawn from a seed, and which tests kill them.

Steps, all of which go on where an earlier call ended:
  plan   reads the syntax trees and draws mutants from the seed
  build  writes all of them into one copy of the tree and builds it
  reach  runs each test once, without a mutant, and notes the mutants it comes across
  run    runs for each mutant the tests that reach it, until one is red
  table  prints the table of rooms
Two more look at single sources:
  show FILE      lists all mutants of a file
  rewrite FILE   prints a file with all of its mutants in it
"""

import argparse
import json
import os
import pathlib
import signal
import sys

import rewrite
import sources
import table

STEPS = ["plan", "build", "reach", "run", "table"]
NO_LIBCLANG = """\
needs libclang's Python module: install python3-clang-22 and run this with the Python that \
it is for, /usr/bin/python3 on Debian"""


def import_clang():
    try:
        import clang.cindex

        clang.cindex.Index.create()
    except (ImportError, AttributeError) as error:
        raise sources.Refused(NO_LIBCLANG) from error
    except clang.cindex.LibclangError as error:
        raise sources.Refused(NO_LIBCLANG) from error


def read_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("steps", nargs="*", metavar="STEP", help="all of plan to table, if none is named")
    add("--seed", default="1")
    add("--per-room", type=int, default=40, help="mutants of each room")
    add("--rooms", help="comma-separated; all of them if not given")
    add("--build", type=pathlib.Path, default=sources.ROOT / "build/dev")
    add("--work", type=pathlib.Path, default=sources.ROOT / "build/mutation")
    add("--jobs", type=int, default=os.cpu_count())
    add("--tests", default="", help="a pattern of their paths; all of them if not given")
    add("--budget", type=float, default=240, help="seconds of tests for one mutant")
    add("--seconds", type=float, help="end after so long, to go on with the next call")
    add("--results", type=pathlib.Path, action="append", help="files that table reads")
    add("--equivalents", type=pathlib.Path, default=table.EQUIVALENTS)
    add("--by", choices=["room", "kind"], default="room", help="rows of the table")
    add("--survivors", action="store_true", help="list them below the table")
    add("--flag", action="append", default=[], help="of the compiler, for show and rewrite")
    return parser.parse_args()


def look_at(step, file, flags):
    """Prints the mutants of one file, or the file with them."""
    import_clang()
    import plan

    path = pathlib.Path(file).resolve()
    text = sources.read(path)
    if file.endswith(".td"):
        import predicates

        found = predicates.collect(path.name, text, predicates.read_enumerations([text]))
    else:
        found = plan.collect_source(path.name, text, path, flags)
    found.sort(key=lambda one: (one.start, one.end, one.mutated))
    for number, mutant in enumerate(found, 1):
        mutant.number = number
    if step == "rewrite":
        write = rewrite.rewrite_tablegen if file.endswith(".td") else rewrite.rewrite_source
        print(write(text, found), end="")
        return
    for mutant in found:
        original, mutated = (" ".join(t.split()) for t in (mutant.original, mutant.mutated))
        place = f"{mutant.number}: {mutant.line} {mutant.function or '-'}"
        print(f"{place} {mutant.kind}: {original} -> {mutated or '(dropped)'}")


def plan_mutants(options, folder):
    import plan

    drawn = plan.Plan(folder)
    if drawn.mutants:
        print(f"{drawn.path} is kept; remove the folder to draw again")
        return
    rooms = options.rooms.split(",") if options.rooms else list(sources.ROOMS)
    unknown = set(rooms) - set(sources.ROOMS)
    if unknown:
        raise sources.Refused(
            f"no room {', '.join(unknown)}; there are {', '.join(sources.ROOMS)}"
        )
    found = plan.collect(
        options.build.resolve(), options.work / "cache", rooms, options.jobs
    )
    drawn.write(plan.draw(found, options.seed, options.per_room), options.per_room)
    print(f"{len(drawn.mutants)} of {len(found)} mutants drawn")


def print_table(options, folder):
    files = options.results or [folder / "results.jsonl"]
    results = {}
    for file in files:
        for line in file.read_text().splitlines():
            one = json.loads(line)
            results[one["key"]] = one
    equivalents = table.read_equivalents(options.equivalents)
    print(table.summarize(list(results.values()), equivalents, options.by))
    if options.survivors:
        print()
        print("\n".join(table.survivors(results.values(), equivalents)))


def call_step(step, options, folder, clock):
    import plan
    import suite
    import work_tree

    if step == "plan":
        return plan_mutants(options, folder)
    if step == "table":
        return print_table(options, folder)
    drawn = plan.Plan(folder)
    if not drawn.mutants:
        raise sources.Refused("there is no plan; begin with the step plan")
    tree = work_tree.WorkTree(options.work.resolve(), options.jobs)
    if step == "build":
        known = sources.compile_arguments(options.build.resolve())
        work_tree.build(tree, drawn, lambda file: plan.flags_for(file, known), clock)
        print(f"{len(drawn.compiled())} of {len(drawn.mutants)} mutants compile")
        return None
    tests = suite.Suite(tree, options.work.resolve(), options.jobs, options.tests)
    reach = suite.Reach(folder)
    red = reach.record(tests, folder, clock)
    if red:
        print(f"red without a mutant, and left out: {', '.join(red)}", file=sys.stderr)
    if step == "run":
        suite.Results(folder).run(tests, drawn, reach, clock, options.budget)
    return None


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    if options.steps and options.steps[0] in ("show", "rewrite"):
        for file in options.steps[1:]:
            look_at(options.steps[0], file, options.flag)
        return 0
    steps = options.steps or STEPS
    if set(steps) - set(STEPS):
        raise sources.Refused(
            f"no step {', '.join(set(steps) - set(STEPS))}; there are {', '.join(STEPS)}"
        )
    if steps != ["table"]:
        import_clang()
    import suite
    import work_tree

    folder = options.work.resolve() / f"seed-{options.seed}"
    if not options.results:
        folder.mkdir(parents=True, exist_ok=True)
    clock = suite.Clock(options.seconds)
    try:
        for step in steps:
            call_step(step, options, folder, clock)
    except work_tree.OutOfTime:
        print("out of time; call again to go on", file=sys.stderr)
        return 75
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except sources.Refused as refusal:
        sys.exit(f"schemata.py: error: {refusal}")
