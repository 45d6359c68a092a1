// Optimises LLVM IR for one CPU level and writes it as an object or as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_EMITOBJECT_H
#define TENON_LIB_TARGET_CPU_EMITOBJECT_H

#include "tenon/Target/Target.h"

namespace llvm {
class Module;
} // namespace llvm

namespace tenon {

/// Generates code for the CPU with this name; vectors are `vectorBits` wide.
llvm::Error emitObject(llvm::Module &module, llvm::StringRef cpu,
                       int64_t vectorBits, Emission emission,
                       llvm::SmallVectorImpl<char> &object, std::string *text);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_EMITOBJECT_H
