// Chooses how each kernel is launched.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "Attention.h"
#include "Contraction.h"
#include "FindGpu.h"
#include "KernelRefusal.h"
#include "KeySelection.h"

#define DEBUG_TYPE "nvptx-configure-kernels"

namespace tenon {
#define GEN_PASS_DEF_CONFIGUREKERNELS
#include "tenon/Target/NVPTX/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

using Config = tile::KernelConfigAttrInterface;

static FailureOr<Config> chooseConfig(tile::KernelOp kernel, int64_t tokens,
                                      machine::GpuAttr machine,
                                      std::string &reason) {
  MLIRContext *context = kernel.getContext();
  auto choose = [&](Refusal refusal, auto config) -> FailureOr<Config> {
    if (!refusal)
      return Config(config());
    reason = *refusal;
    return failure();
  };
  if (Refusal refusal = checkOperands(kernel)) {
    reason = *refusal;
    return failure();
  }
  Operation *root = getRoot(kernel);
  if (!root)
    return choose(checkRowKernel(kernel), [&] { return chooseRows(kernel); });
  if (isa<RouterOp>(root))
    return choose(checkRouters(kernel),
                  [&] { return RowsAttr::get(context, /*warps=*/1); });
  if (isa<MoeDispatchOp>(root))
    return choose(checkExpertKernel(kernel, root),
                  [&] { return DispatchAttr::get(context, kMostWarps); });
  if (auto attention = CacheAttention::match(root)) {
    Refusal refusal = checkAttention(kernel, *attention);
    auto config = refusal ? FailureOr<AttentionAttr>()
                          : chooseAttention(*attention, tokens, machine);
    if (!refusal && failed(config))
      refusal = "no tile of keys fits into shared memory";
    return choose(refusal, [&] { return *config; });
  }
  if (auto selection = dyn_cast<IndexTopkOp>(root)) {
    Refusal refusal = checkSelection(kernel, selection);
    auto config = refusal ? FailureOr<SelectionAttr>()
                          : chooseSelection(selection, machine);
    if (!refusal && failed(config))
      refusal = "queries and keys of an indexer do not fit into shared memory";
    return choose(refusal, [&] { return *config; });
  }
  if (isa<LinearOp, HeadLinearOp, GroupedLinearOp>(root)) {
    auto contraction = Contraction::match(kernel, root, reason);
    if (failed(contraction))
      return failure();
    return Config(chooseContraction(*contraction, tokens, machine.getShared()));
  }
  reason =
      "there is no device code for " + root->getName().getStringRef().str();
  return failure();
}

static void configure(tile::KernelOp kernel, machine::GpuAttr machine) {
  int64_t tokens =
      tile::getBucketTokens(kernel->getParentOfType<func::FuncOp>());
  if (!tokens)
    return refuse(kernel, DEBUG_TYPE, "its function has no bucket");
  std::string reason;
  FailureOr<Config> config = chooseConfig(kernel, tokens, machine, reason);
  if (failed(config))
    return refuse(kernel, DEBUG_TYPE, reason);
  kernel.setConfigAttr(*config);
  remark::passed(kernel.getLoc(),
                 getRemarkOpts(kernel, DEBUG_TYPE, "ConfigureKernel"))
      << remark::metric("Kernel", kernel.getName())
      << remark::metric("Config", *config);
}

namespace {
struct ConfigureKernels : tenon::impl::ConfigureKernelsBase<ConfigureKernels> {
  void runOnOperation() override {
    machine::GpuAttr machine = findGpu(getOperation());
    if (!machine)
      return signalPassFailure();
    for (auto func : getOperation().getOps<func::FuncOp>())
      func.walk([&](tile::KernelOp kernel) {
        if (!kernel.getConfigAttr() && !isRefused(kernel))
          configure(kernel, machine);
      });
  }
};
} // namespace
