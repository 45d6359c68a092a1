// Groups the ops of functions with a bucket into kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tenon/RowTensors.h"
#include "dialects/Tenon/RowViews.h"
#include "dialects/Tenon/ShapeVerification.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Analysis/RowCountEquivalence.h"
#include "tenon/Support/Refusal.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/Statistic.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/DebugLog.h"
#include "KernelSignature.h"

#define DEBUG_TYPE "tenon-form-kernels"

namespace tenon {
#define GEN_PASS_DEF_FORMKERNELS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numKernels, "Kernels");
ALWAYS_ENABLED_STATISTIC(numFused, "Ops in kernels of several ops");

/// Makes both sides of a linear flat: rows of heads become views of rows.
static void flatten(LinearOp op) {
  OpBuilder builder(op);
  RankedTensorType input = op.getInput().getType(), result = op.getType();
  SmallVector<ReassociationIndices> heads = {{0}, {1, 2}};
  if (input.getRank() == 3) {
    Value flat = tensor::CollapseShapeOp::create(builder, op.getLoc(),
                                                 op.getInput(), heads);
    op.getInputMutable().assign(flat);
  }
  if (result.getRank() != 3)
    return;
  op.getResult().setType(RankedTensorType::get(
      {result.getDimSize(0), getRowLength(result)}, result.getElementType()));
  builder.setInsertionPointAfter(op);
  SmallVector<OpFoldResult> shape = {
      tensor::getMixedSize(builder, op.getLoc(), op.getResult(), 0)};
  for (int64_t size : result.getShape().drop_front())
    shape.push_back(builder.getIndexAttr(size));
  auto view = tensor::ExpandShapeOp::create(builder, op.getLoc(), result,
                                            op.getResult(), heads, shape);
  SmallPtrSet<Operation *, 2> except = {view};
  for (OpFoldResult size : shape)
    if (auto value = dyn_cast<Value>(size))
      except.insert(value.getDefiningOp());
  op.getResult().replaceAllUsesExcept(view.getResult(), except);
}

namespace {
/// Ops that become one kernel, and what it is called after.
struct KernelGroup {
  SmallVector<Operation *> ops;
  std::string name;
};

/// Forms the kernels of one block of a function.
class KernelFormer {
public:
  KernelFormer(func::FuncOp func, Block &block, int64_t tokens,
               int64_t queryBlock, machine::MachineAttrInterface machine)
      : func(func), block(block), tokens(tokens), queryBlock(queryBlock),
        machine(machine), builder(func) {}

  void run() {
    for (LinearOp op : llvm::make_early_inc_range(block.getOps<LinearOp>()))
      flatten(op);
    findGroups();
    for (KernelGroup &group : groups)
      for (Operation *op : group.ops)
        ends[op] = group.ops.back();
    for (KernelGroup &group : groups)
      form(group);
  }

private:
  void findGroups();
  Refusal refuseRecomputation(RowOpInterface op);
  bool isRecomputed(Operation *op);
  bool joinsRows(Operation *op, const RowCountEquivalence &counts);
  bool dependsOnRows(Operation *op);
  bool readsRowsOfOthers(RowOpInterface op);
  void remarkOnPrologue(RowOpInterface op);
  void flushRows();
  void addRoot(KernelRootOpInterface root);
  Operation *findResidualAdd(KernelRootOpInterface root);

  void form(KernelGroup &group);
  void remarkOnKernel(tile::KernelOp kernel, const KernelGroup &group);
  void fillBody(tile::KernelOp kernel, const KernelSignature &interface);
  void dissolve(KernelGroup &group, tile::KernelOp kernel, Operation *before);
  /// Null if the machine's kernels are not lowered to loops over tiles.
  tile::KernelConfigAttrInterface configOf(Operation *root);
  std::string nameOf(StringRef what);

