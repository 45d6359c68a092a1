// The tensors of one or more mapped files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CONTAINERS_MAPPEDTENSORS_H
#define TENON_IMPORT_CONTAINERS_MAPPEDTENSORS_H

#include "tenon/Import/Containers/MappedFile.h"
#include "tenon/Import/Containers/StoredTensor.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace tenon {

class MappedTensors : public TensorSource {
public:
  /// Without `readable`, `read` fails.
  explicit MappedTensors(bool readable) : readable(readable) {}

  /// Takes a file and its tensors, whose names are canonical now and which lie
  /// inside of it. Fails when a name is known already.
  llvm::Error addFile(MappedFile file, llvm::StringRef name,
                      std::vector<StoredTensor> tensors);

  /// Presents the bytes of a tensor as another one, in its place in the list.
  void present(llvm::StringRef name, TensorInfo as);
  /// Leaves tensors out.
  void hide(const llvm::StringSet<> &names);

  const TensorInfo *find(llvm::StringRef name) const override;
  llvm::ArrayRef<TensorInfo> getTensors() const override { return infos; }
  llvm::Expected<llvm::ArrayRef<uint8_t>>
  read(const TensorInfo &tensor) const override;
  void release(const TensorInfo &tensor) const override;

private:
  struct Place {
    unsigned file;
    uint64_t begin;
    uint64_t size;
  };
  const Place *getPlace(const TensorInfo &tensor) const;

  bool readable;
  std::vector<MappedFile> files;
  std::vector<std::string> fileNames;
  std::vector<TensorInfo> infos;
  std::vector<Place> places;
  llvm::StringMap<unsigned> indices;
};

} // namespace tenon

#endif // TENON_IMPORT_CONTAINERS_MAPPEDTENSORS_H
