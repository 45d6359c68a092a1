// Distributes the iterations of parallel loops to workers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/Statistic.h"

#define DEBUG_TYPE "tile-distribute-to-workers"

namespace tenon {
#define GEN_PASS_DEF_DISTRIBUTETOWORKERS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numStatic,
                         "Loops of which each worker has a fixed share");
ALWAYS_ENABLED_STATISTIC(numTickets,
                         "Loops whose iterations workers take one by one");
ALWAYS_ENABLED_STATISTIC(numBarriers, "Barriers");

namespace {
/// The three arguments that precede those of every function.
struct Worker {
  Value context, number, count;

  static Worker of(func::FuncOp func) {
    return {getOperand(func, Role::Context), getOperand(func, Role::Worker),
            getOperand(func, Role::Workers)};
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
    for (auto [begin, end, step] :
         llvm::zip(loop.getMixedLowerBound(), loop.getMixedUpperBound(),
                   loop.getMixedStep()))
      bounds.push_back(countIterations(begin, end, step));
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

  Value toValue(OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(rewriter, loc, value);
  }

  Value countIterations(OpFoldResult begin, OpFoldResult end,
                        OpFoldResult step) {
    Value count = toValue(end);
    bool isSize = false;
    if (getConstantIntValue(begin) == 0)
      isSize = getConstantIntValue(end).value_or(-1) >= 0 ||
               isa_and_present<memref::DimOp>(count.getDefiningOp());
    else
      count = arith::SubIOp::create(rewriter, loc, count, toValue(begin));
    // A loop that ends before it begins has no iterations.
    if (!isSize)
      count = arith::MaxSIOp::create(rewriter, loc, count, index(0));
    if (getConstantIntValue(step) != 1)
      count = arith::CeilDivUIOp::create(rewriter, loc, count, toValue(step));
    return count;
  }

  /// What the body calls the iteration with some number.
  Value indexOf(Value number, OpFoldResult begin, OpFoldResult step) {
    if (getConstantIntValue(step) != 1)
      number = arith::MulIOp::create(rewriter, loc, number, toValue(step));
    if (getConstantIntValue(begin) != 0)
      number = arith::AddIOp::create(rewriter, loc, number, toValue(begin));
    return number;
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
    Block *after =
        rewriter.createBlock(&loopUntilEnd.getAfter(), {}, type, loc);
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
    for (auto [iteration, begin, step] :
         llvm::zip(indices, loop.getMixedLowerBound(), loop.getMixedStep()))
      iteration = indexOf(iteration, begin, step);
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
  insertOperand(func, 0, tile::ContextType::get(context), Role::Context);
  insertOperand(func, 1, IndexType::get(context), Role::Worker);
  insertOperand(func, 2, IndexType::get(context), Role::Workers);
}

namespace {
struct DistributeToWorkers
    : tenon::impl::DistributeToWorkersBase<DistributeToWorkers> {
  void runOnOperation() override {
    funcs.clear();
    SymbolTable symbols(getOperation());
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal() || !func->hasAttr(tile::TileDialect::kBucketName))
        continue;
      funcs.insert(func);
    }
    if (failed(verifyCallers(symbols)))
      return signalPassFailure();
    for (Operation *func : funcs)
      if (failed(
              verifyNoOperands(cast<func::FuncOp>(func),
                               {Role::Context, Role::Worker, Role::Workers})))
        return signalPassFailure();
    for (Operation *func : funcs)
      addArguments(cast<func::FuncOp>(func));
    for (Operation *op : funcs) {
      auto func = cast<func::FuncOp>(op);
      passArguments(func, symbols);
      if (failed(splitLoops(func)))
        return signalPassFailure();
    }
  }

private:
  /// Workers are known in functions with a bucket alone.
  LogicalResult verifyCallers(SymbolTable &symbols) {
    WalkResult walk = getOperation().walk([&](func::CallOp call) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      if (!funcs.contains(callee) ||
          funcs.contains(call->getParentOfType<func::FuncOp>()))
        return WalkResult::advance();
      call.emitOpError() << "expects the caller of a function with a bucket to "
                            "have one";
      return WalkResult::interrupt();
    });
    return failure(walk.wasInterrupted());
  }

  void passArguments(func::FuncOp func, SymbolTable &symbols) {
    Worker worker = Worker::of(func);
    func.walk([&](func::CallOp call) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      if (!funcs.contains(callee))
        return;
      call->insertOperands(0, {worker.context, worker.number, worker.count});
      if (tile::isKernel(callee))
        addBarrier(worker, call, /*after=*/true);
    });
  }

  static void addBarrier(Worker worker, Operation *op, bool after) {
    OpBuilder builder(op);
    if (after)
      builder.setInsertionPointAfter(op);
    tile::BarrierOp::create(builder, op->getLoc(), worker.context,
                            worker.number);
    ++numBarriers;
  }

  /// Each loop has its own tickets, which a barrier hands out anew.
  LogicalResult splitLoops(func::FuncOp func) {
    SmallVector<scf::ForallOp> loops;
    func.walk<WalkOrder::PreOrder>(
        [&](scf::ForallOp loop) { loops.push_back(loop); });
    bool hasTickets = false;
    for (scf::ForallOp loop : loops) {
      std::optional<tile::Split> split = getSplit(loop);
      if (!split)
        return loop.emitOpError() << "expects a mapping to #tile.worker";
      if (!tile::isKernel(func))
        return loop.emitOpError()
               << "expects a function with tile.kernel around it, because a "
                  "barrier follows calls of kernels alone";
      bool takesTickets = *split == tile::Split::Ticket;
      if (loop->getParentOfType<scf::ForallOp>() ||
          (takesTickets && loop->getParentOp() != func))
        return loop.emitOpError()
               << "expects no loop around it, whose iterations would share its "
                  "tickets or workers";
      if (takesTickets && hasTickets)
        addBarrier(Worker::of(func), loop, /*after=*/false);
      hasTickets |= takesTickets;
    }
    for (scf::ForallOp loop : loops) {
      tile::Split split = *getSplit(loop);
      remark::analysis(loop.getLoc(),
                       getRemarkOpts(loop, DEBUG_TYPE, "DistributeLoop"))
          << remark::metric("Split", tile::stringifySplit(split));
      ++(split == tile::Split::Ticket ? numTickets : numStatic);
      LoopSplitter(loop).run(split);
    }
    return success();
  }

  llvm::SetVector<Operation *> funcs;
};
} // namespace
