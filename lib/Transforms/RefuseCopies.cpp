// Fails when a step copies or allocates more than it may.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

namespace tenon {
#define GEN_PASS_DEF_REFUSECOPIES
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Bytes of a buffer, where each dynamic size is `tokens`; -1 if there is more
/// than one, for then it depends on the context.
static int64_t getBoundedBytes(MemRefType type, int64_t tokens) {
  if (type.getNumDynamicDims() > 1)
    return -1;
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8u);
  for (int64_t size : type.getShape())
    bytes *= ShapedType::isDynamic(size) ? tokens : size;
  return bytes;
}

/// Complains about a copy of more than `limit` bytes, and about an allocation
/// that no bucket bounds.
static LogicalResult verifyOp(Operation *op, int64_t tokens, int64_t limit) {
  auto complain = [&](StringRef what, MemRefType type) {
    return op->emitError() << "expects no " << what << " of more than " << limit
                           << " bytes in a step, but got one of " << type
                           << "; pass the buffer whole and slice it where it "
                              "is read";
  };
  if (auto copy = dyn_cast<memref::CopyOp>(op)) {
    auto type = cast<MemRefType>(copy.getSource().getType());
    // A copy inside a loop over tokens or tiles is part of a kernel.
    int64_t bytes = getBoundedBytes(type, /*tokens=*/1);
    if (bytes < 0 || bytes > limit)
      return complain("copy", type);
  }
  if (auto alloc = dyn_cast<memref::AllocOp>(op))
    if (getBoundedBytes(alloc.getType(), tokens) < 0)
      return complain("allocation", alloc.getType());
  return success();
}

namespace {
struct RefuseCopies : tenon::impl::RefuseCopiesBase<RefuseCopies> {
  using Base::Base;

  void runOnOperation() override {
    bool failedOnce = false;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      auto bucket = func->getAttrOfType<tile::BucketAttr>(
          tile::TileDialect::kBucketName);
      int64_t tokens = bucket ? bucket.getTokens() : 1;
      func.walk([&](Operation *op) {
        failedOnce |= failed(verifyOp(op, tokens, limit));
      });
    }
    if (failedOnce)
      signalPassFailure();
  }
};
} // namespace
