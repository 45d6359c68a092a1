// Keeps one of device functions that are the same.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/NVPTX/Nvptx.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/Statistic.h"

#define DEBUG_TYPE "nvptx-merge-equal-kernels"

namespace tenon {
#define GEN_PASS_DEF_MERGEEQUALKERNELS
#include "tenon/Target/NVPTX/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

ALWAYS_ENABLED_STATISTIC(numMerged,
                         "Kernels that launch the function of another one");

/// Whether two functions differ in nothing but their names.
static bool areEqual(gpu::GPUFuncOp a, gpu::GPUFuncOp b) {
  auto listAttributes = [](gpu::GPUFuncOp function) {
    NamedAttrList attributes(function->getAttrDictionary());
    attributes.erase(SymbolTable::getSymbolAttrName());
    return attributes.getDictionary(function.getContext());
  };
  return listAttributes(a) == listAttributes(b) &&
         OperationEquivalence::isRegionEquivalentTo(
             &a.getBody(), &b.getBody(), OperationEquivalence::IgnoreLocations);
}

/// Erases functions that an earlier one equals, but for those that are launched
/// by name; returns the replacement of each.
static DenseMap<StringAttr, StringAttr>
eraseDuplicates(gpu::GPUModuleOp device,
                const DenseSet<SymbolRefAttr> &launched) {
  DenseMap<StringAttr, StringAttr> replacements;
  SmallVector<gpu::GPUFuncOp> distinct;
  for (auto function :
       llvm::make_early_inc_range(device.getOps<gpu::GPUFuncOp>())) {
    auto first = llvm::find_if(distinct, [&](gpu::GPUFuncOp other) {
      return areEqual(function, other);
    });
    auto symbol =
        SymbolRefAttr::get(device.getSymNameAttr(),
                           {FlatSymbolRefAttr::get(function.getNameAttr())});
    if (first == distinct.end() || launched.contains(symbol)) {
      distinct.push_back(function);
      continue;
    }
    replacements[function.getNameAttr()] = first->getNameAttr();
    function.erase();
  }
  return replacements;
}

namespace {
struct MergeEqualKernels
    : tenon::impl::MergeEqualKernelsBase<MergeEqualKernels> {
  void runOnOperation() override {
    DenseMap<StringAttr, DenseMap<StringAttr, StringAttr>> replacements;
    DenseSet<SymbolRefAttr> launched;
    getOperation().walk(
        [&](gpu::LaunchFuncOp op) { launched.insert(op.getKernel()); });
    for (auto device : getOperation().getOps<gpu::GPUModuleOp>())
      replacements[device.getSymNameAttr()] = eraseDuplicates(device, launched);
    getOperation().walk([&](tile::KernelOp kernel) {
      auto launch =
          kernel->getAttrOfType<LaunchAttr>(NvptxDialect::kLaunchName);
      if (!launch)
        return;
      SymbolRefAttr symbol = launch.getFunction();
      StringAttr first = replacements[symbol.getRootReference()].lookup(
          symbol.getLeafReference());
      if (!first)
        return;
      symbol = SymbolRefAttr::get(symbol.getRootReference(),
                                  {FlatSymbolRefAttr::get(first)});
      kernel->setAttr(
          NvptxDialect::kLaunchName,
          LaunchAttr::get(&getContext(), symbol, launch.getBlocks()));
      remark::passed(kernel.getLoc(),
                     getRemarkOpts(kernel, DEBUG_TYPE, "MergeKernel"))
          << remark::metric("Kernel", kernel.getName())
          << remark::metric("SameAs", first.getValue());
      ++numMerged;
    });
  }
};
} // namespace
