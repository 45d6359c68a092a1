# Counts how many held-out sums the compiled adder gets right with greedy decoding.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import argparse
import subprocess

import sums


def main():
    parser = argparse.ArgumentParser(description="evaluates a compiled adder")
    parser.add_argument("artifact")
    parser.add_argument("--tenon", default="build/dev/bin/tenon")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    right = 0
    for a, b in sums.held_out_sums(options.count, options.seed):
        prompt = f"{a}+{b}="
        command = [options.tenon, "run", options.artifact, f"--prompt={prompt}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        given = done.stdout.strip()
        if given == str(a + b):
            right += 1
        else:
            print(f"{prompt}{a + b}, but the model says {given!r}")
    print(f"{right} of {options.count} held-out sums are right")
    return 0 if right >= 0.99 * options.count else 1


if __name__ == "__main__":
    raise SystemExit(main())
