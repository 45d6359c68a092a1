# Model.embed and `tenon embed` give the same vectors.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""embed_test.py FOLDER, where a checkpoint is made. TENON_HOME names the build tree."""

import json
import pathlib
import shutil
import subprocess
import sys
import unittest

import numpy as np

import tenon
from tenon.places import find_program

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TESTS / "e2e/Inputs"))
import checkpoints  # noqa: E402

NAME = "bert-pooled-f32"
TEXTS = ["The first text.", "", "A second one, with more words in it", "x"]


class Embed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(sys.argv[1])
        checkpoints.Checkpoints(find_program("tenon"), folder).make(NAME)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(TESTS / "Text/Inputs/bert" / file, folder / NAME)
        options = {"target": "cpu:x86-64-v3", "buckets": [1, 40], "max_context": 30}
        cls.model = tenon.compile(folder / NAME, folder / "bert.tenon", **options)

    def compare(self, texts, *flags, **options):
        command = [find_program("tenon"), "embed", self.model.path, "--json"]
        done = subprocess.run(
            [*command, *flags, *texts], check=True, capture_output=True
        )
        want = [text["embedding"] for text in json.loads(done.stdout)["texts"]]
        got = self.model.embed(texts, **options)
        np.testing.assert_array_equal(got, np.array(want, np.float32))
        return got

    def test_texts(self):
        self.assertTrue(self.model.is_encoder)
        # Two texts share a step, and another has one of its own.
        vectors = self.compare(TEXTS * 3)
        self.assertEqual(vectors.shape, (12, self.model.hidden))
        np.testing.assert_array_equal(vectors[:4], vectors[8:])

    def test_poolings(self):
        for pooling in ("mean", "first", "pooler"):
            self.compare(TEXTS, f"--pooling={pooling}", pooling=pooling)
            flags = [f"--pooling={pooling}", "--normalize"]
            unit = self.compare(TEXTS, *flags, pooling=pooling, normalize=True)
            np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-6)

    def test_long_texts(self):
        long = "word " * 99
        self.compare(["x", long], "--truncate", truncate=True)
        with self.assertRaisesRegex(
            ValueError, "^text 1 has 101 .* at most 30; shorten"
        ):
            self.model.embed(["x", long])

    def test_tokens(self):
        tokens = self.model.tokenizer.encode(TEXTS[0])
        got = self.model.embed([tokens, np.array(tokens)])
        np.testing.assert_array_equal(got, self.model.embed([TEXTS[0]] * 2))

    def test_nothing(self):
        self.assertEqual(self.model.embed([]).shape, (0, self.model.hidden))

    def test_refusals(self):
        with self.assertRaisesRegex(TypeError, "put it into a list"):
            self.model.embed("text")
        with self.assertRaisesRegex(ValueError, "^pooling: expects one of"):
            self.model.embed(TEXTS, pooling="max")
        with self.assertRaisesRegex(tenon.Error, "is an encoder"):
            self.model.generate("text")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
