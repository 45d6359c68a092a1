// The tables of an open tokenizer.bin, checked so that every index holds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_TOKENIZERFILE_H
#define TENON_LIB_TEXT_TOKENIZERFILE_H

#include "tenon/Runtime/TokenizerFormat.h"
#include "tenon/Text/text.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace tenon::text {

/// Entries of one table, as they lie in the file.
template <typename T>
struct Table {
  const T *data = nullptr;
  size_t size = 0;

  const T &operator[](size_t index) const { return data[index]; }
  const T *begin() const { return data; }
  const T *end() const { return data + size; }
};

/// Owns the bytes of a tokenizer.bin. After `open` has succeeded, every piece,
/// merge and text that a table names exists, and every search in a table of
/// slots ends.
class TokenizerFile {
public:
  TokenizerFile() = default;
  TokenizerFile(const TokenizerFile &) = delete;
  TokenizerFile &operator=(const TokenizerFile &) = delete;
  ~TokenizerFile();

  tenon_text_status open(const char *path);
  tenon_text_status openMemory(const void *data, uint64_t size);

  const tenon_tokenizer_header &header() const {
    return *reinterpret_cast<const tenon_tokenizer_header *>(base);
  }
  bool has(uint32_t flag) const { return header().flags & flag; }

  uint32_t numPieces() const { return kinds.size; }
  std::string_view piece(uint32_t id) const {
    return {bytes.data + offsets[id], offsets[id + 1] - offsets[id]};
  }
  /// Returns the piece that a search by text finds, or -1.
  int32_t findPiece(std::string_view text) const;
  /// Returns the merge of two pieces, or null.
  const tenon_merge *findMerge(uint32_t left, uint32_t right) const;
  std::string_view pattern(const tenon_split &split) const {
    return {texts.data + split.offset, split.size};
  }

  Table<uint8_t> kinds;
  Table<int32_t> bytePieces;
  Table<float> scores;
  Table<tenon_merge> merges;
  Table<tenon_added_token> added;
  Table<tenon_split> splits;
  Table<int32_t> prefix;
  Table<int32_t> suffix;
  Table<int32_t> ends;
  /// Empty, or the texts are whole characters with a zero at the end.
  Table<uint32_t> mapUnits;
  Table<char> mapTexts;

private:
  tenon_text_status check(const char *path);
  const char *checkHeader() const;
  const char *readTables();
  const char *checkPieces() const;
  const char *checkSlots() const;
  const char *checkTokens() const;
  template <typename T>
  bool read(const tenon_table &entry, Table<T> &table) const;

  const uint8_t *base = nullptr;
  size_t size = 0;
  bool mapped = false;

  Table<uint32_t> offsets;
  Table<char> bytes;
  Table<uint32_t> pieceSlots;
  Table<uint32_t> mergeSlots;
  Table<char> texts;
};

} // namespace tenon::text

#endif // TENON_LIB_TEXT_TOKENIZERFILE_H
