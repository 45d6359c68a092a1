// Reads tokenizer.model, the file of the sentencepiece library.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CharacterMap.h"
#include "JsonTokenizer.h"
#include "ScoredPieces.h"

#include "tenon/Support/InputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace tenon {

namespace {

/// A field of a message in the encoding of protocol buffers.
struct Field {
  uint32_t number = 0;
  uint64_t value = 0; // of a number
  StringRef bytes;    // of a text or a message
};

/// Reads the fields of a message one by one.
class Message {
public:
  explicit Message(StringRef bytes) : bytes(bytes) {}

  /// Returns false at the end, and where the bytes are no message.
  bool next(Field &field) {
    uint64_t tag = 0;
    if (bytes.empty() || !readVarint(tag))
      return false;
    field = {};
    field.number = uint32_t(tag >> 3);
    switch (tag & 7) {
    case 0:
      return readVarint(field.value);
    case 1:
      return take(8, field);
    case 2: {
      uint64_t size = 0;
      return readVarint(size) && take(size, field);
    }
    case 5:
      return take(4, field);
    default:
      return fail();
    }
  }
  bool isWhole() const { return whole; }

private:
  bool fail() {
    whole = false;
    return false;
  }
  bool readVarint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
      uint8_t byte = uint8_t(bytes.front());
      bytes = bytes.drop_front();
      value |= uint64_t(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return true;
    }
    return fail();
  }
  bool take(uint64_t size, Field &field) {
    if (size > bytes.size())
      return fail();
    field.bytes = bytes.take_front(size);
    bytes = bytes.drop_front(size);
    return true;
  }

  StringRef bytes;
  bool whole = true;
};

/// What the trainer and the normalizer say, with their defaults.
struct Specification {
  uint64_t modelType = 1; // 1 Unigram, 2 BPE
  int32_t unknown = 0, bos = 1, eos = 2;
  StringRef characterMap;
  bool addsPrefix = true, removesBlanks = true, marksSpaces = true;
  bool marksAtEnd = false;
};

} // namespace

static bool readTrainer(StringRef bytes, Specification &specification) {
  Message message(bytes);
  Field field;
  while (message.next(field)) {
    if (field.number == 3)
      specification.modelType = field.value;
    else if (field.number == 24)
      specification.marksAtEnd = field.value;
    else if (field.number == 40)
      specification.unknown = int32_t(field.value);
    else if (field.number == 41)
      specification.bos = int32_t(field.value);
    else if (field.number == 42)
      specification.eos = int32_t(field.value);
  }
  return message.isWhole();
}

static bool readNormalizerSpec(StringRef bytes, Specification &specification) {
  Message message(bytes);
  Field field;
  while (message.next(field)) {
    if (field.number == 2)
      specification.characterMap = field.bytes;
    else if (field.number == 3)
      specification.addsPrefix = field.value;
    else if (field.number == 4)
      specification.removesBlanks = field.value;
    else if (field.number == 5)
      specification.marksSpaces = field.value;
  }
  return message.isWhole();
}

/// What would make other tokens of a text is refused under its name.
static Error checkSpecification(const Specification &specification,
                                StringRef file) {
  auto refuse = [&](const Twine &what) {
    return createStringError(file + ": " + what + " is not known");
  };
  if (specification.modelType != 1 && specification.modelType != 2)
    return createStringError(file + ": unknown model type " +
                             Twine(specification.modelType) +
                             "; known types: 1 (Unigram), 2 (BPE)");
  if (!specification.marksSpaces)
    return refuse("a normalizer without escape_whitespaces");
  if (specification.marksAtEnd)
    return refuse("treat_whitespace_as_suffix");
  return Error::success();
}

static Error applyNormalizer(const Specification &specification,
                             TokenizerTables &tables) {
  if (specification.addsPrefix)
    tables.flags |= TENON_TOKENIZER_SPACE_PREFIX;
  if (specification.removesBlanks)
    tables.flags |=
        TENON_TOKENIZER_MAP_PREFIXES | TENON_TOKENIZER_SINGLE_SPACES;
  if (specification.characterMap.empty())
    return Error::success();
  return readCharacterMap(tables, specification.characterMap,
                          TENON_TOKENIZER_MAP_PREFIXES,
                          tables.file + ": precompiled_charsmap");
}

static bool readPiece(StringRef bytes, StringRef &text, float &score,
                      int64_t &type) {
  Message message(bytes);
  Field field;
  type = PieceType::Normal;
  score = 0;
  while (message.next(field)) {
    if (field.number == 1)
      text = field.bytes;
    else if (field.number == 2 && field.bytes.size() == sizeof(float))
      score =
          support::endian::read<float>(field.bytes.data(), endianness::little);
    else if (field.number == 3)
      type = int64_t(field.value);
  }
  return message.isWhole();
}

Error JsonTokenizer::readSentencePieces() {
  tables.file = "tokenizer.model";
  SmallString<256> path(folder);
  sys::path::append(path, tables.file);
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readInputFile(path);
  if (!buffer)
    return buffer.takeError();
  // Pieces come first in the file, but what they mean depends on the rest.
  Specification specification;
  std::vector<StringRef> pieces;
  Message message((*buffer)->getBuffer());
  Field field;
  bool isWhole = true;
  while (message.next(field)) {
    if (field.number == 1)
      pieces.push_back(field.bytes);
    else if (field.number == 2)
      isWhole &= readTrainer(field.bytes, specification);
    else if (field.number == 3)
      isWhole &= readNormalizerSpec(field.bytes, specification);
  }
  if (!isWhole || !message.isWhole())
    return fail("is no model of sentencepiece, or is damaged");
  if (Error error = checkSpecification(specification, tables.file))
    return error;

  tables.model = specification.modelType == 1 ? TENON_TOKENIZER_UNIGRAM
                                              : TENON_TOKENIZER_SCORES;
  tables.flags = TENON_TOKENIZER_SPACE_MARK | TENON_TOKENIZER_FUSE_UNKNOWN;
  if (Error error = applyNormalizer(specification, tables))
    return error;
  for (auto [id, bytes] : enumerate(pieces)) {
    StringRef text;
    float score = 0;
    int64_t type = 0;
    if (!readPiece(bytes, text, score, type) || type < PieceType::Normal ||
        type > PieceType::Byte)
      return fail("piece %zu is damaged", size_t(id));
    if (Error error = addScoredPiece(tables, id, text, type))
      return error;
    tables.scores.push_back(score);
  }
  for (const tenon_added_token &token : tables.added)
    addedIds[tables.pieces[token.id].text] = token.id;
  auto keep = [&](int32_t id) { return tables.hasToken(id) ? id : -1; };
  tables.unknown = keep(specification.unknown);
  modelBos = keep(specification.bos);
  modelEos = keep(specification.eos);
  return Error::success();
}

} // namespace tenon
