// Reads `precompiled_charsmap` and checks every path through it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CharacterMap.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace tenon {

/// Returns whether each value that some bytes lead to is the beginning of a
/// replacement. Units are visited once, so a cycle ends.
static bool areValuesTexts(ArrayRef<uint32_t> units, StringRef texts) {
  auto isText = [&](uint32_t value) {
    return value < texts.size() && (value == 0 || texts[value - 1] == '\0');
  };
  BitVector seen(units.size());
  std::vector<size_t> open = {tenon_map_children(units.front())};
  while (!open.empty()) {
    size_t children = open.back();
    open.pop_back();
    for (unsigned byte = 1; byte < 256; ++byte) {
      size_t at = children ^ byte;
      if (at >= units.size() || seen[at] ||
          !tenon_map_is_reached(units[at], uint8_t(byte)))
        continue;
      seen.set(at);
      size_t next = at ^ tenon_map_children(units[at]);
      if (tenon_map_has_value(units[at]) &&
          (next >= units.size() || !isText(tenon_map_value(units[next]))))
        return false;
      open.push_back(next);
    }
  }
  return true;
}

Error readCharacterMap(TokenizerTables &tables, StringRef bytes, uint32_t flag,
                       const Twine &what) {
  auto fail = [&](const Twine &reason) {
    return createStringError(what + " is damaged: " + reason);
  };
  constexpr size_t unit = sizeof(uint32_t);
  if (bytes.size() < unit)
    return fail("it has " + Twine(bytes.size()) + " bytes");
  size_t size = support::endian::read32le(bytes.data());
  StringRef rest = bytes.drop_front(unit);
  if (size == 0 || size % unit || size >= rest.size())
    return fail("its first number, the size of a trie, is " + Twine(size) +
                ", but " + Twine(rest.size()) + " bytes follow");
  std::vector<uint32_t> units;
  for (size_t at = 0; at < size; at += unit)
    units.push_back(support::endian::read32le(rest.data() + at));
  StringRef texts = rest.drop_front(size);
  const auto *text = texts.bytes_begin();
  if (texts.back() != '\0' || !isLegalUTF8String(&text, texts.bytes_end()))
    return fail("its replacements are no texts");
  if (!areValuesTexts(units, texts))
    return fail("its trie names a replacement that is not there");
  tables.mapUnits = std::move(units);
  tables.mapTexts = texts.str();
  tables.flags |= flag;
  return Error::success();
}

} // namespace tenon
