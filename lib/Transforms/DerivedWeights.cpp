// Creates weights that are derived from others, next to them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DerivedWeights.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace tenon;

WeightType tenon::getStackType(SymbolTable &symbols, WeightRefOp use) {
  return symbols.lookup<WeightSymbolOpInterface>(use.getWeight())
      .getWeightType();
}

WeightSymbolOpInterface
tenon::getOrCreateDerived(OpBuilder &builder, SymbolTable &symbols,
                          const Twine &name, Derivation derivation,
                          ArrayRef<Attribute> from, WeightType type,
                          int64_t first, int64_t count) {
  auto isSame = [&](DeriveOp op) {
    return op.getDerivation() == derivation &&
           op.getFrom().getValue() == from && op.getWeightType() == type &&
           static_cast<int64_t>(op.getFirst()) == first &&
           static_cast<int64_t>(op.getCount()) == count && op.getStep() == 1;
  };
  ModuleOp module = cast<ModuleOp>(symbols.getOp());
  // The name may have got a suffix, if another symbol had it before.
  std::string prefix = name.str();
  for (DeriveOp existing : module.getOps<DeriveOp>())
    if (existing.getSymName().starts_with(prefix) && isSame(existing))
      return existing;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  for (func::FuncOp func : module.getOps<func::FuncOp>()) {
    builder.setInsertionPoint(func);
    break;
  }
  SmallVector<Location> locs;
  for (Attribute source : from)
    locs.push_back(
        symbols.lookup(cast<FlatSymbolRefAttr>(source).getValue())->getLoc());
  DeriveOp derived = DeriveOp::create(
      builder, builder.getFusedLoc(locs), builder.getStringAttr(name),
      derivation, builder.getArrayAttr(from), first, count, TypeAttr::get(type),
      /*offset=*/IntegerAttr());
  symbols.insert(derived);
  return derived;
}

Refusal tenon::refuseConcat(ArrayRef<WeightRefOp> uses) {
  WeightRefOp front = uses.front();
  FormatAttr format = front.getType().getFormat();
  for (WeightRefOp use : uses) {
    if (use.getType().getFormat() != format)
      return "has a weight of another format";
    if (use.getType().getLayout())
      return "has a weight that is laid out already";
    if (use.getType().getRank() != front.getType().getRank())
      return "has a weight of another rank";
    if (use.getType().getCols() != front.getType().getCols())
      return "has a weight with another number of columns";
    if (use.getIndex() != front.getIndex())
      return "has a weight of another layer";
    if (format.hasScale() && use != uses.back() &&
        use.getType().getRows() % format.getScaleRows() != 0)
      return "has rows that do not fall on whole blocks of scales";
  }
  return std::nullopt;
}

/// `dense.q`, `dense.k` -> `dense.q_k`
static std::string joinNames(ArrayRef<WeightRefOp> uses) {
  WeightRefOp front = uses.front();
  std::string name = front.getWeight().str();
  StringRef prefix = front.getWeight().rsplit('.').first;
  for (WeightRefOp use : uses.drop_front()) {
    auto [before, last] = use.getWeight().rsplit('.');
    bool isBeside = !last.empty() && before == prefix;
    name += "_" + (isBeside ? last : use.getWeight()).str();
  }
  return name;
}

WeightRefOp tenon::concatRows(OpBuilder &builder, SymbolTable &symbols,
                              ArrayRef<WeightRefOp> uses, Operation *before) {
  WeightRefOp front = uses.front();
  SmallVector<Attribute> from;
  int64_t rows = 0;
  for (WeightRefOp use : uses) {
    from.push_back(use.getWeightAttr());
    rows += use.getType().getRows();
  }
  SmallVector<int64_t> shape(front.getType().getShape());
  shape[shape.size() - 2] = rows;
  WeightType used = front.getType().withShape(shape);
  WeightType whole = used;
  if (front.getIndex()) {
    WeightType stack = getStackType(symbols, front);
    shape.insert(shape.begin(), stack.getShape().front());
    whole = used.withShape(shape);
  }
  WeightSymbolOpInterface derived = getOrCreateDerived(
      builder, symbols, joinNames(uses), Derivation::ConcatRows, from, whole);
  builder.setInsertionPoint(before);
  return WeightRefOp::create(builder, derived->getLoc(), used,
                             derived.getReference(), front.getIndex());
}

bool tenon::castWeight(OpBuilder &builder, SymbolTable &symbols,
                       OpOperand &operand, FloatType number) {
  auto use = operand.get().getDefiningOp<WeightRefOp>();
  if (!use)
    return false;
  FormatAttr format = use.getType().getFormat();
  auto code = dyn_cast<FloatType>(format.getCode());
  if (format.hasScale() || !code ||
      code.getFPMantissaWidth() <= number.getFPMantissaWidth())
    return false;
  auto retype = [&](WeightType type) {
    return WeightType::get(type.getContext(), type.getShape(),
                           FormatAttr::get(number), type.getLayout());
  };
  std::string suffix;
  llvm::raw_string_ostream(suffix) << "." << number;
  WeightSymbolOpInterface derived = getOrCreateDerived(
      builder, symbols, use.getWeight() + suffix, Derivation::Cast,
      {use.getWeightAttr()}, retype(getStackType(symbols, use)));
  builder.setInsertionPoint(use);
  operand.set(WeightRefOp::create(builder, use.getLoc(), retype(use.getType()),
                                  derived.getReference(), use.getIndex()));
  if (use->use_empty())
    use->erase();
  return true;
}
