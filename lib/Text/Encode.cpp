// Turns text into tokens: cuts, normalizes, splits and merges.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "BestSegmentation.h"
#include "Failure.h"
#include "MergeByRank.h"
#include "MergeByScore.h"
#include "Tokenizer.h"
#include "Utf8.h"

#include <algorithm>

namespace tenon::text {

// Normal form C makes a text at most three times as long, and U+2581 too;
// positions have 31 bits.
static constexpr size_t maxSize = size_t(1) << 29;

namespace {

/// Works on one text.
class Encoder {
public:
  Encoder(const tenon_tokenizer &tokenizer, size_t textSize, bool parseSpecial,
          std::vector<int32_t> &tokens)
      : tokenizer(tokenizer), file(tokenizer.file), tokens(tokens),
        parseSpecial(parseSpecial), byRank(file), byScore(file),
        best(file, tokenizer.longestPiece, tokenizer.lowestScore),
        scratch(textSize) {}

  tenon_text_status encode(std::string_view text);

private:
  tenon_text_status encodeFragment(std::string_view text, bool isFirst);
  tenon_text_status encodeSpelled(std::string_view text, bool prefix,
                                  bool isFirst);
  tenon_text_status encodeNormalized(std::string_view text, bool isFirst);
  bool needsMark(std::string_view text, bool isFirst) const;
  void encodePart(std::string_view text);
  void encodeWord(std::string_view word);
  void encodeBytes(std::string_view bytes);
  void encodeCharacters(std::string_view word);
  void encodeWordPieces(std::string_view word);
  int32_t takeWordPiece(std::string_view &rest, bool isFirst) const;
  void encodeUnknown(std::string_view text);
  void pushUnknown();

