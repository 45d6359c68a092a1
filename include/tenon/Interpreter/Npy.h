// Tensors in files of the NumPy format.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_NPY_H
#define TENON_INTERPRETER_NPY_H

#include "tenon/Interpreter/Tensor.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// Reads an array of float32, float64, int32 or int64 in C order as elements of
/// a type, to which floats are rounded.
llvm::Expected<Tensor> readNpy(llvm::StringRef path, mlir::Type element);

/// Writes float32 or, for integers, the width of the type: int32 or int64.
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor);

} // namespace tenon

#endif // TENON_INTERPRETER_NPY_H
