# What Model.generate and a tokenizer give is what `tenon run` prints.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""ADDER names the compiled adder, TENON_HOME the build tree."""

import json
import os
import subprocess
import unittest

import tenon
from tenon.places import find_program

ADDER = os.environ["ADDER"]
PROMPT = "123+45="


def run(*options):
    """The object that the program prints."""
    command = [find_program("tenon"), "run", ADDER, "--json", *options]
    done = subprocess.run(command, check=True, capture_output=True)
    return json.loads(done.stdout)


class Generate(unittest.TestCase):
    def setUp(self):
        self.model = tenon.load(ADDER)
        self.addCleanup(self.model.close)

    def compare(self, prompt, *flags, **options):
        """The same options in both spellings."""
        generation = self.model.generate(prompt, **options)
        if isinstance(prompt, str):
            flags += (f"--prompt={prompt}",)
        else:
            flags += (f"--tokens={','.join(map(str, prompt))}",)
        want = run(*flags)
        self.assertEqual(generation.tokens, want["tokens"])
        self.assertEqual(generation.prompt, want["prompt"])
        self.assertEqual(generation.text, want.get("text"))
        self.assertEqual(generation.finish_reason, want["finish_reason"])
        return generation

    def test_adds(self):
        generation = self.compare(PROMPT)
        self.assertEqual(str(generation), "168")
        self.assertEqual(generation.finish_reason, "end_token")

    def test_tokens_continue_tokens(self):
        generation = self.compare(list(PROMPT.encode()))
        self.assertEqual(str(generation), "49,54,56")

    def test_count(self):
        self.assertEqual(self.compare(PROMPT, "-n=2", n=2).finish_reason, "count")
        self.assertEqual(self.compare(PROMPT, "-n=0", n=0).tokens, [])

    def test_context(self):
        generation = self.compare(PROMPT, "--ignore-eos", ignore_eos=True)
        self.assertEqual(generation.finish_reason, "context")
        # The last token needs no position.
        self.assertEqual(len(generation.prompt) + len(generation.tokens), 13)

    def test_sampling(self):
        texts = set()
        for seed in range(6):
            flags = ["--temperature=30", "--top-k=99", "--top-p=0.9", f"--seed={seed}"]
            options = {"temperature": 30, "top_k": 99, "top_p": 0.9, "seed": seed}
            texts.add(self.compare(PROMPT, *flags, **options).text)
        self.assertGreater(len(texts), 1)
        flags = ["--temperature=30", "--top-p=0"]
        self.compare(PROMPT, *flags, temperature=30, top_p=0)

    def test_stream(self):
        self.assertEqual(list(self.model.stream(PROMPT)), ["1", "6", "8"])
        pieces = self.model.stream(list(PROMPT.encode()), n=2)
        self.assertEqual(next(pieces), 49)
        self.assertIsNone(pieces.finish_reason)
        self.assertEqual(list(pieces), [54])
        self.assertEqual(pieces.finish_reason, "count")

    def test_characters_are_whole(self):
        # Bytes of one character, and then a byte that begins none.
        tokenizer = self.model.tokenizer
        tokens = [*"\u00e9\u20ac".encode(), 0xFF, ord("x")]
        self.assertEqual(tokenizer.decode(tokens), "\u00e9\u20ac\ufffdx")
        pieces = list(tokenizer.stream(tokens))
        self.assertIn("\u20ac", pieces)
        self.assertEqual("".join(pieces), "\u00e9\u20ac\ufffdx")

    def test_tokenizer(self):
        tokenizer = self.model.tokenizer
        end = tokenizer.find("<|end|>")
        self.assertEqual(tokenizer.eos, [end])
        self.assertIsNone(tokenizer.bos)
        self.assertEqual(tokenizer.encode("1<|end|>"), [49, end])
        self.assertEqual(len(tokenizer.encode("1<|end|>", parse_special=False)), 8)
        self.assertEqual(tokenizer.decode([49, end]), "1<|end|>")
        self.assertEqual(tokenizer.decode([49, end], skip_special=True), "1")
        self.assertTrue(tokenizer.is_special(end))
        # More text than the first buffer has room for.
        self.assertEqual(tokenizer.decode([end] * 100), "<|end|>" * 100)

    def test_a_session_goes_on(self):
        with self.model.session(slots=2) as session:
            first = session.generate(PROMPT, slot=1)
            # The end was drawn, and is no part of the sequence.
            self.assertEqual((first.text, session.length(1)), ("168", 10))
            session.truncate(len("12"), slot=1)
            again = session.generate("3+45=", slot=1)
            self.assertEqual((again.text, session.length(0)), ("168", 0))


if __name__ == "__main__":
    unittest.main()
