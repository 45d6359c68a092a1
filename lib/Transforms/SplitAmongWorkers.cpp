// Shares the iterations of parallel loops among workers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace tenon {
#define GEN_PASS_DEF_SPLITAMONGWORKERS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {
/// The three arguments in front of every function.
struct Worker {
  Value context, number, count;

  static Worker of(func::FuncOp func) {
    return {func.getArgument(0), func.getArgument(1), func.getArgument(2)};
  }
};

/// Rewrites one parallel loop.
class LoopSplitter {
public:
  explicit LoopSplitter(scf::ForallOp loop)
      : loop(loop), rewriter(loop), loc(loop.getLoc()),
        worker(Worker::of(loop->getParentOfType<func::FuncOp>())) {}

  void run(tile::Split split) {
    rewriter.setInsertionPoint(loop);
    for (OpFoldResult bound : loop.getMixedUpperBound())
      bounds.push_back(getValueOrCreateConstantIndexOp(rewriter, loc, bound));
    Value total = bounds.front();
    for (Value bound : llvm::drop_begin(bounds))
      total = arith::MulIOp::create(rewriter, loc, total, bound);
    if (split == tile::Split::Ticket)
      takeTickets(total);
    else
      takeShare(total);
    rewriter.eraseOp(loop);
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(rewriter, loc, value);
  }

  /// worker * total / workers.
  Value shareOf(Value number, Value total) {
    Value product = arith::MulIOp::create(rewriter, loc, number, total);
    return arith::DivUIOp::create(rewriter, loc, product, worker.count);
  }

  void takeShare(Value total) {
    Value next = arith::AddIOp::create(rewriter, loc, worker.number, index(1));
    Value begin = shareOf(worker.number, total), end = shareOf(next, total);
    auto share = scf::ForOp::create(rewriter, loc, begin, end, index(1));
    rewriter.setInsertionPointToStart(share.getBody());
    moveBody(share.getInductionVar());
  }

  void takeTickets(Value total) {
    Type type = rewriter.getIndexType();
    auto loopUntilEnd = scf::WhileOp::create(rewriter, loc, type, ValueRange());
    rewriter.createBlock(&loopUntilEnd.getBefore());
    Value ticket =
        tile::NextTicketOp::create(rewriter, loc, type, worker.context);
    Value isLeft = arith::CmpIOp::create(
        rewriter, loc, arith::CmpIPredicate::ult, ticket, total);
    scf::ConditionOp::create(rewriter, loc, isLeft, ticket);
    Block *after = rewriter.createBlock(&loopUntilEnd.getAfter(), {}, type, loc);
    scf::YieldOp::create(rewriter, loc);
    rewriter.setInsertionPointToStart(after);
    moveBody(after->getArgument(0));
  }

  /// Moves the body of the loop here, with indices from a row-major number.
  void moveBody(Value number) {
    SmallVector<Value> indices(bounds.size());
    for (size_t i = bounds.size(); i-- > 1;) {
      indices[i] = arith::RemUIOp::create(rewriter, loc, number, bounds[i]);
      number = arith::DivUIOp::create(rewriter, loc, number, bounds[i]);
    }
    indices[0] = number;
    Block *body = loop.getBody();
    rewriter.eraseOp(body->getTerminator());
    rewriter.inlineBlockBefore(body, rewriter.getInsertionBlock(),
                               rewriter.getInsertionPoint(), indices);
  }

  scf::ForallOp loop;
  IRRewriter rewriter;
  Location loc;
  Worker worker;
  SmallVector<Value> bounds;
};
} // namespace

/// How a loop is split; none if its mapping does not say.
static std::optional<tile::Split> getSplit(scf::ForallOp loop) {
  std::optional<ArrayAttr> mapping = loop.getMapping();
  if (!mapping || mapping->empty())
    return std::nullopt;
  auto worker = dyn_cast<tile::WorkerAttr>((*mapping)[0]);
  return worker ? std::optional(worker.getSplit()) : std::nullopt;
}

static void addArguments(func::FuncOp func) {
  MLIRContext *context = func.getContext();
  Type types[] = {tile::ContextType::get(context), IndexType::get(context),
                  IndexType::get(context)};
  for (auto [position, type] : llvm::enumerate(types))
    (void)func.insertArgument(position, type, {}, func.getLoc());
}

namespace {
struct SplitAmongWorkers
    : tenon::impl::SplitAmongWorkersBase<SplitAmongWorkers> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> funcs;
    DenseSet<Operation *> kernels;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal() || !func->hasAttr(tile::TileDialect::kBucketName))
        continue;
      funcs.push_back(func);
      func.walk([&](scf::ForallOp) { kernels.insert(func); });
    }
    for (func::FuncOp func : funcs)
      addArguments(func);
    for (func::FuncOp func : funcs) {
      passArguments(func, symbols, kernels);
      if (failed(splitLoops(func)))
        return signalPassFailure();
    }
  }

private:
  void passArguments(func::FuncOp func, SymbolTable &symbols,
                     const DenseSet<Operation *> &kernels) {
    Worker worker = Worker::of(func);
    func.walk([&](func::CallOp call) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      if (!callee || !callee->hasAttr(tile::TileDialect::kBucketName))
        return;
      call->insertOperands(0, {worker.context, worker.number, worker.count});
      if (!kernels.contains(callee))
        return;
      OpBuilder builder(call->getContext());
      builder.setInsertionPointAfter(call);
      tile::BarrierOp::create(builder, call.getLoc(), worker.context,
                              worker.number);
    });
  }

  LogicalResult splitLoops(func::FuncOp func) {
    SmallVector<scf::ForallOp> loops;
    func.walk([&](scf::ForallOp loop) { loops.push_back(loop); });
    for (scf::ForallOp loop : loops) {
      std::optional<tile::Split> split = getSplit(loop);
      if (!split)
        return loop.emitOpError() << "expects a mapping to #tile.worker";
      LoopSplitter(loop).run(*split);
    }
    return success();
  }
};
} // namespace
