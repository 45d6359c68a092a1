// Reading the fields of what the runtime hands to a step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_STEPCONTEXT_H
#define TENON_LIB_TARGET_CPU_STEPCONTEXT_H

#include "tenon/Runtime/Format.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include <cstddef>

namespace tenon {

/// The field of a `tenon_step_context` at an offset that `offsetof` gives.
/// `context` is a pointer.
inline mlir::Value loadContextField(mlir::OpBuilder &builder,
                                    mlir::Location loc, mlir::Value context,
                                    size_t offset, mlir::Type type) {
  mlir::Type pointer = mlir::LLVM::LLVMPointerType::get(builder.getContext());
  mlir::Value field = mlir::LLVM::GEPOp::create(
      builder, loc, pointer, builder.getI8Type(), context,
      llvm::ArrayRef<mlir::LLVM::GEPArg>{static_cast<int32_t>(offset)});
  return mlir::LLVM::LoadOp::create(builder, loc, type, field);
}

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_STEPCONTEXT_H
