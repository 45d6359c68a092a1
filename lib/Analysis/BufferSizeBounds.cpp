// Upper bounds of buffer sizes in functions with a bucket.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Analysis/BufferSizeBounds.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon;

using Bound = std::optional<int64_t>;

BufferSizeBounds::BufferSizeBounds(ModuleOp module) {
  SymbolTable symbols(module);
  module.walk([&](func::CallOp call) {
    if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
      calls[callee].push_back(call);
  });
}

// Sizes are not negative, so sums and products grow with their operands.

static Bound getSum(Bound a, Bound b) {
  int64_t sum;
  if (!a || !b || llvm::AddOverflow(*a, *b, sum))
    return std::nullopt;
  return sum;
}

static Bound getProduct(Bound a, Bound b) {
  int64_t product;
  if (!a || !b || llvm::MulOverflow(*a, *b, product))
    return std::nullopt;
  return product;
}

Bound BufferSizeBounds::getBytes(Value buffer) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || !type.getElementType().isIntOrIndexOrFloat())
    return std::nullopt;
  Type element = type.getElementType();
  Bound bytes = element.isIndex()
                    ? 8
                    : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  for (int64_t i = 0; i < type.getRank(); ++i)
    bytes = getProduct(bytes, getDim(buffer, i));
  return bytes;
}

Bound BufferSizeBounds::getSize(OpFoldResult size) {
  if (Bound constant = getConstantIntValue(size))
    return constant;
  return getValue(cast<Value>(size));
}

/// The lesser of two bounds, of which one is enough.
static Bound getLesser(Bound a, Bound b) {
  return a && b ? std::min(*a, *b) : (a ? a : b);
}

Bound BufferSizeBounds::getValue(Value value) {
  if (Bound constant = getConstantIntValue(value))
    return constant;
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  auto left = [&] { return getValue(op->getOperand(0)); };
  auto right = [&] { return getValue(op->getOperand(1)); };
  return llvm::TypeSwitch<Operation *, Bound>(op)
      .Case([&](memref::DimOp op) -> Bound {
        std::optional<int64_t> dim = op.getConstantIndex();
        return dim ? getDim(op.getSource(), *dim) : std::nullopt;
      })
      .Case<arith::MinSIOp, arith::MinUIOp>(
          [&](Operation *) { return getLesser(left(), right()); })
      .Case([&](arith::MulIOp) { return getProduct(left(), right()); })
      .Case([&](arith::AddIOp) { return getSum(left(), right()); })
      .Default(Bound());
}

Bound BufferSizeBounds::getDim(Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(dim))
    return type.getDimSize(dim);
  if (auto arg = dyn_cast<BlockArgument>(buffer))
    return getDimOfArgument(arg, dim);
  Operation *op = buffer.getDefiningOp();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return getDimOfCarried(loop, cast<OpResult>(buffer).getResultNumber(), dim);
  return getDimOfView(op, dim);
}

Bound BufferSizeBounds::getDimOfView(Operation *view, int64_t dim) {
  auto isAlone = [&](ArrayRef<ReassociationIndices> groups) {
    return dim < static_cast<int64_t>(groups.size()) &&
           groups[dim] == ReassociationIndices{dim} && dim == 0;
  };
  return llvm::TypeSwitch<Operation *, Bound>(view)
      .Case<memref::AllocOp, memref::ViewOp>([&](auto op) {
        auto type = cast<MemRefType>(op.getType());
        auto sizes = [&] {
          if constexpr (std::is_same_v<decltype(op), memref::ViewOp>)
            return op.getSizes();
          else
            return op.getDynamicSizes();
        }();
        return getValue(sizes[type.getDynamicDimIndex(dim)]);
      })
      .Case([&](memref::SubViewOp op) {
        llvm::SmallBitVector dropped = op.getDroppedDims();
        for (auto [i, size] : llvm::enumerate(op.getMixedSizes()))
          if (!dropped[i] && dim-- == 0)
            return getSize(size);
        return Bound();
      })
      .Case([&](memref::CastOp op) {
        auto source = dyn_cast<MemRefType>(op.getSource().getType());
        return source ? getDim(op.getSource(), dim) : Bound();
      })
      .Case<memref::ExpandShapeOp, memref::CollapseShapeOp>([&](auto op) {
        return isAlone(op.getReassociationIndices()) ? getDim(op.getSrc(), dim)
                                                     : Bound();
      })
      .Default(Bound());
}

Bound BufferSizeBounds::getDimOfCarried(scf::ForOp loop, unsigned number,
                                        int64_t dim) {
  Bound first = getDim(loop.getInits()[number], dim);
  BlockArgument arg = loop.getRegionIterArg(number);
  if (!first || llvm::is_contained(open, arg))
    return first;
  open.push_back(arg);
  llvm::scope_exit close([&] { open.pop_back(); });
  Bound next = getDim(loop.getYieldedValues()[number], dim);
  return next && *next <= *first ? first : std::nullopt;
}

Bound BufferSizeBounds::getDimOfArgument(BlockArgument arg, int64_t dim) {
  Operation *parent = arg.getOwner()->getParentOp();
  if (auto loop = dyn_cast<scf::ForOp>(parent))
    return arg == loop.getInductionVar()
               ? Bound()
               : getDimOfCarried(loop, arg.getArgNumber() - 1, dim);
  auto func = dyn_cast<func::FuncOp>(parent);
  // Branches to a block of a function may give it any buffer.
  if (!func || !arg.getOwner()->isEntryBlock() || llvm::is_contained(open, arg))
    return std::nullopt;
  ArrayRef<func::CallOp> callers = calls[func];
  if (func.isPublic() || callers.empty()) {
    // The first dimension of a cache counts layers, and that of memory bytes.
    static constexpr Role kWithoutTokens[] = {Role::Cache, Role::Arena,
                                              Role::Scratch};
    std::optional<Role> role = getRole(func, arg.getArgNumber());
    int64_t tokens = tile::getBucketTokens(func);
    if (!tokens || dim != 0 ||
        (role && llvm::is_contained(kWithoutTokens, *role)))
      return std::nullopt;
    return tokens;
  }
  open.push_back(arg);
  llvm::scope_exit close([&] { open.pop_back(); });
  int64_t most = 0;
  for (func::CallOp call : callers) {
    Bound bound = getDim(call.getOperand(arg.getArgNumber()), dim);
    if (!bound)
      return std::nullopt;
    most = std::max(most, *bound);
  }
  return most;
}
