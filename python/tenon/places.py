# Where the programs and the libraries of tenon are.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Finds what this package calls: in the wheel, or where TENON_HOME says.

TENON_HOME names a build tree, such as `build/dev`, or what `cmake --install` wrote. A
wheel brings its own, in the folder `native` of the package, in the layout of an
installation.
"""

from __future__ import annotations

import os
import pathlib

from .errors import Error

_NATIVE = pathlib.Path(__file__).with_name("native")


def _homes() -> list[pathlib.Path]:
    home = os.environ.get("TENON_HOME")
    return [pathlib.Path(home)] if home else [_NATIVE]


def _find(name: str, *candidates: str) -> pathlib.Path:
    for home in _homes():
        for candidate in candidates:
            if (home / candidate).exists():
                return home / candidate
    where = ", ".join(f"'{home}'" for home in _homes())
    raise Error(
        f"cannot find {name} in {where}; install the wheel tenon, or set TENON_HOME to a "
        "build tree such as build/dev"
    )


def find_program(name: str) -> pathlib.Path:
    """The path of `tenon`, `tenon-run` and their like."""
    return _find(name, f"bin/{name}")


def find_library(folder: str, name: str) -> pathlib.Path:
    """The path of a shared library, which a build tree has in a folder of its own."""
    file = f"lib{name}.so.0"
    return _find(file, f"lib/{file}", f"lib/{folder}/{file}")
