// What passes say about what they rewrote, left alone and chose.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes make remarks by MLIR's functions, `mlir::remark::passed`, `missed` and
// `analysis`. They cost nothing unless somebody listens: `tenon-opt
// --remarks-filter` or `tenon compile --remarks`. All remarks of a pass have its
// flag as their category, so that a filter names passes:
//
//   remark::passed(op.getLoc(), getRemarkOpts(op, DEBUG_TYPE, "FuseGlu"))
//       << remark::metric("Weight", name);

#ifndef TENON_SUPPORT_REMARKS_H
#define TENON_SUPPORT_REMARKS_H

#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace tenon {

/// The heading of a remark on an op: `pass` is the flag of the pass, `name` says
/// in CamelCase what happened, and the function is the one around the op. The
/// strings must outlive the context.
mlir::remark::RemarkOpts
getRemarkOpts(mlir::Operation *op, llvm::StringRef pass, llvm::StringRef name);

/// Makes remarks on missed rewrites of what a pattern gives `notifyMatchFailure`
/// as its reason. A driver of patterns takes it as its listener. The function is
/// known if the driver says which op it tries, as the greedy one does.
class MatchFailureRemarks : public mlir::RewriterBase::Listener {
public:
  /// `pass` is the flag of the pass, and `pattern` what its remarks are called.
  /// Both are literals.
  MatchFailureRemarks(const char *pass, const char *pattern)
      : pass(pass), pattern(pattern) {}

  void notifyPatternBegin(const mlir::Pattern &, mlir::Operation *op) override {
    root = op;
  }
  void notifyMatchFailure(
      mlir::Location loc,
      llvm::function_ref<void(mlir::Diagnostic &)> reason) override;

private:
  const char *pass, *pattern;
  mlir::Operation *root = nullptr;
};

} // namespace tenon

#endif // TENON_SUPPORT_REMARKS_H
