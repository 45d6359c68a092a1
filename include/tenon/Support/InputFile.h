// Files that tools read, whoever wrote them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_INPUTFILE_H
#define TENON_SUPPORT_INPUTFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace tenon {

/// Reads a regular file. Anything else is refused before it is opened: a pipe
/// waits for a writer, and a device may never end.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readInputFile(llvm::StringRef path);

/// Reads the text or the bytecode of a module, from the standard input if the
/// path is `-`, and checks the nesting of a text.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readModuleFile(llvm::StringRef path);

/// Fails if brackets of MLIR, aliases or signs nest more than 256 deep: parsers,
/// printers and passes call themselves for each level, and have a stack of fixed
/// size. `file` is for messages.
llvm::Error checkNesting(llvm::StringRef text, llvm::StringRef file);

} // namespace tenon

#endif // TENON_SUPPORT_INPUTFILE_H
