// Rows of tables in Markdown.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_MARKDOWNTABLE_H
#define TENON_TARGET_MARKDOWNTABLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace tenon {

inline void printTableRow(llvm::raw_ostream &os,
                          llvm::ArrayRef<std::string> cells) {
  os << "| " << llvm::join(cells, " | ") << " |\n";
}

inline void printTableHead(llvm::raw_ostream &os,
                           llvm::ArrayRef<std::string> cells) {
  printTableRow(os, cells);
  os << "|";
  for (size_t i = 0; i < cells.size(); ++i)
    os << "---|";
  os << "\n";
}

/// Text in a monospaced font.
inline std::string quoteCode(const llvm::Twine &text) {
  return ("`" + text + "`").str();
}

} // namespace tenon

#endif // TENON_TARGET_MARKDOWNTABLE_H
