// One kernel while its device code is written: operands, threads, views.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_DEVICEKERNEL_H
#define TENON_LIB_TARGET_NVPTX_DEVICEKERNEL_H

#include "dialects/Machine/Machine.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Target/NVPTX/EmitPtx.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "DeviceBuilder.h"

namespace tenon::nvptx {

/// Success, or a reason why there is no device code.
using Refusal = std::optional<std::string>;

/// The rows of a tensor as a kernel reads them through views: row `t` begins
/// `t * stride + first` elements behind the tensor that `base` is.
struct RowView {
  mlir::Value base;
  int64_t stride = 0;
  int64_t first = 0;
};

class DeviceKernel {
public:
  /// Makes an empty function for `op`. `threads` may be set until `finish`.
  DeviceKernel(tile::KernelOp op, int64_t tokens, machine::GpuAttr machine,
               mlir::ModuleOp module, llvm::StringRef symbol);

  mlir::Value getPointer(mlir::Value argument) { return pointers.at(argument); }
  /// A size of a tensor, as `i64`.
  mlir::Value getSize(mlir::Value argument, int64_t dim);
  mlir::Value getIndex(mlir::Value argument) { return pointers.at(argument); }
  /// The result at a position is written here.
  mlir::Value getOut(int64_t result);

  /// Element of a tensor of `i32`, widened.
  mlir::Value loadIndex(mlir::Value argument, mlir::Value at);

  /// Follows views of rows up to an argument of the kernel; fails if some view
  /// does not keep whole rows.
  mlir::FailureOr<RowView> resolveRows(mlir::Value value);

  /// Reserves shared memory for the whole kernel.
  int64_t reserve(int64_t bytes, int64_t alignment = 16);

  /// Calls `body` for the numbers of the pieces of work that this block does.
  void forEachWorkItem(mlir::Value pieces,
                       llvm::function_ref<void(mlir::Value)> body);
  void setThreads(int64_t count);

  /// Ends the function.
  void finish();
  /// Takes back what was made.
  void abandon() { func.erase(); }
  mlir::LLVM::LLVMFuncOp getFunction() { return func; }

  tile::KernelOp op;
  /// Most tokens of a step.
  int64_t tokens;
  machine::GpuAttr machine;
  DeviceBuilder b;
  mlir::Value thread, lane, warp;
  int64_t threads = 0;
  int64_t sharedBytes = 0;
  int64_t blocks = 0;

private:
  mlir::LLVM::LLVMFuncOp func;
  llvm::DenseMap<mlir::Value, mlir::Value> pointers;
  llvm::DenseMap<mlir::Value, Values> sizes;
};

/// Elements of a row: the product of all sizes but the first.
int64_t getRowLength(mlir::Value tensor);

/// Ops that a kernel is written for; each returns why it is not, if so.
Refusal emitRows(DeviceKernel &kernel);
Refusal emitContraction(DeviceKernel &kernel, mlir::Operation *root);
Refusal emitAttention(DeviceKernel &kernel, AttentionOp op);
Refusal emitRouter(DeviceKernel &kernel, RouterOp op);
Refusal emitGroup(DeviceKernel &kernel, MoeDispatchOp op);

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_DEVICEKERNEL_H
