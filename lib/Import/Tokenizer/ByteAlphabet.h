// The characters by which byte-level tokenizers spell bytes in their files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_TOKENIZER_BYTEALPHABET_H
#define TENON_LIB_IMPORT_TOKENIZER_BYTEALPHABET_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace tenon {

/// Returns the bytes that a piece spells, or nothing when one of its characters
/// stands for no byte. Printable characters of Latin-1 stand for themselves;
/// the other 68 bytes are U+0100, U+0101, ... in their order.
std::optional<std::string> bytesOfSpelling(llvm::StringRef piece);

} // namespace tenon

#endif // TENON_LIB_IMPORT_TOKENIZER_BYTEALPHABET_H
