// Patterns that cut text into words, brought to the syntax of PCRE2.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_TOKENIZER_SPLITPATTERN_H
#define TENON_LIB_IMPORT_TOKENIZER_SPLITPATTERN_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace tenon {

/// The pattern of GPT-2, which byte-level tokenizers use unless they bring
/// their own.
inline constexpr llvm::StringLiteral gpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+)"
    R"(| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// The pattern of Llama 3.
inline constexpr llvm::StringLiteral llama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// The pattern of Qwen 2.
inline constexpr llvm::StringLiteral qwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// The three patterns of DeepSeek-V3, one after another.
inline constexpr llvm::StringLiteral deepseek3Patterns[] = {
    R"(\p{N}{1,3})",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)"
    R"(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

/// Translates a pattern in the syntax of tokenizer.json, which is that of
/// Oniguruma, and checks that PCRE2 takes it. What would mean something else
/// there is refused. `file` is for messages.
llvm::Expected<std::string> translatePattern(llvm::StringRef pattern,
                                             llvm::StringRef file);

/// Returns a pattern that matches just this text.
std::string quotePattern(llvm::StringRef text);

} // namespace tenon

#endif // TENON_LIB_IMPORT_TOKENIZER_SPLITPATTERN_H
