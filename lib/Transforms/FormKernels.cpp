// Groups the ops of functions with a bucket into kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/Tenon/Agreement.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace tenon {
#define GEN_PASS_DEF_FORMKERNELS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Ops that work on the rows of single tokens.
static bool isRowOp(Operation *op) {
  if (isa<arith::AddFOp>(op))
    return isa<RankedTensorType>(op->getResult(0).getType());
  return isa<EmbeddingOp, NormOp, GluOp, GatherRowsOp, RopeOp, CacheUpdateOp,
             RouterOp, CombineOp, tensor::SplatOp>(op);
}

/// Ops that read all rows of a token at once, or several tokens.
static bool isRootOp(Operation *op) {
  return isa<LinearOp, HeadLinearOp, GroupedLinearOp, AttentionOp,
             MlaAttentionOp, GroupOp>(op);
}

/// Views are repeated in each kernel that reads them.
static bool isView(Operation *op) {
  return isa_and_nonnull<tensor::ExtractSliceOp, tensor::ExpandShapeOp,
                         tensor::CollapseShapeOp>(op);
}

/// What a kernel is called after: the weight or the op that it is made for.
static std::string describe(Operation *op) {
  auto weightName = [](Value weight) {
    auto use = weight.getDefiningOp<UseOp>();
    if (!use)
      return std::string("linear");
    // Joined weights are called `dense.q+dense.k`, parts of one `dense.kv_b.keys`.
    SmallVector<StringRef> parts;
    use.getWeight().split(parts, '+');
    std::string name;
    for (StringRef part : parts) {
      StringRef last = parts.size() > 1 ? part.rsplit('.').second : StringRef();
      if (last.empty())
        last = part.contains('.') ? part.split('.').second : part;
      name += (name.empty() ? "" : "_") + last.str();
    }
    return name;
  };
  if (auto linear = dyn_cast<LinearOp>(op))
    return weightName(linear.getWeight());
  if (auto linear = dyn_cast<HeadLinearOp>(op))
    return weightName(linear.getWeight());
  if (auto linear = dyn_cast<GroupedLinearOp>(op))
    return weightName(linear.getWeight());
  if (isa<AttentionOp, MlaAttentionOp>(op))
    return "attention";
  return isa<GroupOp>(op) ? "group" : "rows";
}

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
  op.getResult().setType(
      RankedTensorType::get({result.getDimSize(0), getRowLength(result)},
                            result.getElementType()));
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
/// Forms the kernels of one function.
class KernelFormer {
public:
  KernelFormer(func::FuncOp func, int64_t tokens,
               machine::MachineAttrInterface machine)
      : func(func), tokens(tokens), machine(machine), builder(func) {}

  void run() {
    for (LinearOp op : llvm::make_early_inc_range(func.front().getOps<LinearOp>()))
      flatten(op);
    SmallVector<Operation *> ops;
    for (Operation &op : func.front())
      ops.push_back(&op);
    for (Operation *op : ops) {
      if (taken.contains(op))
        continue;
      if (isRowOp(op)) {
        if (!isRecomputed(op))
          rows.push_back(op);
      } else if (isRootOp(op)) {
        flushRows();
        formRoot(op);
      } else if (!isPassive(op)) {
        flushRows();
      }
    }
    flushRows();
  }

private:
  /// Ops that neither compute on tensors nor end a group of rows.
  static bool isPassive(Operation *op) {
    return isView(op) || isa<UseOp, KindOp, OrdinalOp, tensor::DimOp,
                             tensor::EmptyOp>(op) ||
           (op->getDialect() && isa<arith::ArithDialect>(op->getDialect()));
  }

  /// A norm that the kernel of its only user, a linear, computes.
  bool isRecomputed(Operation *op) {
    return isa<NormOp>(op) && op->hasOneUse() &&
           isa<LinearOp>(*op->user_begin()) &&
           op->user_begin()->getBlock() == op->getBlock() &&
           tokens <= machine.getRecomputedNormTokens();
  }

  void flushRows() {
    SmallVector<Operation *> group = std::move(rows);
    rows.clear();
    if (!group.empty())
      form(group, "rows");
  }

