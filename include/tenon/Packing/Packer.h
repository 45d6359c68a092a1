// Writes the weights of a module into the data section of an artifact.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_PACKING_PACKER_H
#define TENON_PACKING_PACKER_H

#include "tenon/Support/TensorSource.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>
#include <vector>

namespace tenon {

/// Takes bytes that belong at an offset of the data section. Several threads
/// call it at the same time, for ranges that do not overlap and in any order.
using PackSink =
    llvm::function_ref<llvm::Error(uint64_t, llvm::ArrayRef<uint8_t>)>;

struct PackOptions {
  /// Number of threads; 0 for as many as there are cores.
  unsigned threads = 0;
  /// Bytes of codes that one thread packs at a time, where a step of columns is
  /// not larger; positive. The packed bytes do not depend on it. Two buffers of
  /// the default stay in the second cache of most machines, and a transposed
  /// read still has some columns at a time.
  int64_t tileBytes = 512 << 10;
  /// Is told how many bytes of how many are packed; one thread at a time.
  std::function<void(uint64_t, uint64_t)> progress;
};

/// Packs each `tenon.weight`, `tenon.derive` and `tenon.rope_table` that has an
/// `offset` into its bytes at that offset. Ops without one are only inputs of
/// derivations. Nothing is written to the gaps between weights.
///
/// All tensors are found and checked before the first byte is written. Memory
/// is a few MiB a thread, whatever the size of the model.
llvm::Error packWeights(mlir::ModuleOp module, const TensorSource &source,
                        PackSink sink, const PackOptions &options = {});

/// A weight that has its place among the packed weights.
struct PlacedWeight {
  std::string name;
  std::string type;   // as the IR prints it
  std::string source; // where its values come from: a tensor, or a derivation
  uint64_t offset;
  uint64_t size;
};

/// All weights with an `offset`, by ascending offset.
std::vector<PlacedWeight> listPlacedWeights(mlir::ModuleOp module);

/// Bytes of the data section: the end of its last weight.
uint64_t getPackedSize(mlir::ModuleOp module);

} // namespace tenon

#endif // TENON_PACKING_PACKER_H
