// Each check of a tokenizer.bin on its own: the hash is right, one number lies.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Inputs.h"

#include "tenon/Runtime/TokenizerFormat.h"

#include <cmath>
#include <gtest/gtest.h>
#include <utility>

namespace tenon::test {

namespace {

/// The bytes of a tokenizer.bin, one number of which a test changes.
class Lie : public testing::TestWithParam<const char *> {
protected:
  Lie() : bytes(compileInput(GetParam())) {}

  tenon_tokenizer_header &header() {
    return *reinterpret_cast<tenon_tokenizer_header *>(bytes.data());
  }
  template <typename Entry>
  Entry *entries(const tenon_table &table) {
    return reinterpret_cast<Entry *>(bytes.data() + table.offset);
  }
  uint32_t numPieces() { return header().piece_kinds.count; }

  std::string open() {
    renewHash(bytes);
    tenon_tokenizer *opened = nullptr;
    bool fails = tenon_text_open_memory(bytes.data(), bytes.size(), &opened) !=
                 TENON_TEXT_OK;
    TokenizerPtr tokenizer(opened);
    return fails ? tenon_text_last_error() : "";
  }
  void expectRefusal(const std::string &reason) {
    std::string message = open();
    EXPECT_NE(message.find("is damaged: " + reason + ";"), std::string::npos)
        << reason << " is not: " << message;
  }
  /// Sets a number to what is refused, and back to what it was.
  template <typename Number>
  void expectRefused(Number &number, std::common_type_t<Number> wrong,
                     const std::string &reason) {
    Number before = number;
    number = wrong;
    expectRefusal(reason);
    number = before;
  }
  /// The same, and a number that is not refused.
  template <typename Number>
  void expectLimit(Number &number, std::common_type_t<Number> wrong,
                   std::common_type_t<Number> right,
                   const std::string &reason) {
    Number before = number;
    expectRefused(number, wrong, reason);
    number = right;
    EXPECT_EQ(open(), "") << reason;
    number = before;
  }

