// Where an interpreted program takes the values of its weights from.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_WEIGHTPROVIDER_H
#define TENON_INTERPRETER_WEIGHTPROVIDER_H

#include "tenon/Support/TensorSource.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace tenon {

class WeightOp;

/// Gives the values of `tenon.weight` symbols. All other weights are computed
/// from these by the formulas of their ops.
class WeightProvider {
public:
  virtual ~WeightProvider();

  /// Fills `out` with one row. Rows of a stack are numbered through: row `n` of
  /// matrix `m` is row `m N + n`, and a vector is one row.
  virtual llvm::Error readRow(WeightOp weight, int64_t row,
                              llvm::MutableArrayRef<double> out) = 0;
};

/// Numbers that depend on the seed, the symbol and the place of an element
/// alone, so a pass that derives new weights from old ones keeps them. They are
/// numbers of the weight's format: matrices of K columns have a deviation of
/// about 1 / sqrt(K), with all codes that the format has; vectors are 1 +- 0.2.
class RandomWeights : public WeightProvider {
public:
  explicit RandomWeights(uint64_t seed) : seed(seed) {}
  llvm::Error readRow(WeightOp weight, int64_t row,
                      llvm::MutableArrayRef<double> out) override;

private:
  uint64_t seed;
};

/// Weights as a module declares them, for what passes made of that module: a
/// pass may give a weight another format, but no other numbers.
class DeclaredWeights : public WeightProvider {
public:
  DeclaredWeights(mlir::ModuleOp module, WeightProvider &weights);
  llvm::Error readRow(WeightOp weight, int64_t row,
                      llvm::MutableArrayRef<double> out) override;

private:
  llvm::StringMap<mlir::Operation *> declared;
  WeightProvider &weights;
};

/// The tensors of a checkpoint, decoded element by element.
class SourceWeights : public WeightProvider {
public:
  explicit SourceWeights(const TensorSource &source) : source(source) {}
  llvm::Error readRow(WeightOp weight, int64_t row,
                      llvm::MutableArrayRef<double> out) override;

private:
  const TensorSource &source;
};

/// Numbers given one by one, in row-major order; other weights come from
/// elsewhere. What the format cannot hold is refused.
class ListedWeights : public WeightProvider {
public:
  explicit ListedWeights(WeightProvider &others) : others(others) {}
  void add(llvm::StringRef symbol, std::vector<double> values) {
    listed[symbol] = std::move(values);
  }
  llvm::Error readRow(WeightOp weight, int64_t row,
                      llvm::MutableArrayRef<double> out) override;

private:
  WeightProvider &others;
  llvm::StringMap<std::vector<double>> listed;
};

/// The value of one element of stored bytes, by the formula of its type.
double decodeElement(StorageType type, llvm::ArrayRef<uint8_t> bytes,
                     int64_t element);

} // namespace tenon

#endif // TENON_INTERPRETER_WEIGHTPROVIDER_H
