// Building the body of a function that the runtime calls.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_ENTRYBUILDER_H
#define TENON_LIB_TARGET_CPU_ENTRYBUILDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "StepContext.h"

namespace tenon {

/// Reads what a step function is called with from the context of the step.
class EntryBuilder {
public:
  EntryBuilder(mlir::OpBuilder &builder, mlir::Location loc,
               mlir::Value context, mlir::Value worker);

  mlir::Value size(size_t offset);
  mlir::Value address(size_t offset);
  mlir::Value constant(int64_t value);
  mlir::Value asIndex(mlir::Value value);
  /// What entry `number` of the table of states points to.
  mlir::Value stateAddress(int64_t number);
  /// The worker's own part of the scratch memory.
  mlir::Value scratchAddress();
  /// The value of an argument of `step` that says what a worker is and which
  /// memory it has; null for an argument with any other role.
  mlir::Value readWorkerOperand(mlir::func::FuncOp step,
                                mlir::BlockArgument argument);
  /// A memref at an address; `dynamic` are its sizes that are not static.
  mlir::Value memref(mlir::MemRefType type, mlir::Value base,
                     llvm::ArrayRef<mlir::Value> dynamic);
  /// A memref whose descriptor lies at an address.
  mlir::Value loadMemref(mlir::MemRefType type, mlir::Value address);
  /// An index that lies at an address.
  mlir::Value loadIndex(mlir::Value address);

private:
  mlir::Type descriptorOf(mlir::MemRefType type);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  /// As the step has it, and as a pointer.
  mlir::Value given, context;
  mlir::Value worker;
  mlir::Type pointer, i64;
};

/// Makes the function `entry.NAME` of the context and the worker's number,
/// which calls `step` with the values that `readArguments` gives. The step
/// function becomes private; the entry keeps its attributes of the tile
/// dialect.
void createEntry(
    mlir::func::FuncOp step, mlir::SymbolTable &symbols,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(
        mlir::OpBuilder &, mlir::Value context, mlir::Value worker)>
        readArguments);

/// Appends to the name of every function, because several variants share one
/// library.
void addSuffix(mlir::ModuleOp module, llvm::StringRef suffix);

/// Removes what tells the kernels of two buckets apart once memory is planned,
/// so that those with the same code become one.
void forgetBuckets(mlir::ModuleOp module);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_ENTRYBUILDER_H
