// From functions of a module to a shared library and its header.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_COMPILELIBRARY_H
#define TENON_LIB_DRIVER_COMPILELIBRARY_H

#include "CompilerInput.h"
#include "TargetList.h"

namespace tenon {

class PhaseTimer;
class RemarkPrinter;
class TempFiles;

/// Fails unless `--entry` and `--header` go together and with the others.
llvm::Error checkLibraryOptions(const CompileOptions &options);

/// Serves `--entry` where neither a phase nor a kind of code is asked for.
llvm::Error writeLibrary(CompilerInput &input, const CompileOptions &options,
                         llvm::ArrayRef<TargetName> targets, PhaseTimer &timer,
                         RemarkPrinter &remarks, const TempFiles &temps);

} // namespace tenon

#endif // TENON_LIB_DRIVER_COMPILELIBRARY_H
