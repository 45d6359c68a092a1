// Plants a fault, as a pass with a bug would.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringMap.h"
#include "test/lib/TestPasses.h"

using namespace mlir;
using namespace tenon;

/// Changes an op, if the fault is one of such ops.
using Fault = bool (*)(Operation *);

/// The root is taken of another number of channels.
static bool changeScale(Operation *op) {
  auto scale = op->getAttrOfType<FloatAttr>("scale");
  if (!scale || !isa<AttentionOp, MlaAttentionOp>(op))
    return false;
  op->setAttr("scale",
              FloatAttr::get(scale.getType(), scale.getValueAsDouble() * 1.25));
  return true;
}

/// A query sees one key more.
static bool widenWindow(Operation *op) {
  auto mask = op->getAttrOfType<MaskAttr>("mask");
  if (!mask || !mask.getWindow())
    return false;
  op->setAttr("mask", MaskAttr::get(op->getContext(), mask.getKind(),
                                    *mask.getWindow() + 1, mask.getChunk()));
  return true;
}

static bool swapGateAndUp(Operation *op) {
  if (!isa<GluOp>(op))
    return false;
  Value gate = op->getOperand(0);
  op->setOperand(0, op->getOperand(1));
  op->setOperand(1, gate);
  return true;
}

/// Weights of the chosen experts are normalized where they were not, and the
/// other way round.
static bool changeNormalization(Operation *op) {
  if (!isa<RouterOp>(op))
    return false;
  if (!op->removeAttr("renorm"))
    op->setAttr("renorm", Builder(op->getContext()).getF32FloatAttr(0));
  return true;
}

/// Rows go to the cache where those of one token more would.
static bool moveRow(Operation *op) {
  if (!isa<CacheUpdateOp>(op))
    return false;
  op->setOperand(3, op->getOperand(4));
  return true;
}

/// The last tile is as large as the others.
static bool forgetTail(Operation *op) {
  if (!isa<arith::MinSIOp>(op))
    return false;
  auto size = op->getOperand(1).getDefiningOp<arith::ConstantOp>();
  Value other = size ? op->getOperand(1) : op->getOperand(0);
  op->getResult(0).replaceAllUsesWith(other);
  return true;
}

static const llvm::StringMap<Fault> &getFaults() {
  static const llvm::StringMap<Fault> faults = {
      {"scale", changeScale},         {"window", widenWindow},
      {"gate-and-up", swapGateAndUp}, {"normalization", changeNormalization},
      {"cache-row", moveRow},         {"tail", forgetTail},
  };
  return faults;
}

namespace {
struct TestPlantFault : PassWrapper<TestPlantFault, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestPlantFault)

  TestPlantFault() = default;
  TestPlantFault(const TestPlantFault &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "test-plant-fault"; }
  StringRef getDescription() const final {
    return "Change what ops compute: all that a fault is one of";
  }

  void runOnOperation() final {
    Fault plant = getFaults().lookup(fault);
    bool isPlanted = false;
    if (plant)
      getOperation()->walk([&](Operation *op) { isPlanted |= plant(op); });
    if (isPlanted)
      return;
    getOperation()->emitError()
        << "no op for the fault '" << fault.getValue() << "'";
    signalPassFailure();
  }

  Option<std::string> fault{*this, "fault", llvm::cl::desc("Its name")};
};
} // namespace

void tenon::test::registerTestFaults() { PassRegistration<TestPlantFault>(); }
