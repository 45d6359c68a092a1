// Compiles the tokenizer that the metadata of a GGUF file describes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Tokenizer.h"

#include "ByteAlphabet.h"
#include "SplitPattern.h"
#include "TokenizerTables.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace tenon {

namespace {

/// Values of `tokenizer.ggml.token_type`; those of pieces are the same.
enum TokenType : int64_t {
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6,
};

/// How a model called `gpt2` cuts text and what it was trained with.
struct PreTokenizer {
  StringRef name;
  ArrayRef<StringLiteral> patterns;
  uint32_t flags;
  bool addBos;
};

/// Reads one file.
class GgufTokenizer {
public:
  explicit GgufTokenizer(const GgufMetadataView &metadata)
      : metadata(metadata), tables(metadata.getFile()) {}

  Expected<std::vector<uint8_t>> compile();
  std::vector<std::string> takeWarnings() { return std::move(tables.warnings); }

private:
  Error readVocabulary();
  Error readScored();
  Error addScoredPiece(size_t id);
  Error readWordPieces();
  Error addWordPiece(size_t id);
  Error readMerged();
  Error addMergedPiece(size_t id);
  Error readMerges();
  Error readPreTokenizer();
  Error readSpecialTokens();
  int64_t readToken(StringRef name, int64_t whenAbsent);
  void addToken(size_t id);
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
  bool addsBos = false;
  // What the file names by these keys, if it does not say; -1 is none.
  int64_t defaultBos = -1, defaultEos = -1, defaultUnknown = -1;
};

} // namespace

static ArrayRef<PreTokenizer> preTokenizers() {
  static const StringLiteral smollm[] = {R"(\p{N})", gpt2Pattern};
  // What llama.cpp does to files that do not say what they were trained with.
  static const StringLiteral unnamed[] = {
      R"([\p{P}\$\+<=>\^~\|]+)", gpt2Pattern, R"(\p{N}+)", R"([0-9]{3})"};
  static const PreTokenizer known[] = {
      {"default", unnamed, 0, false},
      {"gpt-2", gpt2Pattern, 0, false},
      {"llama-bpe", llama3Pattern, TENON_TOKENIZER_IGNORE_MERGES, true},
      {"qwen2", qwen2Pattern, TENON_TOKENIZER_NFC, false},
      {"deepseek-r1-qwen", qwen2Pattern, TENON_TOKENIZER_NFC, false},
      {"deepseek-v3", deepseek3Patterns, 0, false},
      {"smollm", smollm, 0, false},
  };
  return known;
}

Error GgufTokenizer::readVocabulary() {
  auto tokens = metadata.getStringArray(key("tokens"));
  if (!tokens || tokens->empty())
    return fail("'%s' is missing or empty", key("tokens").c_str());
  texts = std::move(*tokens);

  auto kinds = metadata.getIntArray(key("token_type"));
  types = kinds ? std::move(*kinds)
                : std::vector<int64_t>(texts.size(), TokenType::Normal);
  if (types.size() != texts.size())
    return fail("expects as many entries of '%s' as tokens, but got %zu and "
                "%zu",
                key("token_type").c_str(), types.size(), texts.size());
  for (auto [id, type] : enumerate(types))
    if (type < TokenType::Normal || type > TokenType::Byte)
      return fail("token %zu has type %lld; known types: 1 to 6", size_t(id),
                  static_cast<long long>(type));
  return Error::success();
}

void GgufTokenizer::addToken(size_t id) {
  if (texts[id].empty())
    return;
  bool special =
      types[id] == TokenType::Control || types[id] == TokenType::Unknown;
  uint32_t flags = special ? TENON_ADDED_SPECIAL : 0;
  // In scored vocabularies these are found in text whose spaces are marked.
  if (!special && tables.model == TENON_TOKENIZER_SCORES)
    flags |= TENON_ADDED_NORMALIZED;
  tables.added.push_back({uint32_t(id), flags});
}

Error GgufTokenizer::addScoredPiece(size_t id) {
  int64_t type = types[id];
  if (type == TokenType::Byte) {
    unsigned byte;
    StringRef digits = texts[id];
    if (!digits.consume_front("<0x") || !digits.consume_back(">") ||
        digits.size() != 2 || digits.getAsInteger(16, byte))
      return fail("token %zu is a byte, but is called '%s' instead of <0x00> "
                  "to <0xFF>",
                  id, texts[id].str().c_str());
    if (tables.bytePieces[byte] >= 0)
      return fail("tokens %d and %zu are one byte, '%s'",
                  tables.bytePieces[byte], id, texts[id].str().c_str());
    tables.bytePieces[byte] = id;
    return tables.addPiece(id, std::string(1, char(byte)), type, false);
  }
  bool isText = type == TokenType::Normal || type == TokenType::UserDefined ||
                type == TokenType::Unused;
  if (type != TokenType::Normal && type != TokenType::Unused)
    addToken(id);
  // Converters spell the spaces of user-defined pieces as spaces, which no
  // normalized text has.
  std::string text = texts[id].str();
  if (type == TokenType::UserDefined)
    for (size_t at; (at = text.find(' ')) != std::string::npos;)
      text.replace(at, 1, "\u2581");
  return tables.addPiece(id, text, type, isText && !text.empty());
}

