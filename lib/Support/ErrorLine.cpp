// Messages of errors as one line each.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/ErrorLine.h"
#include "llvm/ADT/StringExtras.h"

using namespace tenon;

std::string tenon::writeAsLine(llvm::StringRef message) {
  std::string line;
  for (char c : message) {
    if (c == '\n')
      line += "\\n";
    else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      line += {'\\', llvm::hexdigit(c >> 4), llvm::hexdigit(c & 15)};
    else
      line += c;
  }
  return line;
}

llvm::Error tenon::writeAsLine(llvm::Error error) {
  return llvm::createStringError(writeAsLine(llvm::toString(std::move(error))));
}
