// Values of weights of every kind: given, derived from others, or computed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_INTERPRETER_WEIGHTREADER_H
#define TENON_LIB_INTERPRETER_WEIGHTREADER_H

#include "dialects/Tenon/Tenon.h"
#include "tenon/Interpreter/RuntimeValue.h"
#include "tenon/Interpreter/WeightProvider.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace tenon {

class WeightReader {
public:
  WeightReader(mlir::ModuleOp module, WeightProvider &provider)
      : symbols(module), provider(provider) {}

  /// The op that a symbol names, or null.
  mlir::Operation *lookup(llvm::StringRef symbol) const {
    return symbols.lookup(symbol);
  }

  /// Fills `out` with a row of a weight, a derived weight or a table.
  llvm::Error readRow(mlir::Operation *symbol, int64_t row,
                      llvm::MutableArrayRef<double> out);

private:
  llvm::Error readDerivedRow(DeriveOp op, int64_t row,
                             llvm::MutableArrayRef<double> out);
  llvm::Error readTransposedRow(DeriveOp op, mlir::Operation *from, int64_t row,
                                llvm::MutableArrayRef<double> out);

  mlir::SymbolTable symbols;
  WeightProvider &provider;
  /// The matrix that the last transposed row was taken from.
  mlir::Operation *transposed = nullptr;
  int64_t transposedMatrix = 0;
  std::vector<double> transposedValues;
};

/// The type of the weight that an op defines.
WeightType getDefinedType(mlir::Operation *symbol);

} // namespace tenon

#endif // TENON_LIB_INTERPRETER_WEIGHTREADER_H
