// Reads pieces of byte-level tokenizers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ByteAlphabet.h"

#include <array>

namespace tenon {

constexpr unsigned alphabetSize = 0x100 + 68;

static bool standsForItself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) ||
         byte >= 0xae;
}

/// Returns the byte of each character below `alphabetSize`, or -1.
static std::array<int, alphabetSize> makeAlphabet() {
  std::array<int, alphabetSize> bytes;
  bytes.fill(-1);
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 0x100; ++byte)
    bytes[standsForItself(byte) ? byte : next++] = byte;
  return bytes;
}

std::optional<std::string> bytesOfSpelling(llvm::StringRef piece) {
  static const std::array<int, alphabetSize> alphabet = makeAlphabet();
  std::string bytes;
  for (size_t at = 0; at < piece.size(); ++at) {
    // No character of the alphabet has more than two bytes of UTF-8.
    unsigned character = uint8_t(piece[at]);
    if (character >= 0xc0) {
      if (++at == piece.size() || (piece[at] & 0xc0) != 0x80)
        return std::nullopt;
      character = (character & 0x3f) << 6 | (piece[at] & 0x3f);
    } else if (character >= 0x80) {
      return std::nullopt;
    }
    if (character >= alphabetSize || alphabet[character] < 0)
      return std::nullopt;
    bytes += char(alphabet[character]);
  }
  return bytes;
}

} // namespace tenon
