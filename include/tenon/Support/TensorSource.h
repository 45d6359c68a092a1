// Where weights of a model come from: named tensors as they are stored.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_TENSORSOURCE_H
#define TENON_SUPPORT_TENSORSOURCE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
/// Whether blocks of the type have their scales and offsets in them.
bool hasOwnFactors(StorageType type);
/// The type with a number in GGUF files, if a weight can be stored so.
std::optional<StorageType> getGgufType(uint32_t number);
/// The name of the type with a number in GGUF files, or `number 7`.
std::string stringifyGgufType(uint32_t number);

/// Where the elements of a matrix lie that is not stored row after row, and which
/// numbers they are. Element (n, k) is found by the column c = columns[k] (or k):
///
///   unit   = n * rowStride + c * colStride, where the index along `words` is
///            divided by the elements of a word
///   number = code - bias, or bias - code if `negated`; times `multiplier`
///
/// where `shift` was added to the code, modulo the codes that there are.
struct ElementOrder {
  /// What words of 32 bits have several elements of.
  enum class Words { None, OfColumn, OfRow };

  /// Elements, or words where they are shared; 0 repeats a number.
  int64_t rowStride = 0;
  int64_t colStride = 0;
  Words words = Words::None;
  /// The elements of a word of 8, lowest bits first, are 0, 2, 4, 6, 1, 3, 5, 7.
  bool alternates = false;
  /// Where each column is stored; empty for columns in order.
  std::vector<int32_t> columns;
  int64_t shift = 0;
  int64_t bias = 0;
  bool negated = false;
  /// The tensor of the same shape whose numbers multiply these; empty for none.
  std::string multiplier;
  /// Of a tensor of factors: the elements that share a number.
  int64_t blockRows = 1;
  int64_t blockCols = 1;

  /// The unit of an element, and its place in a word that has `perWord` ones.
  std::pair<int64_t, int64_t> locate(int64_t row, int64_t col,
                                     int64_t perWord) const;
};

/// What is known of a tensor without reading its data.
struct TensorInfo {
  /// The canonical name, which is that of the Hugging Face checkpoint of the
  /// family: `model.layers.0.self_attn.q_proj.weight`.
  std::string name;
  StorageType type;
  /// Outermost dimension first; the last one is contiguous.
  llvm::SmallVector<int64_t, 4> shape;
  /// Null for elements row after row.
  std::shared_ptr<const ElementOrder> order = nullptr;
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
