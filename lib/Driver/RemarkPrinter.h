// Prints what passes say about their decisions, or writes it to a file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_REMARKPRINTER_H
#define TENON_LIB_DRIVER_REMARKPRINTER_H

#include "mlir/IR/Remarks.h"
#include "llvm/Remarks/RemarkSerializer.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include "ReplaceFile.h"

#include <memory>
#include <mutex>
#include <string>

namespace tenon {

/// Collects the remarks of all contexts of a compilation. Each is a line on the
/// standard error, or a document of a YAML file with the same fields, as LLVM
/// writes them. docs/Debugging.md describes both.
class RemarkPrinter {
public:
  /// `passes` is a regular expression that matches the whole flag of a pass, or
  /// `all`; empty, nothing is printed, or all if there is a file. `path` is the
  /// file, or empty, which appears when it is complete. Fails for what is no
  /// regular expression and for a file that cannot be created.
  static llvm::Expected<std::unique_ptr<RemarkPrinter>>
  create(llvm::StringRef passes, llvm::StringRef path);

  /// Whether anything is to be printed.
  bool isOn() const { return !passes.empty(); }
  /// Prints what passes remark in a context from now on. `target` is that of
  /// their code, or empty where it is the same for all.
  void listenTo(mlir::MLIRContext &context, llvm::StringRef target = "");
  void print(const mlir::remark::detail::Remark &remark,
             llvm::StringRef target);
  /// Completes the file; fails if it could not be written. Without that nothing
  /// remains of it.
  llvm::Error finish();

private:
  std::string passes, path;
  /// Targets may be compiled side by side.
  std::mutex mutex;
  std::unique_ptr<ReplaceFile> file;
  std::unique_ptr<llvm::raw_fd_ostream> stream;
  std::unique_ptr<llvm::remarks::RemarkSerializer> serializer;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_REMARKPRINTER_H
