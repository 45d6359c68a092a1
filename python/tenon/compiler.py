# The compiler, from Python.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Compiles models, and shows what the compiler makes of them on each level."""

from __future__ import annotations

import html
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from typing import Union, overload

from . import native
from .functions import Function, open_functions
from .model import Model
from .programs import Source, Value, run_program, source_file, to_flags

Target = Union[str, Sequence[str]]

# What `ir` takes besides the phases of --stop-after.
_CODE = ("llvm", "asm", "ptx")

# Parts of MLIR in the order in which they are tried, with the color of each.
_COLORS = {
    r"//.*|(?m:^\s*[;#].*)": "#6a737d",
    r'"(?:\\.|[^"\\\n])*"': "#22863a",
    r"%[\w.$-]+(?:#\d+)?": "#005cc5",
    r"[@!#][\w.$-]+": "#6f42c1",
    r"\b[a-z_]\w*\.[\w.]+": "#d73a49",
}
_PARTS = re.compile("|".join(f"({pattern})" for pattern in _COLORS))


class IR(str):
    """Text of a module or of code, which a notebook shows in colors."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        colors = list(_COLORS.values())

        def paint(match: re.Match[str]) -> str:
            color = colors[(match.lastindex or 1) - 1]
            return f'<span style="color:{color}">{html.escape(match[0])}</span>'

        parts, end = [], 0
        for match in _PARTS.finditer(self):
            parts += [html.escape(self[end : match.start()]), paint(match)]
            end = match.end()
        parts.append(html.escape(self[end:]))
        return f'<pre style="line-height:1.3">{"".join(parts)}</pre>'


class _Folder:
    """A folder for what nobody named, removed with whoever keeps this."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix="tenon-")
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _compile_functions(
    source: Source,
    output: str | os.PathLike[str] | None,
    names: Sequence[str],
    options: dict[str, Value],
) -> list[Function]:
    # A library that is open needs its files no more.
    with source_file(source) as (path, work):
        library = os.path.abspath(output) if output is not None else work / "library.so"
        flags = to_flags({"entry": list(names), **options})
        run_program("tenon", "compile", path, "-o", str(library), *flags, folder=work)
        return open_functions(library, names)


@overload
def compile(
    source: Source,
    output: str | os.PathLike[str] | None = None,
    *,
    target: Target | None = None,
    entry: None = None,
    **options: Value,
) -> Model: ...


@overload
def compile(
    source: Source,
    output: str | os.PathLike[str] | None = None,
    *,
    target: Target | None = None,
    entry: str,
    **options: Value,
) -> Function: ...


@overload
def compile(
    source: Source,
    output: str | os.PathLike[str] | None = None,
    *,
    target: Target | None = None,
    entry: list[str] | tuple[str, ...],
    **options: Value,
) -> list[Function]: ...


def compile(
    source: Source,
    output: str | os.PathLike[str] | None = None,
    *,
    target: Target | None = None,
    entry: str | list[str] | tuple[str, ...] | None = None,
    **options: Value,
) -> Model | Function | list[Function]:
    """Compiles a model and opens it, or functions of a module, which can be called.

    `source` is a Hugging Face directory, a GGUF file, or the file or text of a module,
    `output` the artifact; left out, the artifact lives as long as the model that is
    returned. `target` names one or more levels (default: one of this machine). Other
    options are those of `tenon compile` with `_` for `-`: `max_context=2048`,
    `buckets=[1, 64]`, `cache_type="bf16"`.

    `entry` names a function of a module, or several; `output` is then a library.

    A model that this machine cannot run, for its target or because of
    skip_weights=True, is open for inspection only.
    """
    options["target"] = target
    if isinstance(entry, str):
        return _compile_functions(source, output, [entry], options)[0]
    if entry is not None:
        return _compile_functions(source, output, entry, options)
    folder = _Folder() if output is None else None
    artifact = os.path.join(folder.path, "model.tenon") if folder else str(output)
    with source_file(source) as (path, work):
        run_program(
            "tenon",
            "compile",
            path,
            "-o",
            os.path.abspath(artifact),
            *to_flags(options),
            folder=work,
        )
    inspect = bool(options.get("skip_weights"))
    try:
        return Model(artifact, inspect=inspect, keeps=folder)
    except native.StatusError as error:
        if error.status != native.NO_VARIANT:
            raise
        return Model(artifact, inspect=True, keeps=folder)


def ir(
    source: Source,
    *,
    after: str = "import",
    target: str | None = None,
    **options: Value,
) -> IR:
    """What the compiler makes of a model or a module.

    `after` names a phase, import, simplify, form, tile or bufferize, or else the
    language of code: llvm, asm or ptx. Options are those of `compile`.
    """
    flag = "emit" if after in _CODE else "stop_after"
    flags = to_flags({flag: after, "target": target, **options})
    with source_file(source) as (path, work):
        return IR(run_program("tenon", "compile", path, *flags, folder=work))
