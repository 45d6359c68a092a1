# The bits of logits depend neither on threads nor on how tokens are spread over steps.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_invariance.py TENON FOLDER VARIANT NAME [OPTION...]

Options are those of the compiler. Dumps the logits of one checkpoint in many ways
and compares the files byte by byte.
"""

import itertools
import sys

import checkpoints

# All at once, one by one, and sizes that no block of attention divides.
CHUNKS = [1, 7, 64, 0]
THREADS = [1, 2, 3, 7]


def main():
    tenon, folder, variant, name, *options = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, folder)
    cases.make(name)
    cases.compile(name, checkpoints.targets_of(variant), *options)
    expected = None
    for chunk, threads in itertools.product(CHUNKS, THREADS):
        way = [f"--chunk={chunk}", f"--threads={threads}"]
        logits = cases.run(name, *way, variant=variant).read_bytes()
        expected = expected or logits
        if logits != expected:
            sys.exit(f"{name}: logits differ with {' '.join(way + options)}")
    print(f"{name}: {len(CHUNKS) * len(THREADS)} ways, the same bits")


if __name__ == "__main__":
    main()
