// Shrinks a module while it shows what one looks for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/Reducer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/BitVector.h"

#include <array>

using namespace mlir;
using namespace tenon;

int64_t tenon::countOperations(ModuleOp module) {
  int64_t count = 0;
  module.getBodyRegion().walk([&](Operation *) { ++count; });
  return count;
}

/// Erases what nothing uses: ops without effects, and symbols but for public
/// functions.
static void eraseDead(ModuleOp module) {
  IRRewriter rewriter(module.getContext());
  for (bool isChanged = true; isChanged;) {
    isChanged = succeeded(runRegionDCE(rewriter, module->getRegions()));
    for (Operation &op : llvm::make_early_inc_range(module.getOps())) {
      auto function = dyn_cast<func::FuncOp>(op);
      if (!isa<SymbolOpInterface>(op) || (function && function.isPublic()) ||
          !SymbolTable::symbolKnownUseEmpty(&op, module))
        continue;
      op.erase();
      isChanged = true;
    }
  }
}

//===----------------------------------------------------------------------===//
// Edits
//===----------------------------------------------------------------------===//

/// A change that makes a module smaller, or nothing if it cannot be made.
using Edit = std::function<void()>;
/// Lists the changes of one kind that a module admits.
using EditList = std::vector<Edit> (*)(ModuleOp);

static std::vector<func::CallOp> findCalls(ModuleOp module,
                                           func::FuncOp callee) {
  std::vector<func::CallOp> calls;
  module.walk([&](func::CallOp call) {
    if (call.getCallee() == callee.getName())
      calls.push_back(call);
  });
  return calls;
}

static std::vector<Edit> listFunctions(ModuleOp module) {
  std::vector<Edit> edits;
  for (auto function : module.getOps<func::FuncOp>())
    if (findCalls(module, function).empty())
      edits.push_back([=]() mutable { function.erase(); });
  return edits;
}

static void dropResult(ModuleOp module, func::FuncOp function, unsigned index) {
  for (func::CallOp call : findCalls(module, function)) {
    OpBuilder builder(call);
    SmallVector<Type> types(call.getResultTypes());
    types.erase(types.begin() + index);
    auto smaller = func::CallOp::create(
        builder, call.getLoc(), call.getCallee(), types, call.getOperands());
    SmallVector<Value> results(smaller.getResults());
    // Nothing uses it.
    results.insert(results.begin() + index, Value());
    for (auto [old, result] : llvm::zip_equal(call.getResults(), results))
      if (result)
        old.replaceAllUsesWith(result);
    call.erase();
  }
  function.walk([&](func::ReturnOp op) { op->eraseOperand(index); });
  (void)function.eraseResult(index);
}

static std::vector<Edit> listResults(ModuleOp module) {
  std::vector<Edit> edits;
  for (auto function : module.getOps<func::FuncOp>())
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      if (llvm::all_of(findCalls(module, function), [&](func::CallOp call) {
            return call.getResult(i).use_empty();
          }))
        edits.push_back([=] { dropResult(module, function, i); });
  // What the function is for comes first, caches last.
  std::reverse(edits.begin(), edits.end());
  return edits;
}

static std::vector<Edit> listArguments(ModuleOp module) {
  std::vector<Edit> edits;
  for (auto function : module.getOps<func::FuncOp>())
    for (BlockArgument argument : function.getArguments()) {
      unsigned index = argument.getArgNumber();
      if (argument.use_empty())
        edits.push_back([=]() mutable {
          for (func::CallOp call : findCalls(module, function))
            call->eraseOperand(index);
          (void)function.eraseArgument(index);
        });
    }
  return edits;
}

