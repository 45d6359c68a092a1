// Checks the tables of a tokenizer and writes them as tokenizer.bin.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TokenizerTables.h"

#include "SplitPattern.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <cstring>

using namespace llvm;

namespace tenon {

/// The character that stands for a space inside pieces.
static const StringLiteral spaceMark = "\u2581";

Error TokenizerTables::addPiece(int64_t id, std::string text, uint8_t kind,
                                bool isSearchable) {
  // Identifiers may have holes. The limit keeps a lying file from asking for
  // more memory than its size is worth.
  constexpr int64_t maxPieces = 1 << 24;
  if (id < 0 || id >= maxPieces)
    return createStringError(
        "%s: piece '%s' has identifier %lld, which is not in 0 to %lld",
        file.c_str(), text.c_str(), static_cast<long long>(id),
        static_cast<long long>(maxPieces - 1));
  if (size_t(id) >= pieces.size())
    pieces.resize(id + 1);
  if (pieces[id].kind != TENON_PIECE_ABSENT)
    return createStringError("%s: pieces '%s' and '%s' have one identifier, "
                             "%lld",
                             file.c_str(), pieces[id].text.c_str(),
                             text.c_str(), static_cast<long long>(id));
  if (isSearchable && !idOfText.try_emplace(text, id).second)
    return createStringError("%s: identifiers %u and %lld have one piece, '%s'",
                             file.c_str(), idOfText.lookup(text),
                             static_cast<long long>(id), text.c_str());
  pieces[id] = {std::move(text), kind, isSearchable};
  return Error::success();
}

int64_t TokenizerTables::find(StringRef text) const {
  auto entry = idOfText.find(text);
  return entry == idOfText.end() ? -1 : int64_t(entry->second);
}

Error TokenizerTables::addMerge(StringRef left, StringRef right,
                                StringRef spelling) {
  std::string result = (left + right).str();
  int64_t ids[3] = {find(left), find(right), find(result)};
  if (!is_contained(ids, -1)) {
    merges.push_back({uint32_t(ids[0]), uint32_t(ids[1]), uint32_t(ids[2])});
    return Error::success();
  }
  const char *part = ids[0] < 0   ? "left side"
                     : ids[1] < 0 ? "right side"
                                  : "result";
  return createStringError(
      "%s: merge %zu, '%s', has a %s that is not in the vocabulary",
      file.c_str(), merges.size(), spelling.str().c_str(), part);
}

Error TokenizerTables::addSplit(uint32_t behavior, bool invert,
                                StringRef pattern) {
  if (behavior == TENON_SPLIT_PREFIX_SPACE ||
      behavior == TENON_SPLIT_PREFIX_MARK) {
    splits.push_back({behavior, invert, ""});
    return Error::success();
  }
  Expected<std::string> translated = translatePattern(pattern, file);
  if (!translated)
    return translated.takeError();
  splits.push_back({behavior, invert, std::move(*translated)});
  return Error::success();
}

Error TokenizerTables::addBertSplits() {
  if (Error error = addSplit(TENON_SPLIT_REMOVED, /*invert=*/false, R"(\s)"))
    return error;
  return addSplit(TENON_SPLIT_ISOLATED, /*invert=*/false,
                  R"([!-/:-@\[-`{-~\p{P}])");
}

void TokenizerTables::addEnd(int64_t id) {
  if (id >= 0 && !is_contained(ends, uint32_t(id)))
    ends.push_back(id);
}

// The names are those that llama.cpp takes for ends.
void TokenizerTables::addNamedEnds() {
  static const StringLiteral names[] = {
      "<|eot_id|>",    "<|eom_id|>",    "<|im_end|>",      "<|end|>",
      "<|return|>",    "<|call|>",      "<|flush|>",       "<|calls|>",
      "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<end_of_utterance>",
      "</s>",          "<EOT>",         "_<EOT>",          "[EOT]",
      "[EOS]",
  };
  auto findName = [&](StringRef name) -> int64_t {
    for (auto [id, piece] : enumerate(pieces))
      if ((piece.kind == TENON_PIECE_CONTROL ||
           piece.kind == TENON_PIECE_ADDED) &&
          piece.text == name)
        return id;
    return -1;
  };
  // Where a message ends and others follow, other names end the turn.
  bool endsMessages = findName("<|return|>") >= 0 && findName("<|call|>") >= 0;
  for (StringRef name : names)
    if (!endsMessages || name != "<|end|>")
      addEnd(findName(name));
}

Error TokenizerTables::checkToken(int64_t id, StringRef what) const {
  if (hasToken(id))
    return Error::success();
  return createStringError(
      "%s: %s is %lld, but the tokenizer has no such piece among its %zu",
      file.c_str(), what.str().c_str(), static_cast<long long>(id),
      pieces.size());
}

Error TokenizerTables::check() const {
  if (pieces.empty())
    return createStringError("%s: the tokenizer has no pieces", file.c_str());
  bool hasScores =
      model == TENON_TOKENIZER_SCORES || model == TENON_TOKENIZER_UNIGRAM;
  if (hasScores && scores.size() != pieces.size())
    return createStringError(
        "%s: expects as many scores as pieces, but got %zu and %zu",
        file.c_str(), scores.size(), pieces.size());
  for (auto [id, score] : enumerate(scores))
    if (std::isnan(score))
      return createStringError("%s: the score of piece %zu is not a number",
                               file.c_str(), size_t(id));
  DenseSet<std::pair<uint32_t, uint32_t>> pairs;
  for (auto [rank, merge] : enumerate(merges))
    if (!pairs.insert({merge.left, merge.right}).second)
      return createStringError(
          "%s: merge %zu, of '%s' and '%s', is there a second time",
          file.c_str(), size_t(rank), pieces[merge.left].text.c_str(),
          pieces[merge.right].text.c_str());

  if (bos >= 0)
    if (Error error = checkToken(bos, "the token that begins a text"))
      return error;
  for (const std::vector<uint32_t> *tokens : {&prefix, &suffix, &ends})
    for (uint32_t token : *tokens)
      if (Error error = checkToken(token, "a special token"))
        return error;
  for (const tenon_added_token &token : added)
    if (pieces[token.id].text.empty())
      return createStringError("%s: added token %u has no text", file.c_str(),
                               token.id);
  return Error::success();
}

namespace {

/// Appends tables to a header.
class Image {
public:
  Image() : bytes(sizeof(tenon_tokenizer_header)) {}