  void formRoot(Operation *root) {
    SmallVector<Operation *> group;
    if (auto linear = dyn_cast<LinearOp>(root)) {
      Operation *norm = linear.getInput().getDefiningOp();
      if (norm && isRowOp(norm) && isRecomputed(norm))
        group.push_back(norm);
    }
    group.push_back(root);
    if (Operation *add = findResidualAdd(root))
      group.push_back(add);
    form(group, describe(root));
  }

  /// The addition that ends a linear, if the other summand exists before it.
  Operation *findResidualAdd(Operation *root) {
    if (!isa<LinearOp>(root) || !root->hasOneUse())
      return nullptr;
    auto add = dyn_cast<arith::AddFOp>(*root->user_begin());
    if (!add || add->getBlock() != root->getBlock() ||
        cast<RankedTensorType>(add.getType()).getRank() != 2)
      return nullptr;
    Value other =
        add.getLhs() == root->getResult(0) ? add.getRhs() : add.getLhs();
    Operation *def = other.getDefiningOp();
    bool isBefore = !def || def->getBlock() != root->getBlock() ||
                    def->isBeforeInBlock(root);
    return isBefore && other != root->getResult(0) ? add.getOperation()
                                                   : nullptr;
  }

  void form(ArrayRef<Operation *> group, StringRef what);
  tile::ConfigAttr configOf(Operation *root);
  std::string nameOf(StringRef what);

  func::FuncOp func;
  int64_t tokens;
  machine::MachineAttrInterface machine;
  OpBuilder builder;
  SmallVector<Operation *> rows;
  DenseSet<Operation *> taken;
};

/// Operands and results of a kernel that is being formed.
struct KernelInterface {
  explicit KernelInterface(ArrayRef<Operation *> ops)
      : group(ops.begin(), ops.end()) {
    for (Operation *op : ops)
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) {
              return !group.contains(user);
            }))
          yielded.push_back(result);
  }

  /// Finds where each result goes; makes an empty tensor where it goes nowhere.
  void findOuts(OpBuilder &builder, func::FuncOp func) {
    for (Value result : yielded) {
      Value out = findDestination(result);
      if (!out || llvm::is_contained(outs, out))
        out = isHandedOut(result, func) ? addArgument(func, result)
                                        : createEmpty(builder, result);
      outs.push_back(out);
    }
  }

  /// Collects what comes from outside, and the views that are repeated.
  void findInputs(ArrayRef<Operation *> ops) {
    for (Operation *op : ops)
      for (Value operand : op->getOperands())
        addInput(operand);
  }

  llvm::SmallSetVector<Operation *, 8> group;
  SmallVector<Value> yielded, outs;
  llvm::SetVector<Value> inputs;
  llvm::SetVector<Operation *> views;

private:
  void addInput(Value value) {
    Operation *def = value.getDefiningOp();
    if (group.contains(def) || llvm::is_contained(outs, value) ||
        views.contains(def))
      return;
    if (!isView(def)) {
      inputs.insert(value);
      return;
    }
    for (Value operand : def->getOperands())
      addInput(operand);
    views.insert(def);
  }

  /// Whether the caller of a public function gets this value.
  static bool isHandedOut(Value result, func::FuncOp func) {
    return func.isPublic() &&
           llvm::any_of(result.getUsers(), llvm::IsaPred<func::ReturnOp>);
  }

  /// The caller says where a new result goes.
  static Value addArgument(func::FuncOp func, Value result) {
    unsigned index = func.getNumArguments();
    (void)func.insertArgument(index, result.getType(), {}, result.getLoc());
    return func.getArgument(index);
  }

  bool isOutside(Value value) {
    Operation *def = value.getDefiningOp();
    return !group.contains(def) && !isView(def);
  }

  /// The operand that a result may be written over, or null.
  Value findDestination(Value result) {
    Operation *op = result.getDefiningOp();
    if (auto update = dyn_cast<CacheUpdateOp>(op))
      return isOutside(update.getCache()) ? Value(update.getCache()) : Value();
    if (auto combine = dyn_cast<CombineOp>(op))
      return isOutside(combine.getInit()) ? Value(combine.getInit()) : Value();
    if (!isa<arith::AddFOp>(op))
      return {};
    for (Value operand : op->getOperands())
      if (isOutside(operand))
        return operand;
    return {};
  }

  /// The number of rows of a value, in terms of values outside the group.
  Value rowsOf(OpBuilder &builder, Value value) {
    Operation *op = value.getDefiningOp();
    Location loc = value.getLoc();
    if (!op || !(group.contains(op) || isView(op)))
      return tensor::DimOp::create(builder, loc, value, 0);
    if (auto gather = dyn_cast<GatherRowsOp>(op))
      return rowsOf(builder, gather.getRows());
    if (auto grouped = dyn_cast<GroupedLinearOp>(op))
      return rowsOf(builder, grouped.getOrder() ? Value(grouped.getOrder())
                                                : Value(grouped.getInput()));
    if (auto combine = dyn_cast<CombineOp>(op))
      return rowsOf(builder, combine.getInit());
    if (auto splat = dyn_cast<tensor::SplatOp>(op))
      return splat.getDynamicSizes().front();
    if (isa<GroupOp>(op) && value == op->getResult(0)) {
      Value choices = op->getOperand(0);
      Value top = arith::ConstantIndexOp::create(
          builder, loc, cast<RankedTensorType>(choices.getType()).getDimSize(1));
      return arith::MulIOp::create(builder, loc, rowsOf(builder, choices), top);
    }
    return rowsOf(builder, op->getOperand(0));
  }

  Value createEmpty(OpBuilder &builder, Value result) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<Value> sizes;
    if (type.isDynamicDim(0))
      sizes.push_back(rowsOf(builder, result));
    return tensor::EmptyOp::create(builder, result.getLoc(), type, sizes);
  }
};
} // namespace

