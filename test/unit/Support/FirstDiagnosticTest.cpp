// What becomes of the diagnostics that passes report.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/FirstDiagnostic.h"
#include "tenon/Support/LocationName.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tenon;

namespace {
class FirstDiagnosticTest : public testing::Test {
protected:
  Location unknown() { return UnknownLoc::get(&context); }
  Location name(llvm::StringRef text) {
    return NameLoc::get(StringAttr::get(&context, text));
  }
  Location line(unsigned line, unsigned column) {
    return FileLineColLoc::get(&context, "step.mlir", line, column);
  }

  MLIRContext context;
};
} // namespace

TEST_F(FirstDiagnosticTest, KeepsTheFirstErrorAndNothingElse) {
  FirstDiagnostic first(&context);
  emitWarning(name("before")) << "a warning";
  emitRemark(name("before")) << "a remark";
  EXPECT_EQ(first.getLine(), "a pass failed");
  emitError(name("dense.q")) << "has no layout";
  emitError(name("dense.k")) << "has no layout either";
  emitWarning(name("after")) << "a warning";
  EXPECT_EQ(first.getLine(), "dense.q: has no layout");
  EXPECT_EQ(llvm::toString(first.take("cannot compile 'm'")),
            "cannot compile 'm': dense.q: has no layout");
}

// The first line of a message; what follows is most often IR.
TEST_F(FirstDiagnosticTest, TakesOneLine) {
  FirstDiagnostic first(&context);
  emitError(unknown()) << "is wrong\nsee the op\nand its block";
  EXPECT_EQ(first.getLine(), "is wrong");
}

TEST_F(FirstDiagnosticTest, SaysThatNothingWasSaid) {
  FirstDiagnostic first(&context);
  EXPECT_EQ(llvm::toString(first.take("cannot compile 'm'")),
            "cannot compile 'm': a pass failed");
}

// Diagnostics go to the outer handler again when the object is gone.
TEST_F(FirstDiagnosticTest, CatchesWhileItLives) {
  FirstDiagnostic outer(&context);
  {
    FirstDiagnostic inner(&context);
    emitError(unknown()) << "inside";
    EXPECT_EQ(inner.getLine(), "inside");
  }
  EXPECT_EQ(outer.getLine(), "a pass failed");
  emitError(unknown()) << "outside";
  EXPECT_EQ(outer.getLine(), "outside");
}

TEST_F(FirstDiagnosticTest, NamesOfLocations) {
  EXPECT_EQ(getLocationName(unknown()), "");
  EXPECT_EQ(getLocationName(name("dense.q")), "dense.q");
  EXPECT_EQ(getLocationName(line(7, 3)), "step.mlir:7:3");
  // Of a call the callee, wherever it was called.
  EXPECT_EQ(getLocationName(CallSiteLoc::get(name("callee"), name("caller"))),
            "callee");
  // Of a fused location the first part with a name.
  Location nested = FusedLoc::get(&context, {unknown(), line(1, 2)});
  EXPECT_EQ(getLocationName(
                FusedLoc::get(&context, {unknown(), nested, name("last")})),
            "step.mlir:1:2");
  EXPECT_EQ(getLocationName(FusedLoc::get(&context, {unknown()},
                                          StringAttr::get(&context, "x"))),
            "");
}
