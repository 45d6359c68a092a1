# tenon.compile, ir, run and explain.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""EXAMPLES names the folder of examples, TENON_HOME the build tree."""

import gc
import os
import pathlib
import tempfile
import unittest
import warnings

import numpy as np

import tenon

ADDER = pathlib.Path(os.environ["EXAMPLES"]) / "adder"
# One level and few buckets, so that a test is fast.
FAST = {"target": "cpu:x86-64-v3", "buckets": [1, 8]}
ECHO = """
func.func @echo(%a: tensor<?x2xf32>, %b: tensor<?xi32>, %c: f32, %d: index)
    -> (index, tensor<?x2xf32>, tensor<?xi32>, f32) {
  return %d, %a, %b, %c : index, tensor<?x2xf32>, tensor<?xi32>, f32
}
"""
SQUARE = """
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = arith.mulf %x, %x : tensor<?xf32>
  return %y : tensor<?xf32>
}
"""


class Compile(unittest.TestCase):
    def test_the_artifact_lives_as_long_as_the_model(self):
        session = tenon.compile(ADDER, max_context=12, **FAST).session()
        path = session.model.path
        self.assertEqual(session.max_context, 12)
        self.assertEqual(session.model.buckets, [1, 8])
        self.assertEqual(session.generate("123+45=").text, "168")
        self.assertTrue(os.path.exists(path))
        del session
        gc.collect()
        self.assertFalse(os.path.exists(os.path.dirname(path)))

    def test_a_named_artifact_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "adder.tenon"
            tenon.compile(ADDER, path, **FAST).close()
            with tenon.load(path) as model:
                self.assertEqual(str(model.generate("1+1=")), "2")

    def test_what_cannot_run_is_open_for_inspection(self):
        model = tenon.compile(ADDER, skip_weights=True, **FAST)
        self.assertEqual((model.layers, model.variant), (3, ""))
        self.addCleanup(os.environ.pop, "TENON_CPU")
        os.environ["TENON_CPU"] = "v4"
        self.assertEqual(tenon.compile(ADDER, **FAST).variant, "")

    def test_refusals(self):
        def refuse(message, *arguments, **options):
            with self.assertRaisesRegex(tenon.Error, f"^{message}"):
                tenon.compile(*arguments, **options)

        refuse("cannot open '.*/nowhere': no such file", "nowhere")
        refuse("unknown target 'foo'; known targets: ", ADDER, target="foo")
        refuse("unknown command line argument '--paint=red'", ADDER, paint="red")
        refuse("expects buckets between", ADDER, buckets=[0])


class IR(unittest.TestCase):
    def test_levels(self):
        self.assertIn("tenon.mla_attention", tenon.ir(ADDER))
        tiles = tenon.ir(ADDER, after="tile", **FAST)
        self.assertIn("tile.kernel", tiles)
        assembly = tenon.ir(ADDER, after="asm", **FAST)
        self.assertIn("vfmadd", assembly)

    def test_a_module_goes_on(self):
        formed = tenon.ir(tenon.ir(ADDER), after="form", **FAST)
        self.assertIn("tile.kernel", formed)

    def test_colors(self):
        page = tenon.IR(
            '%0 = tenon.add %a, @b "<c>" : tensor<2xf32> // <d>'
        )._repr_html_()
        self.assertIn(">tenon.add</span>", page)
        self.assertIn(">@b</span>", page)
        self.assertIn("tensor&lt;2xf32&gt;", page)
        self.assertIn(">&quot;&lt;c&gt;&quot;</span>", page)
        self.assertIn(">// &lt;d&gt;</span>", page)

    def test_refusals(self):
        with self.assertRaisesRegex(tenon.Error, "nope"):
            tenon.ir(ADDER, after="nope")
        with self.assertRaisesRegex(tenon.Error, "module.mlir:2:1"):
            tenon.ir("// comment\nbogus")


class Run(unittest.TestCase):
    def test_types(self):
        floats, flags = np.arange(6.0).reshape(3, 2), [True, False]
        results = tenon.run(ECHO, floats, flags, np.float16(2.5), 7, entry="echo")
        for got, want in zip(results, [7, floats, flags, 2.5]):
            np.testing.assert_array_equal(got, want)
        types = [result.dtype for result in results]
        self.assertEqual(types, [np.int64, np.float32, np.int32, np.float32])

    def test_order(self):
        floats = np.arange(6, dtype=np.float32).reshape(2, 3).T
        results = tenon.run(ECHO, floats, [0], 1.0, 1, entry="echo")
        np.testing.assert_array_equal(results[1], floats)

    def test_computes(self):
        x = np.arange(-3.0, 4.0)
        (result,) = tenon.run(SQUARE, x)
        np.testing.assert_array_equal(result, x * x)

    def test_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "echo.mlir"
            path.write_text(SQUARE)
            (result,) = tenon.run(path, [1.5])
        np.testing.assert_array_equal(result, [2.25])

    def test_refusals(self):
        def refuse(kind, message, *arguments, **options):
            with self.assertRaisesRegex(kind, message):
                tenon.run(*arguments, **options)

        refuse(
            tenon.Error,
            "^expects 1 inputs for 'main', but got 2",
            SQUARE,
            [0.0],
            [0.0],
        )
        refuse(
            tenon.Error,
            "module.mlir:3:3: custom op",
            SQUARE.replace("%y = arith.mulf", "tenon.bogus"),
            [0.0],
        )
        refuse(tenon.Error, "^unknown engine 'x'; known", SQUARE, [0.0], engine="x")
        refuse(tenon.Error, "another kind", SQUARE, [0])
        refuse(TypeError, "argument 0: expects numbers, but got str", SQUARE, "0")
        refuse(TypeError, "argument 0: .* got complex128", SQUARE, 1j)


class Explain(unittest.TestCase):
    def test_remarks(self):
        remarks = tenon.explain(
            ADDER, "tenon-fuse-gate-up|tenon-merge-projections", **FAST
        )
        first = remarks.only(kind="passed", function="layer.dense")[0]
        self.assertEqual((first.pass_, first.name), ("tenon-fuse-gate-up", "FuseGlu"))
        self.assertEqual(first.values["Rows"], "640")
        missed = remarks.only(kind="missed")
        self.assertIn("Reason=has a bias, glu or", str(missed))
        self.assertEqual(len(missed._repr_html_().split("<tr>")), len(missed) + 2)
        self.assertRegex(repr(remarks), r"^Remarks\(\d+ passed, \d+ missed")

    def test_all_phases(self):
        few = tenon.explain(ADDER, after="form", **FAST)
        self.assertGreater(len(tenon.explain(ADDER, after="codegen", **FAST)), len(few))


class Programs(unittest.TestCase):
    """What a program says, played by scripts in its place."""

    def play(self, script):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = pathlib.Path(folder.name) / "bin/tenon"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        home = os.environ["TENON_HOME"]
        self.addCleanup(os.environ.__setitem__, "TENON_HOME", home)
        os.environ["TENON_HOME"] = folder.name
        return tenon.ir("x.mlir")

    def test_a_crash(self):
        with self.assertRaisesRegex(tenon.Error, "^tenon was ended by SIGSEGV$"):
            self.play("kill -SEGV $$")

    def test_a_warning(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.assertEqual(
                self.play("echo 'tenon: warning: careful' >&2; echo text"), "text\n"
            )
        self.assertEqual([str(warning.message) for warning in caught], ["careful"])

    def test_silence(self):
        with self.assertRaisesRegex(tenon.Error, "^tenon ended with code 3$"):
            self.play("exit 3")


if __name__ == "__main__":
    unittest.main()