  template <typename T>
  tenon_table append(ArrayRef<T> entries) {
    bytes.resize(alignTo(bytes.size(), 8));
    tenon_table table = {uint32_t(bytes.size()), uint32_t(entries.size())};
    auto *data = reinterpret_cast<const uint8_t *>(entries.data());
    bytes.insert(bytes.end(), data, data + entries.size() * sizeof(T));
    return table;
  }

  std::vector<uint8_t> finish(tenon_tokenizer_header header) {
    header.size = bytes.size();
    header.hash = 0;
    ArrayRef<uint8_t> head(reinterpret_cast<uint8_t *>(&header),
                           sizeof(header));
    uint64_t parts[2] = {xxHash64(head),
                         xxHash64(ArrayRef(bytes).drop_front(head.size()))};
    header.hash =
        xxHash64(ArrayRef(reinterpret_cast<uint8_t *>(parts), sizeof(parts)));
    memcpy(bytes.data(), &header, sizeof(header));
    return std::move(bytes);
  }

private:
  std::vector<uint8_t> bytes;
};

} // namespace

/// Puts index + 1 into the slot of each hash.
static std::vector<uint32_t>
makeSlots(ArrayRef<std::pair<uint64_t, uint32_t>> hashes) {
  size_t size = PowerOf2Ceil(2 * hashes.size() + 1);
  std::vector<uint32_t> slots(size);
  for (auto [hash, index] : hashes) {
    size_t slot = hash & (size - 1);
    while (slots[slot])
      slot = (slot + 1) & (size - 1);
    slots[slot] = index + 1;
  }
  return slots;
}

static void appendPieces(ArrayRef<TokenizerTables::Piece> pieces, Image &image,
                         tenon_tokenizer_header &header) {
  std::vector<uint32_t> offsets = {0};
  std::vector<uint8_t> kinds;
  std::string texts;
  std::vector<std::pair<uint64_t, uint32_t>> hashes;
  for (auto [id, piece] : enumerate(pieces)) {
    texts += piece.text;
    offsets.push_back(texts.size());
    kinds.push_back(piece.kind);
    if (!piece.isSearchable)
      continue;
    hashes.push_back({xxHash64(piece.text), uint32_t(id)});
    for (size_t at = StringRef(piece.text).find(spaceMark, 1);
         at != StringRef::npos;
         at = StringRef(piece.text).find(spaceMark, at + 1)) {
      uint8_t before = piece.text[at - 1];
      header.joins_mark[before / 8] |= 1 << before % 8;
    }
  }
  header.piece_offsets = image.append(ArrayRef(offsets));
  header.piece_bytes = image.append(ArrayRef(texts.data(), texts.size()));
  header.piece_kinds = image.append(ArrayRef(kinds));
  header.piece_slots = image.append(ArrayRef(makeSlots(hashes)));
}

static void appendSplits(ArrayRef<TokenizerTables::Split> splits, Image &image,
                         tenon_tokenizer_header &header) {
  std::vector<tenon_split> entries;
  std::string texts;
  for (const TokenizerTables::Split &split : splits) {
    entries.push_back({split.behavior, split.invert, uint32_t(texts.size()),
                       uint32_t(split.pattern.size())});
    texts += split.pattern;
  }
  header.splits = image.append(ArrayRef(entries));
  header.texts = image.append(ArrayRef(texts.data(), texts.size()));
}

Expected<std::vector<uint8_t>> TokenizerTables::write() const {
  if (Error error = check())
    return std::move(error);

  tenon_tokenizer_header header = {};
  memcpy(header.magic, TENON_TOKENIZER_MAGIC, sizeof(header.magic));
  header.version = TENON_TOKENIZER_VERSION;
  header.model = model;
  header.flags = flags;
  header.bos = bos;
  header.unknown = unknown;
  header.longest_word = longestWord;

  Image image;
  appendPieces(pieces, image, header);
  appendSplits(splits, image, header);
  std::vector<std::pair<uint64_t, uint32_t>> hashes;
  for (auto [rank, merge] : enumerate(merges))
    hashes.push_back(
        {tenon_hash_merge(merge.left, merge.right), uint32_t(rank)});
  header.merges = image.append(ArrayRef(merges));
  header.merge_slots = image.append(ArrayRef(makeSlots(hashes)));
  header.byte_pieces = image.append(ArrayRef(bytePieces));
  header.scores = image.append(ArrayRef(scores));
  header.added = image.append(ArrayRef(added));
  header.prefix = image.append(ArrayRef(prefix));
  header.suffix = image.append(ArrayRef(suffix));
  header.ends = image.append(ArrayRef(ends));
  header.map_units = image.append(ArrayRef(mapUnits));
  header.map_texts = image.append(ArrayRef(mapTexts.data(), mapTexts.size()));
  return image.finish(header);
}

} // namespace tenon
