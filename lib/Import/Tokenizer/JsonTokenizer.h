// Reads tokenizer.json and the files next to it into tables.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_TOKENIZER_JSONTOKENIZER_H
#define TENON_LIB_IMPORT_TOKENIZER_JSONTOKENIZER_H

#include "TokenizerTables.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/JSON.h"

namespace tenon {

/// Whether a member is there and neither null, false nor empty.
bool isSet(const llvm::json::Object &object, llvm::StringRef name);

/// Reads one folder.
class JsonTokenizer {
public:
  explicit JsonTokenizer(llvm::StringRef folder)
      : folder(folder), tables("tokenizer.json") {}

  llvm::Expected<std::vector<uint8_t>> compile();
  std::vector<std::string> takeWarnings() { return std::move(tables.warnings); }

private:
  // VocabularyFiles.cpp, SentencePieceModel.cpp: what stands in the place of
  // tokenizer.json. The first returns what would be in it.
  llvm::Expected<llvm::json::Object> readVocabularyFiles();
  llvm::Expected<llvm::json::Object> describeClass() const;
  llvm::Error readSentencePieces();

  // TokenizerJson.cpp: files, vocabulary and merges.
  bool hasFile(llvm::StringRef name) const;
  llvm::Error readRoot(const llvm::json::Object &root);
  llvm::Error readAny();
  llvm::Expected<llvm::json::Object> readFile(llvm::StringRef name,
                                              bool mayBeAbsent) const;
  llvm::Error readModel(const llvm::json::Object &model);
  llvm::Error checkModel(const llvm::json::Object &model);
  llvm::Error readWordPieces(const llvm::json::Object &model);
  llvm::Error readVocabulary(const llvm::json::Object &vocabulary);
  llvm::Error addBytePiece(llvm::StringRef text, int64_t id);
  llvm::Error addCharacterPiece(llvm::StringRef text, int64_t id);
  llvm::Error readMerges(const llvm::json::Array &merges);
  llvm::Error readMerge(const llvm::json::Value &merge);
  llvm::Error readUnknown(const llvm::json::Object &model);
  llvm::Error readUnigram(const llvm::json::Object &model);

  // JsonAddedTokens.cpp: tokens that are cut out of a text.
  llvm::Error readAddedTokens(const llvm::json::Array &tokens);
  int64_t findInVocabulary(llvm::StringRef text) const;
  llvm::Error addToken(int64_t id, llvm::StringRef text,
                       const llvm::json::Object &token);
  void changeToken(uint32_t id, const llvm::json::Object &token);
  llvm::Error addFurtherToken(int64_t id, const llvm::json::Object &token,
                              llvm::StringRef file);
  llvm::Error readFurtherAddedTokens();

  // JsonPipeline.cpp: what happens to a text before and after the model.
  llvm::Error readPipeline(const llvm::json::Object &root);
  llvm::Error checkMembers(const llvm::json::Object &step,
                           llvm::StringRef what) const;
  llvm::Error readNormalizer(const llvm::json::Object &step);
  llvm::Error readBertNormalizer(const llvm::json::Object &step);
  llvm::Error readPrecompiled(const llvm::json::Object &step);
  llvm::Error readStrip(const llvm::json::Object &step);
  llvm::Error readReplace(const llvm::json::Object &step);
  llvm::Error readJoinedSpaces(llvm::StringRef to);
  llvm::Error readPreTokenizer(const llvm::json::Object &step);
  llvm::Error readSplit(const llvm::json::Object &step);
  llvm::Error readByteLevel(const llvm::json::Object &step);
  llvm::Error readMetaspace(const llvm::json::Object &step);
  llvm::Error markWords(llvm::StringRef scheme);
  llvm::Error readPostProcessor(const llvm::json::Object &step);
  llvm::Error readBertProcessing(const llvm::json::Object &step);
  llvm::Error readTemplate(const llvm::json::Object &step);

  // JsonSpecialTokens.cpp: which tokens begin and end a text.
  llvm::Error readSpecialTokens();
  llvm::Error readNamedTokens();
  llvm::Error readTokenIds(const llvm::json::Object &config,
                           llvm::StringRef file);
  llvm::Expected<int64_t> readTokenId(const llvm::json::Value &value,
                                      llvm::StringRef name,
                                      llvm::StringRef file);
  int64_t findToken(llvm::StringRef text) const;
  llvm::Expected<int64_t> findNamedToken(const llvm::json::Object &config,
                                         llvm::StringRef name,
                                         llvm::StringRef file);
  llvm::Error checkClass(const llvm::json::Object &config) const;

  template <typename... Values>
  llvm::Error fail(const char *format, Values... values) const {
    return llvm::createStringError(("%s: " + llvm::Twine(format)).str().c_str(),
                                   tables.file.c_str(), values...);
  }

  std::string folder;
  TokenizerTables tables;
  llvm::StringMap<uint32_t> addedIds;
  /// The pieces of the model as they are spelled.
  const llvm::json::Object *vocabulary = nullptr;
  int64_t eos = -1;
  /// Those that tokenizer.model names.
  int64_t modelBos = -1, modelEos = -1;
  bool isByteLevel = false;
  bool sawPreTokenizer = false;
  bool cutsWords = false; // the pre-tokenizer in front is WhitespaceSplit
  bool needsMark = false; // something must mark single spaces
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_TOKENIZER_JSONTOKENIZER_H
