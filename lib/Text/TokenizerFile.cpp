// Opens tokenizer.bin and checks all of it before anything is used.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TokenizerFile.h"

#include "Failure.h"
#include "Utf8.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace tenon::text {

TokenizerFile::~TokenizerFile() {
  if (mapped)
    munmap(const_cast<uint8_t *>(base), size);
  else
    free(const_cast<uint8_t *>(base));
}

tenon_text_status TokenizerFile::open(const char *path) {
  // A pipe, which is refused below, must not wait for a writer.
  int file = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return fail(TENON_TEXT_INVALID_FILE, "cannot open '%s': %s", path,
                strerror(errno));
  struct stat info;
  bool known = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  if (!known || info.st_size == 0) {
    close(file);
    return fail(TENON_TEXT_INVALID_FILE,
                "'%s' is not a file with content; give the tokenizer.bin of an "
                "artifact",
                path);
  }
  size = info.st_size;
  void *data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  int error = errno;
  close(file);
  if (data == MAP_FAILED)
    return fail(TENON_TEXT_INVALID_FILE, "cannot map '%s': %s", path,
                strerror(error));
  base = static_cast<const uint8_t *>(data);
  mapped = true;
  return check(path);
}

tenon_text_status TokenizerFile::openMemory(const void *data, uint64_t bytes) {
  // Bytes of the caller may lie anywhere; the tables need an alignment of 8.
  void *copy = malloc(bytes ? bytes : 1);
  if (!copy)
    return fail(TENON_TEXT_INVALID_ARGUMENT,
                "cannot allocate %llu bytes for a tokenizer",
                static_cast<unsigned long long>(bytes));
  if (bytes)
    memcpy(copy, data, bytes);
  base = static_cast<const uint8_t *>(copy);
  size = bytes;
  return check("tokenizer in memory");
}

tenon_text_status TokenizerFile::check(const char *path) {
  if (size >= sizeof(tenon_tokenizer_header) &&
      !memcmp(header().magic, TENON_TOKENIZER_MAGIC, 8) &&
      header().version != TENON_TOKENIZER_VERSION)
    return fail(TENON_TEXT_INVALID_FILE,
                "'%s' has version %u of the tokenizer format, this library "
                "reads version %u; compile the model again",
                path, header().version, TENON_TOKENIZER_VERSION);

  const char *reason = checkHeader();
  if (!reason)
    reason = readTables();
  if (!reason)
    reason = checkPieces();
  if (!reason)
    reason = checkSlots();
  if (!reason)
    reason = checkTokens();
  if (!reason)
    return TENON_TEXT_OK;
  return fail(TENON_TEXT_INVALID_FILE,
              "'%s' is damaged: %s; compile the model "
              "again",
              path, reason);
}

const char *TokenizerFile::checkHeader() const {
  if (size < sizeof(tenon_tokenizer_header))
    return "it is shorter than its header";
  tenon_tokenizer_header copy = header();
  if (memcmp(copy.magic, TENON_TOKENIZER_MAGIC, sizeof(copy.magic)))
    return "it does not begin with " TENON_TOKENIZER_MAGIC;
  if (copy.size != size)
    return "its size is not the one in its header";

  // The hash covers the header with the field of the hash as zero. Hashing
  // runs over one range, so the two parts meet in their own hash.
  copy.hash = 0;
  uint64_t parts[2] = {tenon_hash(&copy, sizeof(copy)),
                       tenon_hash(base + sizeof(copy), size - sizeof(copy))};
  if (tenon_hash(parts, sizeof(parts)) != header().hash)
    return "its hash does not match its content";
  if (copy.model > TENON_TOKENIZER_UNIGRAM)
    return "its model is unknown";
  return nullptr;
}

template <typename T>
bool TokenizerFile::read(const tenon_table &entry, Table<T> &table) const {
  if (entry.offset % 8 || entry.offset > size ||
      entry.count > (size - entry.offset) / sizeof(T))
    return false;
  table.data = reinterpret_cast<const T *>(base + entry.offset);
  table.size = entry.count;
  return true;
}