  Bytes bytes;
};

} // namespace

TEST_P(Lie, header) {
  EXPECT_EQ(open(), "");
  for (char &c : header().magic) {
    c ^= 1;
    expectRefusal("it does not begin with TENONTK1");
    c ^= 1;
  }
  expectRefused(header().model, 5, "its model is unknown");
  ++header().size;
  expectRefusal("its size is not the one in its header");
}

TEST_P(Lie, tables) {
  struct Place {
    tenon_table *table;
    uint32_t entryBytes;
  };
  tenon_tokenizer_header &h = header();
  const std::string reason = "a table lies outside of it";
  for (Place place :
       {Place{&h.piece_offsets, 4}, Place{&h.piece_bytes, 1},
        Place{&h.piece_kinds, 1}, Place{&h.piece_slots, 4},
        Place{&h.byte_pieces, 4}, Place{&h.scores, 4},
        Place{&h.merges, sizeof(tenon_merge)}, Place{&h.merge_slots, 4},
        Place{&h.added, sizeof(tenon_added_token)},
        Place{&h.splits, sizeof(tenon_split)}, Place{&h.texts, 1},
        Place{&h.prefix, 4}, Place{&h.suffix, 4}, Place{&h.ends, 4},
        Place{&h.map_units, 4}, Place{&h.map_texts, 1}}) {
    const tenon_table before = *place.table;
    place.table->offset += 4;
    expectRefusal(reason);
    place.table->offset = before.offset;
    uint32_t most = (bytes.size() - before.offset) / place.entryBytes;
    place.table->count = most + 1;
    expectRefusal(reason);
    // So many entries lie inside, whatever else they are.
    place.table->count = most;
    EXPECT_EQ(open().find(reason), std::string::npos);
    place.table->count = 0;
    place.table->offset = (bytes.size() + 8) / 8 * 8;
    expectRefusal(reason);
    *place.table = before;
  }
}

TEST_P(Lie, lengths) {
  tenon_tokenizer_header &h = header();
  const std::string differ = "its tables of pieces differ in length";
  expectRefused(h.piece_kinds.count, 0, differ);
  expectRefused(h.piece_offsets.count, numPieces(), differ);
  expectRefused(h.piece_offsets.count, numPieces() + 2, differ);
  expectRefused(h.byte_pieces.count, 255,
                "it does not have 256 pieces for "
                "bytes");
  bool hasScores = h.model == TENON_TOKENIZER_SCORES;
  expectRefused(h.scores.count, hasScores ? numPieces() - 1 : 1,
                "it does not have one score for each piece");
}

TEST_P(Lie, pieces) {
  tenon_tokenizer_header &h = header();
  uint32_t *offsets = entries<uint32_t>(h.piece_offsets);
  const std::string cover = "its pieces do not cover their table";
  expectRefused(offsets[0], 1, cover);
  expectRefused(offsets[numPieces()], offsets[numPieces()] - 1, cover);
  expectRefused(h.piece_bytes.count, h.piece_bytes.count - 1, cover);
  expectRefused(offsets[5], offsets[6] + 1,
                "the offsets of its pieces do not ascend");
  uint8_t *kinds = entries<uint8_t>(h.piece_kinds);
  expectLimit(kinds[0], TENON_PIECE_BYTE + 1, TENON_PIECE_BYTE,
              "a piece is of an unknown kind");
  if (h.model == TENON_TOKENIZER_SCORES)
    expectLimit(entries<float>(h.scores)[numPieces() - 1], NAN, INFINITY,
                "the score of a piece is not a number");
  if (!h.merges.count)
    return;
  tenon_merge &merge = entries<tenon_merge>(h.merges)[h.merges.count - 1];
  for (uint32_t *part : {&merge.left, &merge.right, &merge.result})
    expectLimit(*part, numPieces(), numPieces() - 1,
                "a merge names a piece that does not exist");
}

TEST_P(Lie, slots) {
  tenon_tokenizer_header &h = header();
  struct Place {
    tenon_table *table;
    uint32_t limit;
    const char *reason;
  };
  for (Place place : {Place{&h.piece_slots, numPieces(),
                            "its index of pieces is "
                            "inconsistent"},
                      Place{&h.merge_slots, h.merges.count,
                            "its index of merges is "
                            "inconsistent"}}) {
    uint32_t count = place.table->count;
    expectRefused(place.table->count, 0, place.reason);
    if (count > 2)
      expectRefused(place.table->count, count - 1, place.reason);
    uint32_t *slots = entries<uint32_t>(*place.table);
    expectLimit(slots[0], place.limit + 1, place.limit, place.reason);
    // Without an empty one, a search would not end.
    std::vector<uint32_t> before(slots, slots + count);
    for (uint32_t i = 0; i < count; ++i)
      slots[i] = slots[i] ? slots[i] : place.limit;
    if (place.limit)
      expectRefusal(place.reason);
    std::copy(before.begin(), before.end(), slots);
  }
}

TEST_P(Lie, special_tokens) {
  tenon_tokenizer_header &h = header();
  const std::string reason = "a special token does not exist";
  const int32_t size = numPieces();
  for (int32_t *token : {&h.bos, &h.unknown, entries<int32_t>(h.byte_pieces),
                         entries<int32_t>(h.byte_pieces) + 255}) {
    expectLimit(*token, size, size - 1, reason);
    expectLimit(*token, -2, -1, reason);
  }
  // Where none has an entry, the last one of another table stands in.
  for (tenon_table *table : {&h.prefix, &h.suffix, &h.ends}) {
    const tenon_table before = *table;
    if (!table->count)
      *table = {h.byte_pieces.offset, 1};
    int32_t &token = entries<int32_t>(*table)[0];
    expectLimit(token, size, size - 1, reason);
    expectLimit(token, -1, 0, reason);
    *table = before;
  }
}

TEST_P(Lie, added_tokens) {
  tenon_tokenizer_header &h = header();
  auto *added = entries<tenon_added_token>(h.added);
  ASSERT_GE(h.added.count, 2u);
  expectRefused(added[0].id, numPieces(), "an added token has no text");
  expectRefused(added[0].id, added[1].id, "an added token is there twice");
  uint32_t *offsets = entries<uint32_t>(h.piece_offsets);
  uint32_t id = added[0].id;
  std::vector<uint32_t> before(offsets, offsets + numPieces() + 1);
  if (id == 0)
    std::fill(offsets + 1, offsets + 2, 0);
  else
    offsets[id] = offsets[id + 1];
  expectRefusal("an added token has no text");
  std::copy(before.begin(), before.end(), offsets);
}

TEST_P(Lie, splits) {
  tenon_tokenizer_header &h = header();
  const std::string reason = "a split pattern is inconsistent";
  if (!h.splits.count)
    return;
  tenon_split &split = entries<tenon_split>(h.splits)[h.splits.count - 1];
  expectLimit(split.behavior, TENON_SPLIT_PREFIX_MARK + 1,
              TENON_SPLIT_PREFIX_MARK, reason);
  expectLimit(split.invert, 2, 1, reason);
  // It ends where the texts end.
  EXPECT_EQ(split.offset + split.size, h.texts.count);
  expectRefused(split.size, split.size + 1, reason);
  expectRefused(split.offset, h.texts.count + 1, reason);
  expectRefused(h.texts.count, h.texts.count - 1, reason);
}

TEST_P(Lie, patterns) {
  tenon_tokenizer_header &h = header();
  if (!h.splits.count)
    return;
  char *text = entries<char>(h.texts);
  char before = std::exchange(text[0], ')');
  std::string message = open();
  text[0] = before;
  EXPECT_EQ(message.find("split pattern ')"), 0u) << message;
  EXPECT_NE(message.find("' is wrong at byte 0: unmatched closing parenthesis; "
                         "compile the model again"),
            std::string::npos)
      << message;
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Lie, testing::ValuesIn(tokenizerNames));

} // namespace tenon::test
