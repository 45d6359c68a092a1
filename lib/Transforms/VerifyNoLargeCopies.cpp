// Verifies that steps contain no large copies or allocations.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "tenon/Analysis/BufferSizeBounds.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

namespace tenon {
#define GEN_PASS_DEF_VERIFYNOLARGECOPIES
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// What a copy moves at most: no more than either side holds.
static std::optional<int64_t> getCopiedBytes(memref::CopyOp copy,
                                             BufferSizeBounds &bounds) {
  std::optional<int64_t> least;
  for (Value side : {copy.getSource(), copy.getTarget()})
    if (std::optional<int64_t> bytes = bounds.getBytes(side))
      least = std::min(least.value_or(*bytes), *bytes);
  return least;
}

namespace {
struct VerifyNoLargeCopies
    : tenon::impl::VerifyNoLargeCopiesBase<VerifyNoLargeCopies> {
  using Base::Base;

  void runOnOperation() override {
    BufferSizeBounds bounds(getOperation());
    bool failedOnce = false;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      bool isKernel = tile::isKernel(func);
      func.walk([&](Operation *op) {
        if (auto copy = dyn_cast<memref::CopyOp>(op))
          failedOnce |= failed(verifyCopy(copy, isKernel, bounds));
        if (auto alloc = dyn_cast<memref::AllocOp>(op))
          failedOnce |= failed(verifyAlloc(alloc, bounds));
      });
    }
    if (failedOnce)
      signalPassFailure();
  }

private:
  LogicalResult verifyCopy(memref::CopyOp copy, bool isInKernel,
                           BufferSizeBounds &bounds) {
    if (isInKernel && !copy->getParentOfType<scf::ForallOp>())
      return copy.emitOpError()
             << "expects no copy beside a parallel loop, because each worker "
                "would make it, but got one of "
             << copy.getSource().getType()
             << "; let the kernel write to a buffer of its own";
    std::optional<int64_t> bytes = getCopiedBytes(copy, bounds);
    if (bytes && *bytes <= limit)
      return success();
    return copy.emitOpError()
           << "expects no copy of more than " << limit.getValue()
           << " bytes in a step, but got one of " << copy.getSource().getType()
           << "; pass the buffer whole and slice it where it is read";
  }

  LogicalResult verifyAlloc(memref::AllocOp alloc, BufferSizeBounds &bounds) {
    if (bounds.getBytes(alloc))
      return success();
    return alloc.emitOpError()
           << "expects sizes that the bucket bounds, but got "
           << alloc.getType()
           << "; pass the buffer whole and slice it where it is read";
  }
};
} // namespace
