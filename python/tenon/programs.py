# Runs the programs of tenon.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Calls `tenon`, `tenon-run` and their like, and makes errors of what they say."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from typing import NoReturn, Union

from .errors import Error
from .places import find_program

# A file of a module, or its text.
Source = Union[str, "os.PathLike[str]"]
# The value of an option: a list is joined by commas, and True stands for the option
# alone.
Value = Union[
    str, int, float, bool, None, "os.PathLike[str]", Sequence[Union[str, int]]
]

_WARNING = re.compile(r"^[\w-]+: warning: (.*)$", re.MULTILINE)
# The first error says most: those after it say what could not be done because of it.
_ERROR = re.compile(r"^.*\berror: .*$", re.MULTILINE)
_PREFIX = re.compile(r"^(?:[\w-]+: )?error: ")
_LOCATION = re.compile(r'^loc\("(.*?)":(\d+):(\d+)\): (?:error: )?')


def to_flags(options: dict[str, Value]) -> list[str]:
    """`max_context=64` as `--max-context=64`."""
    flags = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            flags.append(flag)
        elif isinstance(value, (list, tuple)):
            flags.append(f"{flag}={','.join(map(str, value))}")
        else:
            flags.append(f"{flag}={value}")
    return flags


def _message(program: str, code: int, output: str) -> str:
    if match := _ERROR.search(output):
        return _LOCATION.sub(r"\1:\2:\3: ", _PREFIX.sub("", match[0]))
    if code < 0:
        return f"{program} was ended by {signal.Signals(-code).name}"
    lines = output.strip().splitlines()
    return (
        lines[0].removeprefix(f"{program}: ")
        if lines
        else f"{program} ended with code {code}"
    )


def run_program(
    program: str, *arguments: str, folder: str | os.PathLike[str] | None = None
) -> str:
    """Returns the standard output; warnings become those of Python."""
    command = [str(find_program(program).resolve()), *arguments]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, cwd=folder
    )
    output = done.stderr.decode(errors="replace")
    if done.returncode:
        raise Error(_message(program, done.returncode, output))
    for text in _WARNING.findall(output):
        warnings.warn(text, stacklevel=3)
    return done.stdout.decode(errors="replace")


@contextlib.contextmanager
def source_file(source: Source) -> Iterator[tuple[str, pathlib.Path]]:
    """The path of a source, and a folder for what is made of it.

    Text with more than one line is a module, and becomes a file of the folder.
    """
    with tempfile.TemporaryDirectory(prefix="tenon-") as name:
        folder = pathlib.Path(name)
        if isinstance(source, str) and "\n" in source:
            (folder / "module.mlir").write_text(source)
            yield "module.mlir", folder
        else:
            yield os.path.abspath(source), folder


def main() -> NoReturn:
    """Becomes the program of this package that has the name of the script."""
    name = pathlib.Path(sys.argv[0]).name
    try:
        program = find_program(name)
    except Error as error:
        sys.exit(f"{name}: error: {error}")
    os.execv(program, [name, *sys.argv[1:]])
