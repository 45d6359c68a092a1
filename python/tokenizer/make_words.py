"""Writes how the tokenizers library cuts text by the pre-tokenizers of GGUF files:

  python make_words.py ../../test/Text/Inputs/words.json

Needs the package tokenizers, which is the witness. Patterns are those of the published
tokenizer.json where there is one, else those of llama.cpp, under the names that
`tokenizer.ggml.pre` has for them. For each line of torture.txt and each further text
there are the sizes of the words in bytes. SPDX-License-Identifier: Apache-2.0 WITH
LLVM-exception
"""

import json
import pathlib
import sys

from tokenizers import Regex, pre_tokenizers

TEXTS = [
    "", "a b c de", "a1b22c333d4444e55555f666666 7777777.", "12345_ 12345x 1234\u00b2 123\u0301",
    "1234\u2460 1234\u24d0 1234\U0001f130 1234\u216f 1234\u203f",
    " " * 3 + "x" + " " * 700 + "y" + " " * 1023, "\n\n \n\t\n  a\r\n\r\nb\n", "He'LL we'd 'tis",
    "\u30fb\uff65\uff71\u2f00\u0e40\u1100\u1161\uac00 \u3131 \u3105 \uff1a\u2014\u3001",
    "<sentinel:12> IMGIMGABCZ     x\t\ty", "a/b//\n/c ...\n/ ?!/x", "\u0915\u093f\u0938\u0940 e\u0301t\u0301",
    "na\u0131ve'S\u00c9\u00c7a aBcDeF ABCdef \u01c5x \u02b0y", "$+<=>^~|` $a +b `c", "\u0661\u0662\u0663\u0664 \u2167",
]  # fmt: skip

TAIL = r"\s*[\r\n]+|\s+(?!\S)|\s+"
APOSTROPHES = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
WORD = r"[^\r\n\p{L}\p{N}]?\p{L}+"
PUNCTUATION = r" ?[^\s\p{L}\p{N}]+[\r\n]*"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = "|".join([APOSTROPHES, WORD, r"\p{N}{1,3}", PUNCTUATION, TAIL])
QWEN2 = "|".join([APOSTROPHES, WORD, r"\p{N}", PUNCTUATION, TAIL])
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
FRONT = r"[^\r\n\p{L}\p{N}]?"


def capitals(behind, digits):
    """Words with capitals in front, then words without."""
    return "|".join(
        [
            f"{FRONT}{UPPER}*{LOWER}+{behind}",
            f"{FRONT}{UPPER}+{LOWER}*{behind}",
            digits,
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            TAIL,
        ]
    )


GPT4O = capitals(APOSTROPHES + "?", r"\p{N}{1,3}")
ASCII = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
CJK = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
MARKED = r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
DEEPSEEK3 = "|".join([ASCII, MARKED, r" ?[\p{P}\p{S}]+[\r\n]*", TAIL])
OLD_CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
SENTENCES = " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"
# The letters that have a case, as DeepSeek LLM lists them.
CASED = (
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293"
    "\u0295-\u02af\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a"
    "\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-"
    "\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-"
    "\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-"
    "\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-"
    "\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-"
    "\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-"
    "\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-"
    "\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-"
    "\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-"
    "\uff3a\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-"
    "\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2\U000118a0-\U000118df"
    "\U0001e900-\U0001e943"
)
KIMI = "|".join(
    [
        r"[\p{Han}]+",
        FRONT + r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
        r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+" + APOSTROPHES + "?",
        FRONT + r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
        r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*" + APOSTROPHES + "?",
        r"\p{N}{1,3}",
        PUNCTUATION,
        TAIL,
    ]
)

