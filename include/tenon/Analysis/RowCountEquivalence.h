// Which tensors of a block have the same number of rows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_ANALYSIS_ROWCOUNTEQUIVALENCE_H
#define TENON_ANALYSIS_ROWCOUNTEQUIVALENCE_H

#include "mlir/IR/Block.h"
#include "llvm/ADT/EquivalenceClasses.h"

namespace tenon {

/// Ops say which of their tensors have as many rows as others: what is looked
/// up by tokens has as many as there are tokens, but rows that are gathered may
/// be more or fewer. What no op says is not assumed.
class RowCountEquivalence {
public:
  explicit RowCountEquivalence(mlir::Block &block);

  bool areEqual(mlir::Value a, mlir::Value b) const;

private:
  llvm::EquivalenceClasses<const void *> classes;
};

} // namespace tenon

#endif // TENON_ANALYSIS_ROWCOUNTEQUIVALENCE_H
