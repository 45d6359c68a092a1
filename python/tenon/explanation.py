# What passes did to a model, and why not something else.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Collects the remarks of passes, and shows them as a table."""

from __future__ import annotations

import ast
import collections
import dataclasses
import html
from collections.abc import Iterator, Sequence
from typing import overload

from .compiler import Target
from .programs import Source, Value, run_program, source_file, to_flags


@dataclasses.dataclass(frozen=True)
class Remark:
    """One decision of a pass.

    kind      "passed", "missed" or "analysis"
    pass_     the flag of the pass
    name      what was decided about
    function  where
    values    what it was decided by
    """

    kind: str
    pass_: str
    name: str
    function: str
    values: dict[str, str]

    def __str__(self) -> str:
        values = ", ".join(f"{key}={value}" for key, value in self.values.items())
        return f"{self.kind}: {self.pass_}: {self.function}: {self.name}: {values}"


class Remarks(Sequence[Remark]):
    """Remarks in the order in which passes made them."""

    def __init__(self, remarks: Sequence[Remark]):
        self._remarks = list(remarks)

    @overload
    def __getitem__(self, index: int) -> Remark: ...

    @overload
    def __getitem__(self, index: slice) -> Remarks: ...

    def __getitem__(self, index: int | slice) -> Remark | Remarks:
        found = self._remarks[index]
        return Remarks(found) if isinstance(found, list) else found

    def __len__(self) -> int:
        return len(self._remarks)

    def __str__(self) -> str:
        return "\n".join(map(str, self._remarks))

    def __repr__(self) -> str:
        counts = collections.Counter(remark.kind for remark in self._remarks)
        return f"Remarks({', '.join(f'{n} {kind}' for kind, n in counts.items())})"

    def only(self, **fields: str) -> Remarks:
        """Those with these fields: `only(kind="missed", function="layer.moe")`."""
        return Remarks(
            [
                remark
                for remark in self._remarks
                if all(getattr(remark, key) == value for key, value in fields.items())
            ]
        )

    def _repr_html_(self) -> str:
        rows = ["kind", "pass", "function", "decision", "by"]
        head = "".join(f"<th>{name}</th>" for name in rows)
        lines = []
        for remark in self._remarks:
            values = "<br>".join(
                f"{html.escape(key)}: {html.escape(value)}"
                for key, value in remark.values.items()
            )
            cells = [remark.kind, remark.pass_, remark.function, remark.name]
            texts = [*map(html.escape, cells), values]
            lines.append(
                "".join(f'<td style="text-align:left">{text}</td>' for text in texts)
            )
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _scalar(text: str) -> str:
    """A value of YAML, as LLVM writes it: plain, or in quotes of either kind."""
    text = text.strip()
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return str(ast.literal_eval(text)) if text.startswith('"') else text


def _read(text: str) -> Iterator[Remark]:
    for document in text.split("--- !")[1:]:
        lines = document.splitlines()
        fields: dict[str, str] = {}
        values: dict[str, str] = {}
        for line in lines[1:]:
            key, _, value = line.strip().removeprefix("- ").partition(":")
            if value.strip():
                (values if line.startswith("  ") else fields)[key] = _scalar(value)
        yield Remark(
            lines[0].strip().lower(),
            fields["Pass"],
            fields["Name"],
            fields.get("Function", ""),
            values,
        )


def explain(
    source: Source,
    passes: str = "all",
    *,
    after: str = "bufferize",
    target: Target | None = None,
    **options: Value,
) -> Remarks:
    """What passes rewrote, left alone, and chose.

    `passes` is all, or a regular expression that matches flags of passes. Passes run up
    to the phase `after`; `codegen` is the last. Options are those of `compile`.
    """
    flags: dict[str, Value] = {"remarks": passes, "remarks_output": "remarks.yaml"}
    if after == "codegen":
        flags["skip_weights"] = True
    else:
        flags["stop_after"] = after
    with source_file(source) as (path, folder):
        run_program(
            "tenon", "compile", path, "-o", "out",
            *to_flags({**flags, "target": target, **options}), folder=folder,
        )  # fmt: skip
        return Remarks(list(_read((folder / "remarks.yaml").read_text())))
