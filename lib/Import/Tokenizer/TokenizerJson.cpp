// Reads the vocabulary, merges and added tokens of tokenizer.json.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Tokenizer.h"

#include "tenon/Import/JsonScan.h"
#include "tenon/Support/ErrorLine.h"
#include "tenon/Support/InputFile.h"
#include "ByteAlphabet.h"
#include "JsonTokenizer.h"
#include "SurrogatePairs.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace tenon {

Expected<json::Object> JsonTokenizer::readFile(StringRef name,
                                               bool mayBeAbsent) const {
  SmallString<256> path(folder);
  sys::path::append(path, name);
  if (mayBeAbsent && !sys::fs::exists(path))
    return json::Object();
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readInputFile(path);
  if (!buffer)
    return buffer.takeError();
  StringRef text = (*buffer)->getBuffer();
  if (Error error = scanJson(text, name))
    return std::move(error);
  Expected<json::Value> value = json::parse(resolveSurrogatePairs(text));
  if (!value)
    return createStringError("%s: %s", name.str().c_str(),
                             toString(value.takeError()).c_str());
  json::Object *object = value->getAsObject();
  if (!object)
    return createStringError("%s: expects an object", name.str().c_str());
  return std::move(*object);
}

bool isSet(const json::Object &object, StringRef name) {
  const json::Value *value = object.get(name);
  if (!value || value->getAsNull())
    return false;
  if (std::optional<StringRef> text = value->getAsString())
    return !text->empty();
  return value->getAsBoolean().value_or(true);
}

