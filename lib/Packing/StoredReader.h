// Reads a weight from the tensors of a source.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_PACKING_STOREDREADER_H
#define TENON_LIB_PACKING_STOREDREADER_H

#include "tenon/Packing/MatrixReader.h"
#include "tenon/Support/TensorSource.h"
#include <vector>

namespace tenon {

/// One tensor of a stack, with the tensor of its scales if it has one.
struct StoredPart {
  const TensorInfo *info;
  llvm::ArrayRef<uint8_t> bytes;
  const TensorInfo *scaleInfo = nullptr;
  llvm::ArrayRef<uint8_t> scaleBytes = {};
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
  llvm::Error readRow(const StoredPart &part, int64_t row, int64_t col,
                      int64_t cols, uint8_t *codes) const;

  const TensorSource &source;
  std::vector<StoredPart> parts;
  int64_t rowsOfPart;
  /// Codes of blocks become signed bytes, their factors floats.
  bool widensBlocks;
  /// What is subtracted from codes that become signed.
  uint8_t zero = 0;
};

/// Finds the tensors of a weight and checks their shapes and types.
llvm::Expected<std::unique_ptr<StoredReader>>
openStoredWeight(WeightSymbolOpInterface weight, const TensorSource &source);

} // namespace tenon

#endif // TENON_LIB_PACKING_STOREDREADER_H
