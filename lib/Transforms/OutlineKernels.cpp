// Outlines every kernel into a function.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/Statistic.h"

#define DEBUG_TYPE "tile-outline-kernels"

namespace tenon {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numKernels, "Kernels that became functions");

/// A kernel may be given one operand twice: the first one has its role.
static void addRole(func::FuncOp func, unsigned index, Role role) {
  if (role == Role::Cache || !getOperand(func, role))
    setRole(func, index, role);
}

/// Outlines the body of a kernel into a function that follows its parent.
static func::FuncOp outline(tile::KernelOp kernel, SymbolTable &symbols) {
  OpBuilder builder(kernel);
  auto type = builder.getFunctionType(kernel->getOperandTypes(),
                                      kernel.getResultTypes());
  func::FuncOp func =
      func::FuncOp::create(builder, kernel.getLoc(), kernel.getName(), type);
  func.setPrivate();
  auto parent = kernel->getParentOfType<func::FuncOp>();
  if (Attribute bucket = parent->getAttr(tile::TileDialect::kBucketName))
    func->setAttr(tile::TileDialect::kBucketName, bucket);
  Attribute config = kernel.getConfigAttr();
  func->setAttr(tile::TileDialect::kKernelName,
                config ? config : builder.getUnitAttr());
  for (auto [index, operand] : llvm::enumerate(kernel->getOperands()))
    if (auto argument = dyn_cast<BlockArgument>(operand))
      if (argument.getOwner() == &parent.front())
        if (std::optional<Role> role = getRole(parent, argument.getArgNumber()))
          addRole(func, index, *role);
  // `insert` moves the op from where it was built.
  func->remove();
  symbols.insert(func, std::next(Block::iterator(parent)));

  func.getBody().takeBody(kernel.getBody());
  Operation *yield = func.front().getTerminator();
  builder.setInsertionPoint(yield);
  func::ReturnOp::create(builder, yield->getLoc(), yield->getOperands());
  yield->erase();
  return func;
}

namespace {
struct OutlineKernels : tenon::impl::OutlineKernelsBase<OutlineKernels> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<tile::KernelOp> kernels;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      func.walk([&](tile::KernelOp op) { kernels.push_back(op); });
    for (tile::KernelOp kernel : kernels) {
      func::FuncOp func = outline(kernel, symbols);
      OpBuilder builder(kernel);
      auto call = func::CallOp::create(builder, kernel.getLoc(), func,
                                       kernel->getOperands());
      kernel.replaceAllUsesWith(call.getResults());
      kernel.erase();
      ++numKernels;
    }
  }
};
} // namespace
