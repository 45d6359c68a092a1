// What goes into a kernel that is being formed, and what comes out of it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TRANSFORMS_KERNELSIGNATURE_H
#define TENON_LIB_TRANSFORMS_KERNELSIGNATURE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"

namespace tenon {

/// Ops so cheap that each kernel that reads them has its own: views, sizes,
/// constants, and tensors with one value everywhere.
bool isRepeated(mlir::Operation *op);

/// The last op of the kernel that an op will be part of.
using KernelEnds = llvm::DenseMap<mlir::Operation *, mlir::Operation *>;

/// Operands and results of the kernel that some ops of one block become.
class KernelSignature {
public:
  KernelSignature(llvm::ArrayRef<mlir::Operation *> ops,
                  const KernelEnds &ends);

  /// Finds where each result goes, and makes an argument of the function or an
  /// empty tensor where it goes nowhere.
  void findOuts(mlir::OpBuilder &builder, mlir::func::FuncOp func);

  /// Collects what comes from outside, and the ops that are repeated.
  void findInputs();

  llvm::SmallSetVector<mlir::Operation *, 8> group;
  llvm::SmallVector<mlir::Value> yielded, outs;
  llvm::SetVector<mlir::Value> inputs;
  llvm::SetVector<mlir::Operation *> repeated;

private:
  bool isReadOutside(mlir::Value value) const;
  bool isReadLater(mlir::Value value) const;
  bool isReadByOtherRows(mlir::Value value) const;
  bool canBeOverwritten(mlir::Value value) const;
  mlir::Value findDestination(mlir::Value result) const;
  void addInput(mlir::Value value);
  mlir::Value resolveSize(mlir::OpBuilder &builder, mlir::Value size) const;
  mlir::Value rowsOf(mlir::OpBuilder &builder, mlir::Value value) const;
  mlir::Value createEmpty(mlir::OpBuilder &builder, mlir::Value result) const;

  const KernelEnds &ends;
};

} // namespace tenon

#endif // TENON_LIB_TRANSFORMS_KERNELSIGNATURE_H
