// Opens the folder of a Hugging Face checkpoint.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/HuggingFace.h"
#include "tenon/Import/Containers/JsonCursor.h"
#include "tenon/Import/Containers/MappedTensors.h"
#include "tenon/Import/Containers/Messages.h"
#include "tenon/Import/Containers/Safetensors.h"
#include "tenon/Import/Containers/TensorNames.h"
#include "tenon/Import/JsonScan.h"

#include "llvm/ADT/StringMap.h"
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

namespace {
/// A file whose names are as they are stored.
struct OpenFile {
  MappedFile file;
  std::string name;
  std::vector<StoredTensor> tensors;
};

class HuggingFaceSource : public ModelSource {
public:
  llvm::Error open(llvm::StringRef folder, bool skipWeights);

private:
  llvm::Error openConfig();
  llvm::Error openWeights();
  llvm::Error openShards();
  llvm::Error openFile(llvm::StringRef name, llvm::StringRef reason);
  void warnOfAbsent(llvm::ArrayRef<std::pair<std::string, std::string>> index);
  llvm::Error addTensors(MappedTensors &weights);

  std::vector<OpenFile> files;
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
  inputsAsRows = tenon::storesInputsAsRows(architecture);
  return llvm::Error::success();
}

llvm::Error HuggingFaceSource::openFile(llvm::StringRef name,
                                        llvm::StringRef reason) {
  llvm::Expected<MappedFile> file = MappedFile::open(joinPath(path, name));
  if (!file)
    return makeImportError(llvm::toString(file.takeError()) + reason);
  llvm::Expected<std::vector<StoredTensor>> tensors =
      parseSafetensors(file->getBytes(), name);
  if (!tensors)
    return tensors.takeError();
  files.push_back({std::move(*file), name.str(), std::move(*tensors)});
  return llvm::Error::success();
}

/// Blocks of MXFP4 are bytes in a file, 16 for each scale: two floats of 4 bits
/// in each, and a power of two. Here they become what they mean.
static void retypeBlocks(std::vector<OpenFile> &files) {
  llvm::StringMap<TensorInfo *> tensors;
  for (OpenFile &file : files)
    for (StoredTensor &tensor : file.tensors)
      tensors[tensor.info.name] = &tensor.info;
  for (auto &entry : tensors) {
    llvm::StringRef stem = entry.getKey();
    TensorInfo *codes = entry.getValue();
    if (!stem.consume_back("_blocks") || codes->type != StorageType::U8)
      continue;
    TensorInfo *scales = tensors.lookup((stem + "_scales").str());
    constexpr int64_t bytes = 16;
    if (!scales || scales->type != StorageType::U8 || codes->shape.empty() ||
        codes->shape.back() != bytes ||
        llvm::ArrayRef(codes->shape).drop_back() !=
            llvm::ArrayRef(scales->shape) ||
        scales->shape.empty())
      continue;
    codes->type = StorageType::F4E2M1;
    codes->shape = scales->shape;
    codes->shape.back() *= 2 * bytes;
    scales->type = StorageType::F8E8M0;
  }
}

/// Takes over the tensors of all files, under their canonical names.
llvm::Error HuggingFaceSource::addTensors(MappedTensors &weights) {
  retypeBlocks(files);
  std::vector<llvm::StringRef> names;
  for (const OpenFile &file : files)
    for (const StoredTensor &tensor : file.tensors)
      names.push_back(tensor.info.name);
  TensorNames canonical(names, architecture);
  for (OpenFile &file : files) {
    for (StoredTensor &tensor : file.tensors) {
      tensor.info.name = canonical.translate(tensor.info.name);
      if (!tensor.foreignType.empty())
        foreignTypes[tensor.info.name] = tensor.foreignType;
    }
    llvm::erase_if(file.tensors, [](const StoredTensor &tensor) {
      return !tensor.foreignType.empty();
    });
    if (llvm::Error error = weights.addFile(std::move(file.file), file.name,
                                            std::move(file.tensors)))
      return error;
  }
  return llvm::Error::success();
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

/// An index lists files; what a file holds is what it says itself. Only a model
/// that needs a tensor misses it.
void HuggingFaceSource::warnOfAbsent(
    llvm::ArrayRef<std::pair<std::string, std::string>> index) {
  llvm::StringSet<> stored;
  for (const OpenFile &file : files)
    for (const StoredTensor &tensor : file.tensors)
      stored.insert(tensor.info.name);
  llvm::StringRef first;
  size_t absent = 0;
  for (auto &[tensor, file] : index)
    if (!stored.contains(tensor) && absent++ == 0)
      first = tensor;
  if (absent)
    warnings.push_back(indexName.str() + ": lists " + std::to_string(absent) +
                       (absent == 1 ? " tensor" : " tensors") +
                       " that no file has, first " + quote(first));
}

llvm::Error HuggingFaceSource::openShards() {
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
      if (llvm::Error error = openFile(file, "; " + indexName.str() +
                                                 " says that it holds weights"))
        return error;
  warnOfAbsent(*entries);
  return llvm::Error::success();
}

llvm::Error HuggingFaceSource::openWeights() {
  if (fs::exists(joinPath(path, singleName)))
    return openFile(singleName, "");
  if (fs::exists(joinPath(path, indexName)))
    return openShards();
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
  if (!skipWeights) {
    if (llvm::Error error = openWeights())
      return error;
    if (llvm::Error error = addTensors(*weights))
      return error;
  }
  if (llvm::Error error = nameQuantization(path, *weights, config))
    return error;
  if (llvm::Error error = readSentenceModules(path, config))
    return error;
  if (!skipWeights)
    if (llvm::Error error = presentQuantized(path, config, *weights))
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
