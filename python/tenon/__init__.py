# Compiled transformer models, from Python.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Runs models that tenon has compiled: see docs/Python.md.

import tenon

with tenon.load("adder.tenon") as model:
    print(model.generate("123+45="))  # 168
"""

from .arrays import SupportsDLPack, Tokens
from .errors import Error
from .generation import Generation, Options, Sampling, SlotOptions
from .model import Model, load
from .session import Session
from .tokenizer import Tokenizer

__all__ = [
    "Error",
    "Generation",
    "Model",
    "Options",
    "Sampling",
    "Session",
    "SlotOptions",
    "SupportsDLPack",
    "Tokenizer",
    "Tokens",
    "load",
]
