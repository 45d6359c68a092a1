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
extern const llvm::StringLiteral gpt2Pattern;
/// The pattern of Llama 3.
extern const llvm::StringLiteral llama3Pattern;
/// The pattern of Qwen 2.
extern const llvm::StringLiteral qwen2Pattern;
/// The three patterns of DeepSeek-V3, one after another.
extern const llvm::StringLiteral deepseek3Patterns[3];

/// Translates a pattern in the syntax of tokenizer.json, which is that of
/// Oniguruma, and checks that PCRE2 takes it. What would mean something else
/// there is refused. `file` is for messages.
llvm::Expected<std::string> translatePattern(llvm::StringRef pattern,
                                             llvm::StringRef file);

/// Returns a pattern that matches just this text.
std::string quotePattern(llvm::StringRef text);

} // namespace tenon

#endif // TENON_LIB_IMPORT_TOKENIZER_SPLITPATTERN_H
