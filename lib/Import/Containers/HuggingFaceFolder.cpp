// Opens the folder of a Hugging Face checkpoint.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/HuggingFace.h"
#include "tenon/Import/Containers/JsonCursor.h"
#include "tenon/Import/Containers/MappedTensors.h"
#include "tenon/Import/Containers/Messages.h"
#include "tenon/Import/Containers/Safetensors.h"
#include "tenon/Import/JsonScan.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace tenon;
namespace fs = llvm::sys::fs;
namespace paths = llvm::sys::path;
using Token = JsonCursor::Token;

static constexpr llvm::StringLiteral configName = "config.json";
static constexpr llvm::StringLiteral singleName = "model.safetensors";
static constexpr llvm::StringLiteral indexName = "model.safetensors.index.json";
static constexpr uint64_t maxConfigBytes = 16 << 20;

static std::string joinPath(llvm::StringRef folder, llvm::StringRef name) {
  llvm::SmallString<256> result(folder);
  paths::append(result, name);
  return result.str().str();
}

/// Multimodal checkpoints hold the text model under a prefix.
static std::string getCanonicalName(llvm::StringRef name) {
  for (auto [prefix, canonical] :
       {std::pair<llvm::StringLiteral, llvm::StringLiteral>{
            "language_model.model.", "model."},
        {"language_model.lm_head.", "lm_head."},
        {"model.language_model.", "model."}})
    if (name.consume_front(prefix))
      return (canonical + name).str();
  return name.str();
}

namespace {
class HuggingFaceSource : public ModelSource {
public:
  llvm::Error open(llvm::StringRef folder, bool skipWeights);

private:
  llvm::Error openConfig();
  llvm::Error openWeights(MappedTensors &weights);
  llvm::Error openShards(MappedTensors &weights);
  llvm::Error openFile(llvm::StringRef name, llvm::StringRef reason,
                       MappedTensors &weights);
};
} // namespace

llvm::Error HuggingFaceSource::openConfig() {
  llvm::Expected<std::string> text =
      readTextFile(joinPath(path, configName), maxConfigBytes);
  if (!text)
    return text.takeError();
  llvm::Expected<ModelConfig> parsed =
      parseHuggingFaceConfig(*text, configName);
  if (!parsed)
    return parsed.takeError();
  config = std::move(*parsed);
  llvm::Expected<std::string> type = config.getString("model_type");
  if (!type)
    return type.takeError();
  architecture = std::move(*type);
  return llvm::Error::success();
}

llvm::Error HuggingFaceSource::openFile(llvm::StringRef name,
                                        llvm::StringRef reason,
                                        MappedTensors &weights) {
  llvm::Expected<MappedFile> file = MappedFile::open(joinPath(path, name));
  if (!file)
    return makeImportError(llvm::toString(file.takeError()) + reason);
  llvm::Expected<std::vector<StoredTensor>> tensors =
      parseSafetensors(file->getBytes(), name);
  if (!tensors)
    return tensors.takeError();
  for (StoredTensor &tensor : *tensors)
    tensor.info.name = getCanonicalName(tensor.info.name);
  return weights.addFile(std::move(*file), name, std::move(*tensors));
}

/// A name in an index may go to a sub-folder, but not out of the folder.
static bool staysInFolder(llvm::StringRef name) {
  if (name.empty() || name.contains('\0') || name.contains('\\') ||
      paths::is_absolute(name))
    return false;
  return std::none_of(paths::begin(name), paths::end(name),
                      [](llvm::StringRef part) { return part == ".."; });
}

llvm::Expected<std::vector<std::pair<std::string, std::string>>>
tenon::parseSafetensorsIndex(llvm::StringRef text, llvm::StringRef file) {
  if (llvm::Error error = scanJson(text, file))
    return error;
  JsonCursor cursor(text, file);
  std::vector<std::pair<std::string, std::string>> entries;
  bool found = false;
  unsigned depth = 0;
  while (true) {
    llvm::Expected<Token> token = cursor.next();
    if (!token)
      return token.takeError();
    if (*token == Token::End)
      break;
    if (*token == Token::ObjectBegin || *token == Token::ArrayBegin)
      ++depth;
    else if (*token == Token::ObjectEnd || *token == Token::ArrayEnd)
      --depth;
    if (*token != Token::Key || depth != 1 || cursor.getText() != "weight_map")
      continue;
    found = true;
    if (llvm::Error error =
            cursor.expect(Token::ObjectBegin, "an object under 'weight_map'"))
      return error;
    while (true) {
      llvm::Expected<Token> key = cursor.next();
      if (!key)
        return key.takeError();
      if (*key == Token::ObjectEnd)
        break;
      std::string tensor = cursor.getText().str();
      if (llvm::Error error = cursor.expect(
              Token::String, "the name of a file for each tensor"))
        return error;
      if (!staysInFolder(cursor.getText()))
        return makeImportError(
            file + ": tensor " + quote(tensor) + " is in " +
            quote(cursor.getText()) +
            ", but only files inside of the folder are read; use a relative "
            "name without '..'");
      entries.emplace_back(std::move(tensor), cursor.getText().str());
    }
  }
  if (!found)
    return makeImportError(file + ": 'weight_map' is missing");
  return entries;
}

llvm::Error HuggingFaceSource::openShards(MappedTensors &weights) {
  llvm::Expected<std::string> text =
      readTextFile(joinPath(path, indexName), maxJsonBytes);
  if (!text)
    return text.takeError();
  llvm::Expected<std::vector<std::pair<std::string, std::string>>> entries =
      parseSafetensorsIndex(*text, indexName);
  if (!entries)
    return entries.takeError();
  llvm::StringSet<> opened;
  for (auto &[tensor, file] : *entries)
    if (opened.insert(file).second)
      if (llvm::Error error = openFile(
              file, "; " + indexName.str() + " says that it holds weights",
              weights))
        return error;
  for (auto &[tensor, file] : *entries) {
    llvm::StringRef actual = weights.getFileOf(getCanonicalName(tensor));
    if (actual != file)
      return makeImportError(
          indexName + ": says that tensor " + quote(tensor) + " is in " +
          quote(file) + ", but " +
          (actual.empty() ? "no file has it" : "it is in " + quote(actual)));
  }
  return llvm::Error::success();
}

llvm::Error HuggingFaceSource::openWeights(MappedTensors &weights) {
  if (fs::exists(joinPath(path, singleName)))
    return openFile(singleName, "", weights);
  if (fs::exists(joinPath(path, indexName)))
    return openShards(weights);
  return makeImportError(
      "folder " + quote(path) + " has neither " + singleName + " nor " +
      indexName +
      "; convert its weights to safetensors or pass --skip-weights");
}

llvm::Error HuggingFaceSource::open(llvm::StringRef folder, bool skipWeights) {
  path = folder.str();
  if (llvm::Error error = openConfig())
    return error;
  auto weights = std::make_unique<MappedTensors>(/*readable=*/!skipWeights);
  if (!skipWeights)
    if (llvm::Error error = openWeights(*weights))
      return error;
  tensorsKnown = !skipWeights;
  tensors = std::move(weights);
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<ModelSource>>
tenon::openHuggingFaceFolder(llvm::StringRef path, bool skipWeights) {
  auto source = std::make_unique<HuggingFaceSource>();
  if (llvm::Error error = source->open(path, skipWeights))
    return std::move(error);
  return std::move(source);
}
