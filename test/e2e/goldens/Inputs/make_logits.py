# Writes the arrays that compare-logits.test compares.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import numpy

exact = numpy.random.RandomState(3).standard_normal((70, 11)).astype(numpy.float32)
# A clear winner in every row, so that only what is planted below is near.
exact[:, 4] += 9
numpy.save("exact.npy", exact)

off = exact.copy()
off[67, 2] += 0.1 * exact.std()
numpy.save("off.npy", off)

near, tied = exact.copy(), exact.copy()
near[5, :2], tied[5, :2] = (20.00002, 20.0), (20.0, 20.00002)
numpy.save("near.npy", near)
numpy.save("tied.npy", tied)

broken = exact.copy()
broken[3, 0] = numpy.nan
numpy.save("nan.npy", broken)

numpy.save("none.npy", exact[:0])
