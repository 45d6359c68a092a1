// How byte-level tokenizers of GGUF files cut text, by name.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GgufPreTokenizers.h"

#include "tenon/Runtime/TokenizerFormat.h"
#include "SplitPattern.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;

namespace tenon {

// The letters that have a case, as DeepSeek LLM lists them.
static constexpr StringLiteral deepseekLlm[] = {
    R"([\r\n])",
    R"(\s?[)"
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba"
    "\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373"
    "\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c"
    "\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f"
    "\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd"
    "\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b"
    "\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15"
    "\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d"
    "\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d"
    "\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4"
    "\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec"
    "\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107"
    "\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128"
    "\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f"
    "\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b"
    "\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3"
    "\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f"
    "\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf"
    "\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a"
    "\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3"
    "\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2"
    "\U000118a0-\U000118df\U0001e900-\U0001e943"
    R"(]+)",
    "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f"
    "\u3000-\u3002]+",
    R"(\s+$)",
    "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+",
    R"(\p{N}+)",
};
static constexpr StringLiteral deepseekCoder[] = {
    R"([\r\n])",    R"(\s?\p{L}+)",
    R"(\s?\p{P}+)", "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+",
    R"(\p{N})",
};

// Words with capitals in front, then words without, as several publishers have
// them; then digits, punctuation and blanks.
static constexpr StringLiteral tekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr StringLiteral gpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// The same, but Chinese characters are words of their own.
static constexpr StringLiteral kimiK2 =
    R"(\p{Han}+)"
    R"(|[^\r\n\p{L}\p{N}]?(?:(?!\p{Han})[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])*)"
    R"((?:(?!\p{Han})[\p{Ll}\p{Lm}\p{Lo}\p{M}])+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?(?:(?!\p{Han})[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])+)"
    R"((?:(?!\p{Han})[\p{Ll}\p{Lm}\p{Lo}\p{M}])*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Words without those of English behind an apostrophe.
static constexpr StringLiteral ufakzeka =
    R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Letters with their marks.
static constexpr StringLiteral qwen35 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N})"
    R"(| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Words of one letter each may follow one another, with a space between them.
static constexpr StringLiteral exaoneMoe =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d))"
    R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)";
// Runs of white space are cut at powers of two.
static constexpr StringLiteral jais2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S))"
    R"(|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S))"
    R"(|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})";
static constexpr StringLiteral minicpm5[] = {
    R"(\p{N}{1,3})",
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+)"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
static constexpr StringLiteral spark[] = {
    deepseek3Patterns[0], deepseek3Patterns[1],
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)"
    R"(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+)"
    R"(|[\r\n]|\s+(?!\S)|\s+)",
    R"(\p{N})"};
