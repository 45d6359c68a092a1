// Links objects into a shared library that needs no other one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_LINKOBJECTS_H
#define TENON_LIB_TARGET_CPU_LINKOBJECTS_H

#include "tenon/Target/Target.h"

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace tenon {

/// A module with what a code generator may call although nobody wrote a call,
/// and with `more`, which is LLVM IR.
llvm::Expected<std::unique_ptr<llvm::Module>>
createGlueModule(llvm::LLVMContext &context, llvm::StringRef more = "");

/// Links the code of all variants with a module for any x86-64, which it
/// consumes, into the shared library `path`. Nothing is left undefined.
llvm::Error linkObjects(llvm::Module &glue,
                        llvm::ArrayRef<CompiledVariant> variants,
                        llvm::StringRef path);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_LINKOBJECTS_H
