// Keeps what the phases of a compilation leave, one file each.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_TEMPFILES_H
#define TENON_LIB_DRIVER_TEMPFILES_H

#include "mlir/IR/BuiltinOps.h"
#include "TargetList.h"

namespace tenon {

/// Serves `--save-temps`. A file is called `<number>-<phase>.<level>.<kind>`,
/// such as `03-tile.x86-64-v3.mlir`, without a level where the result is the
/// same for all targets. docs/Debugging.md lists them. Targets may be compiled
/// side by side: none of their files is the same.
class TempFiles {
public:
  /// Makes the folder. An empty name keeps nothing.
  static llvm::Expected<TempFiles> create(llvm::StringRef folder);

  /// Keeps the module that a phase left, if it is not `Codegen`.
  llvm::Error save(mlir::ModuleOp module, Phase phase,
                   llvm::StringRef level = "") const;
  /// Keeps every kind of text that the code of a module has, which is what the
  /// phase before `Codegen` left and stays so.
  llvm::Error saveCode(mlir::ModuleOp module, const TargetName &target,
                       EntryKind entries) const;

private:
  explicit TempFiles(llvm::StringRef folder) : folder(folder) {}
  llvm::Error write(Phase phase, llvm::StringRef level, llvm::StringRef suffix,
                    llvm::StringRef bytes) const;

  std::string folder;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_TEMPFILES_H
