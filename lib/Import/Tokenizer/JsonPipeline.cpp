// Reads what tokenizer.json does to a text before and after the model.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CharacterMap.h"
#include "JsonTokenizer.h"
#include "SplitPattern.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <utility>

using namespace llvm;

namespace tenon {

static const StringLiteral spaceMark = "\u2581";

/// Returns the steps of a pipeline: the members of sequences, which may lie
/// inside one another, in their order.
static Expected<std::vector<const json::Object *>>
flatten(const json::Object &root, StringRef file, StringRef name,
        StringRef members) {
  std::vector<const json::Object *> steps;
  const json::Value *value = root.get(name);
  if (!value || value->getAsNull())
    return steps;
  std::vector<const json::Value *> open = {value};
  while (!open.empty()) {
    const json::Object *step = open.back()->getAsObject();
    open.pop_back();
    if (!step || !step->getString("type"))
      return createStringError("%s: expects every %s to be an object with a "
                               "type",
                               file.str().c_str(), name.str().c_str());
    if (step->getString("type") != StringRef("Sequence")) {
      steps.push_back(step);
      continue;
    }
    const json::Array *parts = step->getArray(members);
    if (!parts)
      return createStringError("%s: expects a sequence of %s to have an array "
                               "'%s'",
                               file.str().c_str(), name.str().c_str(),
                               members.str().c_str());
    for (size_t i = parts->size(); i-- > 0;)
      open.push_back(&(*parts)[i]);
  }
  return steps;
}

/// A member of another type than the published class gives it must not pass for
/// one that is absent.
Error JsonTokenizer::checkMembers(const json::Object &step,
                                  StringRef what) const {
  static constexpr StringLiteral texts[] = {"prepend_scheme", "replacement",
                                            "precompiled_charsmap"};
  static constexpr StringLiteral flags[] = {
      "add_prefix_space", "split",      "use_regex",  "individual_digits",
      "invert",           "strip_left", "strip_right"};
  for (const auto &[key, value] : step) {
    bool isWrong =
        (is_contained(texts, StringRef(key)) && !value.getAsString()) ||
        (is_contained(flags, StringRef(key)) && !value.getAsBoolean());
    if (isWrong && !value.getAsNull())
      return fail("'%s' of %s expects %s, but is %s", key.str().c_str(),
                  what.str().c_str(),
                  is_contained(texts, StringRef(key)) ? "a string"
                                                      : "true or false",
                  formatv("{0}", value).str().c_str());
  }
  return Error::success();
}

Error JsonTokenizer::readPipeline(const json::Object &root) {
  struct Part {
    StringRef name;
    StringRef members;
    Error (JsonTokenizer::*read)(const json::Object &);
  };
  const Part parts[] = {
      {"normalizer", "normalizers", &JsonTokenizer::readNormalizer},
      {"pre_tokenizer", "pretokenizers", &JsonTokenizer::readPreTokenizer},
      {"post_processor", "processors", &JsonTokenizer::readPostProcessor},
  };
  for (const Part &part : parts) {
    Expected<std::vector<const json::Object *>> steps =
        flatten(root, tables.file, part.name, part.members);
    if (!steps)
      return steps.takeError();
    for (const json::Object *step : *steps) {
      if (Error error = checkMembers(*step, *step->getString("type")))
        return error;
      if (Error error = (this->*part.read)(*step))
        return error;
    }
  }
  if (needsMark && !(tables.flags & TENON_TOKENIZER_SPACE_MARK))
    return fail("normalizer Replace makes %s of spaces in a row, but no part "
                "does so of a single one",
                spaceMark.data());
  return Error::success();
}

Error JsonTokenizer::readNormalizer(const json::Object &step) {
  StringRef type = *step.getString("type");
  if (type == "NFC") {
    // Spaces and their mark are the same in normal form C, so its place in a
    // sequence does not matter.
    tables.flags |= TENON_TOKENIZER_NFC;
    return Error::success();
  }
  if (type == "Replace")
    return readReplace(step);
  if (type == "BertNormalizer")
    return readBertNormalizer(step);
  if (type == "Precompiled")
    return readPrecompiled(step);
  if (type == "Strip")
    return readStrip(step);
  if (type != "Prepend")
    return fail("unknown normalizer '%s'; known normalizers: BertNormalizer, "
                "NFC, Precompiled, Prepend, Replace, Sequence, Strip",
                type.str().c_str());
  StringRef prefix = step.getString("prepend").value_or("");
  if (prefix != spaceMark)
    return fail("normalizer Prepend prepends '%s'; only %s is known",
                prefix.str().c_str(), spaceMark.data());
  tables.flags |= TENON_TOKENIZER_SPACE_PREFIX;
  return Error::success();
}

Error JsonTokenizer::readBertNormalizer(const json::Object &step) {
  if (tables.flags)
    return fail("normalizer BertNormalizer is not the first one");
  bool lower = step.getBoolean("lowercase").value_or(true);
  auto set = [&](bool isOn, uint32_t flag) { tables.flags |= isOn ? flag : 0; };
  set(step.getBoolean("clean_text").value_or(true), TENON_TOKENIZER_CLEAN);
  set(step.getBoolean("handle_chinese_chars").value_or(true),
      TENON_TOKENIZER_SPACE_IDEOGRAPHS);
  // Null follows the case.
  set(step.getBoolean("strip_accents").value_or(lower),
      TENON_TOKENIZER_STRIP_ACCENTS);
  set(lower, TENON_TOKENIZER_LOWERCASE);
  return Error::success();
}

Error JsonTokenizer::readPrecompiled(const json::Object &step) {
  if (tables.flags)
    return fail("normalizer Precompiled is not the first one");
  std::vector<char> bytes;
  StringRef map = step.getString("precompiled_charsmap").value_or("");
  if (map.empty())
    return fail("expects normalizer Precompiled to have a "
                "'precompiled_charsmap'");
  if (Error error = decodeBase64(map, bytes))
    return fail("'precompiled_charsmap' of normalizer Precompiled is not "
                "base64: %s",
                toString(std::move(error)).c_str());
  return readCharacterMap(
      tables, StringRef(bytes.data(), bytes.size()),
      TENON_TOKENIZER_MAP_GRAPHEMES,
      tables.file + ": 'precompiled_charsmap' of normalizer Precompiled");
}

/// White space goes before spaces are joined or marked.
Error JsonTokenizer::readStrip(const json::Object &step) {
  constexpr uint32_t later =
      TENON_TOKENIZER_JOIN_SPACES | TENON_TOKENIZER_SPACE_MARK |
      TENON_TOKENIZER_SPACE_PREFIX | TENON_TOKENIZER_CLEAN |
      TENON_TOKENIZER_SPACE_IDEOGRAPHS;
  if (tables.flags & later)
    return fail("normalizer Strip comes after one that changes spaces");
  if (step.getBoolean("strip_left").value_or(true))
    tables.flags |= TENON_TOKENIZER_STRIP_LEFT;
  if (step.getBoolean("strip_right").value_or(true))
    tables.flags |= TENON_TOKENIZER_STRIP_RIGHT;
  return Error::success();
}

/// Spaces in a row become a space, or the mark that a space becomes later.
Error JsonTokenizer::readJoinedSpaces(StringRef to) {
  if (tables.flags &
      (TENON_TOKENIZER_SPACE_MARK | TENON_TOKENIZER_SPACE_PREFIX |
       TENON_TOKENIZER_SPACE_IDEOGRAPHS))
    return fail("normalizer Replace joins spaces after they were changed");
  if (to != " " && to != spaceMark)
    return fail("normalizer Replace makes '%s' of spaces in a row; only a "
                "space and %s are known",
                to.str().c_str(), spaceMark.data());
  needsMark = to == spaceMark;
  tables.flags |= TENON_TOKENIZER_JOIN_SPACES;
  return Error::success();
}

Error JsonTokenizer::readReplace(const json::Object &step) {
  const json::Object *pattern = step.getObject("pattern");
  if (pattern && pattern->getString("Regex") == StringRef(" {2,}"))
    return readJoinedSpaces(step.getString("content").value_or(""));
  StringRef from = pattern ? pattern->getString("String").value_or("") : "";
  StringRef to = step.getString("content").value_or("");
  if (from != " " || to != spaceMark)
    return fail("normalizer Replace makes '%s' of '%s'; only %s of a space is "
                "known",
                to.str().c_str(), from.str().c_str(), spaceMark.data());
  tables.flags |= TENON_TOKENIZER_SPACE_MARK;
  return Error::success();
}

Error JsonTokenizer::readPreTokenizer(const json::Object &step) {
  StringRef type = *step.getString("type");
  if (isByteLevel)
    return fail("pre-tokenizer '%s' comes after ByteLevel, which must be the "
                "last",
                type.str().c_str());
  if (type == "Metaspace")
    return readMetaspace(step);
  if (type == "WhitespaceSplit" && !sawPreTokenizer)
    cutsWords = true;
  sawPreTokenizer = true;
  if (type == "WhitespaceSplit")
    return tables.addSplit(TENON_SPLIT_REMOVED, /*invert=*/false, R"(\s)");
  if (type == "Split")
    return readSplit(step);
  if (type == "ByteLevel")
    return readByteLevel(step);
  if (type == "BertPreTokenizer")
    return tables.addBertSplits();
  if (type == "Digits") {
    bool single = step.getBoolean("individual_digits").value_or(false);
    return tables.addSplit(single ? TENON_SPLIT_ISOLATED
                                  : TENON_SPLIT_CONTIGUOUS,
                           /*invert=*/false, R"(\p{N})");
  }
  return fail(
      "unknown pre-tokenizer '%s'; known pre-tokenizers: "
      "BertPreTokenizer, ByteLevel, Digits, Metaspace, Sequence, Split, "
      "WhitespaceSplit",
      type.str().c_str());
}

/// Behind WhitespaceSplit there are no spaces; each word gets a mark.
Error JsonTokenizer::markWords(StringRef scheme) {
  if (scheme != "always")
    return fail("prepend_scheme of Metaspace is '%s'; behind WhitespaceSplit "
                "only 'always' is known",
                scheme.str().c_str());
  tables.flags |= TENON_TOKENIZER_MARK_WORDS;
  return tables.addSplit(TENON_SPLIT_PREFIX_MARK, /*invert=*/false, "");
}

/// Marks spaces as the normalizers Replace and Prepend do, but adds none to a
/// text that begins with one.
Error JsonTokenizer::readMetaspace(const json::Object &step) {
  bool isBehindWords = std::exchange(cutsWords, false);
  if (std::exchange(sawPreTokenizer, true) && !isBehindWords)
    return fail("pre-tokenizer Metaspace is not the first one, nor the one "
                "behind WhitespaceSplit");
  StringRef mark = step.getString("replacement").value_or(spaceMark);
  if (mark != spaceMark)
    return fail("pre-tokenizer Metaspace makes '%s' of a space; only %s is "
                "known",
                mark.str().c_str(), spaceMark.data());
  // Older files say only whether there is a prefix.
  bool adds = step.getBoolean("add_prefix_space").value_or(true);
  StringRef scheme =
      step.getString("prepend_scheme").value_or(adds ? "always" : "never");
  if (!adds && scheme != "never")
    return fail("add_prefix_space of Metaspace is false, but prepend_scheme is "
                "'%s'; remove one of the two",
                scheme.str().c_str());
  if (!is_contained({"always", "first", "never"}, scheme))
    return fail("unknown prepend_scheme '%s' of Metaspace; known schemes: "
                "always, first, never",
                scheme.str().c_str());
  if (isBehindWords) {
    if (Error error = markWords(scheme))
      return error;
  } else {
    tables.flags |= TENON_TOKENIZER_SPACE_MARK;
  }
  if (!isBehindWords && scheme == "always")
    tables.flags |= TENON_TOKENIZER_MARK_PARTS;
  if (!isBehindWords && scheme == "first")
    tables.flags |= TENON_TOKENIZER_MARK_FIRST;
  if (!step.getBoolean("split").value_or(true))
    return Error::success();
  return tables.addSplit(TENON_SPLIT_MERGED_WITH_NEXT, /*invert=*/false,
                         spaceMark);
}

static std::optional<uint32_t> parseBehavior(StringRef name) {
  static const std::pair<StringRef, uint32_t> known[] = {
      {"Isolated", TENON_SPLIT_ISOLATED},
      {"Removed", TENON_SPLIT_REMOVED},
      {"MergedWithPrevious", TENON_SPLIT_MERGED_WITH_PREVIOUS},
      {"MergedWithNext", TENON_SPLIT_MERGED_WITH_NEXT},
      {"Contiguous", TENON_SPLIT_CONTIGUOUS},
  };
  for (auto [known, behavior] : known)
    if (known == name)
      return behavior;
  return std::nullopt;
}

Error JsonTokenizer::readSplit(const json::Object &step) {
  StringRef name = step.getString("behavior").value_or("");
  std::optional<uint32_t> behavior = parseBehavior(name);
  if (!behavior)
    return fail("unknown split behavior '%s'; known behaviors: Contiguous, "
                "Isolated, MergedWithNext, MergedWithPrevious, Removed",
                name.str().c_str());
  bool invert = step.getBoolean("invert").value_or(false);
  if (const json::Object *pattern = step.getObject("pattern")) {
    if (std::optional<StringRef> regex = pattern->getString("Regex"))
      return tables.addSplit(*behavior, invert, *regex);
    if (std::optional<StringRef> text = pattern->getString("String"))
      return tables.addSplit(*behavior, invert, quotePattern(*text));
  }
  return fail("expects the pattern of a split to have a 'Regex' or a 'String'");
}

Error JsonTokenizer::readByteLevel(const json::Object &step) {
  isByteLevel = true;
  if (step.getBoolean("add_prefix_space").value_or(true))
    if (Error error =
            tables.addSplit(TENON_SPLIT_PREFIX_SPACE, /*invert=*/false, ""))
      return error;
  if (step.getBoolean("use_regex").value_or(true))
    return tables.addSplit(TENON_SPLIT_ISOLATED, /*invert=*/false, gpt2Pattern);
  return Error::success();
}

Error JsonTokenizer::readPostProcessor(const json::Object &step) {
  StringRef type = *step.getString("type");
  // This one moves offsets into the text alone, not tokens.
  if (type == "ByteLevel")
    return Error::success();
  if (type == "TemplateProcessing")
    return readTemplate(step);
  if (type == "BertProcessing")
    return readBertProcessing(step);
  return fail("unknown post-processor '%s'; known post-processors: "
              "BertProcessing, ByteLevel, Sequence, TemplateProcessing",
              type.str().c_str());
}

/// A token in front and one at the end, each a pair of its text and its number.
Error JsonTokenizer::readBertProcessing(const json::Object &step) {
  for (auto [name, tokens] : {std::pair(StringRef("cls"), &tables.prefix),
                              {StringRef("sep"), &tables.suffix}}) {
    const json::Array *pair = step.getArray(name);
    std::optional<int64_t> id =
        pair && pair->size() == 2 ? (*pair)[1].getAsInteger() : std::nullopt;
    if (!id || *id < 0 || *id > UINT32_MAX)
      return fail("expects BertProcessing to have a token and its number under "
                  "'%s'",
                  name.str().c_str());
    tokens->push_back(uint32_t(*id));
  }
  return Error::success();
}

Error JsonTokenizer::readTemplate(const json::Object &step) {
  const json::Array *parts = step.getArray("single");
  const json::Object *known = step.getObject("special_tokens");
  if (!parts || !known)
    return fail("expects TemplateProcessing to have 'single' and "
                "'special_tokens'");
  bool sawText = false;
  for (const json::Value &value : *parts) {
    const json::Object *part = value.getAsObject();
    if (part && part->getObject("Sequence")) {
      if (sawText)
        return fail("TemplateProcessing repeats the text");
      sawText = true;
      continue;
    }
    const json::Object *token =
        part ? part->getObject("SpecialToken") : nullptr;
    StringRef name = token ? token->getString("id").value_or("") : "";
    const json::Object *entry = known->getObject(name);
    const json::Array *ids = entry ? entry->getArray("ids") : nullptr;
    if (!ids)
      return fail("TemplateProcessing names the token '%s', which its "
                  "special_tokens lack",
                  name.str().c_str());
    for (const json::Value &id : *ids) {
      // A number that no token has is refused with the others.
      uint64_t number = id.getAsUINT64().value_or(UINT32_MAX);
      (sawText ? tables.suffix : tables.prefix)
          .push_back(uint32_t(std::min<uint64_t>(number, UINT32_MAX)));
    }
  }
  if (!sawText)
    return fail("TemplateProcessing leaves the text out");
  return Error::success();
}

} // namespace tenon
