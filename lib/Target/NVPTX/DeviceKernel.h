// One kernel while its device code is written: operands, threads, memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_DEVICEKERNEL_H
#define TENON_LIB_TARGET_NVPTX_DEVICEKERNEL_H

#include "dialects/NVPTX/Nvptx.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "DeviceBuilder.h"
#include "KernelBody.h"

namespace tenon::nvptx {

class DeviceKernel {
public:
  /// Makes an empty function at the end of `module` for a kernel that has a
  /// configuration.
  DeviceKernel(tile::KernelOp op, int64_t tokens, mlir::gpu::GPUModuleOp module,
               llvm::StringRef symbol);

  /// The configuration; null if the kernel has one of another kind.
  template <typename Config>
  Config getConfig() {
    return mlir::dyn_cast<Config>(op.getConfigAttr());
  }
  /// Says that `getConfig` is null.
  Refusal refuseConfig();

  mlir::Value getPointer(mlir::Value argument) const {
    return pointers.at(argument);
  }
  /// A size of a tensor, as `i64`.
  mlir::Value getSize(mlir::Value argument, int64_t dim);
  /// An argument or a constant, as `i64`.
  mlir::Value getIndex(mlir::Value index);
  /// The result at a position is written here.
  mlir::Value getOut(int64_t result) const { return nvptx::getOut(op, result); }

  /// Element of a tensor of `i32`, widened.
  mlir::Value loadIndex(mlir::Value argument, mlir::Value at);

  /// Joins a value of all lanes of a warp pair by pair; all lanes get the result.
  mlir::Value
  reduceWarp(mlir::Value value,
             llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> join);

  /// Reserves shared memory for the whole kernel.
  int64_t reserve(int64_t bytes, int64_t alignment = 16);

  /// Calls `body` for the numbers of the pieces of work that this block does.
  void forEachWorkItem(mlir::Value pieces,
                       llvm::function_ref<void(mlir::Value)> body);

  /// Ends the function.
  void finish();
  /// Takes back what was made.
  void abandon() { func.erase(); }
  mlir::gpu::GPUFuncOp getFunction() { return func; }

  tile::KernelOp op;
  /// Most tokens of a step.
  int64_t tokens;
  DeviceBuilder b;
  mlir::Value thread, lane, warp;
  /// Of a block of threads, as the configuration says.
  int64_t warps, threads;
  int64_t sharedBytes = 0;
  int64_t blocks = 0;

private:
  mlir::gpu::GPUFuncOp func;
  llvm::DenseMap<mlir::Value, mlir::Value> pointers;
  llvm::DenseMap<mlir::Value, Values> sizes;
};

/// Why there is no device code for a kernel of ops on rows, however many warps
/// it has.
Refusal checkRowKernel(tile::KernelOp kernel);
RowsAttr chooseRows(tile::KernelOp kernel);
/// The same for kernels of one op that yield its results.
Refusal checkExpertKernel(tile::KernelOp kernel, mlir::Operation *root);
/// The same for a kernel of routers alone.
Refusal checkRouters(tile::KernelOp kernel);

/// Ops that a kernel is written for; each returns why it is not, if so.
Refusal emitRows(DeviceKernel &kernel);
Refusal emitContraction(DeviceKernel &kernel, mlir::Operation *root);
Refusal emitAttention(DeviceKernel &kernel, mlir::Operation *root);
Refusal emitSelection(DeviceKernel &kernel, IndexTopkOp op);
Refusal emitRouters(DeviceKernel &kernel);
Refusal emitGroup(DeviceKernel &kernel, MoeDispatchOp op);

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_DEVICEKERNEL_H
