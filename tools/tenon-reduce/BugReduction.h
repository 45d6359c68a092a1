// Ready-made questions for the reducer: crashes, messages and wrong numbers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TOOLS_TENON_REDUCE_BUGREDUCTION_H
#define TENON_TOOLS_TENON_REDUCE_BUGREDUCTION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace tenon {

/// Reads the options, and shrinks a module; returns the exit code.
int reduceBug(int argc, char **argv, mlir::DialectRegistry &registry);

} // namespace tenon

#endif // TENON_TOOLS_TENON_REDUCE_BUGREDUCTION_H
