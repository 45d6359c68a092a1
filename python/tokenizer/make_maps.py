"""Writes tokenizers whose normalizer has a precompiled_charsmap:

  python make_maps.py ../../test/Text/Inputs/maps.json [--rules=nmt_nfkc]

Needs the packages tokenizers and sentencepiece, which are the witnesses. The map is made
of a few rules, so that the file stays small; with --rules it is a published one, which
the test takes as well. Each case has its files, or the metadata of a GGUF file, and what
the witness makes of each text, without the tokens that begin or end one.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import base64
import io
import json
import pathlib
import random
import tempfile

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2

from make_vocabularies import STRANGE, WORDS

# Rules one of which begins with another, that remove, that make spaces, and that make
# many characters of one.
RULES = {
    **{chr(0xFF21 + i): chr(0x41 + i) for i in range(26)},
    **{chr(0x41 + i): chr(0x61 + i) for i in range(26)},
    **{c: " " for c in "\t\n\r\u00a0\u3000\u200b"},
    **{c: "" for c in "\u0001\u00ad\ufeff"},
    "A\u030a": "\u00e5", "a\u030a": "\u00e5", "e\u0301": "\u00e9", "u\u0308": "\u00fc",
    "\ufb01": "fi", "\u2460": "1", "\u2026": "...", "\u00bd": "1/2", "\uff0e": ".",
    "\uff8a": "\u30cf", "\uff8a\uff9f": "\u30d1", "\ufdfa": "the first of  the day",
    "\u00c9": "\u00e9", "\u00e6": "ae",
}  # fmt: skip
STRANGE_HERE = [
    "A\u030arm", "\uff34\uff28\uff25 word", "\u200bthe\u200b \u200b word\u200b", "a\ufeffb",
    "\u0001", "\u0001 \u0001", "the\u0001 the", "\uff8a\uff9f\uff8a", "\ufdfax\ufdfa",
    "e\u0301\u0301", "E\u0301", "\ufb01rst", "\u2581 the", "the \u2581", "\u2581\u2581",
    "\u3000 \u3000the\u3000\u3000of", "  the  of  ", "\r\n", "the\r\nof", "\u2460\u20e3",
    "<pad>x", "x<pad> ", "TH\u200bE", "Qq QQ", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "u\u0308\u0304ber", "\u0915\u094d\u0937", "\uac00\u11a8", "\u1100\u1161", "of\u2029the",
]  # fmt: skip


def make_texts(pick):
    texts = STRANGE + STRANGE_HERE
    letters = [key for key in RULES if key.strip()] + list("\u200b\u00a0 \u0301\u030a")
    while len(texts) < 420:
        words = [pick.choice(WORDS) for _ in range(pick.randrange(1, 9))]
        for _ in range(pick.randrange(4)):
            at = pick.randrange(len(words))
            cut = pick.randrange(len(words[at]) + 1)
            words[at] = words[at][:cut] + pick.choice(letters) + words[at][cut:]
        text = pick.choice([" ", " ", "", "  ", "\n", "\u3000"]).join(words)
        texts.append(pick.choice(["", "", " "]) + text + pick.choice(["", "", " "]))
    return texts


def train(corpus, kind, rules, **options):
    model = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as table:
        for key, value in RULES.items():
            codes = [" ".join(f"{ord(c):X}" for c in text) for text in (key, value)]
            table.write("\t".join(codes) + "\n")
        table.flush()
        chosen = (
            {"normalization_rule_name": rules}
            if rules
            else {"normalization_rule_tsv": table.name}
        )
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(corpus),
            model_writer=model,
            vocab_size=360,
            model_type=kind,
            hard_vocab_limit=False,
            num_threads=1,
            minloglevel=2,
            **chosen,
            **options,
        )
    return model.getvalue()


def model_case(name, model, texts):
    witness = sentencepiece.SentencePieceProcessor(model_proto=model)
    return {
        "name": name,
        "files": {"tokenizer.model": base64.b64encode(model).decode()},
        "tokens": [witness.encode(text) for text in texts],
    }


def gguf_case(name, model, texts):
    """The same in a GGUF file, whose witness is sentencepiece, too."""
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    spec = proto.normalizer_spec
    metadata = {
        "model": "t5",
        "tokens": [piece.piece for piece in proto.pieces],
        "scores": [piece.score for piece in proto.pieces],
        "token_type": [piece.type for piece in proto.pieces],
        "unknown_token_id": 0,
        "eos_token_id": 2,
        "add_space_prefix": spec.add_dummy_prefix,
        "remove_extra_whitespaces": spec.remove_extra_whitespaces,
        "precompiled_charsmap": list(spec.precompiled_charsmap),
    }
    case = model_case(name, model, texts)
    case["metadata"] = {f"tokenizer.ggml.{key}": metadata[key] for key in metadata}
    del case["files"]
    return case


def json_case(name, model, texts, normalizers, pre_tokenizer):
    """The same in tokenizer.json, as its converters have written it over the years."""
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    precompiled = {"type": "Precompiled", "precompiled_charsmap": charsmap}
    added = [
        {"id": id, "content": proto.pieces[id].piece, "special": special}
        | {"normalized": not special, "single_word": False}
        | {"lstrip": False, "rstrip": False}
        for id, special in [(0, True), (1, True), (2, True), (3, False)]
    ]
    root = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": [precompiled] + normalizers}
        if normalizers
        else precompiled,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "Unigram",
            "unk_id": 0,
            "vocab": [[piece.piece, piece.score] for piece in proto.pieces],
            "byte_fallback": False,
        },
    }
    text = json.dumps(root, ensure_ascii=False)
    witness = tokenizers.Tokenizer.from_str(text)
    return {
        "name": name,
        "files": {"tokenizer.json": base64.b64encode(text.encode()).decode()},
        "tokens": [witness.encode(text, add_special_tokens=False).ids for text in texts],
    }


def make_json_cases(model, texts):
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"}
    words = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}
    strip = {"type": "Strip", "strip_left": False, "strip_right": True}
    both = {"type": "Strip", "strip_left": True, "strip_right": True}
    pattern = {"Regex": " {2,}"}
    to_space = {"type": "Replace", "pattern": pattern, "content": " "}
    to_mark = {"type": "Replace", "pattern": pattern, "content": "\u2581"}
    return [
        json_case("json, words", model, texts, [], words),
        json_case("json, joined words", model, texts, [to_space], words),
        json_case("json, stripped", model, texts, [strip, to_mark], metaspace | {"split": True}),
        json_case("json, whole", model, texts, [both, to_space], metaspace | {"split": False}),
        json_case("json, first", model, texts, [], metaspace | {"prepend_scheme": "first"}),
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--rules")
    options = parser.parse_args()
    pick = random.Random(5)
    corpus = [" ".join(pick.choice(WORDS) for _ in range(12)) for _ in range(1000)]
    texts = make_texts(pick)

    def trained(kind, **more):
        return train(corpus, kind, options.rules, **more)

    defined = ["<pad>", "\u00bd", "QQ"]
    unigram = trained("unigram", user_defined_symbols=["<pad>"])
    cases = [
        model_case("unigram", unigram, texts),
        model_case("bpe, bytes", trained("bpe", byte_fallback=True), texts),
        model_case(
            "all spaces", trained("unigram", remove_extra_whitespaces=False), texts
        ),
        model_case("no prefix", trained("unigram", add_dummy_prefix=False), texts),
        model_case(
            "user-defined", trained("unigram", user_defined_symbols=defined), texts
        ),
        model_case("no map", train(corpus, "bpe", "identity"), texts),
        gguf_case("gguf", unigram, texts),
        gguf_case(
            "gguf, all spaces", trained("unigram", remove_extra_whitespaces=False), texts
        ),
    ] + make_json_cases(unigram, texts)
    text = json.dumps({"texts": texts, "cases": cases}, separators=(",", ":"))
    pathlib.Path(options.out).write_text(text.replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
