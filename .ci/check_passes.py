#!/usr/bin/env python3
"""Fails unless each pass and pipeline can be run, is documented and is tested.

Usage: check_passes.py TENON_OPT [--root=FOLDER]

Passes are those of .td files in include, pipelines those that lib registers. Each
must be in `TENON_OPT --help`, a pass in docs/reference/passes and a pipeline on a page
of docs, and each in a RUN line of a test.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PASS = re.compile(r'^def \w+\s*:\s*Pass<"([\w-]+)"', re.M)
PIPELINE = re.compile(r'PassPipelineRegistration<[^>]*>\(\s*"([\w-]+)"')
HELP = re.compile(r"^ +--([\w-]+)", re.M)
HEADING = re.compile(r"^### `-([\w-]+)`", re.M)
WORD = re.compile(r"(?<![\w.])-*([a-z][\w-]*)")


def read(folder, *suffixes):
    """Returns the text of all files below a folder that end so."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in suffixes)
    return "\n".join(path.read_text() for path in paths)


def find_missing(root, tenon_opt):
    """Yields what is missing, and returns how many passes and pipelines there are."""
    passes = PASS.findall(read(root / "include", ".td"))
    pipelines = PIPELINE.findall(read(root / "lib", ".cpp"))
    listed = subprocess.run([tenon_opt, "--help"], capture_output=True, text=True, check=True)
    options = set(HELP.findall(listed.stdout))
    reference = set(HEADING.findall(read(root / "docs/reference/passes", ".md")))
    pages = set(WORD.findall(read(root / "docs", ".md")))
    runs = [line for line in read(root / "test", ".mlir", ".test").splitlines() if "RUN:" in line]
    tested = set(WORD.findall("\n".join(runs)))
    for kind, names, documented in (("pass", passes, reference), ("pipeline", pipelines, pages)):
        for name in names:
            if name not in options:
                yield f"{kind} {name}: tenon-opt --help does not list it; register it"
            if name not in documented:
                yield f"{kind} {name}: no page of docs describes it"
            if name not in tested:
                yield f"{kind} {name}: no RUN line of a test runs it"
    if not passes or not pipelines:
        yield f"found {len(passes)} passes and {len(pipelines)} pipelines below {root}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tenon_opt")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    arguments = parser.parse_args()
    missing = list(find_missing(arguments.root, arguments.tenon_opt))
    for line in missing:
        print(line)
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
