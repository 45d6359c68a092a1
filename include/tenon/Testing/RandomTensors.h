// Stored tensors of random numbers for the weights of a module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TESTING_RANDOMTENSORS_H
#define TENON_TESTING_RANDOMTENSORS_H

#include "tenon/Support/TensorSource.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include <memory>
#include <vector>

namespace tenon {

/// Every tensor that a `tenon.weight` of a module names, with random bytes of a
/// storage type whose values the weight's format keeps: weights for a module
/// that belongs to no model. Matrices of K columns have a deviation of about
/// 1 / sqrt(K), vectors are 1 +- 0.2.
class RandomTensors : public TensorSource {
public:
  static llvm::Expected<std::unique_ptr<RandomTensors>>
  create(mlir::ModuleOp module, uint64_t seed);

  const TensorInfo *find(llvm::StringRef name) const override;
  llvm::ArrayRef<TensorInfo> getTensors() const override { return infos; }
  llvm::Expected<llvm::ArrayRef<uint8_t>>
  read(const TensorInfo &tensor) const override;

private:
  void add(TensorInfo info, std::vector<uint8_t> bytes);

  std::vector<TensorInfo> infos;
  std::vector<std::vector<uint8_t>> contents;
  llvm::StringMap<size_t> numbers;
};

} // namespace tenon

#endif // TENON_TESTING_RANDOMTENSORS_H
