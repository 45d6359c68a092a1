// How byte-level tokenizers of GGUF files cut text, by name.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_TOKENIZER_GGUFPRETOKENIZERS_H
#define TENON_LIB_IMPORT_TOKENIZER_GGUFPRETOKENIZERS_H

#include "tenon/Runtime/TokenizerFormat.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace tenon {

/// What a value of `tokenizer.ggml.pre` stands for.
struct GgufPreTokenizer {
  /// Several names with blanks between them.
  llvm::StringLiteral names;
  /// One after another; each match is a part of the text, unless `behavior` says
  /// something else.
  llvm::ArrayRef<llvm::StringLiteral> patterns;
  uint32_t flags; // TENON_TOKENIZER_*
  /// Whether a text begins with the token for that, unless the file says.
  bool addBos;
  /// Whether tokens are spelled in the alphabet of bytes, or as they are.
  bool spellsBytes = true;
  uint32_t behavior = TENON_SPLIT_ISOLATED;
};

/// Returns null for a name that is not known.
const GgufPreTokenizer *findGgufPreTokenizer(llvm::StringRef name);

/// All names, for messages.
std::string getGgufPreTokenizerNames();

} // namespace tenon

#endif // TENON_LIB_IMPORT_TOKENIZER_GGUFPRETOKENIZERS_H
