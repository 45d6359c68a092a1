// Opens the model of a GGUF file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"
#include "tenon/Import/Containers/MappedTensors.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace tenon;

namespace {
class GgufSource : public ModelSource {
public:
  llvm::Error open(llvm::StringRef file, MappedFile mapped, bool skipWeights);

  const GgufMetadataView *getEmbeddedMetadata() const override {
    return &*metadata;
  }

  llvm::StringRef getStoredName(llvm::StringRef canonical) const override {
    auto name = storedNames.find(canonical);
    return name == storedNames.end() ? canonical : name->second;
  }

private:
  std::optional<GgufMetadata> metadata;
  /// By canonical name.
  llvm::StringMap<std::string> storedNames;
};
} // namespace

/// Several files for one model name their number in each of them.
static llvm::Error checkWhole(const GgufMetadata &metadata) {
  std::optional<int64_t> count = metadata.getInt("split.count");
  if (!count || *count <= 1)
    return llvm::Error::success();
  return makeImportError(metadata.getFile() + ": is one of " +
                         llvm::Twine(*count) +
                         " parts of a model; merge them into one file");
}

llvm::Expected<std::vector<double>>
tenon::readGgufRopeDivisors(llvm::StringRef bytes, const GgufContents &contents,
                            const ModelConfig &config) {
  static constexpr llvm::StringLiteral name = "rope_freqs.weight";
  auto tensor =
      llvm::find_if(contents.tensors, [](const StoredTensor &candidate) {
        return candidate.info.name == name;
      });
  if (tensor == contents.tensors.end())
    return std::vector<double>();
  llvm::Expected<int64_t> width = config.getInt("head_dim");
  if (!width)
    return width.takeError();
  llvm::Expected<double> part = config.getFloat("partial_rotary_factor", 1.0);
  if (!part)
    return part.takeError();
  int64_t pairs = std::lround(double(*width) * *part) / 2;
  if (tensor->info.type != StorageType::F32 ||
      tensor->info.shape != llvm::ArrayRef<int64_t>{pairs})
    return makeImportError(config.getFile() + ": tensor '" + name +
                           "' expects type F32 and shape " +
                           stringifyShape(pairs) + ", but has " +
                           stringifyStorageType(tensor->info.type) + " and " +
                           stringifyShape(tensor->info.shape));
  std::vector<double> divisors;
  for (int64_t i = 0; i < pairs; ++i) {
    double divisor = llvm::support::endian::read<float>(
        bytes.data() + tensor->begin + sizeof(float) * i,
        llvm::endianness::little);
    if (!std::isfinite(divisor) || !(divisor > 0))
      return makeImportError(config.getFile() + ": tensor '" + name +
                             "' expects positive finite numbers, but element " +
                             llvm::Twine(i) + " is not");
    divisors.push_back(divisor);
  }
  return divisors;
}

llvm::Error GgufSource::open(llvm::StringRef file, MappedFile mapped,
                             bool skipWeights) {
  path = file.str();
  llvm::StringRef bytes = mapped.getBytes();
  llvm::Expected<GgufContents> contents =
      parseGguf(bytes, llvm::sys::path::filename(file));
  if (!contents)
    return contents.takeError();
  if (llvm::Error error = checkWhole(contents->metadata))
    return error;
  llvm::Expected<const GgufArchitecture *> arch =
      getGgufArchitecture(contents->metadata);
  if (!arch)
    return arch.takeError();
  llvm::Expected<ModelConfig> built = buildGgufConfig(*contents, **arch);
  if (!built)
    return built.takeError();
  llvm::Expected<std::vector<double>> divisors =
      readGgufRopeDivisors(bytes, *contents, *built);
  if (!divisors)
    return divisors.takeError();

  architecture = (*arch)->modelType.str();
  config = std::move(*built);
  normsWithOne = (*arch)->normsIncludeOne;
  rowOrder = (*arch)->queryKeyRows;
  ropeDivisors = std::move(*divisors);
  metadata = std::move(contents->metadata);
  for (StoredTensor &tensor : contents->tensors) {
    std::string name = tensor.info.name;
    canonicalizeGgufTensor(tensor.info, **arch);
    storedNames[tensor.info.name] = std::move(name);
  }
  // The mapping does not move with its owner, so the metadata stays valid.
  auto weights = std::make_unique<MappedTensors>(/*readable=*/!skipWeights);
  llvm::erase_if(contents->tensors, [&](const StoredTensor &tensor) {
    if (!tensor.foreignType.empty())
      foreignTypes[tensor.info.name] = tensor.foreignType;
    return !tensor.foreignType.empty();
  });
  if (llvm::Error error = weights->addFile(
          std::move(mapped), metadata->getFile(), std::move(contents->tensors)))
    return error;
  tensors = std::move(weights);
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<ModelSource>>
tenon::openGgufFile(llvm::StringRef path, MappedFile file, bool skipWeights) {
  auto source = std::make_unique<GgufSource>();
  if (llvm::Error error = source->open(path, std::move(file), skipWeights))
    return std::move(error);
  return std::move(source);
}