Error JsonTokenizer::checkModel(const json::Object &model) {
  StringRef type = model.getString("type").value_or("BPE");
  if (isSet(model, "type") && !model.getString("type"))
    return fail("model.type expects a string");
  if (type != "BPE")
    return fail("unknown model '%s'; known models: BPE, Unigram, WordPiece",
                type.str().c_str());
  for (StringRef name : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (isSet(model, name))
      return fail("model.%s is '%s', but only an empty one is known",
                  name.str().c_str(),
                  model.getString(name).value_or("").str().c_str());
  if (isSet(model, "dropout") && model.getNumber("dropout") != 0.0)
    return fail("model.dropout is set, which makes tokens random; set it to "
                "null");
  if (!model.getObject("vocab") || !model.getArray("merges"))
    return fail("expects model.vocab to be an object and model.merges an "
                "array");
  return Error::success();
}

Error JsonTokenizer::readWordPieces(const json::Object &model) {
  if (isByteLevel)
    return fail(
        "model WordPiece has the pre-tokenizer ByteLevel; expects words "
        "of characters");
  StringRef mark = model.getString("continuing_subword_prefix").value_or("##");
  if (mark != "##")
    return fail("model.continuing_subword_prefix is '%s'; only '##' is known",
                mark.str().c_str());
  int64_t longest = model.getInteger("max_input_chars_per_word").value_or(100);
  if (longest < 1 || longest > 10000)
    return fail("model.max_input_chars_per_word is %lld; expects 1 to 10000",
                static_cast<long long>(longest));
  const json::Object *vocabulary = model.getObject("vocab");
  if (!vocabulary || !model.getString("unk_token"))
    return fail("expects model.vocab to be an object and model.unk_token a "
                "string");
  tables.model = TENON_TOKENIZER_WORD_PIECES;
  tables.longestWord = longest;
  for (const auto &[text, value] : *vocabulary) {
    std::optional<int64_t> id = value.getAsInteger();
    if (!id)
      return fail("piece '%s' has an identifier that is no integer",
                  text.str().c_str());
    if (Error error = tables.addPiece(*id, text.str(), TENON_PIECE_NORMAL,
                                      !text.str().empty()))
      return error;
  }
  return readUnknown(model);
}

/// Pieces are in the order of their identifiers, each with its score.
Error JsonTokenizer::readUnigram(const json::Object &model) {
  const json::Array *pieces = model.getArray("vocab");
  if (!pieces || isByteLevel)
    return fail(pieces ? "the model Unigram is not known with the "
                         "pre-tokenizer ByteLevel"
                       : "expects model.vocab of Unigram to be an array");
  tables.model = TENON_TOKENIZER_UNIGRAM;
  tables.flags |= TENON_TOKENIZER_FUSE_UNKNOWN;
  for (const json::Value &value : *pieces) {
    const json::Array *piece = value.getAsArray();
    std::optional<StringRef> text;
    std::optional<double> score;
    if (piece && piece->size() == 2) {
      text = (*piece)[0].getAsString();
      score = (*piece)[1].getAsNumber();
    }
    if (!text || !score)
      return fail("expects piece %zu of Unigram to be a text and a score",
                  tables.scores.size());
    int64_t id = int64_t(tables.scores.size());
    if (Error error = isSet(model, "byte_fallback")
                          ? addCharacterPiece(*text, id)
                          : tables.addPiece(id, text->str(), TENON_PIECE_NORMAL,
                                            !text->empty()))
      return error;
    tables.scores.push_back(float(*score));
  }
  const json::Value *unknown = model.get("unk_id");
  if (!unknown || unknown->getAsNull())
    return Error::success();
  tables.unknown = int32_t(unknown->getAsInteger().value_or(-2));
  if (!tables.hasToken(tables.unknown))
    return fail("model.unk_id names no piece");
  return Error::success();
}

Error JsonTokenizer::readModel(const json::Object &model) {
  if (model.getString("type") == StringRef("WordPiece"))
    return readWordPieces(model);
  if (model.getString("type") == StringRef("Unigram"))
    return readUnigram(model);
  if (Error error = checkModel(model))
    return error;
  tables.model = isByteLevel ? TENON_TOKENIZER_BYTE_MERGES
                             : TENON_TOKENIZER_CHARACTER_MERGES;
  if (isSet(model, "ignore_merges"))
    tables.flags |= TENON_TOKENIZER_IGNORE_MERGES;
  if (isSet(model, "fuse_unk"))
    tables.flags |= TENON_TOKENIZER_FUSE_UNKNOWN;
  vocabulary = model.getObject("vocab");
  if (Error error = readVocabulary(*vocabulary))
    return error;
  if (!isByteLevel && !isSet(model, "byte_fallback"))
    tables.bytePieces.fill(-1);
  if (Error error = readMerges(*model.getArray("merges")))
    return error;
  return readUnknown(model);
}

Error JsonTokenizer::readVocabulary(const json::Object &vocabulary) {
  for (const auto &[text, value] : vocabulary) {
    std::optional<int64_t> id = value.getAsInteger();
    if (!id)
      return fail("piece '%s' has an identifier that is no integer",
                  text.str().c_str());
    if (Error error = isByteLevel ? addBytePiece(text, *id)
                                  : addCharacterPiece(text, *id))
      return error;
  }
  return Error::success();
}

Error JsonTokenizer::addBytePiece(StringRef text, int64_t id) {
  // Added tokens may stand in the vocabulary too; they are not spelled in
  // bytes, and no word becomes them.
  std::optional<std::string> bytes = bytesOfSpelling(text);
  if (!bytes || bytes->empty())
    return tables.addPiece(id, text.str(), TENON_PIECE_NORMAL, false);
  if (bytes->size() == 1)
    tables.bytePieces[uint8_t(bytes->front())] = id;
  return tables.addPiece(id, std::move(*bytes), TENON_PIECE_NORMAL, true);
}

Error JsonTokenizer::addCharacterPiece(StringRef text, int64_t id) {
  unsigned byte;
  StringRef digits = text;
  bool isByte = digits.consume_front("<0x") && digits.consume_back(">") &&
                digits.size() == 2 && !digits.getAsInteger(16, byte);
  if (!isByte)
    return tables.addPiece(id, text.str(), TENON_PIECE_NORMAL, !text.empty());
  if (tables.bytePieces[byte] >= 0)
    return fail("pieces %d and %lld are one byte, '%s'",
                tables.bytePieces[byte], static_cast<long long>(id),
                text.str().c_str());
  tables.bytePieces[byte] = id;
  return tables.addPiece(id, std::string(1, char(byte)), TENON_PIECE_BYTE,
                         false);
}

Error JsonTokenizer::readMerges(const json::Array &merges) {
  for (const json::Value &merge : merges)
    if (Error error = readMerge(merge))
      return error;
  return Error::success();
}

Error JsonTokenizer::readMerge(const json::Value &merge) {
  // Older files join the two pieces by a space, newer ones have a pair.
  std::string left, right;
  const json::Array *pair = merge.getAsArray();
  if (std::optional<StringRef> text = merge.getAsString()) {
    left = text->split(' ').first.str();
    right = text->split(' ').second.str();
  } else if (pair && pair->size() == 2) {
    left = (*pair)[0].getAsString().value_or("").str();
    right = (*pair)[1].getAsString().value_or("").str();
  }
  std::string spelling = left + " " + right;
  if (isByteLevel) {
    left = bytesOfSpelling(left).value_or("");
    right = bytesOfSpelling(right).value_or("");
  }
  if (left.empty() || right.empty())
    return fail("merge '%s' is not a pair of pieces", spelling.c_str());
  return tables.addMerge(left, right, spelling);
}

Error JsonTokenizer::readUnknown(const json::Object &model) {
  std::optional<StringRef> text = model.getString("unk_token");
  if (!text)
    return Error::success();
  const json::Value *id = model.getObject("vocab")->get(*text);
  if (!id)
    return fail("model.unk_token is '%s', which is not in the vocabulary",
                text->str().c_str());
  tables.unknown = id->getAsInteger().value_or(-1);
  // A byte-level vocabulary without some byte maps that to the unknown piece.
  if (isByteLevel)
    for (int32_t &piece : tables.bytePieces)
      if (piece < 0)
        piece = tables.unknown;
  return Error::success();
}

bool JsonTokenizer::hasFile(StringRef name) const {
  SmallString<256> path(folder);
  sys::path::append(path, name);
  return sys::fs::exists(path);
}

Error JsonTokenizer::readRoot(const json::Object &root) {
  const json::Object *model = root.getObject("model");
  if (!model)
    return fail("expects 'model' to be an object");
  if (Error error = readPipeline(root))
    return error;
  if (Error error = readModel(*model))
    return error;
  if (const json::Array *tokens = root.getArray("added_tokens"))
    if (Error error = readAddedTokens(*tokens))
      return error;
  if (Error error = readFurtherAddedTokens())
    return error;
  vocabulary = nullptr;
  return readSpecialTokens();
}

/// Reads the file that is there; of several, the newest kind.
Error JsonTokenizer::readAny() {
  bool hasJson = hasFile("tokenizer.json");
  if (!hasJson && hasFile("tokenizer.model")) {
    if (Error error = readSentencePieces())
      return error;
    if (Error error = readFurtherAddedTokens())
      return error;
    return readSpecialTokens();
  }
  bool hasParts = hasFile("vocab.json") && hasFile("merges.txt");
  Expected<json::Object> root =
      !hasJson && hasParts ? readVocabularyFiles()
                           : readFile("tokenizer.json", /*mayBeAbsent=*/false);
  return root ? readRoot(*root) : root.takeError();
}

Expected<std::vector<uint8_t>> JsonTokenizer::compile() {
  if (Error error = readAny())
    return std::move(error);
  // No word becomes a token that was added to scored pieces.
  if (!tables.scores.empty())
    tables.scores.resize(tables.pieces.size());
  return tables.write();
}

bool hasTokenizer(StringRef folder) {
  auto has = [&](StringRef name) {
    SmallString<256> path(folder);
    sys::path::append(path, name);
    return sys::fs::exists(path);
  };
  return has("tokenizer.json") || has("tokenizer.model") ||
         (has("vocab.json") && has("merges.txt"));
}

Expected<std::vector<uint8_t>>
compileTokenizerJson(StringRef folder, std::vector<std::string> *warnings) {
  JsonTokenizer tokenizer(folder);
  Expected<std::vector<uint8_t>> bytes = tokenizer.compile();
  if (warnings)
    *warnings = tokenizer.takeWarnings();
  if (!bytes)
    return writeAsLine(bytes.takeError());
  return bytes;
}

} // namespace tenon
