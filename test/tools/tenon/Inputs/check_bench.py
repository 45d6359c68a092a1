# Fails unless the numbers of a measurement agree with one another.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import json
import statistics
import sys

bench = json.load(open(sys.argv[1]))
for phase in ["prefill", "decode"]:
    seconds = bench[f"{phase}_seconds"]
    assert len(seconds) == 5, seconds
    rate = bench[f"{phase}_tokens"] / statistics.median(seconds)
    assert abs(rate / bench[f"{phase}_tokens_per_second"] - 1) < 1e-6, rate
for moment in ["before", "after"]:
    limits = bench[f"limits_{moment}"]
    assert limits["gigaflops"] > 0.1 and limits["gigabytes_per_second"] > 0.1, limits
    # 0 where the machine has no such instruction, and never below plain products.
    for rate in (limits["bf16_gigaflops"], limits["byte_gigaops"]):
        assert rate == 0 or rate > 0.5 * limits["gigaflops"], limits
# Three layers of 48 numbers of f32 for each of 54 positions, and at most 1.9 MB
# of weights in bf16, of which most experts are left out.
state = 3 * 48 * 4 * 54
assert state + 300_000 < bench["bytes_per_token"] < state + 1_500_000, bench
