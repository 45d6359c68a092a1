// Optimizes LLVM IR for one CPU level and writes it as an object or as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_EMITOBJECT_H
#define TENON_LIB_TARGET_CPU_EMITOBJECT_H

#include "tenon/Target/Target.h"

namespace llvm {
class Module;
} // namespace llvm

namespace tenon {

/// What generated code may use.
struct InstructionSet {
  /// LLVM's name of a CPU.
  std::string cpu;
  /// Features beyond those of the CPU, as LLVM writes them: `+avx512vnni`.
  std::string features;
  int64_t vectorBits;
};

llvm::Error emitObject(llvm::Module &module, const InstructionSet &instructions,
                       EmitKind emit, llvm::SmallVectorImpl<char> &object,
                       std::string *text);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_EMITOBJECT_H