// Scripts of East Asia and their punctuation are words of their own.
static constexpr StringLiteral youtu[] = {
    "[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014"
    "\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+|[\u3105-\u312f]+"
    "|[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
// Digits in threes, counted from the last one. What is no part of a word for
// Oniguruma is spelled out.
static constexpr StringLiteral tinyAya[] = {
    R"(\d{1,3}(?=(?:\d{3})*(?![\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc})"
    "\u00b2\u00b3\u00b9\u00bc-\u00be\u24b6-\u24e9\U0001f130-\U0001f149"
    "\U0001f150-\U0001f169\U0001f170-\U0001f189]))",
    gpt4o};
static constexpr StringLiteral superbpe[] = {R"(\p{N}+)",
                                             R"((?=(\d{3})+(?!\d)))"};
static constexpr StringLiteral afmoe[] = {
    R"(\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})))",
    "[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u3040-\u309f\u30a0-\u30ff"
    "\uff65-\uff9f\u2f00-\u2fdf\u0e40-\u0e7f\u0e80-\u0eff\u1780-\u17ff"
    "\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+",
    deepseek3Patterns[2]};
static constexpr StringLiteral lines = R"([^\n]+|[\n]+)";
static constexpr StringLiteral spaces = R"(\s+)";
static constexpr StringLiteral laguna[] = {lines, qwen2Pattern};
static constexpr StringLiteral chameleon[] = {
    "<sentinel:[0-9]+>",       "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
    R"(([\t\n]|    |  ))",     R"(\p{N})",
    R"([\p{P}!-/:-@\[-`{-~])", gpt2Pattern};
static constexpr StringLiteral sentences[] = {
    " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+", R"(\p{N})"};
static constexpr StringLiteral bailing =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
static constexpr StringLiteral seedCoder =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";

// What llama.cpp does to files that do not say what they were trained with.
static constexpr StringLiteral unnamed[] = {
    R"([\p{P}\$\+<=>\^~\|]+)", gpt2Pattern, R"(\p{N}+)", R"([0-9]{3})"};
static constexpr StringLiteral falcon[] = {R"([\p{P}\$\+<=>\^~\|`]+)",
                                           gpt2Pattern, R"([0-9][0-9][0-9])"};
static constexpr StringLiteral digits[] = {R"(\p{N})", gpt2Pattern};

static ArrayRef<GgufPreTokenizer> getPreTokenizers() {
  static const GgufPreTokenizer known[] = {
      {"default", unnamed, 0, false},
      {"gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de a.x-4.0 mellum "
       "gigachat mpt olmo jais trillion granite-docling exaone4 modern-bert "
       "roberta-bpe jina-v1-en jina-v2-code",
       gpt2Pattern, 0, false},
      {"llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 "
       "jina-v5-nano",
       llama3Pattern, TENON_TOKENIZER_IGNORE_MERGES, true},
      {"dbrx smaug-bpe chatglm-bpe glm4", llama3Pattern, 0, false},
      {"qwen2 deepseek-r1-qwen f2llmv2", qwen2Pattern, TENON_TOKENIZER_NFC,
       false},
      {"stablelm2 hunyuan megrez kormo grok-2 solar-open", qwen2Pattern, 0,
       false},
      {"deepseek-llm", deepseekLlm, 0, false},
      {"deepseek-coder", deepseekCoder, 0, false},
      {"deepseek-v3 hunyuan-dense joyai-llm hy_v4", deepseek3Patterns, 0,
       false},
      {"falcon", falcon, 0, false},
      {"smollm starcoder refact command-r codeshell exaone minerva-7b mellum2",
       digits, 0, false},
      {"poro-chat bloom gpt3-finnish", ArrayRef(sentences).take_front(), 0,
       false},
      {"viking", sentences, 0, false},
      {"tekken", tekken, TENON_TOKENIZER_IGNORE_MERGES, true},
      {"gpt-4o llama4 kanana2 minimax-m2 talkie", gpt4o, 0, false},
      {"granite-embed-multi-97m", gpt4o, TENON_TOKENIZER_IGNORE_MERGES, false},
      {"kimi-k2", kimiK2, 0, false},
      {"bailingmoe bailingmoe2 llada-moe", bailing, 0, false},
      {"seed-coder", seedCoder, 0, false},
      {"ufakzeka", ufakzeka, 0, false},
      {"qwen35", qwen35, TENON_TOKENIZER_NFC, false},
      {"exaone-moe", exaoneMoe, 0, false},
      {"jais-2", jais2, 0, false},
      {"minicpm5", minicpm5, TENON_TOKENIZER_IGNORE_MERGES, false},
      {"spark2_5", spark, 0, false},
      {"youtu", youtu, TENON_TOKENIZER_IGNORE_MERGES, false},
      {"tiny_aya cohere2moe", tinyAya, 0, false},
      {"superbpe", superbpe, 0, false},
      {"afmoe", afmoe, 0, false},
      {"laguna", laguna, 0, false},
      {"chameleon", chameleon, 0, true},
      {"gemma4 granite-embed-multi-311m sarvam-moe", lines,
       TENON_TOKENIZER_SPACE_MARK, false, /*spellsBytes=*/false},
      {"whitespace", spaces, 0, false, /*spellsBytes=*/false,
       TENON_SPLIT_REMOVED},
  };
  return known;
}

const GgufPreTokenizer *findGgufPreTokenizer(StringRef name) {
  for (const GgufPreTokenizer &known : getPreTokenizers()) {
    SmallVector<StringRef> names;
    known.names.split(names, ' ');
    if (is_contained(names, name))
      return &known;
  }
  return nullptr;
}

std::string getGgufPreTokenizerNames() {
  std::string names;
  for (const GgufPreTokenizer &known : getPreTokenizers())
    for (char c : (names.empty() ? "" : " ") + known.names.str())
      names += c == ' ' ? std::string(", ") : std::string(1, c);
  return names;
}

} // namespace tenon
