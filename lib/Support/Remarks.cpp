// What passes say about what they rewrote, left alone and chose.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/DebugLog.h"

using namespace mlir;
using namespace tenon;

remark::RemarkOpts tenon::getRemarkOpts(Operation *op, StringRef pass,
                                        StringRef name) {
  remark::RemarkOpts opts = remark::RemarkOpts::name(name).category(pass);
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    function = op->getParentOfType<FunctionOpInterface>();
  // Names of symbols belong to the context, and so outlive the function.
  return function ? opts.function(SymbolTable::getSymbolName(function)) : opts;
}

void MatchFailureRemarks::notifyMatchFailure(
    Location loc, function_ref<void(Diagnostic &)> reason) {
  auto describe = [&] {
    Diagnostic diagnostic(loc, DiagnosticSeverity::Remark);
    reason(diagnostic);
    return diagnostic.str();
  };
  LDBG(pass, 1) << pattern << " refuses " << loc << ": " << describe();
  if (!loc->getContext()->getRemarkEngine())
    return;
  remark::RemarkOpts opts =
      root ? getRemarkOpts(root, pass, pattern)
           : remark::RemarkOpts::name(pattern).category(pass);
  remark::missed(loc, opts) << remark::reason("{0}", describe());
}
