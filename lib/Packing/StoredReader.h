// Reads a weight from the tensors of a source.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_PACKING_STOREDREADER_H
#define TENON_LIB_PACKING_STOREDREADER_H

#include "tenon/Packing/MatrixReader.h"
#include "tenon/Support/TensorSource.h"
#include <array>
#include <vector>

namespace tenon {

/// A tensor and its bytes.
struct StoredNumbers {
  const TensorInfo *info;
  llvm::ArrayRef<uint8_t> bytes;
  /// The tensor whose numbers multiply these, if their order says so.
  std::shared_ptr<const StoredNumbers> multiplier = nullptr;
};

/// One tensor of a stack, with those of its factors if it does not have them
/// itself.
struct StoredPart {
  StoredNumbers codes;
  llvm::SmallVector<StoredNumbers, 1> factors;
};

/// The rows of all matrices, one after the other, lie in equal parts in the
/// tensors: a tensor holds a vector, a matrix or several matrices.
class StoredReader : public MatrixReader {
public:
  StoredReader(WeightType type, const TensorSource &source,
               std::vector<StoredPart> parts);

  llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                        int64_t stride) const override;
  llvm::Error readFactor(size_t number, const Rectangle &blocks,
                         uint8_t *numbers) const override;
  void release(int64_t matrix) const override;

private:
  llvm::Error readBlockFactor(size_t number, const Rectangle &blocks,
                              uint8_t *numbers) const;
  llvm::Error decodeBlockFactor(const TensorInfo &info, size_t number,
                                const uint8_t *block, int64_t row,
                                uint8_t *numbers) const;
  llvm::Error readRow(const StoredPart &part, int64_t row, int64_t col,
                      int64_t cols, uint8_t *codes) const;

  const TensorSource &source;
  std::vector<StoredPart> parts;
  int64_t rowsOfPart;
  /// The format of the tensors if the weight has it in its wider form: then all
  /// factors of a role become one float, and codes others of the same value.
  FormatAttr tight;
  std::array<uint8_t, 256> widened = {};
};

/// Finds the tensors of a weight and checks their shapes and types.
llvm::Expected<std::unique_ptr<StoredReader>>
openStoredWeight(WeightSymbolOpInterface weight, const TensorSource &source);

} // namespace tenon

#endif // TENON_LIB_PACKING_STOREDREADER_H
