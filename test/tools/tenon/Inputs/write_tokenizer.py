# Writes a tiny model whose tokenizer has few tokens, for what is printed at their boundaries.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""write_tokenizer.py FOLDER KIND [KEY=VALUE]... : a tokenizer.json beside the model in
FOLDER. `bytes` has the tokens a, b, c and <e>; `words` has the pieces of a vocabulary
that spells spaces as U+2581: " a", " ", a and b. The keys go to generation_config.json.
"""

import json
import pathlib
import sys

BYTES = {
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
    "added_tokens": [{"id": 3, "content": "<e>", "special": True}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2}, "merges": []},
}
MARK = "\u2581"
WORDS = {
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": MARK},
            {"type": "Replace", "pattern": {"String": " "}, "content": MARK},
        ],
    },
    "model": {
        "type": "BPE",
        "vocab": {MARK + "a": 0, MARK: 1, "a": 2, "b": 3},
        "merges": [[MARK, "a"]],
    },
}


def main(folder, kind, *entries):
    folder = pathlib.Path(folder)
    tokenizer = {"bytes": BYTES, "words": WORDS}[kind]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    config = {}
    for entry in entries:
        key, _, value = entry.partition("=")
        config[key] = json.loads(value)
    (folder / "generation_config.json").write_text(json.dumps(config))


main(*sys.argv[1:])
