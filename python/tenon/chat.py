# Conversations as the text that a model continues.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Renders the chat template of an artifact, as `tenon run --chat` does.

Templates are programs of Jinja, which renders them here: the package jinja2 is needed.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from .errors import Error

Messages = Sequence[Mapping[str, Any]]


def _environment() -> Any:
    """What publishers write their templates for: the environment of transformers."""
    try:
        import jinja2
        import jinja2.ext
        import jinja2.sandbox
    except ImportError:
        raise Error("chat templates need Jinja; pip install jinja2") from None

    class Generation(jinja2.ext.Extension):
        """Marks answers for training; what it contains is text as any other."""

        tags = {"generation"}

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return jinja2.nodes.Scope(body).set_lineno(line)

    def raise_exception(message: str) -> NoReturn:
        raise jinja2.TemplateError(f"the template says: {message}")

    def to_json(value: Any, **options: Any) -> str:
        return json.dumps(value, **{"ensure_ascii": False, **options})

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[jinja2.ext.loopcontrols, Generation],
    )
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = datetime.datetime.now().strftime
    return environment


def render(artifact: str, messages: Messages) -> str:
    """The messages, and the beginning of an answer."""
    path = os.path.join(artifact, "chat.json")
    if not os.path.exists(path):
        raise Error(
            f"'{artifact}' has no chat template, because its model has none; use generate"
        )
    try:
        with open(path, encoding="utf-8") as file:
            stored = json.load(file)
        source, tokens = stored["template"], stored["tokens"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Error(f"'{path}' is damaged: {error}; compile the model again") from None
    environment = _environment()
    variables = {
        **tokens,
        "messages": [dict(message) for message in messages],
        "tools": None,
        "documents": None,
        "add_generation_prompt": True,
    }
    try:
        return str(environment.from_string(source).render(variables))
    except Exception as error:  # whatever a template does
        raise Error(
            f"the chat template of '{artifact}' cannot render this conversation: {error}"
        ) from None
