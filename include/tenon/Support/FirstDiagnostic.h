// The first error that passes report, as one line.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_FIRSTDIAGNOSTIC_H
#define TENON_SUPPORT_FIRSTDIAGNOSTIC_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include <string>

namespace tenon {

/// Catches the diagnostics of a context while it lives. What follows the first
/// error is most often its consequence; remarks and warnings are dropped.
class FirstDiagnostic {
public:
  explicit FirstDiagnostic(mlir::MLIRContext *context);

  /// The first line of `<place>: <message>`. The rest of a message is IR.
  llvm::StringRef getLine() const;
  /// `<action>: <place>: <message>`.
  llvm::Error take(const llvm::Twine &action) const;

private:
  std::string text;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace tenon

#endif // TENON_SUPPORT_FIRSTDIAGNOSTIC_H
