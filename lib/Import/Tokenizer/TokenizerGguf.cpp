// Compiles the tokenizer that the metadata of a GGUF file describes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Tokenizer.h"
#include "tenon/Support/ErrorLine.h"

#include "ByteAlphabet.h"
#include "CharacterMap.h"
#include "GgufPreTokenizers.h"
#include "ScoredPieces.h"
#include "TokenizerTables.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"
#include <array>

using namespace llvm;

namespace tenon {

namespace {

/// Reads one file.
class GgufTokenizer {
public:
  explicit GgufTokenizer(const GgufMetadataView &metadata)
      : metadata(metadata), tables(metadata.getFile()) {
    namedBytes.fill(-1);
  }

  Expected<std::vector<uint8_t>> compile();
  std::vector<std::string> takeWarnings() { return std::move(tables.warnings); }

private:
  Error checkTypes() const;
  Error readVocabulary();
  Error readScored();
  Error readUnigram();
  Error readScoredPieces();
  Error readWordPieces();
  Error addWordPiece(size_t id);
  Error readMerged();
  Error addMergedPiece(size_t id);
  Error readMerges();
  Error readPreTokenizer();
  Error readSpecialTokens();
  int64_t readToken(StringRef name, int64_t whenAbsent);
  void addToken(size_t id);
  /// The text that a spelling of a vocabulary with merges stands for.
  std::optional<std::string> spell(StringRef spelling) const {
    return spellsBytes ? bytesOfSpelling(spelling) : spelling.str();
  }
  bool getFlag(StringRef name, bool whenAbsent) const {
    return metadata.getBool(key(name)).value_or(whenAbsent);
  }
  static std::string key(StringRef name) {
    return ("tokenizer.ggml." + name).str();
  }
  template <typename... Values>
  Error fail(const char *format, Values... values) const {
    return createStringError(("%s: " + Twine(format)).str().c_str(),
                             tables.file.c_str(), values...);
  }