PATTERNS = {
    "default": [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
    "gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de a.x-4.0 mellum gigachat mpt olmo"
    " jais trillion granite-docling exaone4 modern-bert roberta-bpe jina-v1-en"
    " jina-v2-code": [GPT2],
    "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano dbrx"
    " smaug-bpe chatglm-bpe glm4": [LLAMA3],
    "qwen2 deepseek-r1-qwen f2llmv2 stablelm2 hunyuan megrez kormo grok-2"
    " solar-open": [QWEN2],
    "deepseek-llm": [
        r"[\r\n]",
        r"\s?[" + CASED + "]+",
        "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
        r"\s+$",
        OLD_CJK,
        r"\p{N}+",
    ],
    "deepseek-coder": [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", OLD_CJK, r"\p{N}"],
    "deepseek-v3 hunyuan-dense joyai-llm hy_v4": [r"\p{N}{1,3}", CJK, DEEPSEEK3],
    "falcon": [r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"],
    "smollm starcoder refact command-r codeshell exaone minerva-7b mellum2": [
        r"\p{N}",
        GPT2,
    ],
    "poro-chat bloom gpt3-finnish": [SENTENCES],
    "viking": [SENTENCES, r"\p{N}"],
    "tekken": [capitals("", r"\p{N}")],
    "gpt-4o llama4 kanana2 minimax-m2 talkie granite-embed-multi-97m": [GPT4O],
    "kimi-k2": [KIMI],
    "bailingmoe bailingmoe2 llada-moe": [
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*"
        r"|\s*[\r\n]|\s+(?!\S)|\s+"
    ],
    "seed-coder": [
        "|".join([APOSTROPHES, WORD, r"\p{N}{1}", r" ?[^\s\p{L}\p{N}\r\n]+", TAIL])
    ],
    "ufakzeka": ["|".join([WORD, r"\p{N}", PUNCTUATION, TAIL])],
    "qwen35": [
        "|".join(
            [APOSTROPHES, FRONT + r"[\p{L}\p{M}]+", r"\p{N}"]
            + [r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*", TAIL]
        )
    ],
    "exaone-moe": [
        "|".join(
            [APOSTROPHES, FRONT + r"(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+", r"\p{N}"]
            + [r" ?[^\s\p{L}\p{N}]+[\r\n/]?", r"\s*[\r\n]|\s+(?!\S)|\s+"]
        )
    ],
    "jais-2": [
        "|".join(
            [APOSTROPHES, WORD, r"\p{N}{1,3}", PUNCTUATION, r"\s*[\r\n]+"]
            + [rf"\s{{{n}}}(?!\S)" for n in ("512", "256", "128", "64", "32")]
            + [rf"\s{{{n}}}(?!\S)" for n in ("16", "8", "4", "1,2")]
            + [r"\s{1}"]
        )
    ],
    "minicpm5": [
        r"\p{N}{1,3}",
        "|".join([APOSTROPHES, WORD, r"\p{N}+", PUNCTUATION, TAIL]),
    ],
    "spark2_5": [
        r"\p{N}{1,3}",
        CJK,
        "|".join([ASCII, MARKED, r" ?[\p{P}\p{S}]+", r"[\r\n]|\s+(?!\S)|\s+"]),
        r"\p{N}",
    ],
    "youtu": [
        "[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a"
        "\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+|[\u3105-\u312f]+|" + CJK,
        capitals(APOSTROPHES + "?", r"\p{N}"),
    ],
    "tiny_aya cohere2moe": [r"\d{1,3}(?=(?:\d{3})*\b)", GPT4O],
    "superbpe": [r"\p{N}+", r"(?=(\d{3})+(?!\d))"],
    "afmoe": [
        r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))",
        "[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u3040-\u309f\u30a0-\u30ff\uff65-\uff9f"
        "\u2f00-\u2fdf\u0e40-\u0e7f\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f"
        "\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+",
        DEEPSEEK3,
    ],
    "laguna": [r"[^\n]+|[\n]+", QWEN2],
    "chameleon": [
        "<sentinel:[0-9]+>",
        "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
        "([\\t\\n]|    |  )",
        r"\p{N}",
        r"[\p{P}!-/:-@\[-`{-~]",
        GPT2,
    ],
    "gemma4 granite-embed-multi-311m sarvam-moe": [r"[^\n]+|[\n]+"],
    "whitespace": None,
}


def main():
    path = pathlib.Path(sys.argv[1])
    torture = (path.parent / "torture.txt").read_bytes().decode().split("\n")
    cases = []
    for names, patterns in PATTERNS.items():
        cut = (
            pre_tokenizers.WhitespaceSplit()
            if patterns is None
            else pre_tokenizers.Sequence(
                [pre_tokenizers.Split(Regex(each), "isolated") for each in patterns]
            )
        )
        words = [
            [len(word.encode()) for word, _ in cut.pre_tokenize_str(text)]
            for text in TEXTS + torture
        ]
        cases.append({"names": names.split(), "words": words})
    text = json.dumps({"texts": TEXTS, "cases": cases}, separators=(",", ":"))
    path.write_text(text.replace('{"names"', '\n{"names"') + "\n")


if __name__ == "__main__":
    main()
