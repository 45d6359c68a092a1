# What the types of the package promise to a program; checked, and not run.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import assert_type

import tenon

model = tenon.compile("source", target=["cpu"], buckets=[1, 8], max_context=64)
assert_type(model, tenon.Model)
assert_type(model.generate("text", n=3, temperature=0.5), tenon.Generation[str])
assert_type(model.generate([1, 2], seed=3), tenon.Generation[int])
assert_type("".join(model.stream(b"text".decode())), str)
assert_type(sum(model.stream(np.array([1, 2]))), int)
assert_type(model.embed(["a", [1, 2]]), npt.NDArray[np.float32])
with model.session(slots=2) as session:
    assert_type(session.step({0: [1], 1: np.array([2])}), npt.NDArray[np.float32])
    assert_type(session.generate("text", slot=1).finish_reason, str | None)
assert_type(tenon.run("module", 1, [2.0], entry="f"), list[npt.NDArray[Any]])
assert_type(tenon.explain("source")[0].values["Rows"], str)
assert_type(tenon.explain("source")[:2], tenon.Remarks)
