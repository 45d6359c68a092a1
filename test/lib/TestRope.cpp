// Prints what follows from `#tenon.rope`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "test/lib/TestPasses.h"

using namespace mlir;
using namespace tenon;

/// All digits of the numbers, so that a reader gets the same bits back.
static std::string printNumbers(ArrayRef<double> numbers) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      numbers, os, [&](double x) { os << llvm::format("%.17g", x); }, " ");
  return text;
}

namespace {
struct TestRope : PassWrapper<TestRope, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestRope)

  StringRef getArgument() const final { return "test-rope"; }
  StringRef getDescription() const final {
    return "Remark on what follows from each attribute test.rope";
  }

  void runOnOperation() final {
    getOperation()->walk([](SymbolOpInterface op) {
      auto rope = op->getAttrOfType<RopeAttr>("test.rope");
      if (!rope)
        return;
      op->emitRemark() << op.getName() << " frequencies "
                       << printNumbers(rope.getFrequencies());
      op->emitRemark() << op.getName() << " attention "
                       << printNumbers(rope.getAttentionFactor());
    });
  }
};
} // namespace

void tenon::test::registerTestRope() { PassRegistration<TestRope>(); }
