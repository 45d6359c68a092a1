// Gives weights codes of whole bytes where the machine needs them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/Tenon/Tenon.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"

namespace tenon {
#define GEN_PASS_DEF_WIDENWEIGHTS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {
struct WidenWeights : tenon::impl::WidenWeightsBase<WidenWeights> {
  using Base::Base;

  void runOnOperation() override {
    machine::MachineAttrInterface target = machine::getTarget(getOperation());
    if (!always && (!target || target.readsTightCodes()))
      return;
    AttrTypeReplacer replacer;
    replacer.addReplacement(
        [](FormatAttr format) -> Attribute { return format.getWidened(); });
    replacer.recursivelyReplaceElementsIn(getOperation(),
                                          /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
  }
};
} // namespace
