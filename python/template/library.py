"""Templates of conversations as the publishers' library renders them.

Needs the packages transformers and jinja2, which are the witnesses.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import datetime
import unittest.mock

import jinja2
from transformers.utils import chat_template_utils

# What `strftime_now` prints, as seconds since 1970 and in UTC.
NOW = 1753531200  # 2025-07-26 12:00:00


class Now(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(NOW, datetime.timezone.utc).replace(tzinfo=None)


def render(source, variables):
    """Returns the text, or {"raises": words} of the template, or {"fails": why}."""
    with unittest.mock.patch.object(chat_template_utils, "datetime", Now):
        try:
            template = chat_template_utils._compile_jinja_template(source)
            return template.render(**variables)
        except jinja2.exceptions.TemplateError as error:
            is_raised = type(error) is jinja2.exceptions.TemplateError
            return {"raises" if is_raised else "fails": str(error)}
        except Exception as error:  # whatever Python refuses
            return {"fails": f"{type(error).__name__}: {error}"}


def encode(value):
    """Writes dictionaries as lists of pairs, which keep their order everywhere."""
    if isinstance(value, dict):
        pairs = [[encode(key), encode(entry)] for key, entry in value.items()]
        return {"dict": pairs}
    if isinstance(value, (list, tuple)):
        return [encode(entry) for entry in value]
    return value
