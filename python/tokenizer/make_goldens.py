"""Trains the small tokenizers of test/Text/Inputs and writes what they yield.

Needs the packages tokenizers and sentencepiece, which are the witnesses:

  python make_goldens.py ../../test/Text/Inputs

Every folder gets `tokenizer.json` (or `metadata.json`, as a GGUF file has it) and
`goldens.txt`: for each line of torture.txt, with its line end, the tokens when
special tokens are parsed (`special`) and when not (`plain`), then the same for
the text as a whole. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import io
import json
import pathlib
import sys
import unicodedata

import sentencepiece
import tokenizers
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers
from tokenizers import processors, trainers
from sentencepiece import sentencepiece_model_pb2

import scored_reference

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"|\p{N}{1,3}" + REST
QWEN2 = CONTRACTIONS + r"|\p{N}" + REST
DEEPSEEK3 = [
    r"\p{N}{1,3}",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]
MARK = "\u2581"


def special(*names):
    return [AddedToken(n, special=True, normalized=False) for n in names]


def byte_level(text, patterns, vocabulary, ignore_merges=False):
    """Trains a byte-level tokenizer that cuts text by patterns."""
    tokenizer = tokenizers.Tokenizer(models.BPE(ignore_merges=ignore_merges))
    splits = [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns]
    splits.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splits)
    tokenizer.train_from_iterator(
        [text],
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    return tokenizer


def make_llama3(text):
    tokenizer = byte_level(text, [LLAMA3], 900, ignore_merges=True)
    names = ["begin_of_text", "end_of_text", "start_header_id", "end_header_id", "eot_id"]
    tokenizer.add_special_tokens(special(*(f"<|{name}|>" for name in names)))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A",
        special_tokens=[
            ("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))
        ],
    )
    return tokenizer, {
        "bos_token": "<|begin_of_text|>",
        "eos_token": "<|eot_id|>",
        "tokenizer_class": "PreTrainedTokenizerFast",
    }


def make_qwen2(text):
    tokenizer = byte_level(text, [QWEN2], 900)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(special("<|endoftext|>", "<|im_start|>", "<|im_end|>"))
    tokenizer.add_tokens(
        [
            AddedToken("[STRIP]", lstrip=True, rstrip=True, normalized=False),
            AddedToken("[WORD]", single_word=True, normalized=False),
            AddedToken("[NORM\u00c9]", normalized=True),
            AddedToken("<tool_call>", normalized=False),
            AddedToken("<|im_start|>>", normalized=False),
        ]
    )
    return tokenizer, {
        "add_bos_token": False,
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "tokenizer_class": "Qwen2Tokenizer",
    }


def make_deepseek3(text):
    tokenizer = byte_level(text, DEEPSEEK3, 900)
    names = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"]
    tokenizer.add_special_tokens(special(*names))
    tokenizer.add_tokens(
        [AddedToken(n, normalized=True) for n in ["<｜User｜>", "<｜Assistant｜>"]]
    )
    return tokenizer, {
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": {"__type": "AddedToken", "content": names[0]},
        "eos_token": {"__type": "AddedToken", "content": names[1]},
        "tokenizer_class": "LlamaTokenizerFast",
    }


def make_llama2(text):
    """Merges of characters, with bytes for those that are no piece."""
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)]
    )
    tokenizer.train_from_iterator(
        text.splitlines(True),
        trainers.BpeTrainer(
            vocab_size=900,
            show_progress=False,
            limit_alphabet=200,
            special_tokens=["<unk>", "<s>", "</s>"]
            + [f"<0x{byte:02X}>" for byte in range(256)],
        ),
    )
    data = json.loads(tokenizer.to_str())
    data["model"]["byte_fallback"] = True
    data["added_tokens"] = [t for t in data["added_tokens"] if t["id"] < 3]
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(data))
    return tokenizer, {
        "add_bos_token": True,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "tokenizer_class": "LlamaTokenizer",
    }


def make_bert(text):
    """Word pieces after the normalizer and the pre-tokenizer of BERT."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=900, show_progress=False, limit_alphabet=200, special_tokens=names
    )
    tokenizer.train_from_iterator(text.splitlines(True), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer, {"tokenizer_class": "BertTokenizer"}


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_goldens(folder, cases, encode):
    """`encode(text, parse_special)` is the witness."""
    lines = []
    for case in cases:
        for word, parse in (("special", True), ("plain", False)):
            lines.append(" ".join([word, *map(str, encode(case, parse))]))
    (folder / "goldens.txt").write_text("\n".join(lines) + "\n")


def make_huggingface(folder, make, text, cases):
    tokenizer, config = make(text)
    folder.mkdir(exist_ok=True)
    write_json(folder / "tokenizer.json", json.loads(tokenizer.to_str()))
    write_json(folder / "tokenizer_config.json", config)

    def encode(case, parse_special):
        tokenizer.encode_special_tokens = not parse_special
        return tokenizer.encode(case, add_special_tokens=False).ids

    write_goldens(folder, cases, encode)


def make_scored(folder, text, cases, prefix):
    """A vocabulary with scores, as a GGUF file of the kind `llama` has it."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.replace("\0", "").split("\n")),
        model_writer=model,
        model_type="bpe",
        vocab_size=1400,
        byte_fallback=True,
        character_coverage=0.98,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=prefix,
        control_symbols=["<start_of_turn>", "<end_of_turn>"],
        user_defined_symbols=["\n", "\n\n", "\n\n\n", MARK * 2, MARK * 3, MARK * 5, "<h1>", "</h1>"],
        minloglevel=2,
    )
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    key = scored_reference.key
    metadata = {
        key("model"): "llama",
        key("tokens"): [
            p.piece.replace(MARK, " ") if p.type == 4 else p.piece for p in proto.pieces
        ],
        key("scores"): [p.score for p in proto.pieces],
        key("token_type"): [p.type for p in proto.pieces],
        key("bos_token_id"): 1,
        key("eos_token_id"): 2,
        key("unknown_token_id"): 0,
        key("add_space_prefix"): prefix,
    }
    folder.mkdir(exist_ok=True)
    write_json(folder / "metadata.json", metadata)

    witness = scored_reference.make_sentencepiece(metadata)
    reference = scored_reference.Reference(metadata)

    def encode(case, parse_special):
        tokens = reference.encode(case, parse_special)
        if not parse_special and tokens != witness.encode(case):
            sys.exit(f"{folder.name}: two witnesses differ about {case!r}")
        return tokens

    write_goldens(folder, cases, encode)


def main(root):
    text = (root / "torture.txt").read_bytes().decode()
    cases = text.split("\n")
    cases = [line + "\n" for line in cases[:-1]] + [cases[-1], text]
    (root / "torture-nfc.txt").write_bytes(unicodedata.normalize("NFC", text).encode())
    for make in (make_llama3, make_qwen2, make_deepseek3, make_llama2, make_bert):
        make_huggingface(root / make.__name__.removeprefix("make_"), make, text, cases)
    make_scored(root / "scored", text, cases, prefix=False)
    make_scored(root / "scored-prefix", text, cases, prefix=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
