# Lets the NumPy reference add held-out numbers with the adder, greedily.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import pathlib
import sys

goldens, adder, count = (
    pathlib.Path(sys.argv[1]),
    pathlib.Path(sys.argv[2]),
    int(sys.argv[3]),
)
sys.path[:0] = [str(goldens), str(adder)]
import numpy_reference  # noqa: E402
import sums  # noqa: E402

END, LONGEST_ANSWER = 256, 5
model = numpy_reference.load(adder)
right = 0
for a, b in sums.held_out_sums(count):
    tokens = list(f"{a}+{b}=".encode())
    start = len(tokens)
    while tokens[-1] != END and len(tokens) - start < LONGEST_ANSWER:
        tokens.append(int(model.logits(tokens)[-1].argmax()))
    right += tokens[start:] == [*str(a + b).encode(), END]
print(f"{right} of {count} are right")
sys.exit(right < 0.99 * count)
