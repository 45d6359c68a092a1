// Widens sub-byte quantized values where the machine needs it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/Tenon/Tenon.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/Statistic.h"

#define DEBUG_TYPE "tenon-widen-weights"

namespace tenon {
#define GEN_PASS_DEF_WIDENWEIGHTS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numWidened, "Weights whose codes became whole bytes");

namespace {
struct WidenWeights : tenon::impl::WidenWeightsBase<WidenWeights> {
  using Base::Base;

  void runOnOperation() override {
    machine::MachineAttrInterface target = machine::getTarget(getOperation());
    if (!always && (!target || target.readsTightCodes()))
      return;
    remarkOnWeights();
    AttrTypeReplacer replacer;
    replacer.addReplacement(
        [](FormatAttr format) -> Attribute { return format.getWidened(); });
    replacer.recursivelyReplaceElementsIn(getOperation(),
                                          /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
  }

private:
  void remarkOnWeights() {
    for (auto weight : getOperation().getOps<WeightSymbolOpInterface>()) {
      FormatAttr format = weight.getWeightType().getFormat();
      FormatAttr widened = format.getWidened();
      if (widened == format)
        continue;
      remark::analysis(weight.getLoc(),
                       getRemarkOpts(weight, DEBUG_TYPE, "WidenWeight"))
          << remark::metric("Weight",
                            SymbolTable::getSymbolName(weight).getValue())
          << remark::metric("From", format) << remark::metric("To", widened);
      ++numWidened;
    }
  }
};
} // namespace