  func::FuncOp func;
  Block &block;
  int64_t tokens;
  /// Most tokens of a query block, in all kernels of the bucket.
  int64_t queryBlock;
  machine::MachineAttrInterface machine;
  OpBuilder builder;
  /// The group of ops on rows that is being collected.
  SmallVector<Operation *> rows;
  SmallVector<KernelGroup> groups;
  DenseSet<Operation *> taken;
  KernelEnds ends;
};
} // namespace

//===----------------------------------------------------------------------===//
// Which ops become one kernel
//===----------------------------------------------------------------------===//

/// Ops that compute nothing that a kernel could: weights, numbers of a layer,
/// memory.
static bool isPassive(Operation *op) {
  if (isRepeated(op) || isa<tensor::EmptyOp>(op))
    return true;
  return isPure(op) && op->getNumRegions() == 0 &&
         !llvm::any_of(op->getResultTypes(), llvm::IsaPred<TensorType>);
}

void KernelFormer::findGroups() {
  RowCountEquivalence counts(block);
  for (Operation &op : block) {
    if (taken.contains(&op))
      continue;
    if (isRowOp(&op)) {
      if (isRecomputed(&op))
        continue;
      remarkOnPrologue(cast<RowOpInterface>(op));
      if (!joinsRows(&op, counts))
        flushRows();
      rows.push_back(&op);
    } else if (auto root = dyn_cast<KernelRootOpInterface>(&op)) {
      flushRows();
      addRoot(root);
    } else if (!isPassive(&op) || (!isRepeated(&op) && dependsOnRows(&op))) {
      flushRows();
    }
  }
  flushRows();
}

/// A linear that takes what an op computes as its prologue, or null.
static KernelRootOpInterface findPrologueUser(Operation *op) {
  for (Operation *user : op->getUsers())
    if (auto root = dyn_cast<KernelRootOpInterface>(user))
      if (root->getBlock() == op->getBlock() &&
          root.getPrologueOperand() == op->getResult(0))
        return root;
  return nullptr;
}

/// Whether the kernel of a linear can compute an op that it is fed by.
Refusal KernelFormer::refuseRecomputation(RowOpInterface op) {
  if (!op->hasOneUse())
    return "has other users";
  if (int64_t most = machine.getRecomputedNormTokens(); tokens > most)
    return ("is computed again by each worker for " + Twine(most) +
            " tokens at most")
        .str();
  return std::nullopt;
}

/// A norm that the kernel of its only user, a linear, computes.
bool KernelFormer::isRecomputed(Operation *op) {
  auto rowOp = dyn_cast<RowOpInterface>(op);
  return rowOp && rowOp.canBeRecomputed() && findPrologueUser(op) &&
         !refuseRecomputation(rowOp);
}

/// Says why a norm is not computed by the linear that it feeds.
void KernelFormer::remarkOnPrologue(RowOpInterface op) {
  if (!op.canBeRecomputed() || !findPrologueUser(op))
    return;
  if (Refusal refusal = refuseRecomputation(op))
    remark::missed(op.getLoc(), getRemarkOpts(op, DEBUG_TYPE, "FusePrologue"))
        << remark::reason("{0}", *refusal);
}

/// Whether one loop can do what an op does and what the group does so far.
bool KernelFormer::joinsRows(Operation *op, const RowCountEquivalence &counts) {
  if (rows.empty())
    return true;
  bool compares = cast<RowOpInterface>(op).comparesElements();
  bool othersCompare = cast<RowOpInterface>(rows.front()).comparesElements();
  if (machine.separatesComparisons() && compares != othersCompare)
    return false;
  Value own = getRowTensors(op).front();
  Value others = getRowTensors(rows.front()).front();
  return counts.areEqual(own, others) &&
         !readsRowsOfOthers(cast<RowOpInterface>(op));
}

/// Whether a value is made by the group, in whatever shape.
static bool isMadeBy(ArrayRef<Operation *> group, Value value) {
  Operation *def = value.getDefiningOp();
  if (isRepeated(def))
    return llvm::any_of(def->getOperands(), [&](Value operand) {
      return isMadeBy(group, operand);
    });
  return llvm::is_contained(group, def);
}

bool KernelFormer::dependsOnRows(Operation *op) {
  return llvm::any_of(op->getOperands(),
                      [&](Value operand) { return isMadeBy(rows, operand); });
}

/// Whether an op reads what the group makes in other rows than its own.
bool KernelFormer::readsRowsOfOthers(RowOpInterface op) {
  return llvm::any_of(op.getWholeOperands(),
                      [&](Value value) { return isMadeBy(rows, value); });
}

void KernelFormer::flushRows() {
  LDBG() << rows.size() << " ops on rows end here";
  if (!rows.empty())
    groups.push_back({std::move(rows), "rows"});
  rows.clear();
}

void KernelFormer::addRoot(KernelRootOpInterface root) {
  KernelGroup group{{}, root.getKernelName()};
  if (Value input = root.getPrologueOperand()) {
    Operation *norm = input.getDefiningOp();
    if (norm && isRecomputed(norm))
      group.ops.push_back(norm);
  }
  group.ops.push_back(root);
  if (Operation *add = findResidualAdd(root))
    group.ops.push_back(add);
  taken.insert_range(group.ops);
  groups.push_back(std::move(group));
}

/// Whether a linear can end with the addition of its result to something.
static Refusal refuseEpilogue(KernelRootOpInterface root, RowOpInterface add) {
  if (!root->hasOneUse())
    return "has further users";
  Value other = add->getOperand(0) == root->getResult(0) ? add->getOperand(1)
                                                         : add->getOperand(0);
  // What is repeated is written row by row, and not in blocks of columns.
  Operation *def = lookThroughRowViews(other).getDefiningOp();
  if (isRepeated(def))
    return "is added to what its kernel would have to repeat";
  if (def && def->getBlock() == root->getBlock() && !def->isBeforeInBlock(root))
    return "is added to what follows it";
  return std::nullopt;
}

/// The addition that ends a linear, if the other summand exists before it.
Operation *KernelFormer::findResidualAdd(KernelRootOpInterface root) {
  if (!root.takesEpilogue())
    return nullptr;
  for (Operation *user : root->getUsers()) {
    auto add = dyn_cast<RowOpInterface>(user);
    if (!add || !add.canBeEpilogue() || add->getBlock() != root->getBlock())
      continue;
    Refusal refusal = refuseEpilogue(root, add);
    if (!refusal)
      return add;
    remark::missed(root.getLoc(),
                   getRemarkOpts(root, DEBUG_TYPE, "FuseEpilogue"))
        << remark::reason("{0}", *refusal);
    return nullptr;
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

tile::KernelConfigAttrInterface KernelFormer::configOf(Operation *root) {
  std::optional<machine::TileSizes> sizes = machine.getTileSizes(tokens);
  if (!sizes)
    return nullptr;
  int64_t tileRows = sizes->rows, panels = sizes->panels, blockRows = 0;
  tile::Split split = tile::Split::Static;
  auto kernelRoot = dyn_cast<KernelRootOpInterface>(root);
  if (kernelRoot && kernelRoot.iteratesOverBlocks()) {
    tileRows = machine.getBlockRows(tokens);
    blockRows = llvm::alignTo(queryBlock, tileRows);
    panels = 1;
    split = tile::Split::Ticket;
  }
  return tile::ConfigAttr::get(root->getContext(), tileRows, blockRows, panels,
                               sizes->keys, split);
}

std::string KernelFormer::nameOf(StringRef what) {
  std::string suffix = (".t" + Twine(tokens)).str();
  StringRef base = func.getName();
  base.consume_back(suffix);
  return (base + "." + what + suffix).str();
}

void KernelFormer::form(KernelGroup &group) {
  Operation *before = group.ops.front()->getPrevNode();
  builder.setInsertionPoint(group.ops.back());
  KernelSignature interface(group.ops, ends);
  if (interface.yielded.empty())
    return;
  interface.findOuts(builder, func);
  interface.findInputs();

  Operation *root = group.ops.front();
  SmallVector<Location> locs;
  for (Operation *op : group.ops) {
    if (isa<KernelRootOpInterface>(op))
      root = op;
    locs.push_back(op->getLoc());
  }
  auto kernel = tile::KernelOp::create(
      builder, builder.getFusedLoc(locs), TypeRange(ValueRange(interface.outs)),
      builder.getStringAttr(nameOf(group.name)), configOf(root),
      interface.inputs.getArrayRef(), interface.outs);
  remarkOnKernel(kernel, group);
  fillBody(kernel, interface);
  for (auto [old, fresh] : llvm::zip(interface.yielded, kernel.getResults()))
    old.replaceAllUsesWith(fresh);
  dissolve(group, kernel, before);
}

void KernelFormer::remarkOnKernel(tile::KernelOp kernel,
                                  const KernelGroup &group) {
  auto joinNames = [&] {
    return llvm::join(llvm::map_range(group.ops,
                                      [](Operation *op) {
                                        return op->getName().getStringRef();
                                      }),
                      " ");
  };
  auto remark = remark::passed(kernel.getLoc(),
                               getRemarkOpts(kernel, DEBUG_TYPE, "FormKernel"));
  remark << remark::metric("Kernel", kernel.getName())
         << remark::detail::LazyTextBuild{"Ops", joinNames};
  if (tile::KernelConfigAttrInterface config = kernel.getConfigAttr())
    remark << remark::metric("Config", config);
  ++numKernels;
  if (group.ops.size() > 1)
    numFused += group.ops.size();
}

/// Clones an op, and before it those that the kernel repeats for it.
static void cloneInto(OpBuilder &builder, Operation *op, IRMapping &mapping,
                      const llvm::SetVector<Operation *> &repeated) {
  for (Value operand : op->getOperands()) {
    Operation *def = operand.getDefiningOp();
    if (repeated.contains(def) && !mapping.contains(operand))
      cloneInto(builder, def, mapping, repeated);
  }
  builder.clone(*op, mapping);
}

void KernelFormer::fillBody(tile::KernelOp kernel,
                            const KernelSignature &interface) {
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&kernel.getBody());
  IRMapping mapping;
  for (Value operand : kernel->getOperands())
    mapping.map(operand,
                body->addArgument(operand.getType(), operand.getLoc()));
  builder.setInsertionPointToEnd(body);
  for (Operation *op : interface.group)
    cloneInto(builder, op, mapping, interface.repeated);
  SmallVector<Value> results;
  for (Value result : interface.yielded)
    results.push_back(mapping.lookup(result));
  tile::YieldOp::create(builder, kernel.getLoc(), results);
}

/// Erases an op and the views of its results that have no users.
static void eraseWithViews(Operation *op) {
  while (!op->use_empty())
    eraseWithViews(*op->user_begin());
  op->erase();
}

/// Erases the ops of a group, which follow `before`. Views of their results are
/// moved after the kernel.
void KernelFormer::dissolve(KernelGroup &group, tile::KernelOp kernel,
                            Operation *before) {
  for (Operation *op : llvm::reverse(group.ops)) {
    ends.erase(op);
    eraseWithViews(op);
  }
  Operation *behind = kernel;
  DenseSet<Operation *> moved = {kernel};
  for (Operation *op = before ? before->getNextNode() : &block.front();
       op != kernel;) {
    Operation *next = op->getNextNode();
    if (llvm::any_of(op->getOperands(), [&](Value operand) {
          return moved.contains(operand.getDefiningOp());
        })) {
      op->moveAfter(behind);
      moved.insert(op);
      behind = op;
    }
    op = next;
  }
}

/// The first op of a block whose rows have an unknown length, or none.
static Operation *findUnusableRow(Block &block) {
  for (Operation &op : block)
    if (auto tokenOp = dyn_cast<TokenOpInterface>(&op))
      for (Value value : tokenOp.getRowTensors())
        if (int64_t length = getRowLength(value.getType());
            ShapedType::isDynamic(length) || length == 0)
          return &op;
  return nullptr;
}

/// Fails for a result of a step that is neither a state, which is written over
/// an operand, nor an output: it would have no destination.
static LogicalResult verifyResults(func::FuncOp func) {
  if (!isStep(func))
    return success();
  func::ReturnOp end = *func.getOps<func::ReturnOp>().begin();
  for (auto [index, value] : llvm::enumerate(end.getOperands())) {
    Operation *def = lookThroughRowViews(value).getDefiningOp();
    auto rowOp = dyn_cast_or_null<RowOpInterface>(def);
    bool isMade = rowOp ? !rowOp.getTiedOperand()
                        : isa_and_present<KernelRootOpInterface>(def);
    if (isMade && !isOutput(getResultRole(func, index)))
      return func.emitOpError()
             << "expects result " << index
             << " of a step to be a cache that it was given, or to have "
                "tenon.role logits, embeddings or pooled";
  }
  return success();
}

/// Forms the kernels of all blocks of a function that are not in kernels.
static LogicalResult formKernels(func::FuncOp func, int64_t tokens,
                                 int64_t queryBlock,
                                 machine::MachineAttrInterface machine) {
  SmallVector<Block *> blocks;
  func.walk([&](Block *block) {
    if (!isa<tile::KernelOp>(block->getParentOp()))
      blocks.push_back(block);
  });
  for (Block *block : blocks) {
    if (block->getParentOp()->getParentOfType<tile::KernelOp>())
      continue;
    if (Operation *op = findUnusableRow(*block))
      return op->emitOpError()
             << "expects rows of a known, positive length in a function with a "
                "bucket, but got operands of "
             << op->getOperandTypes();
    KernelFormer(func, *block, tokens, queryBlock, machine).run();
  }
  return success();
}

namespace {
struct FormKernels : tenon::impl::FormKernelsBase<FormKernels> {
  void runOnOperation() override {
    machine::MachineAttrInterface machine = machine::getTarget(getOperation());
    if (!machine) {
      // Without the module, which is all of the IR.
      emitError(getOperation().getLoc())
          << "expects " << machine::MachineDialect::kTargetName
          << " on the module, to choose sizes of tiles";
      return signalPassFailure();
    }
    llvm::DenseMap<int64_t, int64_t> queryBlocks = chooseQueryBlocks(machine);
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      int64_t tokens = tile::getBucketTokens(func);
      if (tokens &&
          (failed(verifyResults(func)) ||
           failed(formKernels(func, tokens, queryBlocks[tokens], machine))))
        return signalPassFailure();
    }
  }

private:
  /// Most tokens of a query block, by bucket: the runtime cuts the tokens of a
  /// step once for all of its kernels.
  llvm::DenseMap<int64_t, int64_t>
  chooseQueryBlocks(machine::MachineAttrInterface machine) {
    llvm::DenseMap<int64_t, int64_t> queryBlocks;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      if (int64_t tokens = tile::getBucketTokens(func))
        func.walk([&](KernelRootOpInterface root) {
          int64_t rows = root.expandsKeys()
                             ? machine.getExpandingBlockRows(tokens)
                             : machine.getBlockRows(tokens);
          if (root.iteratesOverBlocks())
            queryBlocks[tokens] = std::max(queryBlocks[tokens], rows);
        });
    return queryBlocks;
  }
};
} // namespace
