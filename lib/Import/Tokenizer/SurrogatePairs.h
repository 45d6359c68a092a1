// Characters beyond U+FFFF that JSON spells as two escapes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_TOKENIZER_SURROGATEPAIRS_H
#define TENON_LIB_IMPORT_TOKENIZER_SURROGATEPAIRS_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace tenon {

/// Writes every pair of escapes `\ud83d\ude00` as the character it means. The
/// JSON parser of LLVM joins a pair by OR where the definition adds, and so
/// makes another character of U+20000 and beyond.
std::string resolveSurrogatePairs(llvm::StringRef json);

} // namespace tenon

#endif // TENON_LIB_IMPORT_TOKENIZER_SURROGATEPAIRS_H
