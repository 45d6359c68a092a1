// Finds which tokens begin and end a text in the files next to tokenizer.json.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "JsonTokenizer.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace tenon {

int64_t JsonTokenizer::findToken(StringRef text) const {
  auto token = addedIds.find(text);
  return token == addedIds.end() ? tables.find(text) : int64_t(token->second);
}

/// Returns -1 for none, and for one that the tokenizer does not have.
Expected<int64_t> JsonTokenizer::findNamedToken(const json::Object &config,
                                                StringRef name,
                                                StringRef file) {
  // A name, or an object that has it as its content.
  const json::Value *value = config.get(name);
  if (!value || value->getAsNull())
    return -1;
  std::optional<StringRef> text = value->getAsString();
  if (const json::Object *token = value->getAsObject())
    text = token->getString("content");
  if (!text)
    return createStringError("%s: expects '%s' to be the name of a token, or "
                             "an object that has it as 'content'",
                             file.str().c_str(), name.str().c_str());
  if (text->empty())
    return -1;
  int64_t id = findToken(*text);
  if (id < 0)
    tables.warnings.push_back((file + ": '" + name + "' names the token '" +
                               *text +
                               "', but the tokenizer has no such token; it is "
                               "left out")
                                  .str());
  return id;
}

/// Returns the token, or -1 for one that the vocabulary does not have: the model
/// may be able to draw it, but it stands for nothing.
Expected<int64_t> JsonTokenizer::readTokenId(const json::Value &value,
                                             StringRef name, StringRef file) {
  std::optional<int64_t> id = value.getAsInteger();
  if (!id)
    return createStringError("%s: '%s' is neither an integer nor an array of "
                             "them",
                             file.str().c_str(), name.str().c_str());
  if (tables.hasToken(*id))
    return *id;
  // Some files write -1 for none.
  if (*id != -1)
    tables.warnings.push_back(
        (file + ": '" + name + "' names token " + Twine(*id) +
         ", but the tokenizer has no such piece among its " +
         Twine(tables.pieces.size()) + "; it is left out")
            .str());
  return -1;
}

Error JsonTokenizer::readTokenIds(const json::Object &config, StringRef file) {
  const json::Value *bos = config.get("bos_token_id");
  if (bos && !bos->getAsNull() && tables.bos < 0) {
    Expected<int64_t> id = readTokenId(*bos, "bos_token_id", file);
    if (!id)
      return id.takeError();
    tables.bos = *id;
  }
  const json::Value *eos = config.get("eos_token_id");
  if (!eos || eos->getAsNull())
    return Error::success();
  json::Array one;
  const json::Array *ids = eos->getAsArray();
  if (!ids) {
    one.push_back(*eos);
    ids = &one;
  }
  for (const json::Value &value : *ids) {
    if (value.getAsNull())
      continue;
    Expected<int64_t> id = readTokenId(value, "eos_token_id", file);
    if (!id)
      return id.takeError();
    tables.addEnd(*id);
  }
  return Error::success();
}

/// The names of tokens, of which tokenizer_config.json knows best.
Error JsonTokenizer::readNamedTokens() {
  for (StringRef file : {"tokenizer_config.json", "special_tokens_map.json"}) {
    Expected<json::Object> names = readFile(file, /*mayBeAbsent=*/true);
    if (!names)
      return names.takeError();
    Expected<int64_t> end = findNamedToken(*names, "eos_token", file);
    if (!end)
      return end.takeError();
    tables.addEnd(*end);
    eos = eos < 0 ? *end : eos;
    if (tables.bos >= 0)
      continue;
    Expected<int64_t> begin = findNamedToken(*names, "bos_token", file);
    if (!begin)
      return begin.takeError();
    tables.bos = int32_t(*begin);
  }
  return Error::success();
}

/// What another type would hide.
Error JsonTokenizer::checkClass(const json::Object &config) const {
  auto isOther = [&](StringRef key, bool isRight) {
    const json::Value *value = config.get(key);
    return value && !value->getAsNull() && !isRight;
  };
  if (isOther("tokenizer_class",
              config.getString("tokenizer_class").has_value()))
    return createStringError("tokenizer_config.json: expects "
                             "'tokenizer_class' to be a string");
  for (StringRef flag : {"add_bos_token", "add_eos_token"})
    if (isOther(flag, config.getBoolean(flag).has_value()))
      return createStringError("tokenizer_config.json: expects '%s' to be true "
                               "or false",
                               flag.str().c_str());
  return Error::success();
}

Error JsonTokenizer::readSpecialTokens() {
  if (Error error = readNamedTokens())
    return error;
  for (StringRef file : {"generation_config.json", "config.json"}) {
    Expected<json::Object> ids = readFile(file, /*mayBeAbsent=*/true);
    if (!ids)
      return ids.takeError();
    if (Error error = readTokenIds(*ids, file))
      return error;
    // The text model inside of another one.
    if (const json::Object *text = ids->getObject("text_config"))
      if (Error error = readTokenIds(*text, file))
        return error;
  }
  tables.bos = tables.bos < 0 ? int32_t(modelBos) : tables.bos;
  eos = eos < 0 ? modelEos : eos;
  tables.addEnd(modelEos);
  tables.addNamedEnds();
  Expected<json::Object> config =
      readFile("tokenizer_config.json", /*mayBeAbsent=*/true);
  if (!config)
    return config.takeError();

  if (Error error = checkClass(*config))
    return error;

  // The tokenizers of the Llama family build their template from these flags,
  // whatever tokenizer.json says; others only add to it.
  StringRef name = config->getString("tokenizer_class").value_or("");
  bool decides = name.starts_with("Llama") || name.starts_with("CodeLlama");
  auto apply = [&](StringRef flag, int64_t token,
                   std::vector<uint32_t> &tokens) {
    std::optional<bool> adds = config->getBoolean(flag);
    if (!adds || token < 0)
      return;
    if (!*adds && (decides || modelBos >= 0))
      tokens.clear();
    if (*adds && !is_contained(tokens, uint32_t(token)))
      tokens.push_back(token);
  };
  // What these classes do to a tokenizer.model that nothing is said of.
  bool isUsual = name.empty() || decides || name.starts_with("Gemma");
  if (modelBos >= 0 && isUsual && tables.bos >= 0)
    tables.prefix.assign({uint32_t(tables.bos)});
  apply("add_bos_token", tables.bos, tables.prefix);
  apply("add_eos_token", eos, tables.suffix);
  return Error::success();
}

} // namespace tenon
