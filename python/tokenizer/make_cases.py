"""Writes what `tokenizers` makes of many small tokenizers: test/Text/Inputs/cases.json.

  python make_cases.py ../../test/Text/Inputs/cases.json

Needs the package tokenizers, which is the witness. A case is one of three tokenizers
with edits: at a path into tokenizer.json is another value, or, without one,
nothing. So each key is there once with each value, once null and once absent, and
tokens are added with every combination of what they can ask for. Of each text, a case
has the tokens when special tokens are parsed (`special`), when not (`plain`), and with
those that the post-processor adds (`added`).
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import copy
import itertools
import json
import pathlib
import sys

import tokenizers

MARK = "\u2581"
SPACE = "\u0120"  # how a byte-level vocabulary spells a space
TEXTS = [
    "",
    " ",
    "ab",
    " ab  b",
    "ab1 23a",
    "a'sb's",
    "ab<t>ba",
    "<t>",
    "<t>a",
    " a<t> ",
    "b <t>  <t> a",
    "a\n<t>\u3000b\u00a0<t>\u180ea",
    "<t><t>b",
    "1<t>_<t>\u00e9<t>-",
    "\u0301<t>\u2460<t>\u24b6<t>",
    "e\u0301b\u00e9",
    "\u20ac\U0001f600ab",
    "a<t" + "><t>b",
    "a<u>b<t>a",
    "a.b..a",
    "b11b1a'x..b.",
    "bb",
    "a<unk>b",
]


def byte_level():
    """Pieces of bytes, of which some have merges."""
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    pieces = sorted(alphabet) + ["ab", SPACE + "a", SPACE + "ab", "11", "'s"]
    merges = [["a", "b"], [SPACE, "ab"], [SPACE, "a"], ["'", "s"], ["1", "1"]]
    # These cross what a pattern cuts, and tell where it does.
    for left, right in ("b1", "a'", "..", "b.", ".b", "1a"):
        pieces.append(left + right)
        merges.append([left, right])
    pieces.append("bb")  # no merge makes it
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": True,
            "use_regex": True,
        },
        "post_processor": None,
        "decoder": {
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": True,
            "use_regex": True,
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {piece: i for i, piece in enumerate(pieces)},
            "merges": merges,
        },
    }


def characters():
    """Pieces of characters, and bytes for those that are none."""
    names = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    words = [MARK, "a", "b", "1", "<", "t", ">", "ab", MARK + "a", MARK + "ab", "bb"]
    merges = [["a", "b"], [MARK, "ab"], [MARK, "a"]]
    result = byte_level()
    result["normalizer"] = {
        "type": "Replace",
        "pattern": {"String": " "},
        "content": MARK,
    }
    result["pre_tokenizer"] = None
    result["model"] |= {
        "unk_token": "<unk>",
        "byte_fallback": True,
        "vocab": {piece: i for i, piece in enumerate(names + words)},
        "merges": merges,
    }
    return result


def prefixed():
    """The same with a space before a text."""
    result = characters()
    prepend = {"type": "Prepend", "prepend": MARK}
    result["normalizer"] = {
        "type": "Sequence",
        "normalizers": [prepend, result["normalizer"]],
    }
    return result


BASES = {"bytes": byte_level(), "characters": characters(), "prefixed": prefixed()}


def added(base, number, content, **flags):
    """An entry of added_tokens: a new token unless it is a piece. What is not asked for
    is false."""
    names = ("single_word", "lstrip", "rstrip", "normalized", "special")
    pieces = BASES[base]["model"]["vocab"]
    token = {"id": pieces.get(content, len(pieces) + number), "content": content}
    return token | {name: flags.get(name, False) for name in names}


def apply(base, edits):
    """Returns a tokenizer of BASES with edits: (path, value) or (path,)."""
    root = copy.deepcopy(BASES[base])
    for path, *value in edits:
        place = root
        for name in path[:-1]:
            place = place[name]
        if value:
            place[path[-1]] = value[0]
        else:
            del place[path[-1]]
    return root


def token_cases():
    """Every combination of what an added token can ask for."""
    names = ("normalized", "special", "lstrip", "rstrip", "single_word")
    for base, *values in itertools.product(BASES, *[(False, True)] * len(names)):
        flags = dict(zip(names, values))
        # The library looks for the normalized text of a token, which has a space in
        # front here. Here such a token is looked for without.
        if base == "prefixed" and flags["normalized"]:
            continue
        asked = " ".join(name for name, value in flags.items() if value)
        tokens = [added(base, 0, "<t>", **flags), added(base, 1, "<u>", special=True)]
        yield f"token: {asked}", base, [[["added_tokens"], tokens]]
    # The longest at each place, the leftmost first.
    for special in (False, True):
        tokens = [
            added("bytes", i, content, special=special)
            for i, content in enumerate(["<t>", "<t><t>", "t>b", "b"])
        ]
        yield f"token: overlaps, special {special}", "bytes", [
            [["added_tokens"], tokens]
        ]
    # A token of the vocabulary itself.
    for special in (False, True):
        token = added("bytes", 0, "ab", special=special)
        yield f"token: a piece, special {special}", "bytes", [
            [["added_tokens"], [token]]
        ]
    # The first piece of all, which no merge makes.
    for normalized in (False, True):
        tokens = [added("characters", 0, "<unk>", normalized=normalized)]
        yield f"token: number 0, normalized {normalized}", "characters", [
            [["added_tokens"], tokens]
        ]
    # Normal form C of the text and of the token.
    for normalized in (False, True):
        tokens = [added("bytes", 0, "e\u0301", normalized=normalized)]
        edits = [[["added_tokens"], tokens], [["normalizer"], {"type": "NFC"}]]
        yield f"token: decomposed, normalized {normalized}", "bytes", edits


def model_cases():
    """Each key of the model: absent, null, and each value."""
    model = ["model"]
    for base in ("bytes", "characters"):
        for key in ("ignore_merges", "byte_fallback", "fuse_unk"):
            path = model + [key]
            # Characters that become bytes are never unknown.
            off = [[model + ["byte_fallback"], False]] if key == "fuse_unk" else []
            yield f"model.{key} absent", base, off + [[path]]
            for value in (None, False, True):
                yield f"model.{key} {value}", base, off + [[path, value]]
        for key in (
            "type",
            "dropout",
            "continuing_subword_prefix",
            "end_of_word_suffix",
        ):
            yield f"model.{key} absent", base, [[model + [key]]]
        yield "model.dropout 0", base, [[model + ["dropout"], 0.0]]
        for key in ("continuing_subword_prefix", "end_of_word_suffix"):
            yield f"model.{key} empty", base, [[model + [key], ""]]
    for fallback, fuse, unknown in itertools.product(
        (False, True), (False, True), (None, "<unk>")
    ):
        yield (
            f"characters without a piece: {fallback} {fuse} {unknown}",
            "characters",
            [
                [model + ["byte_fallback"], fallback],
                [model + ["fuse_unk"], fuse],
                [model + ["unk_token"], unknown],
            ],
        )
    yield "model.unk_token absent", "characters", [[model + ["unk_token"]]]
    for key in ("version", "truncation", "padding", "added_tokens", "normalizer"):
        yield f"{key} absent", "bytes", [[[key]]]
    yield "pre_tokenizer absent", "characters", [[["pre_tokenizer"]]]
    yield "post_processor absent", "characters", [[["post_processor"]]]


def pre_tokenizer_cases():
    path = ["pre_tokenizer"]
    byte = BASES["bytes"]["pre_tokenizer"]
    yield "use_regex absent", "bytes", [[path + ["use_regex"]]]
    for prefix, regex in itertools.product((False, True), (False, True)):
        value = byte | {"add_prefix_space": prefix, "use_regex": regex}
        yield f"ByteLevel: prefix {prefix}, regex {regex}", "bytes", [[path, value]]
    behaviors = (
        "Isolated",
        "Removed",
        "MergedWithPrevious",
        "MergedWithNext",
        "Contiguous",
    )
    splits = [
        {
            "type": "Split",
            "pattern": {kind: text},
            "behavior": behavior,
            "invert": invert,
        }
        for behavior in behaviors
        for invert in (False, True)
        for kind, text in (("String", "."), ("Regex", "[b.]"), ("Regex", "b*"))
    ]
    splits += [
        {"type": "Digits", "individual_digits": value} for value in (False, True)
    ]
    plain = byte | {"use_regex": False}
    for split in splits:
        name = " ".join(map(str, split.values()))
        value = {"type": "Sequence", "pretokenizers": [split, plain]}
        yield name, "bytes", [[path, value]]


def pipeline_cases():
    replace = BASES["characters"]["normalizer"]
    prepend = {"type": "Prepend", "prepend": MARK}
    for name, steps in (
        ("NFC", [{"type": "NFC"}, replace]),
        ("NFC last", [replace, {"type": "NFC"}]),
        (
            "a sequence in a sequence",
            [{"type": "Sequence", "normalizers": [prepend, replace]}, {"type": "NFC"}],
        ),
    ):
        value = {"type": "Sequence", "normalizers": steps}
        yield f"normalizer: {name}", "characters", [[["normalizer"], value]]
    tokens = [added("bytes", i, c, special=True) for i, c in enumerate(["<t>", "<u>"])]
    names = {
        t["content"]: {"id": t["content"], "ids": [t["id"]], "tokens": [t["content"]]}
        for t in tokens
    }
    part = {
        "<t>": {"SpecialToken": {"id": "<t>", "type_id": 0}},
        "<u>": {"SpecialToken": {"id": "<u>", "type_id": 0}},
        "A": {"Sequence": {"id": "A", "type_id": 0}},
    }
    for template in (["A"], ["<t>", "A"], ["A", "<u>"], ["<t>", "<u>", "A", "<t>"]):
        value = {
            "type": "TemplateProcessing",
            "single": [part[name] for name in template],
            "pair": [part["A"], {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": names,
        }
        edits = [[["added_tokens"], tokens], [["post_processor"], value]]
        yield "template: " + " ".join(template), "bytes", edits


def make_case(name, base, edits):
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(apply(base, edits)))

    def encode(text, parse, add):
        tokenizer.encode_special_tokens = not parse
        return tokenizer.encode(text, add_special_tokens=add).ids

    rows = [
        [
            encode(text, True, False),
            encode(text, False, False),
            encode(text, True, True),
        ]
        for text in TEXTS
    ]
    # Most texts give the same each time.
    rows = [row if row[0] != row[1] or row[0] != row[2] else row[:1] for row in rows]
    return {"name": f"{base}: {name}", "base": base, "edits": edits, "tokens": rows}


# Letters and marks of old scripts, punctuation, symbols and letters in circles: other
# characters depend on the version of Unicode.
BLOCKS = ((0, 0x590), (0x2000, 0x2E80), (0x1F100, 0x1F200))


def ranges(numbers):
    """The numbers as pairs of first and last."""
    result = []
    for number in numbers:
        if result and result[-1][1] == number - 1:
            result[-1][1] = number
        else:
            result.append([number, number])
    return result


def character_ranges():
    """The characters that are part of a word, and those that are white space."""
    numbers = [n for begin, end in BLOCKS for n in range(begin, end)] + [0x3000]

    def select(flag, is_selected):
        edits = [[["added_tokens"], [added("bytes", 0, "<t>", **{flag: True})]]]
        tokenizer = tokenizers.Tokenizer.from_str(json.dumps(apply("bytes", edits)))
        token = edits[0][1][0]["id"]
        ids = {n: tokenizer.encode(chr(n) + "<t>").ids for n in numbers}
        return ranges(n for n in numbers if is_selected(ids[n], token))

    words = select("single_word", lambda ids, token: token not in ids)
    spaces = select("lstrip", lambda ids, token: ids == [token])
    return {"blocks": BLOCKS, "words": words, "spaces": spaces}


def main(path):
    groups = (token_cases, model_cases, pre_tokenizer_cases, pipeline_cases)
    cases = [make_case(*case) for group in groups for case in group()]
    lines = [
        json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases
    ]
    head = {"texts": TEXTS, "characters": character_ranges(), "bases": BASES}
    head = json.dumps(head, ensure_ascii=False, separators=(",", ":"))
    path.write_text(head[:-1] + ',"cases":[\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
