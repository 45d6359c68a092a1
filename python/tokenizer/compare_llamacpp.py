"""Compares the tokenizer of an artifact with llama.cpp's, on texts line by line.

  compare_llamacpp.py BUILD ARTIFACT MODEL.gguf LLAMA_SOURCE LLAMA_BUILD TEXT...

BUILD is a build tree, ARTIFACT what `tenon compile MODEL.gguf` wrote. Every TEXT
is compared as a whole, line by line and line by line with line ends; both programs
add the tokens that open a text, and neither reads names of special tokens. Tokens
must be the same, and each text must come back from them byte for byte, at once and as
a stream. Exits with 1 at a difference.

Lines with U+2581 or </s> are left out and counted, for llama.cpp departs there from
sentencepiece, which wrote these vocabularies: it does not join a run of U+2581 that a
user wrote, and takes a tag </s> of HTML for the end of a text. compare.py compares
them with sentencepiece. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import pathlib
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "bench"), str(REPOSITORY / "python")]
from llama_peer import LlamaPeer  # noqa: E402
from tenon import Tokenizer  # noqa: E402


DEPARTURES = ("\u2581", "</s>")


def split_cases(text):
    """The cases of a text, and how many lines were left out."""
    lines = text.split("\n")
    kept = [line for line in lines if not any(word in line for word in DEPARTURES)]
    text = "\n".join(kept)
    # A lone carriage return ends no line of a file, but makes another case.
    return [text, *kept, *text.splitlines(True)], len(lines) - len(kept)


def count_differences(tokenizer, case, expected):
    differences = 0
    tokens = tokenizer.encode(case, parse_special=False)
    if tokens != expected:
        differences += 1
        print(f"{case[:80]!r}: {tokens[:40]} instead of {expected[:40]}")
    decoded = tokenizer.decode_bytes(tokens, skip_special=True)
    if decoded != case.encode():
        differences += 1
        print(f"{case[:80]!r}: comes back as {decoded[:80]!r}")
    if b"".join(tokenizer.stream_bytes(tokens, skip_special=True)) != decoded:
        differences += 1
        print(f"{case[:80]!r}: a stream gives another text")
    return differences


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("artifact", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("llama_source", type=pathlib.Path)
    parser.add_argument("llama_build", type=pathlib.Path)
    parser.add_argument("texts", nargs="+", type=pathlib.Path)
    parser.add_argument("--compiler", default="c++", help="of C++, for LlamaPeer.cpp")
    options = parser.parse_args()
    cases, left_out = [], 0
    for path in options.texts:
        more, count = split_cases(path.read_bytes().decode())
        cases, left_out = cases + more, left_out + count
    with tempfile.TemporaryDirectory() as name:
        places = (options.llama_source, options.llama_build, options.compiler)
        peer = LlamaPeer(*places, options.model, pathlib.Path(name))
        print(f"llama.cpp {peer.version()}")
        expected = peer.tokens(cases)
    if len(expected) != len(cases):
        sys.exit(f"expects tokens of {len(cases)} texts, but got {len(expected)}")
    os.environ["TENON_HOME"] = options.build
    tokenizer = Tokenizer(options.artifact / "tokenizer.bin")
    differences = sum(
        count_differences(tokenizer, case, tokens)
        for case, tokens in zip(cases, expected)
    )
    count = sum(map(len, expected))
    print(
        f"{len(cases)} texts, {count} tokens, {differences} differences; "
        f"{left_out} lines left out"
    )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
