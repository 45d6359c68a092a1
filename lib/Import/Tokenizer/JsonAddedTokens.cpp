// Reads added tokens, from tokenizer.json and from the files next to it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "JsonTokenizer.h"

#include "llvm/Support/SaveAndRestore.h"
#include <map>

using namespace llvm;

namespace tenon {

Error JsonTokenizer::readAddedTokens(const json::Array &tokens) {
  for (const json::Value &token : tokens) {
    const json::Object *object = token.getAsObject();
    if (!object)
      return fail("expects every entry of added_tokens to be an object");
    std::optional<int64_t> id = object->getInteger("id");
    std::optional<StringRef> text = object->getString("content");
    if (!id || !text || text->empty())
      return fail("expects every entry of added_tokens to have an id and a "
                  "content");
    if (addedIds.contains(*text))
      return fail("added token '%s' is there a second time",
                  text->str().c_str());
    if (Error error = addToken(*id, *text, *object))
      return error;
  }
  return Error::success();
}

/// The bits TENON_ADDED_* that an entry sets.
static uint32_t readFlags(const json::Object &token) {
  uint32_t flags = 0;
  for (auto [name, flag] : {std::pair("special", TENON_ADDED_SPECIAL),
                            {"normalized", TENON_ADDED_NORMALIZED},
                            {"lstrip", TENON_ADDED_STRIP_LEFT},
                            {"rstrip", TENON_ADDED_STRIP_RIGHT},
                            {"single_word", TENON_ADDED_SINGLE_WORD}})
    flags |= isSet(token, name) ? uint32_t(flag) : 0;
  return flags;
}

/// Returns the identifier that the model itself gives a text, or -1.
int64_t JsonTokenizer::findInVocabulary(StringRef text) const {
  if (!vocabulary)
    return tables.find(text);
  return vocabulary->getInteger(text).value_or(-1);
}

/// A piece of the vocabulary keeps the identifier that it has there, as in the
/// tokenizers library.
Error JsonTokenizer::addToken(int64_t id, StringRef text,
                              const json::Object &token) {
  int64_t known = findInVocabulary(text);
  if (known >= 0 && known != id) {
    tables.warnings.push_back((tables.file + ": added token '" + text +
                               "' has the identifier " + Twine(id) +
                               ", but the vocabulary gives it " + Twine(known) +
                               ", which is used")
                                  .str());
    id = known;
  }
  uint32_t flags = readFlags(token);
  uint8_t kind =
      flags & TENON_ADDED_SPECIAL ? TENON_PIECE_CONTROL : TENON_PIECE_ADDED;
  bool isKnown = id >= 0 && id < int64_t(tables.pieces.size()) &&
                 tables.pieces[id].kind != TENON_PIECE_ABSENT;
  if (isKnown) {
    TokenizerTables::Piece &piece = tables.pieces[id];
    if (piece.text != text)
      return fail("added token '%s' has the identifier %lld of the piece '%s'",
                  text.str().c_str(), static_cast<long long>(id),
                  piece.text.c_str());
    piece.kind = kind;
  } else if (Error error = tables.addPiece(id, text.str(), kind, false)) {
    return error;
  }
  addedIds[text] = id;
  tables.added.push_back({uint32_t(id), flags});
  return Error::success();
}

/// What a second file says of an added token replaces what tokenizer.json says
/// of the white space and words around it; a token is special if either says so.
void JsonTokenizer::changeToken(uint32_t id, const json::Object &token) {
  for (tenon_added_token &added : tables.added) {
    if (added.id != id)
      continue;
    added.flags = (added.flags & TENON_ADDED_SPECIAL) | readFlags(token);
    if (added.flags & TENON_ADDED_SPECIAL)
      tables.pieces[id].kind = TENON_PIECE_CONTROL;
  }
}

Error JsonTokenizer::addFurtherToken(int64_t id, const json::Object &token,
                                     StringRef file) {
  std::optional<StringRef> text = token.getString("content");
  if (!text || text->empty())
    return createStringError("%s: added token %lld has no content",
                             file.str().c_str(), static_cast<long long>(id));
  auto added = addedIds.find(*text);
  if (added != addedIds.end()) {
    changeToken(added->second, token);
    return Error::success();
  }
  SaveAndRestore<std::string> name(tables.file, file.str());
  return addToken(id, *text, token);
}

Error JsonTokenizer::readFurtherAddedTokens() {
  StringRef file = "tokenizer_config.json";
  Expected<json::Object> config = readFile(file, /*mayBeAbsent=*/true);
  if (!config)
    return config.takeError();
  // In the order of identifiers, which objects do not keep.
  std::map<int64_t, json::Object> tokens;
  if (const json::Value *value = config->get("added_tokens_decoder");
      value && !value->getAsObject() && !value->getAsNull())
    return createStringError("%s: expects 'added_tokens_decoder' to be an "
                             "object",
                             file.str().c_str());
  if (const json::Object *decoder = config->getObject("added_tokens_decoder")) {
    for (const auto &[key, value] : *decoder) {
      int64_t id;
      if (StringRef(key).getAsInteger(10, id) || !value.getAsObject())
        return createStringError("%s: expects 'added_tokens_decoder' to give "
                                 "an object for each token, but not for '%s'",
                                 file.str().c_str(), key.str().c_str());
      tokens[id] = *value.getAsObject();
    }
  } else {
    // What came before: names and identifiers alone.
    file = "added_tokens.json";
    Expected<json::Object> names = readFile(file, /*mayBeAbsent=*/true);
    if (!names)
      return names.takeError();
    for (const auto &[name, id] : *names) {
      if (!id.getAsInteger())
        return createStringError("%s: expects an integer for each token, but "
                                 "not for '%s'",
                                 file.str().c_str(), name.str().c_str());
      if (!addedIds.contains(name))
        tokens[*id.getAsInteger()] = json::Object{{"content", name.str()}};
    }
  }
  for (const auto &[id, token] : tokens)
    if (Error error = addFurtherToken(id, token, file))
      return error;
  return Error::success();
}

} // namespace tenon
