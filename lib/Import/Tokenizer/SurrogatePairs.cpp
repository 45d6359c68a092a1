// Resolves escaped surrogates in JSON text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "SurrogatePairs.h"

#include "llvm/Support/ConvertUTF.h"

using namespace llvm;

namespace tenon {

/// Reads an escape `\uXXXX` in a range, or returns 0.
static unsigned readEscape(StringRef text, unsigned low, unsigned high) {
  unsigned value;
  if (!text.starts_with("\\u") ||
      text.substr(2, 4).getAsInteger(/*Radix=*/16, value))
    return 0;
  return value >= low && value <= high ? value : 0;
}

std::string resolveSurrogatePairs(StringRef json) {
  std::string result;
  result.reserve(json.size());
  while (true) {
    size_t at = json.find('\\');
    result += json.substr(0, at);
    if (at == StringRef::npos)
      return result;
    json = json.substr(at);
    unsigned first = readEscape(json, 0xd800, 0xdbff);
    unsigned second = readEscape(json.substr(6), 0xdc00, 0xdfff);
    if (!first || !second) {
      // The character after a backslash may be one itself.
      result += json.substr(0, 2);
      json = json.substr(2);
      continue;
    }
    char bytes[UNI_MAX_UTF8_BYTES_PER_CODE_POINT];
    char *end = bytes;
    ConvertCodePointToUTF8(
        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), end);
    result.append(bytes, end);
    json = json.substr(12);
  }
}

} // namespace tenon
