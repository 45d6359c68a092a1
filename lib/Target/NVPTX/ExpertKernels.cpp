// Kernels that choose experts for tokens, and sort the choices by expert.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Analysis/KernelStructure.h"
#include "tenon/Support/Log2E.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "PackedWeight.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

static constexpr float kNone = -std::numeric_limits<float>::infinity();

Refusal tenon::nvptx::checkExpertKernel(tile::KernelOp kernel,
                                        Operation *root) {
  Value input = root->getOperand(0);
  if (isa<BlockArgument>(input) &&
      kernel.getYield().getValues() == root->getResults())
    return std::nullopt;
  return root->getName().getStringRef().str() +
         " goes together with other operations";
}

Refusal tenon::nvptx::checkRouters(tile::KernelOp kernel) {
  SmallVector<Value> results;
  auto routers = kernel.getBody().front().getOps<RouterOp>();
  for (RouterOp op : routers)
    results.append(op->result_begin(), op->result_end());
  if (!llvm::equal(kernel.getYield().getValues(), results))
    return "tenon.router goes together with other operations";
  for (RouterOp op : routers) {
    FailureOr<RowAccess> logits = resolveRowViews(op.getLogits());
    if (failed(logits) || !isa<BlockArgument>(logits->base))
      return "logits of a router are not rows of an argument of the kernel";
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Router: a warp for each token
//===----------------------------------------------------------------------===//

namespace {
class RouterEmitter {
public:
  /// Results of the kernel from `firstResult` on are those of the op.
  RouterEmitter(DeviceKernel &kernel, RouterOp op, int64_t firstResult)
      : kernel(kernel), b(kernel.b), op(op), firstResult(firstResult) {
    experts = op.getLogits().getType().getDimSize(1);
    scoresAt = kernel.reserve(experts * 4);
    choicesAt = kernel.reserve(experts * 4);
    groupsAt = kernel.reserve(op.getGroups() * 4);
    chosenAt = kernel.reserve(op.getTop() * 8);
  }

  void emit(Value token) {
    computeScores(token);
    if (op.getKeep() < op.getGroups())
      keepGroups();
    chooseExperts();
    storeWeights(token);
    b.syncWarp();
  }

private:
  Value at(int64_t table, Value index) {
    return b.shared(b.add(b.shl(index, 2), table));
  }
  Value load(int64_t table, Value index) {
    return b.load(b.getF32Type(), at(table, index), 4);
  }
  /// Calls `body` for each number below `count`, by the lanes in turn.
  void forEach(int64_t count, llvm::function_ref<void(Value)> body) {
    b.loop(kernel.lane, count, kWarpSize, body);
  }
  Value power(Value x) { return b.exp2(b.mul(x, b.f32(kLog2E))); }

  void computeScores(Value token);
  void softmax();
  Value scoreGroup(Value group);
  void keepGroups();
  void chooseExperts();
  void storeWeights(Value token);
  /// The first of the largest numbers of a table; all lanes get it.
  Value findLargest(int64_t table, int64_t count);

  DeviceKernel &kernel;
  DeviceBuilder &b;
  RouterOp op;
  int64_t firstResult, experts;
  int64_t scoresAt, choicesAt, groupsAt, chosenAt;
};
} // namespace

void RouterEmitter::computeScores(Value token) {
  RowAccess access = *resolveRowViews(op.getLogits());
  Value row = b.mul(b.zext64(token), access.stride);
  Value logits = b.offset(kernel.getPointer(access.base),
                          b.mul(b.add(row, access.first), 4));
  bool isSigmoid = op.getScoring() == Scoring::Sigmoid;
  forEach(experts, [&](Value expert) {
    Value from = b.offset(logits, b.zext64(b.shl(expert, 2)));
    Value score = b.load(b.getF32Type(), from, 4);
    if (isSigmoid) {
      Value one = b.f32(1.0), inverse = power(b.sub(b.f32(0), score));
      score = b.divide(one, b.add(inverse, b.f32(1.0)));
    }
    b.store(score, at(scoresAt, expert), 4);
  });
  b.syncWarp();
  if (!isSigmoid)
    softmax();
  forEach(experts, [&](Value expert) {
    Value choice = load(scoresAt, expert);
    if (op.getBias())
      choice = b.add(choice,
                     loadFromVector(kernel, op.getBias(), expert, 1).front());
    b.store(choice, at(choicesAt, expert), 4);
  });
  b.syncWarp();
}

/// Makes scores of logits.
void RouterEmitter::softmax() {
  auto fold = [&](Value init, llvm::function_ref<Value(Value, Value)> join) {
    Value end = b.i32(experts);
    Values results = b.loop(kernel.lane, end, b.i32(kWarpSize), init,
                            [&](Value expert, ValueRange state) {
                              return Values{join(state.front(), expert)};
                            });
    return results.front();
  };
  Value largest = fold(b.f32(kNone), [&](Value now, Value expert) {
    return b.max(now, load(scoresAt, expert));
  });
  largest =
      kernel.reduceWarp(largest, [&](Value x, Value y) { return b.max(x, y); });
  Value sum = fold(b.f32(0), [&](Value now, Value expert) {
    Value score = power(b.sub(load(scoresAt, expert), largest));
    b.store(score, at(scoresAt, expert), 4);
    return b.add(now, score);
  });
  sum = kernel.reduceWarp(sum, [&](Value x, Value y) { return b.add(x, y); });
  forEach(experts, [&](Value expert) {
    Value score = b.divide(load(scoresAt, expert), sum);
    b.store(score, at(scoresAt, expert), 4);
  });
  b.syncWarp();
}

/// The largest choice of a group, or the sum of the two largest.
Value RouterEmitter::scoreGroup(Value group) {
  int64_t members = experts / op.getGroups();
  Value first = b.mul(group, members);
  Values best = {b.f32(kNone), b.f32(kNone)};
  Value end = b.add(first, members);
  best =
      b.loop(first, end, b.i32(1), best, [&](Value expert, ValueRange state) {
        Value choice = load(choicesAt, expert);
        Value second = b.min(choice, state[0]);
        return Values{b.max(choice, state[0]), b.max(second, state[1])};
      });
  return op.getBy() == GroupScore::Max ? best[0] : b.add(best[0], best[1]);
}

/// Takes the experts of all but the best groups out of the choice.
void RouterEmitter::keepGroups() {
  int64_t members = experts / op.getGroups();
  forEach(op.getGroups(), [&](Value group) {
    Value score = scoreGroup(group);
    b.store(score, at(groupsAt, group), 4);
  });
  b.syncWarp();
  // A group that was chosen becomes no number, which no maximum is.
  b.loop(b.i32(0), op.getKeep(), 1, [&](Value) {
    Value best = findLargest(groupsAt, op.getGroups());
    b.syncWarp();
    Value none = b.f32(std::nan(""));
    b.store(none, at(groupsAt, best), 4);
    b.syncWarp();
  });
  forEach(experts, [&](Value expert) {
    Value group = load(groupsAt, b.div(expert, members));
    Value isKept =
        arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, group, group);
    Value choice = load(choicesAt, expert);
    choice = b.select(isKept, choice, b.f32(kNone));
    b.store(choice, at(choicesAt, expert), 4);
  });
  b.syncWarp();
}

Value RouterEmitter::findLargest(int64_t table, int64_t count) {
  Values best = {b.f32(kNone), b.i32(count)};
  auto isBetter = [&](Value value, Value index, ValueRange than) {
    Value isLarger =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, value, than[0]);
    Value isEqual =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value, than[0]);
    return arith::OrIOp::create(b, isLarger,
                                b.both(isEqual, b.less(index, than[1])));
  };
  auto join = [&](Value value, Value index, ValueRange state) {
    Value better = isBetter(value, index, state);
    return Values{b.select(better, value, state[0]),
                  b.select(better, index, state[1])};
  };
  Value end = b.i32(count);
  best = b.loop(kernel.lane, end, b.i32(kWarpSize), best,
                [&](Value index, ValueRange state) {
                  return join(load(table, index), index, state);
                });
  for (int64_t mask = kWarpSize / 2; mask > 0; mask /= 2) {
    Value value = b.shuffleXor(best[0], mask);
    best = join(value, b.shuffleXor(best[1], mask), best);
  }
  return best[1];
}

