# The sums that the adder learns, those it never sees, and its byte-level tokenizer.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import json
import pathlib
import random

END = "<|end|>"
LARGEST = 999
# One unordered pair in so many is held out, with both of its orders.
HELD_OUT_ONE_IN = 10


def is_held_out(a, b):
    """Whether a+b and b+a belong to the test. A fixed mixing of the pair's
    bits decides, so that no list must be stored and no seed can leak."""
    low, high = min(a, b), max(a, b)
    mixed = (low * 1000 + high + 1) * 0x9E3779B97F4A7C15 & (2**64 - 1)
    mixed = (mixed ^ mixed >> 31) * 0xBF58476D1CE4E5B9 & (2**64 - 1)
    return (mixed >> 40) % HELD_OUT_ONE_IN == 0


def draw_number(source):
    """Half of the numbers are even over 0..999; the other half have one, two or
    three digits with equal chance, since short numbers are rare otherwise."""
    if source.random() < 0.5:
        return source.randint(0, LARGEST)
    digits = source.randint(1, 3)
    return source.randint(0, 10**digits - 1)


def held_out_sums(count, seed=1):
    """Different held-out pairs, drawn as the training pairs are."""
    source = random.Random(seed)
    pairs = {}
    while len(pairs) < count:
        pair = (draw_number(source), draw_number(source))
        if is_held_out(*pair):
            pairs[pair] = None
    return list(pairs)


def byte_alphabet():
    """The printable substitute of each byte, as byte-level tokenizers spell it:
    printable Latin-1 is itself, the rest counts up from U+0100."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        letters.setdefault(byte, chr(256 + byte - sum(p < byte for p in printable)))
    return letters


def special_token(index):
    return {
        "id": index, "content": END, "single_word": False, "lstrip": False,
        "rstrip": False, "normalized": False, "special": True,
    }  # fmt: skip


def tokenizer():
    """A byte-level BPE without merges: token i < 256 is byte i."""
    letters = byte_alphabet()
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [special_token(256)],
        "normalizer": None,
        "pre_tokenizer": {**level, "use_regex": False},
        "post_processor": None,
        "decoder": {**level, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {letters[byte]: byte for byte in range(256)},
            "merges": [],
        },
    }


def write_tokenizer(folder):
    folder = pathlib.Path(folder)
    text = json.dumps(tokenizer(), indent=1, ensure_ascii=False)
    (folder / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": END,
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 64,
    }
    text = json.dumps(config, indent=1)
    (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")
