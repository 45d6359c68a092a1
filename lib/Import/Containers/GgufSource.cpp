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
  llvm::Error addPart(GgufPart part, const GgufArchitecture &arch,
                      MappedTensors &weights);

  std::optional<GgufMetadata> metadata;
  /// By canonical name.
  llvm::StringMap<std::string> storedNames;
};
} // namespace

static constexpr llvm::StringLiteral kRopeDivisors = "rope_freqs.weight";

/// Divisors, one for each rotated pair of the configuration, of the tensor of
/// this name; nothing where the file has none.
static llvm::Expected<std::vector<double>>
readDivisors(llvm::StringRef name, llvm::StringRef bytes,
             const GgufContents &contents, const ModelConfig &config) {
  auto tensor =
      llvm::find_if(contents.tensors, [&](const StoredTensor &candidate) {
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

llvm::Expected<std::vector<double>>
tenon::readGgufRopeDivisors(llvm::StringRef bytes, const GgufContents &contents,
                            const ModelConfig &config) {
  return readDivisors(kRopeDivisors, bytes, contents, config);
}

/// The divisors are in the part that has their tensor.
static llvm::Expected<std::vector<double>>
readDivisors(llvm::StringRef name, llvm::ArrayRef<GgufPart> parts,
             const ModelConfig &config) {
  for (const GgufPart &part : parts) {
    llvm::Expected<std::vector<double>> divisors =
        readDivisors(name, part.file.getBytes(), part.contents, config);
    if (!divisors || !divisors->empty())
      return divisors;
  }
  return std::vector<double>();
}

/// Puts the two lists of LongRoPE, which are tensors, into the configuration.
static llvm::Error addLongRope(llvm::ArrayRef<GgufPart> parts,
                               ModelConfig &config) {
  llvm::Expected<std::string> type =
      config.getString("rope_scaling.rope_type", llvm::StringRef());
  if (!type)
    return type.takeError();
  if (*type != "longrope")
    return llvm::Error::success();
  for (auto [tensor, key] :
       {std::pair<llvm::StringLiteral, llvm::StringLiteral>{
            "rope_factors_short.weight", "rope_scaling.short_factor"},
        {"rope_factors_long.weight", "rope_scaling.long_factor"}}) {
    llvm::Expected<std::vector<double>> divisors =
        readDivisors(tensor, parts, config);
    if (!divisors)
      return divisors.takeError();
    if (divisors->empty())
      return makeImportError(config.getFile() + ": tensor '" + tensor +
                             "' is missing beside the other one of LongRoPE");
    config.set(key, llvm::json::Array(*divisors), tensor);
  }
  return llvm::Error::success();
}

/// Takes the tensors of a part, under their canonical names.
llvm::Error GgufSource::addPart(GgufPart part, const GgufArchitecture &arch,
                                MappedTensors &weights) {
  std::vector<StoredTensor> &stored = part.contents.tensors;
  for (StoredTensor &tensor : stored) {
    std::string name = tensor.info.name;
    canonicalizeGgufTensor(tensor.info, arch);
    storedNames[tensor.info.name] = std::move(name);
    if (!tensor.foreignType.empty())
      foreignTypes[tensor.info.name] = tensor.foreignType;
  }
  llvm::erase_if(stored, [](const StoredTensor &tensor) {
    return !tensor.foreignType.empty();
  });
  return weights.addFile(std::move(part.file), part.contents.metadata.getFile(),
                         std::move(stored));
}

llvm::Error GgufSource::open(llvm::StringRef file, MappedFile mapped,
                             bool skipWeights) {
  path = file.str();
  llvm::Expected<std::vector<GgufPart>> parts =
      openGgufParts(file, std::move(mapped));
  if (!parts)
    return parts.takeError();
  // The first part has the metadata, and the configuration depends on which
  // tensors there are.
  GgufContents whole = parts->front().contents;
  for (const GgufPart &part : llvm::ArrayRef(*parts).drop_front())
    llvm::append_range(whole.tensors, part.contents.tensors);
  llvm::Expected<const GgufArchitecture *> arch =
      getGgufArchitecture(whole.metadata);
  if (!arch)
    return arch.takeError();
  llvm::Expected<ModelConfig> built = buildGgufConfig(whole, **arch);
  if (!built)
    return built.takeError();
  llvm::Expected<std::vector<double>> divisors =
      readDivisors(kRopeDivisors, *parts, *built);
  if (!divisors)
    return divisors.takeError();
  if (llvm::Error error = addLongRope(*parts, *built))
    return error;

  architecture = (*arch)->modelType.str();
  config = std::move(*built);
  normsWithOne = (*arch)->normsIncludeOne;
  rowOrder = (*arch)->queryKeyRows;
  ropeDivisors = std::move(*divisors);
  // A mapping does not move with its owner, so the metadata stays valid.
  metadata = std::move(whole.metadata);
  auto weights = std::make_unique<MappedTensors>(/*readable=*/!skipWeights);
  for (GgufPart &part : *parts)
    if (llvm::Error error = addPart(std::move(part), **arch, *weights))
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