Error GgufTokenizer::readScored() {
  tables.model = TENON_TOKENIZER_SCORES;
  tables.flags = TENON_TOKENIZER_SPACE_MARK | TENON_TOKENIZER_FUSE_UNKNOWN;
  if (getFlag("add_space_prefix", true))
    tables.flags |= TENON_TOKENIZER_SPACE_PREFIX;
  auto scores = metadata.getFloatArray(key("scores"));
  if (!scores)
    return fail("'%s' is missing, but the tokenizer of kind llama needs it",
                key("scores").c_str());
  tables.scores = std::move(*scores);
  for (size_t id = 0; id < texts.size(); ++id)
    if (Error error = addScoredPiece(id))
      return error;
  // As sentencepiece numbers them, which the oldest files take for granted.
  addsBos = true;
  defaultUnknown = 0;
  defaultBos = 1;
  defaultEos = 2;
  return Error::success();
}

/// Converters mark the pieces that begin a word instead of those that continue
/// one.
Error GgufTokenizer::addWordPiece(size_t id) {
  if (types[id] != TokenType::Normal && types[id] != TokenType::Unused) {
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
  std::optional<std::string> bytes = bytesOfSpelling(texts[id]);
  if (type != TokenType::Normal) {
    if (type == TokenType::Byte)
      return fail("token %zu has type 6, which a tokenizer of kind gpt2 does "
                  "not have",
                  id);
    if (type != TokenType::Unused)
      addToken(id);
    return tables.addPiece(id, texts[id].str(), type, false);
  }
  if (!bytes)
    return fail("token %zu, '%s', has a character that stands for no byte; "
                "give it type 3 or 4",
                id, texts[id].str().c_str());
  if (bytes->size() == 1)
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
    std::optional<std::string> leftBytes = bytesOfSpelling(left);
    std::optional<std::string> rightBytes = bytesOfSpelling(right);
    if (left.empty() || right.empty() || !leftBytes || !rightBytes)
      return fail("merge '%s' is not two pieces with a space between them",
                  merge.str().c_str());
    if (Error error = tables.addMerge(*leftBytes, *rightBytes, merge))
      return error;
  }
  return Error::success();
}

Error GgufTokenizer::readPreTokenizer() {
  StringRef name = metadata.getString(key("pre")).value_or("default");
  const auto *found = find_if(preTokenizers(), [&](const PreTokenizer &known) {
    return known.name == name;
  });
  if (found == preTokenizers().end()) {
    std::string names =
        join(map_range(preTokenizers(), [](auto &known) { return known.name; }),
             ", ");
    return fail("unknown pre-tokenizer '%s'; known pre-tokenizers: %s",
                name.str().c_str(), names.c_str());
  }
  tables.flags = found->flags;
  addsBos = found->addBos;
  for (StringRef pattern : found->patterns)
    if (Error error =
            tables.addSplit(TENON_SPLIT_ISOLATED, /*invert=*/false, pattern))
      return error;
  return Error::success();
}

Error GgufTokenizer::readMerged() {
  tables.model = TENON_TOKENIZER_BYTE_MERGES;
  for (size_t id = 0; id < texts.size(); ++id)
    if (Error error = addMergedPiece(id))
      return error;
  if (Error error = readMerges())
    return error;
  return readPreTokenizer();
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
  if (eos >= 0 && getFlag("add_eos_token", false))
    tables.suffix.push_back(eos);
  return Error::success();
}

Expected<std::vector<uint8_t>> GgufTokenizer::compile() {
  std::optional<StringRef> model = metadata.getString(key("model"));
  if (!model)
    return fail("'%s' is missing", key("model").c_str());
  if (*model != "llama" && *model != "gpt2" && *model != "bert")
    return fail("unknown tokenizer model '%s'; known models: bert, gpt2, llama",
                model->str().c_str());
  if (Error error = readVocabulary())
    return std::move(error);
  if (Error error = *model == "llama"  ? readScored()
                    : *model == "bert" ? readWordPieces()
                                       : readMerged())
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
  return bytes;
}

} // namespace tenon
