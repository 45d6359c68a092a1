# Compiled transformer models, from Python.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Compiles transformer models and runs them: see docs/Python.md.

import tenon

model = tenon.compile("examples/adder")
print(model.generate("123+45="))  # 168
"""

from .arrays import SupportsDLPack, Tokens
from .compiler import IR, compile, ir
from .errors import Error
from .execution import run
from .explanation import Remark, Remarks, explain
from .functions import Function
from .generation import Generation, Options, Sampling, SlotOptions
from .model import Model, load
from .session import Session
from .tokenizer import Tokenizer

__all__ = [
    "Error",
    "Function",
    "Generation",
    "IR",
    "Model",
    "Options",
    "Remark",
    "Remarks",
    "Sampling",
    "Session",
    "SlotOptions",
    "SupportsDLPack",
    "Tokenizer",
    "Tokens",
    "compile",
    "explain",
    "ir",
    "load",
    "run",
]
