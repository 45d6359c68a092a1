// Reads vocab.json and merges.txt, which came before tokenizer.json.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "JsonTokenizer.h"
#include "SplitPattern.h"

#include "tenon/Support/InputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace tenon {

/// One merge on each line, after a line that names the version.
static Expected<json::Array> readMergesFile(StringRef folder) {
  SmallString<256> path(folder);
  sys::path::append(path, "merges.txt");
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readInputFile(path);
  if (!buffer)
    return buffer.takeError();
  json::Array merges;
  SmallVector<StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    line = line.rtrim('\r');
    if (line.empty() || line.starts_with("#version"))
      continue;
    if (!json::isUTF8(line))
      return createStringError("merges.txt: line '%s' is no UTF-8",
                               json::fixUTF8(line).c_str());
    merges.push_back(line.str());
  }
  return merges;
}

static json::Object makeStep(StringRef type) {
  return json::Object{{"type", type.str()}};
}

/// What the published class of a tokenizer does to a text: nothing of it is in
/// the two files.
Expected<json::Object> JsonTokenizer::describeClass() const {
  Expected<json::Object> config =
      readFile("tokenizer_config.json", /*mayBeAbsent=*/true);
  if (!config)
    return config.takeError();
  StringRef name = config->getString("tokenizer_class").value_or("");
  name.consume_back("Fast");
  json::Object bytes = makeStep("ByteLevel");
  bytes["add_prefix_space"] =
      config->getBoolean("add_prefix_space").value_or(false);
  if (name.empty() || name == "GPT2Tokenizer")
    return json::Object{{"pre_tokenizer", std::move(bytes)}};
  if (name != "Qwen2Tokenizer")
    return createStringError(
        "tokenizer_config.json: the class '%s' is not known without "
        "tokenizer.json; known classes: GPT2Tokenizer, Qwen2Tokenizer",
        name.str().c_str());
  bytes["use_regex"] = false;
  json::Object split = makeStep("Split");
  split["pattern"] = json::Object{{"Regex", qwen2Pattern.str()}};
  split["behavior"] = "Isolated";
  json::Object sequence = makeStep("Sequence");
  sequence["pretokenizers"] = json::Array{std::move(split), std::move(bytes)};
  return json::Object{{"normalizer", makeStep("NFC")},
                      {"pre_tokenizer", std::move(sequence)}};
}

Expected<json::Object> JsonTokenizer::readVocabularyFiles() {
  tables.file = "vocab.json";
  Expected<json::Object> vocabulary =
      readFile("vocab.json", /*mayBeAbsent=*/false);
  if (!vocabulary)
    return vocabulary.takeError();
  Expected<json::Array> merges = readMergesFile(folder);
  if (!merges)
    return merges.takeError();
  Expected<json::Object> root = describeClass();
  if (!root)
    return root.takeError();
  // Both classes end texts by this token.
  static constexpr StringLiteral end = "<|endoftext|>";
  if (std::optional<int64_t> id = vocabulary->getInteger(end))
    (*root)["added_tokens"] = json::Array{
        json::Object{{"id", *id}, {"content", end.str()}, {"special", true}}};
  (*root)["model"] = json::Object{{"type", "BPE"},
                                  {"vocab", std::move(*vocabulary)},
                                  {"merges", std::move(*merges)}};
  return std::move(*root);
}

} // namespace tenon
