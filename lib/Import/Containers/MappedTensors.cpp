// The tensors of one or more mapped files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/MappedTensors.h"
#include "tenon/Import/Containers/Messages.h"

using namespace tenon;

llvm::Error MappedTensors::addFile(MappedFile file, llvm::StringRef name,
                                   std::vector<StoredTensor> tensors) {
  unsigned fileIndex = files.size();
  files.push_back(std::move(file));
  fileNames.push_back(name.str());
  for (StoredTensor &tensor : tensors) {
    auto [entry, isNew] =
        indices.try_emplace(tensor.info.name, unsigned(infos.size()));
    if (!isNew)
      return makeImportError("tensor " + quote(tensor.info.name) + " is in " +
                             quote(fileNames[places[entry->second].file]) +
                             " and again in " + quote(name) +
                             "; remove one of the two");
    places.push_back({fileIndex, tensor.begin, tensor.size});
    infos.push_back(std::move(tensor.info));
  }
  return llvm::Error::success();
}

void MappedTensors::present(llvm::StringRef name, TensorInfo as) {
  auto entry = indices.find(name);
  assert(entry != indices.end() && "no such tensor");
  unsigned index = entry->second;
  indices.erase(entry);
  [[maybe_unused]] bool isNew = indices.try_emplace(as.name, index).second;
  assert(isNew && "a name of two tensors");
  infos[index] = std::move(as);
}

void MappedTensors::hide(const llvm::StringSet<> &names) {
  size_t kept = 0;
  indices.clear();
  for (size_t i = 0; i < infos.size(); ++i) {
    if (names.contains(infos[i].name))
      continue;
    indices[infos[i].name] = static_cast<unsigned>(kept);
    if (i != kept) {
      infos[kept] = std::move(infos[i]);
      places[kept] = places[i];
    }
    ++kept;
  }
  infos.resize(kept);
  places.resize(kept);
}

const TensorInfo *MappedTensors::find(llvm::StringRef name) const {
  auto entry = indices.find(name);
  return entry == indices.end() ? nullptr : &infos[entry->second];
}

const MappedTensors::Place *
MappedTensors::getPlace(const TensorInfo &tensor) const {
  auto entry = indices.find(tensor.name);
  return entry == indices.end() ? nullptr : &places[entry->second];
}

llvm::Expected<llvm::ArrayRef<uint8_t>>
MappedTensors::read(const TensorInfo &tensor) const {
  if (!readable)
    return makeImportError("cannot read tensor " + quote(tensor.name) +
                           ": the model was opened without its weights");
  const Place *place = getPlace(tensor);
  if (!place)
    return makeImportError("cannot read tensor " + quote(tensor.name) +
                           ": no file of the model has it");
  llvm::StringRef bytes =
      files[place->file].getBytes().substr(place->begin, place->size);
  return llvm::ArrayRef(bytes.bytes_begin(), bytes.size());
}

void MappedTensors::release(const TensorInfo &tensor) const {
  if (const Place *place = getPlace(tensor))
    files[place->file].release(place->begin, place->size);
}
