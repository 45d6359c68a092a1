// Checks JSON text before it is parsed: depth, size, syntax, duplicates.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_JSONSCAN_H
#define TENON_IMPORT_JSONSCAN_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// Objects and arrays inside one another that a file may have.
constexpr unsigned maxJsonDepth = 64;
/// Bytes of a JSON text.
constexpr size_t maxJsonBytes = size_t(1) << 28;

/// Succeeds when `text` is one JSON value that `llvm::json::parse` takes
/// without harm. That parser recurses on its input and lets the last of two
/// equal keys win, so every text from outside goes through here first. `file`
/// is the name to print in messages.
llvm::Error scanJson(llvm::StringRef text, llvm::StringRef file);

} // namespace tenon

#endif // TENON_IMPORT_JSONSCAN_H
