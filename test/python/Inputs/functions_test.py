# tenon.compile(entry=...) and what it returns.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""TENON_HOME names the build tree."""

import os
import pathlib
import sys
import tempfile
import threading
import unittest

import numpy as np

import tenon

formats = pathlib.Path(tenon.__file__).resolve().parents[1] / "formats"
sys.path.insert(0, str(formats))
import safetensors_file  # noqa: E402

MODULE = """
func.func @smooth(%x: tensor<?x75xf32>, %y: tensor<?x75xf32>) -> tensor<?x75xf32> {
  %h = tenon.norm rms %x eps 1.0e-5 : tensor<?x75xf32>
  %s = arith.addf %h, %y : tensor<?x75xf32>
  %g = tenon.glu silu %s, %x : tensor<?x75xf32>
  return %g : tensor<?x75xf32>
}
func.func @both(%x: tensor<3x8xf32>) -> (tensor<3x8xf32>, tensor<3x8xf32>) {
  %h = tenon.norm rms %x eps 1.0e-5 : tensor<3x8xf32>
  %s = arith.addf %h, %x : tensor<3x8xf32>
  return %h, %s : tensor<3x8xf32>, tensor<3x8xf32>
}
"""
ATTENTION = """
tenon.weight @q "q" : !tenon.weight<4x12, <f32>>
func.func @attention(%x: tensor<?x12xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>,
    %blocks: tensor<?x4xi32>, %k: tensor<1x?x?x1x4xf32>)
    -> (tensor<?x1x4xf32>, tensor<1x?x?x1x4xf32>) {
  %layer = arith.constant 0 : index
  %w = tenon.weight_ref @q : !tenon.weight<4x12, <f32>>
  %q = tenon.linear %x, %w : tensor<?x12xf32>, !tenon.weight<4x12, <f32>> -> tensor<?x1x4xf32>
  %k1 = tenon.cache_update %q into %k[%layer] at %pos in %slot : tensor<?x1x4xf32> into tensor<1x?x?x1x4xf32>, tensor<?xi32>
  %a = tenon.attention %q, %k1, %k1[%layer] at %pos in %slot blocks %blocks scale 0.5 mask <causal>
      : tensor<?x1x4xf32>, tensor<1x?x?x1x4xf32> and tensor<1x?x?x1x4xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x1x4xf32>
  return %a, %k1 : tensor<?x1x4xf32>, tensor<1x?x?x1x4xf32>
}
"""
OPTIONS = {"target": "cpu:x86-64-v3", "buckets": [1, 8, 100]}


class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        names = ["smooth", "both"]
        cls.smooth, cls.both = tenon.compile(MODULE, entry=names, **OPTIONS)

    def arrays(self, rows):
        return np.random.default_rng(rows).standard_normal((2, rows, 75), np.float32)

    def check(self, got, x, y):
        (want,) = tenon.run(MODULE, x, y, entry="smooth")
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)

    def test_sizes(self):
        for rows in (0, 1, 7, 65):
            x, y = self.arrays(rows)
            self.check(self.smooth(x, y), x, y)

    def test_several_results(self):
        x = self.arrays(3)[0][:, :8]
        got = self.both(x)
        for one, other in zip(got, tenon.run(MODULE, x, entry="both")):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)

    def test_workers_agree(self):
        x, y = self.arrays(65)
        alone = self.smooth(x, y)
        np.testing.assert_array_equal(self.smooth(x, y, threads=3), alone)

    def test_threads_share(self):
        x, y = self.arrays(9)
        want, got = self.smooth(x, y), {}

        def call(index):
            got[index] = self.smooth(x, y, threads=1 + index % 2)

        threads = [threading.Thread(target=call, args=[i]) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for result in got.values():
            np.testing.assert_array_equal(result, want)
        self.assertEqual(len(got), 6)

    def test_conversions(self):
        x, y = self.arrays(4)
        want = self.smooth(x, y)
        wide, turned = x.astype(np.float64), np.asfortranarray(y)
        np.testing.assert_array_equal(self.smooth(wide, turned), want)
        np.testing.assert_array_equal(self.smooth(x.tolist(), y), want)

    def test_a_named_library(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "block.so"
            smooth = tenon.compile(MODULE, path, entry="smooth", **OPTIONS)
            self.assertEqual(sorted(os.listdir(folder)), ["block.h", "block.so"])
        x, y = self.arrays(2)
        self.check(smooth(x, y), x, y)
        self.assertIn("x: tensor<?x75xf32>, y", repr(smooth))

    def test_weights_and_caches(self):
        random = np.random.default_rng(7)
        x, cache, w = (
            random.standard_normal(shape, np.float32)
            for shape in ((3, 12), (1, 2, 8, 1, 4), (4, 12))
        )
        # Three tokens of sequence 1, after two that it has.
        step = [np.arange(2, 5), np.ones(3, np.int32), np.array([[0, 3, 1, 2]])]
        with tempfile.TemporaryDirectory() as folder:
            weights = pathlib.Path(folder) / "w.safetensors"
            safetensors_file.write(weights, [("q", "F32", w.shape)], lambda name: w)
            attention = tenon.compile(
                ATTENTION, entry="attention", model=weights, **OPTIONS
            )
            arguments = (x, *step, cache)
            want = tenon.run(ATTENTION, *arguments, entry="attention", model=weights)
        got = attention(*arguments)
        np.testing.assert_allclose(got, want[0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(cache, want[1], rtol=1e-5, atol=1e-6)
        for wrong in (cache.astype(np.float64), cache.tolist(), cache[:, :, ::2]):
            with self.assertRaisesRegex(TypeError, "^k: is updated, and expects"):
                attention(x, *step, wrong)

    def test_refusals(self):
        x, y = self.arrays(4)

        def refuse(kind, message, *arrays):
            with self.assertRaisesRegex(kind, message):
                self.smooth(*arrays)

        refuse(TypeError, "^smooth: expects 2 arrays, but got 1", x)
        refuse(TypeError, "^y: expects float32, but got complex64", x, y * 1j)
        refuse(ValueError, "^y: expects 4 in dimension 0, but got 3", x, y[:3])
        refuse(ValueError, "^x: expects 75 in dimension 1, but got 74", x[:, 1:], y)
        refuse(ValueError, "^x: expects 2 dimensions, but got 1", x[0], y)
        more = np.zeros((101, 75), np.float32)
        refuse(ValueError, "^x_rows: expects at most 100, but got 101", more, more)
        with self.assertRaisesRegex(tenon.Error, "nowhere"):
            tenon.compile(MODULE, entry="nowhere", **OPTIONS)


if __name__ == "__main__":
    unittest.main()
