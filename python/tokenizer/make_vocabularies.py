"""Writes tokenizers of kinds that came before tokenizer.json, and Unigram:

  python make_vocabularies.py ../../test/Text/Inputs/vocabularies.json

Needs the packages tokenizers, transformers and sentencepiece, which are the witnesses.
Each vocabulary has its files and what the witness makes of each text, without the
tokens that begin or end one. The small vocabularies are trained here; training is
repeatable.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import base64
import io
import json
import pathlib
import random
import sys
import tempfile

import sentencepiece
import tokenizers
import transformers

WORDS = (
    "the a of to in it is was he for on are as with his they at be this have from or one"
    " had by word but not what all were we when your can said there use an each which she"
    " do how their if will up other about out many then them these so some her would make"
    " like him into time has look two more write go see number no way could people my"
    " than first water been call who oil its now find long down day did get come made may"
    " part caf\u00e9 na\u00efve \u00fcber stra\u00dfe \u4f60\u597d \u4e16\u754c"
    " \u043f\u0440\u0438\u0432\u0435\u0442 123 2024 3.14 print(x) {a:b}"
).split()
STRANGE = [
    "", " ", "  ", "   a", "a   ", "\n", "a\nb", "a\t b", "\u2581", "a\u2581b", "\u2603",
    "\u2603\u2603\u2603", "a\u2603 b", "\U0001f600x", "e\u0301", "\u00e9", "<s>a</s>",
    "<unk>", "<0x41>", "<0x41>b", "x" * 200, "the" * 50, " the" * 50, "\u0000", "\u00a0x",
    "\u3000\u4f60", "'s don't", "<|endoftext|>the", "THE THE", "\r\n\r\n", "a\u200bb",
    "\u180e", "1234567890", "!!!???...", "\ufeffa", "<pad> <mask>",
]  # fmt: skip


def make_texts(pick):
    texts = list(STRANGE)
    while len(texts) < 330:
        words = [pick.choice(WORDS) for _ in range(pick.randrange(1, 9))]
        if pick.random() < 0.3:
            at = pick.randrange(len(words))
            word = list(words[at])
            pick.shuffle(word)
            words[at] = "".join(word) + pick.choice(STRANGE)
        text = pick.choice([" ", " ", "", "  ", "\n"]).join(words)
        texts.append(pick.choice(["", "", " "]) + text)
    return texts


def train_pieces(corpus, kind, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus),
        model_writer=model,
        vocab_size=420,
        model_type=kind,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
        **options,
    )
    return model.getvalue()


def pieces_case(name, model, texts):
    witness = sentencepiece.SentencePieceProcessor(model_proto=model)
    return {
        "name": name,
        "files": {"tokenizer.model": base64.b64encode(model).decode()},
        "tokens": [witness.encode(text) for text in texts],
    }


def unigram_case(name, model, texts, **members):
    """The same pieces in tokenizer.json, which cuts words first."""
    witness = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = [
        [witness.id_to_piece(id), witness.get_score(id)] for id in range(len(witness))
    ]
    added = [
        {"id": id, "content": pieces[id][0], "special": True, "normalized": False}
        | {"single_word": False, "lstrip": False, "rstrip": False}
        for id in range(3)
    ]
    root = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Metaspace",
            "replacement": "\u2581",
            "prepend_scheme": "always",
            "split": True,
        },
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "Unigram",
            "unk_id": 0,
            "vocab": pieces,
            "byte_fallback": False,
        }
        | members,
    }
    text = json.dumps(root, ensure_ascii=False)
    tokenizer = tokenizers.Tokenizer.from_str(text)
    return {
        "name": name,
        "files": {"tokenizer.json": base64.b64encode(text.encode()).decode()},
        # The library takes the name of a byte for that byte; sentencepiece does not.
        "tokens": [
            None
            if "<0x" in each and members
            else tokenizer.encode(each, add_special_tokens=False).ids
            for each in texts
        ],
    }


def merges_case(name, corpus, texts, made, config):
    trained = tokenizers.ByteLevelBPETokenizer()
    trained.train_from_iterator(
        corpus, vocab_size=420, show_progress=False, special_tokens=["<|endoftext|>"]
    )
    with tempfile.TemporaryDirectory() as folder:
        trained.save_model(folder)
        (pathlib.Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
        witness = made(
            vocab=f"{folder}/vocab.json", merges=f"{folder}/merges.txt", **config
        )
        files = {
            path.name: base64.b64encode(path.read_bytes()).decode()
            for path in sorted(pathlib.Path(folder).iterdir())
        }
    return {
        "name": name,
        "files": files,
        "tokens": [witness.encode(text, add_special_tokens=False) for text in texts],
    }


def main():
    pick = random.Random(3)
    corpus = [
        " ".join(pick.choice(WORDS) for _ in range(12)) for _ in range(2000)
    ]
    texts = make_texts(pick)
    unigram = train_pieces(corpus, "unigram")
    in_bytes = train_pieces(corpus, "unigram", byte_fallback=True)
    cases = [
        pieces_case("unigram", unigram, texts),
        pieces_case("unigram, bytes", in_bytes, texts),
        pieces_case(
            "unigram, user-defined",
            train_pieces(corpus, "unigram", user_defined_symbols=["the", "<pad>"]),
            texts,
        ),
        pieces_case(
            "unigram, without prefix",
            train_pieces(corpus, "unigram", add_dummy_prefix=False),
            texts,
        ),
        pieces_case("bpe", train_pieces(corpus, "bpe"), texts),
        pieces_case(
            "bpe, bytes", train_pieces(corpus, "bpe", byte_fallback=True), texts
        ),
        unigram_case("json", unigram, texts),
        unigram_case("json, bytes", in_bytes, texts, byte_fallback=True),
        merges_case(
            "gpt2",
            corpus,
            texts,
            transformers.GPT2Tokenizer,
            {"tokenizer_class": "GPT2Tokenizer"},
        ),
        merges_case(
            "qwen2",
            corpus,
            texts,
            transformers.Qwen2Tokenizer,
            {"tokenizer_class": "Qwen2Tokenizer"},
        ),
    ]
    text = json.dumps({"texts": texts, "cases": cases}, separators=(",", ":"))
    pathlib.Path(sys.argv[1]).write_text(text.replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
