// The readers of all placed weights of a module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_PACKING_WEIGHTREADERS_H
#define TENON_LIB_PACKING_WEIGHTREADERS_H

#include "tenon/Packing/MatrixReader.h"
#include "tenon/Support/TensorSource.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

namespace tenon {

/// Makes the reader of a weight, of all weights that it is derived from, and
/// keeps them. A weight that several derivations use has one reader.
class WeightReaders {
public:
  WeightReaders(mlir::ModuleOp module, const TensorSource &source)
      : module(module), source(source) {}

  llvm::Expected<const MatrixReader *> get(mlir::Operation *op);

private:
  llvm::Expected<std::unique_ptr<MatrixReader>>
  make(WeightSymbolOpInterface op);

  mlir::ModuleOp module;
  const TensorSource &source;
  /// Null while the reader is being made.
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<MatrixReader>> readers;
};

/// A weight that has a place among the packed bytes.
struct PlacedOp {
  WeightSymbolOpInterface op;
  llvm::StringRef name;
  WeightType type;
  int64_t offset;
};

/// All ops with an offset, by ascending offset.
llvm::SmallVector<PlacedOp> findPlacedOps(mlir::ModuleOp module);

/// Fails if bytes of two weights overlap, or if a type cannot be packed.
llvm::Error checkPlacedOps(llvm::ArrayRef<PlacedOp> ops);

} // namespace tenon

#endif // TENON_LIB_PACKING_WEIGHTREADERS_H