  const GgufMetadataView &metadata;
  TokenizerTables tables;
  std::vector<StringRef> texts;
  std::vector<int64_t> types;
  /// Bytes that a vocabulary of words names as <0x00> to <0xFF>; -1 is none.
  std::array<int32_t, 256> namedBytes;
  bool addsBos = false, addsEos = false;
  bool spellsBytes = true;
  // What the file names by these keys, if it does not say; -1 is none.
  int64_t defaultBos = -1, defaultEos = -1, defaultUnknown = -1;
};

} // namespace

/// A value of another type must not pass for one that is absent.
Error GgufTokenizer::checkTypes() const {
  auto check = [&](const std::string &name, bool isRight,
                   const char *what) -> Error {
    if (isRight || !metadata.has(name))
      return Error::success();
    return fail("expects '%s' to be %s", name.c_str(), what);
  };
  for (const std::string &name :
       {key("model"), key("pre"), std::string("tokenizer.chat_template")})
    if (Error error =
            check(name, metadata.getString(name).has_value(), "a string"))
      return error;
  for (const char *flag : {"add_bos_token", "add_eos_token", "add_space_prefix",
                           "remove_extra_whitespaces"})
    if (Error error = check(key(flag), metadata.getBool(key(flag)).has_value(),
                            "a Boolean"))
      return error;
  for (const char *token :
       {"bos_token_id", "eos_token_id", "eot_token_id", "eom_token_id",
        "unknown_token_id", "cls_token_id", "seperator_token_id"})
    if (Error error = check(key(token), metadata.getInt(key(token)).has_value(),
                            "an integer"))
      return error;
  if (Error error = check(key("token_type"),
                          metadata.getIntArray(key("token_type")).has_value(),
                          "an array of integers"))
    return error;
  StringRef chat = metadata.getString("tokenizer.chat_template").value_or("");
  return check("tokenizer.chat_template", json::isUTF8(chat), "UTF-8");
}

Error GgufTokenizer::readVocabulary() {
  auto tokens = metadata.getStringArray(key("tokens"));
  if (!tokens || tokens->empty())
    return fail("'%s' is missing or empty", key("tokens").c_str());
  texts = std::move(*tokens);

  auto kinds = metadata.getIntArray(key("token_type"));
  types = kinds ? std::move(*kinds)
                : std::vector<int64_t>(texts.size(), PieceType::Normal);
  if (types.size() != texts.size())
    return fail("expects as many entries of '%s' as tokens, but got %zu and "
                "%zu",
                key("token_type").c_str(), types.size(), texts.size());
  for (auto [id, type] : enumerate(types))
    if (type < PieceType::Normal || type > PieceType::Byte)
      return fail("token %zu has type %lld; known types: 1 to 6", size_t(id),
                  static_cast<long long>(type));
  return Error::success();
}

void GgufTokenizer::addToken(size_t id) {
  if (texts[id].empty())
    return;
  bool special =
      types[id] == PieceType::Control || types[id] == PieceType::Unknown;
  uint32_t flags = special ? TENON_ADDED_SPECIAL : 0;
  tables.added.push_back({uint32_t(id), flags});
}

Error GgufTokenizer::readScored() {
  tables.model = TENON_TOKENIZER_SCORES;
  tables.flags = TENON_TOKENIZER_SPACE_MARK | TENON_TOKENIZER_FUSE_UNKNOWN;
  if (getFlag("add_space_prefix", true))
    tables.flags |= TENON_TOKENIZER_SPACE_PREFIX;
  // As sentencepiece numbers them, which the oldest files take for granted.
  addsBos = true;
  defaultUnknown = 0;
  defaultBos = 1;
  defaultEos = 2;
  return readScoredPieces();
}

Error GgufTokenizer::readScoredPieces() {
  auto scores = metadata.getFloatArray(key("scores"));
  if (!scores)
    return fail("'%s' is missing, but the tokenizer of kind %s needs it",
                key("scores").c_str(),
                metadata.getString(key("model"))->str().c_str());
  tables.scores = std::move(*scores);
  for (size_t id = 0; id < texts.size(); ++id)
    if (Error error = addScoredPiece(tables, id, texts[id], types[id]))
      return error;
  return Error::success();
}

/// The kind `t5`: Unigram, with what the normalizer of sentencepiece says.
Error GgufTokenizer::readUnigram() {
  tables.model = TENON_TOKENIZER_UNIGRAM;
  tables.flags = TENON_TOKENIZER_SPACE_MARK | TENON_TOKENIZER_FUSE_UNKNOWN |
                 TENON_TOKENIZER_MAP_PREFIXES;
  if (getFlag("add_space_prefix", false))
    tables.flags |= TENON_TOKENIZER_SPACE_PREFIX;
  if (getFlag("remove_extra_whitespaces", false))
    tables.flags |= TENON_TOKENIZER_SINGLE_SPACES;
  addsEos = true;
  defaultEos = 1;
  defaultUnknown = 2;
  std::string name = key("precompiled_charsmap");
  if (metadata.has(name)) {
    auto bytes = metadata.getIntArray(name);
    if (!bytes)
      return fail("expects '%s' to be an array of bytes", name.c_str());
    std::string map;
    for (int64_t byte : *bytes)
      map += char(byte);
    if (Error error =
            readCharacterMap(tables, map, TENON_TOKENIZER_MAP_PREFIXES,
                             tables.file + ": '" + name + "'"))
      return error;
  }
  return readScoredPieces();
}

/// Converters mark the pieces that begin a word instead of those that continue
/// one.
Error GgufTokenizer::addWordPiece(size_t id) {
  if (types[id] != PieceType::Normal && types[id] != PieceType::Unused) {
    addToken(id);
    return tables.addPiece(id, texts[id].str(), types[id], false);
  }
  StringRef text = texts[id];
  bool begins = text.consume_front("\u2581");
  return tables.addPiece(id, (begins ? "" : "##") + text.str(), types[id],
                         !text.empty());
}

Error GgufTokenizer::readWordPieces() {
  tables.model = TENON_TOKENIZER_WORD_PIECES;
  tables.longestWord = 100;
  tables.flags = TENON_TOKENIZER_CLEAN | TENON_TOKENIZER_SPACE_IDEOGRAPHS |
                 TENON_TOKENIZER_STRIP_ACCENTS | TENON_TOKENIZER_LOWERCASE;
  for (size_t id = 0; id < texts.size(); ++id)
    if (Error error = addWordPiece(id))
      return error;
  if (Error error = tables.addBertSplits())
    return error;
  // The numbers that the published vocabulary has.
  defaultUnknown = 100;
  if (int64_t first = readToken("cls_token_id", 101); first >= 0)
    tables.prefix.push_back(first);
  if (int64_t last = readToken("seperator_token_id", 102); last >= 0)
    tables.suffix.push_back(last);
  return Error::success();
}

Error GgufTokenizer::addMergedPiece(size_t id) {
  int64_t type = types[id];
  std::optional<std::string> bytes = spell(texts[id]);
  if (type == PieceType::Byte) {
    Expected<uint8_t> byte = readByteName(tables, id, texts[id]);
    if (!byte)
      return byte.takeError();
    if (namedBytes[*byte] < 0)
      namedBytes[*byte] = int32_t(id);
    return tables.addPiece(id, std::string(1, char(*byte)), type, false);
  }
  if (type != PieceType::Normal) {
    if (type != PieceType::Unused)
      addToken(id);
    return tables.addPiece(id, texts[id].str(), type, false);
  }
  // Text that is not spelled in bytes: no word becomes it, but it can be drawn.
  if (!bytes)
    return tables.addPiece(id, texts[id].str(), type, false);
  if (bytes->size() == 1 && spellsBytes)
    tables.bytePieces[uint8_t(bytes->front())] = id;
  bool isSearchable = !bytes->empty();
  return tables.addPiece(id, std::move(*bytes), type, isSearchable);
}

Error GgufTokenizer::readMerges() {
  auto merges = metadata.getStringArray(key("merges"));
  if (!merges)
    return fail("'%s' is missing, but the tokenizer of kind gpt2 needs it",
                key("merges").c_str());
  for (StringRef merge : *merges) {
    auto [left, right] = merge.split(' ');
    std::optional<std::string> leftBytes = spell(left);
    std::optional<std::string> rightBytes = spell(right);
    if (left.empty() || right.empty() || !leftBytes || !rightBytes)
      return fail("merge '%s' is not two pieces with a space between them",
                  merge.str().c_str());
    if (Error error = tables.addMerge(*leftBytes, *rightBytes, merge))
      return error;
  }
  return Error::success();
}

Error GgufTokenizer::readPreTokenizer() {
  // One kind is its own pre-tokenizer.
  StringRef name = metadata.getString(key("pre")).value_or("default");
  if (metadata.getString(key("model")) == StringRef("gemma4"))
    name = "gemma4";
  const GgufPreTokenizer *found = findGgufPreTokenizer(name);
  if (!found)
    return fail("unknown pre-tokenizer '%s'; known pre-tokenizers: %s",
                name.str().c_str(), getGgufPreTokenizerNames().c_str());
  tables.flags = found->flags;
  addsBos = found->addBos;
  spellsBytes = found->spellsBytes;
  if (!spellsBytes)
    tables.model = TENON_TOKENIZER_CHARACTER_MERGES;
  for (StringRef pattern : found->patterns)
    if (Error error =
            tables.addSplit(found->behavior, /*invert=*/false, pattern))
      return error;
  return Error::success();
}

Error GgufTokenizer::readMerged() {
  tables.model = TENON_TOKENIZER_BYTE_MERGES;
  if (Error error = readPreTokenizer())
    return error;
  for (size_t id = 0; id < texts.size(); ++id)
    if (Error error = addMergedPiece(id))
      return error;
  for (auto [piece, named] : zip_equal(tables.bytePieces, namedBytes))
    piece = piece < 0 ? named : piece;
  return readMerges();
}

/// Returns the token, or -1 for none and for one that the vocabulary does not
/// have.
int64_t GgufTokenizer::readToken(StringRef name, int64_t whenAbsent) {
  int64_t id = metadata.getInt(key(name)).value_or(whenAbsent);
  // Files write -1 for none, most often as a number without a sign.
  if (id == -1 || id == UINT32_MAX || tables.hasToken(id))
    return tables.hasToken(id) ? id : -1;
  tables.warnings.push_back(
      tables.file + ": '" + key(name) + "' names token " + std::to_string(id) +
      ", but the tokenizer has no such piece among its " +
      std::to_string(tables.pieces.size()) + "; it is left out");
  return -1;
}

Error GgufTokenizer::readSpecialTokens() {
  int64_t bos = readToken("bos_token_id", defaultBos);
  int64_t eos = readToken("eos_token_id", defaultEos);
  tables.bos = bos;
  tables.unknown = readToken("unknown_token_id", defaultUnknown);
  tables.addEnd(eos);
  for (StringRef name : {"eot_token_id", "eom_token_id"})
    tables.addEnd(readToken(name, /*whenAbsent=*/-1));
  tables.addNamedEnds();

  // Word pieces have tokens of their own around a text.
  if (tables.model == TENON_TOKENIZER_WORD_PIECES)
    return Error::success();
  if (bos >= 0 && getFlag("add_bos_token", addsBos))
    tables.prefix.push_back(bos);
  if (eos >= 0 && getFlag("add_eos_token", addsEos))
    tables.suffix.push_back(eos);
  return Error::success();
}

Expected<std::vector<uint8_t>> GgufTokenizer::compile() {
  if (Error error = checkTypes())
    return std::move(error);
  std::optional<StringRef> model = metadata.getString(key("model"));
  if (!model)
    return fail("'%s' is missing", key("model").c_str());
  struct Kind {
    StringLiteral name;
    Error (GgufTokenizer::*read)();
  };
  static constexpr Kind kinds[] = {{"bert", &GgufTokenizer::readWordPieces},
                                   {"gemma4", &GgufTokenizer::readMerged},
                                   {"gpt2", &GgufTokenizer::readMerged},
                                   {"llama", &GgufTokenizer::readScored},
                                   {"t5", &GgufTokenizer::readUnigram}};
  const Kind *kind =
      find_if(kinds, [&](const Kind &kind) { return kind.name == *model; });
  if (kind == std::end(kinds))
    return fail("unknown tokenizer model '%s'; known models: bert, "
                "gemma4, gpt2, llama, t5",
                model->str().c_str());
  if (Error error = readVocabulary())
    return std::move(error);
  if (Error error = (this->*kind->read)())
    return std::move(error);
  if (Error error = readSpecialTokens())
    return std::move(error);
  return tables.write();
}

Expected<std::vector<uint8_t>>
compileTokenizerGguf(const GgufMetadataView &metadata,
                     std::vector<std::string> *warnings) {
  GgufTokenizer tokenizer(metadata);
  Expected<std::vector<uint8_t>> bytes = tokenizer.compile();
  if (warnings)
    *warnings = tokenizer.takeWarnings();
  if (!bytes)
    return writeAsLine(bytes.takeError());
  return bytes;
}

} // namespace tenon