void RouterEmitter::chooseExperts() {
  b.loop(b.i32(0), op.getTop(), 1, [&](Value rank) {
    // There may be no number left that is larger than nothing.
    Value best = b.min(findLargest(choicesAt, experts), experts - 1);
    b.syncWarp();
    Value place = b.shared(b.add(b.shl(rank, 3), chosenAt));
    b.storeVector({b.bitcast(b.getF32Type(), best), load(scoresAt, best)},
                  place);
    Value none = b.f32(std::nan(""));
    b.store(none, at(choicesAt, best), 4);
    b.syncWarp();
  });
}

void RouterEmitter::storeWeights(Value token) {
  int64_t top = op.getTop();
  auto chosen = [&](Value rank) {
    return b.loadVector(b.getF32Type(), 2,
                        b.shared(b.add(b.shl(rank, 3), chosenAt)));
  };
  Value divisor;
  if (op.getRenormAttr()) {
    Value first = b.i32(0), end = b.i32(top), one = b.i32(1);
    divisor =
        b.loop(first, end, one, b.f32(0), [&](Value rank, ValueRange state) {
           return Values{b.add(state.front(), chosen(rank)[1])};
         }).front();
    divisor = b.add(divisor, b.f32(op.getRenorm()->convertToFloat()));
  }
  forEach(top, [&](Value rank) {
    Values pair = chosen(rank);
    Value weight = divisor ? b.divide(pair[1], divisor) : pair[1];
    weight = b.mul(weight, b.f32(op.getScale().convertToFloat()));
    Value bytes = b.mul(b.zext64(token), top);
    bytes = b.mul(b.add(bytes, b.zext64(rank)), 4);
    auto store = [&](Value value, int64_t result) {
      Value out = kernel.getPointer(kernel.getOut(firstResult + result));
      b.store(value, b.offset(out, bytes), 4);
    };
    store(pair[0], 0);
    store(weight, 1);
  });
}

