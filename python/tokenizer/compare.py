"""Compares libtenon-text with other implementations on a whole tokenizer.

  compare.py BUILD tokenizer.bin tokenizer.json TEXT...   with `tokenizers`
  compare.py BUILD tokenizer.bin metadata.json TEXT...    with `sentencepiece`

BUILD is a build tree. metadata.json holds the keys `tokenizer.ggml.*` of a GGUF file.
`compile-tokenizer` of the build makes tokenizer.bin from either. Every file TEXT is compared line by
line and as a whole, and has to come back from its tokens. Exits with 1 at a
difference. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json
import os
import pathlib
import sys
import unicodedata

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import scored_reference  # noqa: E402

from tenon import Tokenizer  # noqa: E402


def huggingface_witness(path):
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(path)

    def encode(text, parse_special):
        tokenizer.encode_special_tokens = not parse_special
        return tokenizer.encode(text, add_special_tokens=False).ids

    return encode


def scored_witness(metadata):
    witness = scored_reference.make_sentencepiece(metadata)
    reference = scored_reference.Reference(metadata)

    def encode(text, parse_special):
        # sentencepiece makes no special tokens of text.
        if parse_special:
            return reference.encode(text, True)
        return witness.encode(text)

    return encode


def is_equivalent(text, decoded):
    """Equal but for normal form C and for U+2581, which models confuse."""
    forms = [t.replace("\u2581", " ") for t in (text, decoded)]
    return unicodedata.normalize("NFC", forms[0]) == unicodedata.normalize(
        "NFC", forms[1]
    )


def main(build, tables, source, *texts):
    os.environ["TENON_HOME"] = build
    data = json.loads(pathlib.Path(source).read_text())
    is_scored = scored_reference.key("model") in data
    witness = scored_witness(data) if is_scored else huggingface_witness(source)
    tokenizer = Tokenizer(tables)
    cases = []
    for path in texts:
        text = pathlib.Path(path).read_bytes().decode()
        cases += [text, *text.split("\n"), *text.splitlines(True)]

    differences = 0
    for case in cases:
        for parse in (False, True):
            tokens = tokenizer.encode(case, add_special=False, parse_special=parse)
            expected = witness(case, parse)
            if tokens != expected:
                differences += 1
                print(f"{case!r}: {tokens} instead of {expected}")
            decoded = tokenizer.decode_bytes(tokens)
            if b"".join(tokenizer.stream_bytes(tokens)) != decoded:
                differences += 1
                print(f"{case!r}: a stream gives another text")
            if not is_equivalent(case, decoded.decode()):
                differences += 1
                print(f"{case!r}: comes back as {decoded!r}")
    print(f"{len(cases)} texts, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