  const tenon_tokenizer &tokenizer;
  const TokenizerFile &file;
  std::vector<int32_t> &tokens;
  bool parseSpecial;
  MergeByRank byRank;
  MergeByScore byScore;
  BestSegmentation best;
  SplitScratch scratch;
};

} // namespace

tenon_text_status Encoder::encode(std::string_view text) {
  std::vector<CutPart> parts;
  tokenizer.rawTokens.cut(text, parseSpecial, parts);
  for (const CutPart &part : parts) {
    if (part.token >= 0)
      tokens.push_back(part.token);
    else if (tenon_text_status status =
                 encodeFragment(part.text, part.text.data() == text.data()))
      return status;
  }
  return TENON_TEXT_OK;
}

/// `isFirst` says that the whole text begins here.
tenon_text_status Encoder::encodeFragment(std::string_view text, bool isFirst) {
  bool prefix = file.has(TENON_TOKENIZER_SPACE_PREFIX);
  while (!text.empty()) {
    size_t whole = countWholeBytes(text);
    // A fragment that begins with stray bytes has a space in front of those.
    if (whole || prefix)
      if (tenon_text_status status =
              encodeSpelled(text.substr(0, whole), prefix, isFirst))
        return status;
    prefix = isFirst = false;
    text.remove_prefix(whole);

    size_t stray = 0;
    while (stray < text.size() &&
           readCharacter(text.substr(stray)).kind != Character::Kind::Whole)
      ++stray;
    if (stray)
      encodeBytes(text.substr(0, stray));
    text.remove_prefix(stray);
  }
  return TENON_TEXT_OK;
}

tenon_text_status Encoder::encodeSpelled(std::string_view text, bool prefix,
                                         bool isFirst) {
  std::optional<std::string> spelling =
      tokenizer.normalize(text, prefix, maxSize);
  if (!spelling)
    return fail(TENON_TEXT_INVALID_ARGUMENT,
                "a text of %zu bytes has more than %zu once its characters are "
                "replaced; encode it in parts",
                text.size(), maxSize);
  return encodeNormalized(*spelling, isFirst);
}

bool Encoder::needsMark(std::string_view text, bool isFirst) const {
  bool isMarked = file.has(TENON_TOKENIZER_MARK_PARTS) ||
                  (file.has(TENON_TOKENIZER_MARK_FIRST) && isFirst);
  return isMarked && text.substr(0, spaceMark.size()) != spaceMark;
}

tenon_text_status Encoder::encodeNormalized(std::string_view text,
                                            bool isFirst) {
  std::vector<CutPart> cuts;
  tokenizer.normalizedTokens.cut(text, parseSpecial, cuts);
  std::vector<std::string_view> parts, finer;
  std::string marked;
  for (const CutPart &cut : cuts) {
    if (cut.token >= 0) {
      tokens.push_back(cut.token);
      continue;
    }
    parts.assign({cut.text});
    if (needsMark(cut.text, isFirst && cut.text.data() == text.data())) {
      marked.assign(spaceMark).append(cut.text);
      parts.assign({marked});
    }
    for (const SplitStep &step : tokenizer.splits) {
      finer.clear();
      for (std::string_view part : parts)
        if (tenon_text_status status = step.split(part, scratch, finer))
          return status;
      parts.swap(finer);
    }
    for (std::string_view part : parts)
      encodePart(part);
  }
  return TENON_TEXT_OK;
}

void Encoder::encodePart(std::string_view text) {
  // Words are shorter than texts, so the work stays in the cache. Where no
  // piece has a mark after some byte, no merge crosses that place.
  const uint8_t *joins = file.header().joins_mark;
  size_t begin = 0;
  // A word that may be a piece as a whole is not taken apart.
  if (file.has(TENON_TOKENIZER_SPACE_MARK) &&
      !file.has(TENON_TOKENIZER_IGNORE_MERGES))
    for (size_t at = text.find(spaceMark, 1); at != std::string_view::npos;
         at = text.find(spaceMark, at + 1)) {
      uint8_t before = text[at - 1];
      if (joins[before / 8] >> before % 8 & 1)
        continue;
      encodeWord(text.substr(begin, at - begin));
      begin = at;
    }
  encodeWord(text.substr(begin));
}

void Encoder::encodeWord(std::string_view word) {
  if (file.has(TENON_TOKENIZER_IGNORE_MERGES)) {
    int32_t piece = file.findPiece(word);
    if (piece >= 0) {
      tokens.push_back(piece);
      return;
    }
  }
  switch (file.header().model) {
  case TENON_TOKENIZER_BYTE_MERGES:
    return encodeBytes(word);
  case TENON_TOKENIZER_CHARACTER_MERGES:
    return encodeCharacters(word);
  case TENON_TOKENIZER_WORD_PIECES:
    return encodeWordPieces(word);
  case TENON_TOKENIZER_UNIGRAM:
    return best.run(word, [&](std::string_view text, int32_t piece) {
      if (piece >= 0)
        tokens.push_back(piece);
      else
        encodeUnknown(text);
    });
  default:
    byScore.run(word, [&](std::string_view text, int32_t piece) {
      if (piece >= 0)
        tokens.push_back(piece);
      else
        encodeBytes(text);
    });
  }
}

/// Characters that no piece covers: their bytes, if all are pieces.
void Encoder::encodeUnknown(std::string_view text) {
  bool inBytes = std::all_of(text.begin(), text.end(), [&](uint8_t byte) {
    return file.bytePieces[byte] >= 0;
  });
  if (inBytes)
    return encodeBytes(text);
  if (file.header().unknown >= 0)
    tokens.push_back(file.header().unknown);
}

void Encoder::pushUnknown() {
  int32_t unknown = file.header().unknown;
  if (unknown < 0 || (file.has(TENON_TOKENIZER_FUSE_UNKNOWN) &&
                      !tokens.empty() && tokens.back() == unknown))
    return;
  tokens.push_back(unknown);
}

void Encoder::encodeBytes(std::string_view bytes) {
  auto hasPiece = [&](uint8_t byte) { return file.bytePieces[byte] >= 0; };
  if (file.header().model == TENON_TOKENIZER_BYTE_MERGES) {
    byRank.clear();
    for (uint8_t byte : bytes)
      if (hasPiece(byte))
        byRank.push(file.bytePieces[byte]);
    byRank.finish(tokens);
    return;
  }
  if (!std::all_of(bytes.begin(), bytes.end(), hasPiece))
    return pushUnknown();
  for (uint8_t byte : bytes)
    tokens.push_back(file.bytePieces[byte]);
}

void Encoder::encodeCharacters(std::string_view word) {
  byRank.clear();
  bool wasUnknown = false;
  while (!word.empty()) {
    std::string_view text = word.substr(0, readCharacter(word).size);
    word.remove_prefix(text.size());
    int32_t piece = file.findPiece(text);
    bool inBytes = piece < 0 && std::all_of(
                                    text.begin(), text.end(),
                                    [&](uint8_t byte) {
                                      return file.bytePieces[byte] >= 0;
                                    });
    bool isUnknown = piece < 0 && !inBytes;
    if (inBytes)
      for (uint8_t byte : text)
        byRank.push(file.bytePieces[byte]);
    if (isUnknown && !(wasUnknown && file.has(TENON_TOKENIZER_FUSE_UNKNOWN)))
      piece = file.header().unknown;
    if (piece >= 0)
      byRank.push(piece);
    wasUnknown = isUnknown;
  }
  byRank.finish(tokens);
}

/// Takes the longest piece off the beginning of the rest of a word; -1 if there
/// is none.
int32_t Encoder::takeWordPiece(std::string_view &rest, bool isFirst) const {
  std::string marked(isFirst ? "" : wordMark);
  marked += rest;
  size_t front = marked.size() - rest.size();
  std::string_view text = marked;
  while (text.size() > front) {
    int32_t piece = file.findPiece(text);
    if (piece >= 0) {
      rest.remove_prefix(text.size() - front);
      return piece;
    }
    // One character less.
    do
      text.remove_suffix(1);
    while (text.size() > front && (marked[text.size()] & 0xc0) == 0x80);
  }
  return -1;
}

void Encoder::encodeWordPieces(std::string_view word) {
  size_t first = tokens.size();
  size_t characters = std::count_if(word.begin(), word.end(),
                                    [](char c) { return (c & 0xc0) != 0x80; });
  bool isKnown = characters <= file.header().longest_word;
  std::string_view rest = word;
  while (isKnown && !rest.empty()) {
    int32_t piece = takeWordPiece(rest, rest.size() == word.size());
    isKnown = piece >= 0;
    tokens.push_back(piece);
  }
  if (isKnown)
    return;
  tokens.resize(first);
  pushUnknown();
}

tenon_text_status encode(const tenon_tokenizer &tokenizer,
                         std::string_view text, uint32_t flags,
                         std::vector<int32_t> &tokens) {
  if (text.size() > maxSize)
    return fail(TENON_TEXT_INVALID_ARGUMENT,
                "a text may have %zu bytes, but this one has %zu; encode it in "
                "parts",
                maxSize, text.size());
  const TokenizerFile &file = tokenizer.file;
  bool addSpecial = flags & TENON_TEXT_ADD_SPECIAL;
  if (addSpecial)
    tokens.insert(tokens.end(), file.prefix.begin(), file.prefix.end());
  Encoder encoder(tokenizer, text.size(), flags & TENON_TEXT_PARSE_SPECIAL,
                  tokens);
  if (tenon_text_status status = encoder.encode(text))
    return status;
  if (addSpecial)
    tokens.insert(tokens.end(), file.suffix.begin(), file.suffix.end());
  return TENON_TEXT_OK;
}

} // namespace tenon::text
