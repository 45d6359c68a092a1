// Pieces with the types that sentencepiece gives them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ScoredPieces.h"

using namespace llvm;

namespace tenon {

Expected<uint8_t> readByteName(const TokenizerTables &tables, size_t id,
                               StringRef text) {
  unsigned byte;
  StringRef digits = text;
  if (digits.consume_front("<0x") && digits.consume_back(">") &&
      digits.size() == 2 && !digits.getAsInteger(16, byte))
    return uint8_t(byte);
  return createStringError(
      "%s: token %zu is a byte, but is called '%s' instead "
      "of <0x00> to <0xFF>",
      tables.file.c_str(), id, text.str().c_str());
}

static Error addByte(TokenizerTables &tables, size_t id, StringRef text) {
  Expected<uint8_t> byte = readByteName(tables, id, text);
  if (!byte)
    return byte.takeError();
  if (tables.bytePieces[*byte] >= 0)
    return createStringError("%s: tokens %d and %zu are one byte, '%s'",
                             tables.file.c_str(), tables.bytePieces[*byte], id,
                             text.str().c_str());
  tables.bytePieces[*byte] = int32_t(id);
  return tables.addPiece(id, std::string(1, char(*byte)), PieceType::Byte,
                         false);
}

Error addScoredPiece(TokenizerTables &tables, size_t id, StringRef text,
                     int64_t type) {
  if (type == PieceType::Byte)
    return addByte(tables, id, text);
  bool isSpecial = type == PieceType::Control || type == PieceType::Unknown;
  bool isAdded = isSpecial || type == PieceType::UserDefined;
  // These are found in text whose spaces are marked.
  uint32_t flags = isSpecial ? TENON_ADDED_SPECIAL : TENON_ADDED_NORMALIZED;
  if (isAdded && !text.empty())
    tables.added.push_back({uint32_t(id), flags});
  // Converters spell the spaces of user-defined pieces as spaces, which no
  // normalized text has.
  std::string spelling = text.str();
  if (type == PieceType::UserDefined)
    for (size_t at; (at = spelling.find(' ')) != std::string::npos;)
      spelling.replace(at, 1, "\u2581");
  // An unused piece may be a step of merging, but is no part of a segmentation.
  bool isText = !isSpecial && !(type == PieceType::Unused &&
                                tables.model == TENON_TOKENIZER_UNIGRAM);
  return tables.addPiece(id, spelling, uint8_t(type),
                         isText && !spelling.empty());
}

} // namespace tenon
