#!/usr/bin/env python3
"""Runs each launch of a traced function on the PTX machine, with its operands.

Usage: compare_functions.py CODE.ptx TRACE

TRACE is a folder of `tenon-run --trace-kernels`. The largest error of each launch is
printed in units of its tolerance.
"""

import pathlib
import sys

import replay_trace


def main():
    code = replay_trace.Code(pathlib.Path(sys.argv[1]).read_text())
    trace = replay_trace.Trace(pathlib.Path(sys.argv[2]))
    launches = [line for line in trace.lines if "launch" in line]
    failures = 0
    for line in launches:
        outputs = replay_trace.Replay(trace, code, gangs=2).run_alone(line)
        ratios, choices = replay_trace.compare_launch(trace, line, outputs)
        ratio = max(ratios + [choice.ratio for choice in choices])
        failures += not ratio < 1
        print(f"{line['launch']}: ratio {ratio:.3g}")
    print(f"{failures} of {len(launches)} launches fail")
    return 1 if failures or not launches else 0


if __name__ == "__main__":
    sys.exit(main())