tile::ConfigAttr KernelFormer::configOf(Operation *root) {
  int64_t tileRows = machine.getContractRows(tokens);
  int64_t panels = machine.getContractPanels(tileRows);
  tile::Split split = tile::Split::Static;
  if (isa<AttentionOp, MlaAttentionOp>(root)) {
    tileRows = machine.getBlockRows(tokens);
    split = tile::Split::Ticket;
  }
  return tile::ConfigAttr::get(root->getContext(), tileRows, panels,
                               machine.getKeyTile(), split);
}

std::string KernelFormer::nameOf(StringRef what) {
  std::string suffix = (".t" + Twine(tokens)).str();
  StringRef base = func.getName();
  base.consume_back(suffix);
  return (base + "." + what + suffix).str();
}

void KernelFormer::form(ArrayRef<Operation *> group, StringRef what) {
  taken.insert_range(group);
  Operation *last = group.back();
  builder.setInsertionPoint(last);
  KernelInterface interface(group);
  interface.findOuts(builder, func);
  interface.findInputs(group);
  if (interface.yielded.empty())
    return;

  Operation *root = group.front();
  for (Operation *op : group)
    if (isRootOp(op))
      root = op;
  SmallVector<Location> locs;
  for (Operation *op : group)
    locs.push_back(op->getLoc());
  auto kernel = tile::KernelOp::create(
      builder, builder.getFusedLoc(locs), TypeRange(ValueRange(interface.outs)),
      builder.getStringAttr(nameOf(what)), configOf(root),
      interface.inputs.getArrayRef(), interface.outs);

  Block *body = builder.createBlock(&kernel.getBody());
  IRMapping mapping;
  for (Value operand : kernel->getOperands())
    mapping.map(operand,
                body->addArgument(operand.getType(), operand.getLoc()));
  builder.setInsertionPointToEnd(body);
  for (Operation *view : interface.views)
    builder.clone(*view, mapping);
  for (Operation *op : group)
    builder.clone(*op, mapping);
  SmallVector<Value> results;
  for (Value result : interface.yielded)
    results.push_back(mapping.lookup(result));
  tile::YieldOp::create(builder, kernel.getLoc(), results);

  for (auto [old, fresh] : llvm::zip(interface.yielded, kernel.getResults()))
    old.replaceAllUsesWith(fresh);
  for (Operation *op : llvm::reverse(group))
    op->erase();
}

namespace {
struct FormKernels : tenon::impl::FormKernelsBase<FormKernels> {
  void runOnOperation() override {
    machine::MachineAttrInterface machine = machine::getTarget(getOperation());
    if (!machine) {
      getOperation()->emitError()
          << "expects " << machine::MachineDialect::kTargetName
          << " on the module, to choose sizes of tiles";
      return signalPassFailure();
    }
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      auto bucket = func->getAttrOfType<tile::BucketAttr>(
          tile::TileDialect::kBucketName);
      if (bucket && !func.isExternal())
        KernelFormer(func, bucket.getTokens(), machine).run();
    }
  }
};
} // namespace