const char *TokenizerFile::readTables() {
  const tenon_tokenizer_header &h = header();
  bool inside = read(h.piece_offsets, offsets) && read(h.piece_bytes, bytes) &&
                read(h.piece_kinds, kinds) && read(h.piece_slots, pieceSlots) &&
                read(h.byte_pieces, bytePieces) && read(h.scores, scores) &&
                read(h.merges, merges) && read(h.merge_slots, mergeSlots) &&
                read(h.added, added) && read(h.splits, splits) &&
                read(h.texts, texts) && read(h.prefix, prefix) &&
                read(h.suffix, suffix) && read(h.ends, ends) &&
                read(h.map_units, mapUnits) && read(h.map_texts, mapTexts);
  if (!inside)
    return "a table lies outside of it";
  // Identifiers are 31 bits wide, and -1 is none.
  if (!kinds.size || kinds.size >= (1u << 31) || offsets.size != kinds.size + 1)
    return "its tables of pieces differ in length";
  if (bytePieces.size != 256)
    return "it does not have 256 pieces for bytes";
  bool hasScores =
      h.model == TENON_TOKENIZER_SCORES || h.model == TENON_TOKENIZER_UNIGRAM;
  if (scores.size != (hasScores ? kinds.size : 0))
    return "it does not have one score for each piece";
  std::string_view replacements(mapTexts.data, mapTexts.size);
  if (mapUnits.size && (replacements.empty() || replacements.back() ||
                        countWholeBytes(replacements) != replacements.size()))
    return "the replacements of its map are no texts";
  return nullptr;
}

const char *TokenizerFile::checkPieces() const {
  if (offsets[0] != 0 || offsets[kinds.size] != bytes.size)
    return "its pieces do not cover their table";
  if (!std::is_sorted(offsets.begin(), offsets.end()))
    return "the offsets of its pieces do not ascend";
  for (uint8_t kind : kinds)
    if (kind > TENON_PIECE_BYTE)
      return "a piece is of an unknown kind";
  for (float score : scores)
    if (std::isnan(score))
      return "the score of a piece is not a number";
  for (const tenon_merge &merge : merges)
    if (std::max({merge.left, merge.right, merge.result}) >= kinds.size)
      return "a merge names a piece that does not exist";
  return nullptr;
}

/// Returns whether every value of a table of slots is an index below `limit`
/// plus 1, and a search among the slots ends.
static bool areValidSlots(const Table<uint32_t> &slots, size_t limit) {
  if (!slots.size || (slots.size & (slots.size - 1)))
    return false;
  bool hasEmpty = false;
  for (uint32_t slot : slots) {
    if (slot > limit)
      return false;
    hasEmpty |= slot == 0;
  }
  return hasEmpty;
}

const char *TokenizerFile::checkSlots() const {
  if (!areValidSlots(pieceSlots, kinds.size))
    return "its index of pieces is inconsistent";
  if (!areValidSlots(mergeSlots, merges.size))
    return "its index of merges is inconsistent";
  return nullptr;
}

const char *TokenizerFile::checkTokens() const {
  auto isTokenOrNone = [&](int32_t token) {
    return token >= -1 && token < int64_t(kinds.size);
  };
  auto isToken = [&](int32_t token) {
    return token >= 0 && isTokenOrNone(token);
  };
  if (!isTokenOrNone(header().bos) || !isTokenOrNone(header().unknown) ||
      !std::all_of(bytePieces.begin(), bytePieces.end(), isTokenOrNone) ||
      !std::all_of(prefix.begin(), prefix.end(), isToken) ||
      !std::all_of(suffix.begin(), suffix.end(), isToken) ||
      !std::all_of(ends.begin(), ends.end(), isToken))
    return "a special token does not exist";
  // Each at most once, so that all their texts are no longer than the file.
  std::vector<bool> seen(kinds.size);
  for (const tenon_added_token &token : added) {
    if (token.id >= kinds.size || piece(token.id).empty())
      return "an added token has no text";
    if (seen[token.id])
      return "an added token is there twice";
    seen[token.id] = true;
  }
  for (const tenon_split &split : splits)
    if (split.behavior > TENON_SPLIT_PREFIX_MARK || split.invert > 1 ||
        split.offset > texts.size || split.size > texts.size - split.offset)
      return "a split pattern is inconsistent";
  return nullptr;
}

int32_t TokenizerFile::findPiece(std::string_view text) const {
  size_t mask = pieceSlots.size - 1;
  for (size_t slot = tenon_hash(text.data(), text.size()) & mask;
       pieceSlots[slot]; slot = (slot + 1) & mask)
    if (piece(pieceSlots[slot] - 1) == text)
      return pieceSlots[slot] - 1;
  return -1;
}

const tenon_merge *TokenizerFile::findMerge(uint32_t left,
                                            uint32_t right) const {
  size_t mask = mergeSlots.size - 1;
  for (size_t slot = tenon_hash_merge(left, right) & mask; mergeSlots[slot];
       slot = (slot + 1) & mask) {
    const tenon_merge &merge = merges[mergeSlots[slot] - 1];
    if (merge.left == left && merge.right == right)
      return &merge;
  }
  return nullptr;
}

} // namespace tenon::text