Refusal tenon::nvptx::emitRouters(DeviceKernel &kernel) {
  auto config = kernel.getConfig<RowsAttr>();
  if (!config)
    return kernel.refuseConfig();
  if (config.getWarps() != 1)
    return "a router is the work of one warp for each token";
  if (Refusal refusal = checkRouters(kernel.op))
    return refusal;
  SmallVector<RouterEmitter> emitters;
  for (RouterOp router : kernel.op.getBody().front().getOps<RouterOp>())
    emitters.emplace_back(kernel, router, 2 * emitters.size());
  kernel.blocks = kernel.tokens;
  Value tokens = kernel.b.trunc32(kernel.getSize(kernel.getOut(0), 0));
  kernel.forEachWorkItem(tokens, [&](Value token) {
    for (RouterEmitter &emitter : emitters)
      emitter.emit(token);
  });
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Group: one block, whose warps share the experts
//===----------------------------------------------------------------------===//

namespace {
class GroupEmitter {
public:
  GroupEmitter(DeviceKernel &kernel, MoeDispatchOp op)
      : kernel(kernel), b(kernel.b), op(op) {
    experts = op.getOffsets().getType().getDimSize(0) - 1;
    countsAt = kernel.reserve((experts + 1) * 4);
    choices = b.trunc32(kernel.getSize(op.getChoice(), 0));
    choices = b.mul(choices, op.getChoice().getType().getDimSize(1));
  }

  void emit() {
    forEachExpert([&](Value expert) {
      Value count = scan(expert, b.i32(0), /*stores=*/false);
      b.store(count, at(expert), 4);
    });
    b.syncBlock();
    b.when(b.equal(kernel.thread, 0), [&] { sumCounts(); });
    b.syncBlock();
    forEachExpert([&](Value expert) {
      scan(expert, b.load(b.getI32Type(), at(expert), 4), /*stores=*/true);
    });
    b.syncBlock();
  }

private:
  Value at(Value expert) { return b.shared(b.add(b.shl(expert, 2), countsAt)); }
  void forEachExpert(llvm::function_ref<void(Value)> body) {
    b.loop(kernel.warp, experts, kernel.warps, body);
  }
  void store(int64_t result, Value index, Value value) {
    Value out = kernel.getPointer(kernel.getOut(result));
    b.store(value, b.offset(out, b.mul(b.zext64(index), 4)), 4);
  }
  Value scan(Value expert, Value begin, bool stores);
  void sumCounts();

  DeviceKernel &kernel;
  DeviceBuilder &b;
  MoeDispatchOp op;
  Value choices;
  int64_t experts, countsAt;
};
} // namespace

/// Goes through all choices in their order, a warp at a time, and numbers those
/// of an expert from `begin` on.
Value GroupEmitter::scan(Value expert, Value begin, bool stores) {
  Value zero = b.i32(0);
  return b
      .loop(zero, choices, b.i32(kWarpSize), begin,
            [&](Value first, ValueRange state) {
              Value index = b.add(first, kernel.lane);
              Value real = b.min(index, b.sub(choices, 1));
              Value choice = kernel.loadIndex(op.getChoice(), real);
              Value isHere = b.less(index, choices);
              isHere = b.both(isHere, b.equal(choice, expert));
              Value lanes = b.ballot(isHere);
              if (stores) {
                Value before =
                    b.countBits(b.bitAnd(lanes, b.lanesBefore(kernel.lane)));
                Value place = b.add(state.front(), before);
                b.when(isHere, [&] {
                  store(0, place, index);
                  store(1, index, place);
                });
              }
              return Values{b.add(state.front(), b.countBits(lanes))};
            })
      .front();
}

/// Makes beginnings of counts.
void GroupEmitter::sumCounts() {
  Value zero = b.i32(0), end = b.i32(experts), one = b.i32(1);
  Value total =
      b.loop(zero, end, one, b.i32(0), [&](Value expert, ValueRange state) {
         Value count = b.load(b.getI32Type(), at(expert), 4);
         b.store(state.front(), at(expert), 4);
         store(2, expert, state.front());
         return Values{b.add(state.front(), count)};
       }).front();
  store(2, b.i32(experts), total);
}

Refusal tenon::nvptx::emitGroup(DeviceKernel &kernel, MoeDispatchOp op) {
  if (!kernel.getConfig<DispatchAttr>())
    return kernel.refuseConfig();
  if (Refusal refusal = checkExpertKernel(kernel.op, op))
    return refusal;
  GroupEmitter emitter(kernel, op);
  kernel.blocks = 1;
  kernel.forEachWorkItem(kernel.b.i32(1), [&](Value) { emitter.emit(); });
  return std::nullopt;
}