/// Puts a copy of a block in front of an op, which its terminator's operands
/// replace.
static void inlineBlock(Operation *op, Block &block, ValueRange arguments) {
  OpBuilder builder(op);
  IRMapping mapping;
  mapping.map(block.getArguments(), arguments);
  for (Operation &inner : block.without_terminator())
    builder.clone(inner, mapping);
  for (auto [result, value] :
       llvm::zip_equal(op->getResults(), block.getTerminator()->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  op->erase();
}

/// Whether the operands of a block's terminator can replace an op's results.
static bool givesResults(Operation *op, Block &block) {
  return llvm::equal(block.getTerminator()->getOperandTypes(),
                     op->getResultTypes());
}

static std::vector<Edit> listCalls(ModuleOp module) {
  std::vector<Edit> edits;
  SymbolTable symbols(module);
  module.walk([&](func::CallOp call) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    if (callee && callee.getBody().hasOneBlock())
      edits.push_back([=]() mutable {
        inlineBlock(call, callee.front(), call.getOperands());
      });
  });
  return edits;
}

/// Bodies of loops for their first iteration, and regions without arguments.
static std::vector<Edit> listRegions(ModuleOp module) {
  std::vector<Edit> edits;
  module.walk([&](Operation *op) {
    if (isa<FunctionOpInterface, ModuleOp>(op))
      return;
    for (Region &region : op->getRegions()) {
      if (!region.hasOneBlock() || !givesResults(op, region.front()))
        continue;
      Block &block = region.front();
      if (block.getNumArguments() == 0)
        edits.push_back([&block, op] { inlineBlock(op, block, {}); });
      auto loop = dyn_cast<LoopLikeOpInterface>(op);
      if (!loop || block.getNumArguments() != 1 + loop.getInits().size())
        continue;
      std::optional<SmallVector<OpFoldResult>> first =
          loop.getLoopLowerBounds();
      Value begin = first && first->size() == 1
                        ? dyn_cast<Value>(first->front())
                        : Value();
      if (!begin)
        continue;
      SmallVector<Value> arguments = {begin};
      llvm::append_range(arguments, loop.getInits());
      edits.push_back(
          [&block, op, arguments] { inlineBlock(op, block, arguments); });
    }
  });
  return edits;
}

/// Operands that have the type of a result stand for it.
static std::vector<Edit> listOperands(ModuleOp module) {
  std::vector<Edit> edits;
  module.walk([&](Operation *op) {
    for (OpResult result : op->getResults())
      for (Value operand : op->getOperands())
        if (!result.use_empty() && operand.getType() == result.getType())
          edits.push_back(
              [=]() mutable { result.replaceAllUsesWith(operand); });
  });
  return edits;
}

/// Results that become arguments: what they were computed from is dead.
static std::vector<Edit> listCuts(ModuleOp module) {
  std::vector<Edit> edits;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!findCalls(module, function).empty())
      continue;
    function.walk([&](Operation *op) {
      for (OpResult result : op->getResults()) {
        Type type = result.getType();
        if (result.use_empty() ||
            !(isa<RankedTensorType>(type) || type.isIntOrIndexOrFloat()) ||
            op->hasTrait<OpTrait::ConstantLike>())
          continue;
        edits.push_back([=]() mutable {
          unsigned end = function.getNumArguments();
          if (succeeded(function.insertArgument(end, type, {}, op->getLoc())))
            result.replaceAllUsesWith(function.getArgument(end));
        });
      }
    });
  }
  // The last ones have most in front of them.
  std::reverse(edits.begin(), edits.end());
  return edits;
}

/// Values that are returned in place of all results: what is computed from them
/// is dead.
static std::vector<Edit> listReturns(ModuleOp module) {
  std::vector<Edit> edits;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal() || !findCalls(module, function).empty())
      continue;
    Block &body = function.front();
    if (body.getTerminator()->getPrevNode() == nullptr ||
        !isa<func::ReturnOp>(body.getTerminator()))
      continue;
    for (Operation &op : body.without_terminator())
      for (Value result : op.getResults())
        edits.push_back([=, &body]() mutable {
          llvm::BitVector all(function.getNumResults(), true);
          (void)function.eraseResults(all);
          (void)function.insertResult(0, result.getType(), {});
          body.getTerminator()->setOperands(result);
        });
  }
  return edits;
}

static std::vector<Edit> listUnusedOps(ModuleOp module) {
  std::vector<Edit> edits;
  module.walk([&](Operation *op) {
    if (op->use_empty() && !op->hasTrait<OpTrait::IsTerminator>() &&
        !isa<SymbolOpInterface, ModuleOp>(op))
      edits.push_back([=] { op->erase(); });
  });
  return edits;
}

static constexpr EditList kEdits[] = {
    listFunctions, listResults, listReturns,  listCuts,     listUnusedOps,
    listRegions,   listCalls,   listOperands, listArguments};

//===----------------------------------------------------------------------===//
// Search
//===----------------------------------------------------------------------===//

/// What every change makes smaller: calls and regions, which may hold the same
/// ops twice, then ops, results and arguments.
static std::array<int64_t, 3> measure(ModuleOp module) {
  int64_t nests = 0, values = 0;
  module.walk([&](Operation *op) {
    nests += isa<func::CallOp>(op) || op->getNumRegions() > 0;
  });
  for (auto function : module.getOps<func::FuncOp>())
    values += function.getNumResults() + function.getNumArguments();
  return {nests, countOperations(module), values};
}

/// Makes all changes of one kind that leave the module interesting; returns
/// whether there was one.
static bool makeEdits(OwningOpRef<ModuleOp> &module, EditList list,
                      Interestingness isInteresting) {
  bool isChanged = false;
  // A change that was refused is refused again: what is smaller shows less.
  for (size_t next = 0;;) {
    OwningOpRef<ModuleOp> smaller = module->clone();
    std::vector<Edit> edits = list(*smaller);
    if (next >= edits.size())
      return isChanged;
    edits[next]();
    eraseDead(*smaller);
    bool isSmaller = measure(*smaller) < measure(*module);
    if (isSmaller && succeeded(verify(*smaller)) && isInteresting(*smaller)) {
      module = std::move(smaller);
      isChanged = true;
    } else {
      ++next;
    }
  }
}

void tenon::reduceModule(OwningOpRef<ModuleOp> &module,
                         Interestingness isInteresting) {
  for (bool isChanged = true; isChanged;) {
    isChanged = false;
    for (EditList list : kEdits)
      isChanged |= makeEdits(module, list, isInteresting);
  }
}
