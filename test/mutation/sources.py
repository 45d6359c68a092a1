# What is mutated: product sources by room, and their text without comments and strings.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import json
import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A room and where its sources lie; the first that fits counts.
ROOMS = {
    "Transforms": r"(lib|include/tenon)/(Analysis|Transforms)/",
    "Conversion": r"(lib|include/tenon)/Conversion/",
    "Target/CPU": r"(lib|include/tenon)/Target/CPU/",
    "Target/NVPTX": r"(lib|include/tenon)/Target/NVPTX/",
    "Packing": r"(lib|include/tenon)/Packing/",
    "Import": r"(lib|include/tenon)/Import/",
    "Text": r"(lib|include/tenon)/Text/",
    "Runtime": r"(lib|include/tenon)/Runtime/",
    "Artifact": r"(lib|include/tenon)/Artifact/",
    "Interpreter": r"(lib|include/tenon)/Interpreter/",
    "Driver": r"(lib|include/tenon)/(Driver/|Pipelines/|Target/[^/]+$)",
    "Support": r"(lib|include/tenon)/Support/",
    "dialects": r"dialects/",
}

# The tests of a room, as patterns of their paths below test/.
OWN_TESTS = {
    "Transforms": r"Transforms/|Pipelines/",
    "Conversion": r"Conversion/|Pipelines/",
    "Target/CPU": r"Target/CPU/",
    "Target/NVPTX": r"Target/NVPTX/",
    "Packing": r"unit/Packing",
    "Import": r"Import/|unit/Import",
    "Text": r"Text/|unit/Text",
    "Runtime": r"unit/Runtime",
    "Artifact": r"unit/Artifact",
    "Interpreter": r"Interpreter/|unit/Interpreter|tools/tenon-run",
    "Driver": r"tools/|Pipelines/",
    "Support": r"unit/|dialects/|Transforms/",
    "dialects": r"dialects/",
}


class Refused(Exception):
    """What is wrong with the tree, the options or the machine."""


def room_of(path):
    """The room of a path below the root, or None."""
    for room, pattern in ROOMS.items():
        if re.match(pattern, path):
            return room
    return None


def tracked_files(root):
    """Files that git knows or would add, below the root."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return sorted(path for path in listed.stdout.splitlines() if (root / path).is_file())


def read(path):
    """The bytes of a file, one character each, so that offsets are those of clang."""
    return path.read_bytes().decode("latin-1")


MASKED = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<end>[^(\s]*)\(.*?\)(?P=end)"'
    r"|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.S,
)


def mask(text):
    """The text with comments blank and with stars for what strings hold."""

    def blank(match):
        fill = " " if match[0].startswith("/") else "*"
        return re.sub(r"[^\n]", fill, match[0])

    return MASKED.sub(blank, text)


MACRO = re.compile(r"\b(?:assert|static_assert|llvm_unreachable|[A-Z][A-Z0-9_]{2,})\s*\(")


def macro_ranges(masked):
    """Where macros with arguments, static assertions and directives stand."""
    ranges = [match.span() for match in re.finditer(r"(?m)^[ \t]*#(?:.*\\\n)*.*$", masked)]
    for match in MACRO.finditer(masked):
        end, depth = match.end(), 1
        while depth and end < len(masked):
            depth += {"(": 1, ")": -1}.get(masked[end], 0)
            end += 1
        ranges.append((match.start(), end))
    return ranges


def compile_arguments(build):
    """For each source below the root, the flags that a build compiles it with."""
    database = build / "compile_commands.json"
    if not database.exists():
        raise Refused(f"{build} has no compile_commands.json; build it first")
    flags = {}
    for entry in json.loads(database.read_text()):
        path = pathlib.Path(entry["file"]).resolve()
        if not path.is_relative_to(ROOT):
            continue
        words = shlex.split(entry["command"])
        kept, index = [], 0
        while index < len(words):
            # Precompiled headers are of no use here.
            if words[index] in ("-o", "-c", "-Xclang", "-Winvalid-pch"):
                index += words[index] in ("-o", "-Xclang")
            elif words[index].startswith("-"):
                kept.append(words[index])
                if words[index] in ("-isystem", "-include", "-I", "-D"):
                    index += 1
                    kept.append(words[index])
            index += 1
        flags[path.relative_to(ROOT).as_posix()] = kept
    return flags
