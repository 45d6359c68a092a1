// Fails when a step copies or allocates more than it may.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace tenon {
#define GEN_PASS_DEF_REFUSECOPIES
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Bytes of a buffer, where its only dynamic size is `tokens`; none if there are
/// more, for then it depends on the context.
static std::optional<int64_t> getBoundedBytes(MemRefType type, int64_t tokens) {
  if (type.getNumDynamicDims() > 1)
    return std::nullopt;
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8u);
  for (int64_t size : type.getShape())
    bytes *= ShapedType::isDynamic(size) ? tokens : size;
  return bytes;
}

/// The type of the static buffer that a value is a part of, or its own type.
static MemRefType getBoundingType(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>()) {
    Value source = view.getViewSource();
    if (cast<MemRefType>(value.getType()).hasStaticShape())
      break;
    value = source;
  }
  return cast<MemRefType>(value.getType());
}

/// What a copy moves at most: no more than either side holds.
static std::optional<int64_t> getCopiedBytes(memref::CopyOp copy,
                                             int64_t tokens) {
  std::optional<int64_t> least;
  for (Value side : {copy.getSource(), copy.getTarget()})
    for (MemRefType type :
         {cast<MemRefType>(side.getType()), getBoundingType(side)})
      if (std::optional<int64_t> bytes = getBoundedBytes(type, tokens))
        least = std::min(least.value_or(*bytes), *bytes);
  return least;
}

/// Complains about a copy of more than `limit` bytes, and about an allocation
/// that no bucket bounds.
static LogicalResult verifyOp(Operation *op, int64_t tokens, int64_t limit) {
  auto complain = [&](StringRef what, Type type) {
    return op->emitError() << "expects no " << what << " of more than " << limit
                           << " bytes in a step, but got one of " << type
                           << "; pass the buffer whole and slice it where it "
                              "is read";
  };
  if (auto copy = dyn_cast<memref::CopyOp>(op)) {
    std::optional<int64_t> bytes = getCopiedBytes(copy, tokens);
    if (!bytes || *bytes > limit)
      return complain("copy", copy.getSource().getType());
  }
  if (auto alloc = dyn_cast<memref::AllocOp>(op))
    if (!getBoundedBytes(alloc.getType(), tokens))
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
