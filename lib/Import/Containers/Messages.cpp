// Errors of one line, whatever bytes a file brings into them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Messages.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

std::string tenon::quote(llvm::StringRef text) {
  constexpr size_t longest = 120;
  std::string result;
  llvm::raw_string_ostream stream(result);
  stream << '\'';
  llvm::printEscapedString(text.take_front(longest), stream);
  stream << (text.size() > longest ? "...'" : "'");
  return result;
}

llvm::Error tenon::makeImportError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}
