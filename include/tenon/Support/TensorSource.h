// Where weights of a model come from: named tensors as they are stored.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_TENSORSOURCE_H
#define TENON_SUPPORT_TENSORSOURCE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>

namespace tenon {

/// How the elements of a tensor are stored: the rows of `StorageTypes.def`. The
/// block types are those of GGUF: a block covers `getBlockElements` consecutive
/// elements of the last dimension.
enum class StorageType : uint8_t {
#define TENON_STORAGE_TYPE(name, spelling, elements, bytes, gguf) name,
#include "tenon/Support/StorageTypes.def"
};

/// All of them, in the order of the table.
llvm::ArrayRef<StorageType> getStorageTypes();
/// The spelling of a type in messages: `F32`, `F8_E4M3`, `Q4_K`.
llvm::StringRef stringifyStorageType(StorageType type);
/// Elements of one block; 1 for types without blocks.
int64_t getBlockElements(StorageType type);
/// Bytes of one block, or of one element for types without blocks.
int64_t getBlockBytes(StorageType type);
/// Whether blocks of the type have scales, as those of GGUF do.
bool hasBlockScales(StorageType type);
/// The type with a number in GGUF files, if a weight can be stored so.
std::optional<StorageType> getGgufType(uint32_t number);
/// The name of the type with a number in GGUF files, or `number 7`.
std::string stringifyGgufType(uint32_t number);

/// What is known of a tensor without reading its data.
struct TensorInfo {
  /// The canonical name, which is that of the Hugging Face checkpoint of the
  /// family: `model.layers.0.self_attn.q_proj.weight`.
  std::string name;
  StorageType type;
  /// Outermost dimension first; the last one is contiguous.
  llvm::SmallVector<int64_t, 4> shape;
};

/// A set of named tensors. A source that was opened without its weights has
/// shapes and types, but `read` fails.
class TensorSource {
public:
  virtual ~TensorSource();

  /// Returns the tensor with a canonical name, or null.
  virtual const TensorInfo *find(llvm::StringRef name) const = 0;

  /// Every tensor, in the order of the source.
  virtual llvm::ArrayRef<TensorInfo> getTensors() const = 0;

  /// Returns the stored bytes of a tensor of this source: row-major, exactly
  /// `elements / getBlockElements * getBlockBytes` of them. They stay valid as
  /// long as the source; they are mapped, not copied, so a caller that reads
  /// front to back uses constant memory.
  virtual llvm::Expected<llvm::ArrayRef<uint8_t>>
  read(const TensorInfo &tensor) const = 0;

  /// Hints that a tensor will not be read again soon.
  virtual void release(const TensorInfo &tensor) const {}
};

/// Whether a tensor has a shape. It may leave out a last dimension of 1.
bool hasShape(const TensorInfo &tensor, llvm::ArrayRef<int64_t> shape);

} // namespace tenon

#endif // TENON_SUPPORT_TENSORSOURCE_H
