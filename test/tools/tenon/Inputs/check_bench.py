# Fails unless the numbers of a measurement agree with one another, and with its table.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import json
import statistics
import sys

bench = json.load(open(sys.argv[1]))
repetitions = int(sys.argv[3]) if sys.argv[3:] else 5
for phase in ["prefill", "decode"]:
    seconds = bench[f"{phase}_seconds"]
    assert len(seconds) == repetitions, seconds
    rate = bench[f"{phase}_tokens"] / statistics.median(seconds)
    assert abs(rate / bench[f"{phase}_tokens_per_second"] - 1) < 1e-6, rate
    # All of the time is that of some kernel, or of the runtime.
    shares = bench[f"{phase}_kernels"].values()
    assert not shares or abs(sum(shares) - 1) < 1e-6, shares
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


def table(bench):
    """The lines of the table, from the numbers of the JSON file."""
    before, after = bench["limits_before"], bench["limits_after"]
    yield f"{bench['variant']}, {bench['threads']} threads, medians of {repetitions}"
    rates = [bench[f"{phase}_tokens_per_second"] for phase in ("prefill", "decode")]
    tokens, context = bench["decode_tokens"], bench["context"]
    read = bench["bytes_per_token"]
    yield f"prefill  {rates[0]:10.1f} tokens/s  ({bench['prefill_tokens']} tokens)"
    yield f"decode   {rates[1]:10.1f} tokens/s  ({tokens} tokens at context {context})"
    yield f"reads    {read * rates[1] * 1e-9:10.2f} GB/s      ({read * 1e-6:.1f} MB a token)"
    for name, unit, digits in [
        ("gigabytes_per_second", "GB/s   ", 2),
        ("gigaflops", "GFLOP/s", 1),
        ("bf16_gigaflops", "GFLOP/s of bf16", 1),
        ("byte_gigaops", "GOP/s of bytes", 1),
    ]:
        first, last = (f"{limits[name]:.{digits}f}" for limits in (before, after))
        if before[name] > 0:
            yield f"machine  {first:>10} {unit}   before, {last} after"
    for phase in ("prefill", "decode"):
        seconds = statistics.median(bench[f"{phase}_seconds"])
        kernels = sorted(bench[f"{phase}_kernels"].items(), key=lambda one: -one[1])
        for name, share in kernels:
            if share >= 0.005:
                time = f"{1000 * (share * seconds):10.3f} ms"
                yield f"{phase:9}{100 * share:10.1f} %  {time}   {name}"


# Kernels of equal shares are in any order.
with open(sys.argv[2]) as file:
    printed = file.read().splitlines()
assert sorted(printed) == sorted(table(bench)), printed
assert printed[:4] == list(table(bench))[:4], printed
