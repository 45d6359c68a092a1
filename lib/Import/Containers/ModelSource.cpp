// Chooses the container by what a path is.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/ModelSource.h"
#include "tenon/Import/Containers/Gguf.h"
#include "tenon/Import/Containers/HuggingFace.h"
#include "tenon/Import/Containers/MappedFile.h"
#include "tenon/Import/Containers/Messages.h"
#include "tenon/Import/Containers/Safetensors.h"
#include "tenon/Import/Containers/StoredTensor.h"

#include "llvm/Support/Path.h"

using namespace tenon;
namespace fs = llvm::sys::fs;

ModelSource::~ModelSource() = default;

llvm::Expected<const TensorInfo *>
ModelSource::requireTensor(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                           llvm::ArrayRef<StorageType> types) const {
  if (!tensorsKnown)
    return nullptr;
  const TensorInfo *tensor = tensors->find(name);
  auto foreign = foreignTypes.find(name);
  if (!tensor && foreign != foreignTypes.end())
    return makeImportError(
        quote(path) + ": tensor " + quote(name) + " has type " +
        quote(foreign->second) + ", which cannot be imported; convert it to " +
        (getEmbeddedMetadata() ? "Q4_K or Q8_0" : "F32, F16, BF16 or F8_E4M3"));
  if (!tensor)
    return makeImportError(quote(path) + ": tensor " + quote(name) +
                           " is missing; a model of type " +
                           quote(architecture) + " needs it");
  if (!hasShape(*tensor, shape))
    return makeImportError(quote(path) + ": tensor " + quote(name) +
                           " expects shape " + stringifyShape(shape) +
                           " by the configuration, but has " +
                           stringifyShape(tensor->shape));
  if (types.empty() || llvm::is_contained(types, tensor->type))
    return tensor;
  std::string known;
  for (StorageType type : types)
    known += (known.empty() ? "" : " or ") + stringifyStorageType(type).str();
  return makeImportError(quote(path) + ": tensor " + quote(name) +
                         " expects type " + known + ", but has " +
                         stringifyStorageType(tensor->type));
}

llvm::Expected<std::unique_ptr<ModelSource>>
tenon::openModelSource(llvm::StringRef path, bool skipWeights) {
  static constexpr llvm::StringLiteral rule =
      ": expects a folder with config.json or a GGUF file, but ";
  if (fs::is_directory(path)) {
    llvm::SmallString<256> config(path);
    llvm::sys::path::append(config, "config.json");
    if (!fs::exists(config))
      return makeImportError("cannot import " + quote(path) + rule +
                             "the folder has no config.json");
    return openHuggingFaceFolder(path, skipWeights);
  }
  llvm::Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  if (!file->getBytes().starts_with(ggufMagic))
    return makeImportError("cannot import " + quote(path) + rule +
                           "the file begins with " +
                           quote(file->getBytes().take_front(4)) +
                           "; for a safetensors file, name its folder");
  return openGgufFile(path, std::move(*file), skipWeights);
}

namespace {
/// A safetensors file.
class TensorFile : public ModelSource {
public:
  llvm::Error open(llvm::StringRef name, MappedFile file) {
    path = name.str();
    llvm::Expected<std::vector<StoredTensor>> stored =
        parseSafetensors(file.getBytes(), name);
    if (!stored)
      return stored.takeError();
    llvm::erase_if(*stored, [](const StoredTensor &tensor) {
      return !tensor.foreignType.empty();
    });
    auto mapped = std::make_unique<MappedTensors>(/*readable=*/true);
    if (llvm::Error error =
            mapped->addFile(std::move(file), name, std::move(*stored)))
      return error;
    tensors = std::move(mapped);
    return llvm::Error::success();
  }
};
} // namespace

llvm::Expected<std::unique_ptr<ModelSource>>
tenon::openWeightSource(llvm::StringRef path) {
  if (fs::is_directory(path))
    return openModelSource(path);
  llvm::Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  if (file->getBytes().starts_with(ggufMagic))
    return openGgufFile(path, std::move(*file), /*skipWeights=*/false);
  auto source = std::make_unique<TensorFile>();
  if (llvm::Error error = source->open(path, std::move(*file)))
    return std::move(error);
  return std::move(source);
}
