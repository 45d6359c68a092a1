// Specializes the step function per token bucket.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/Statistic.h"

#define DEBUG_TYPE "tenon-specialize-buckets"

namespace tenon {
#define GEN_PASS_DEF_SPECIALIZEBUCKETS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numClones, "Functions cloned for a bucket");

/// Clones `func`, and its callees, with the bucket's name; the clone follows
/// the original. `clones` maps originals to their clones.
static func::FuncOp
cloneForBucket(func::FuncOp func, int64_t tokens, SymbolTable &symbols,
               DenseMap<Operation *, func::FuncOp> &clones) {
  if (func::FuncOp done = clones.lookup(func))
    return done;
  func::FuncOp clone = func.clone();
  clone.setName((func.getName() + ".t" + Twine(tokens)).str());
  clone->setAttr(tile::TileDialect::kBucketName,
                 tile::BucketAttr::get(func.getContext(), tokens));
  symbols.insert(clone, std::next(func->getIterator()));
  remark::passed(clone.getLoc(),
                 getRemarkOpts(clone, DEBUG_TYPE, "SpecializeFunction"))
      << remark::metric("Tokens", tokens);
  ++numClones;
  clones[func] = clone;

  clone.walk([&](func::CallOp call) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    if (!callee || callee.isExternal() ||
        callee->hasAttr(tile::TileDialect::kBucketName))
      return;
    func::FuncOp target = cloneForBucket(callee, tokens, symbols, clones);
    call.setCallee(target.getName());
  });
  return clone;
}

namespace {
struct SpecializeBuckets
    : tenon::impl::SpecializeBucketsBase<SpecializeBuckets> {
  using Base::Base;

  LogicalResult initialize(MLIRContext *context) override {
    constexpr int64_t most = tile::BucketAttr::kMostTokens;
    if (!buckets.empty() && llvm::is_sorted(buckets) && buckets.front() >= 1 &&
        *std::prev(buckets.end()) <= most &&
        std::adjacent_find(buckets.begin(), buckets.end()) == buckets.end())
      return success();
    InFlightDiagnostic diagnostic = emitError(UnknownLoc::get(context))
                                    << getArgument()
                                    << " expects buckets to be ascending, "
                                       "between 1 and "
                                    << most << ", but got ";
    llvm::interleaveComma(ArrayRef<int64_t>(buckets), diagnostic);
    if (buckets.empty())
      diagnostic << "none";
    return diagnostic;
  }

  /// What functions with a bucket of their own call stays.
  void eraseUnused(SmallVector<func::FuncOp> funcs, SymbolTable &symbols) {
    DenseSet<StringAttr> kept;
    SmallVector<func::FuncOp> left;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      if (func->hasAttr(tile::TileDialect::kBucketName))
        left.push_back(func);
    while (!left.empty())
      left.pop_back_val().walk([&](func::CallOp call) {
        if (!kept.insert(call.getCalleeAttr().getAttr()).second)
          return;
        if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
          left.push_back(callee);
      });
    for (func::FuncOp func : funcs)
      if (!kept.contains(func.getNameAttr()))
        symbols.erase(func);
  }

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> originals;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      if (!func->hasAttr(tile::TileDialect::kBucketName) && !func.isExternal())
        originals.push_back(func);

    for (int64_t tokens : llvm::reverse(ArrayRef<int64_t>(buckets))) {
      DenseMap<Operation *, func::FuncOp> clones;
      for (func::FuncOp func : originals)
        if (func.isPublic())
          cloneForBucket(func, tokens, symbols, clones);
    }
    eraseUnused(originals, symbols);
  }
};
} // namespace
