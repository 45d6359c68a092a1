// Ops of a layer and the weights they use.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "BlockBuilder.h"
#include "dialects/Tenon/StorageFormat.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <functional>
#include <numeric>

using namespace mlir;
using namespace tenon;

Location BlockBuilder::getLoc(llvm::StringRef name) const {
  MLIRContext *context = builder.getContext();
  return NameLoc::get(StringAttr::get(context, prefix + name));
}

RankedTensorType BlockBuilder::getRows(ArrayRef<int64_t> row, Type element) {
  SmallVector<int64_t> shape{ShapedType::kDynamic};
  shape.append(row.begin(), row.end());
  return RankedTensorType::get(shape, element ? element : builder.getF32Type());
}

Value BlockBuilder::weight(llvm::StringRef name, llvm::StringRef tensor,
                           ArrayRef<int64_t> shape, WeightRole role) {
  std::string symbol = prefix + name.str();
  auto known = llvm::find_if(weights, [&](const WeightStack &other) {
    return other.symbol == symbol;
  });
  if (known == weights.end()) {
    WeightSpec spec{name.str(), path + tensor.str(),
                    SmallVector<int64_t>(shape), role};
    llvm::Expected<StoredAs> stored = formats.getStored(spec, layer);
    if (!stored) {
      std::string message = llvm::toString(stored.takeError());
      if (error.empty())
        error = std::move(message);
      FormatAttr f32 = getStorageFormat(builder.getContext(), StorageType::F32);
      stored = StoredAs{f32, {}};
    }
    weights.push_back({symbol, std::move(spec), *stored});
    known = std::prev(weights.end());
  }
  FormatAttr used = formats.getUsed(known->spec, known->stored.format);
  auto type = WeightType::get(builder.getContext(), shape, used, nullptr);
  return WeightRefOp::create(builder, getLoc(name), type, symbol, step.ordinal);
}

Value BlockBuilder::view(llvm::StringRef name, ValueRange from,
                         WeightView view) {
  view.symbol = prefix + name.str();
  for (Value stored : from)
    view.from.push_back(stored.getDefiningOp<WeightRefOp>().getWeight().str());
  if (!view.format)
    view.format = mlir::cast<WeightType>(from.front().getType()).getFormat();
  auto type = WeightType::get(builder.getContext(), view.shape, view.format,
                              /*layout=*/nullptr);
  views.push_back(view);
  return WeightRefOp::create(builder, getLoc(name), type, view.symbol,
                             step.ordinal);
}

Value BlockBuilder::cast(llvm::StringRef name, Value stored,
                         FormatAttr format) {
  auto type = mlir::cast<WeightType>(stored.getType());
  if (type.getFormat() == format)
    return stored;
  WeightView same;
  same.derivation = Derivation::Cast;
  same.shape.assign(type.getShape().begin(), type.getShape().end());
  same.format = format;
  return view(name, stored, std::move(same));
}

Value BlockBuilder::transpose(llvm::StringRef name, Value stored) {
  auto type = mlir::cast<WeightType>(stored.getType());
  if (!type.getFormat().getFactors().empty())
    stored = cast((name + "_plain").str(), stored,
                  getStorageFormat(builder.getContext(), StorageType::F32));
  WeightView turned;
  turned.derivation = Derivation::Transpose;
  turned.shape.assign(type.getShape().begin(), type.getShape().end());
  std::swap(turned.shape.end()[-1], turned.shape.end()[-2]);
  return view(name, stored, std::move(turned));
}

Value BlockBuilder::concatRows(llvm::StringRef name, Value a, Value b) {
  auto first = mlir::cast<WeightType>(a.getType());
  b = cast((name + "_plain").str(), b, first.getFormat());
  WeightView both;
  both.derivation = Derivation::ConcatRows;
  both.shape.assign(first.getShape().begin(), first.getShape().end());
  both.shape.end()[-2] += mlir::cast<WeightType>(b.getType()).getRows();
  return view(name, {a, b}, std::move(both));
}

Value BlockBuilder::slice(llvm::StringRef name, Value stored, int64_t first,
                          ArrayRef<int64_t> shape, int64_t step) {
  WeightView rows;
  rows.derivation = Derivation::SliceRows;
  rows.first = first;
  rows.step = step;
  rows.shape.assign(shape.begin(), shape.end());
  return view(name, stored, std::move(rows));
}

Value BlockBuilder::stackOfOne(llvm::StringRef name, Value stored) {
  ArrayRef<int64_t> matrix =
      mlir::cast<WeightType>(stored.getType()).getShape();
  WeightView stack;
  stack.derivation = Derivation::SplitRows;
  stack.count = matrix.front();
  stack.shape = {1, matrix[0], matrix[1]};
  return view(name, stored, std::move(stack));
}

Value BlockBuilder::embed(Value indices, llvm::StringRef name,
                          llvm::StringRef tensor, int64_t rows, int64_t width,
                          std::optional<double> scale) {
  Value table = weight(name, tensor, {rows, width}, WeightRole::PlainMatrix);
  return EmbeddingOp::create(builder, getLoc(name), getRows(width), indices,
                             table, scale ? f32(*scale) : FloatAttr());
}

Value BlockBuilder::norm(Value x, llvm::StringRef name, llvm::StringRef module,
                         int64_t width, NormStyle style) {
  Value scale, bias;
  if (!module.empty())
    scale = weight(name, (module + ".weight").str(), width, WeightRole::Vector);
  if (style.kind == NormKind::Layer)
    bias = weight((name + "_bias").str(), (module + ".bias").str(), width,
                  WeightRole::Vector);
  return NormOp::create(builder, getLoc(name), style.kind, x, scale, bias,
                        f32(style.eps), style.order);
}

Value BlockBuilder::linear(Value x, llvm::StringRef name,
                           llvm::StringRef module, ArrayRef<int64_t> row,
                           bool hasBias, WeightRole role) {
  auto elements = [](ArrayRef<int64_t> shape) {
    return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                           std::multiplies<int64_t>());
  };
  int64_t outputs = elements(row);
  int64_t inputs = elements(
      mlir::cast<RankedTensorType>(x.getType()).getShape().drop_front());
  Value matrix =
      weight(name, (module + ".weight").str(), {outputs, inputs}, role);
  Value bias;
  if (hasBias)
    bias = weight((name + "_bias").str(), (module + ".bias").str(), outputs,
                  WeightRole::Vector);
  return product(x, matrix, name, row, bias);
}

Value BlockBuilder::product(Value x, Value weight, llvm::StringRef name,
                            ArrayRef<int64_t> row, Value bias) {
  return LinearOp::create(builder, getLoc(name), getRows(row), x, weight, bias);
}

Value BlockBuilder::gatedMlp(Value x, llvm::StringRef namePrefix,
                             llvm::StringRef module, int64_t width,
                             Activation activation, bool hasBias) {
  auto project = [&](Value input, llvm::StringRef name, int64_t outputs) {
    return linear(input, (namePrefix + name).str(),
                  (module + "." + name + "_proj").str(), outputs, hasBias);
  };
  Value gate = project(x, "gate", width);
  Value up = project(x, "up", width);
  Value product = glu(activation, gate, up, (namePrefix + "glu").str());
  int64_t hidden = mlir::cast<RankedTensorType>(x.getType()).getShape().back();
  return project(product, "down", hidden);
}

Value BlockBuilder::glu(Activation activation, Value gate, Value up,
                        llvm::StringRef name) {
  return GluOp::create(builder, getLoc(name), activation, gate, up);
}

Value BlockBuilder::activate(Activation activation, Value x,
                             llvm::StringRef name) {
  return ActivateOp::create(builder, getLoc(name), activation, x);
}

Value BlockBuilder::attend(Value query, Value key, Value value, double scale,
                           MaskAttr mask, std::optional<double> softcap,
                           Value sinks) {
  return AttentionOp::create(builder, getLoc("attention"), query.getType(),
                             query, key, value, step.layer, step.positions,
                             step.slots, step.blocks, sinks, f32(scale), mask,
                             softcap ? f32(*softcap) : FloatAttr(),
                             /*probabilities=*/TypeAttr());
}

Value BlockBuilder::rope(Value x, RopeAttr rope, RopeEnd end) {
  return RopeOp::create(builder, getLoc("rope"), x, step.positions, end, rope,
                        /*table=*/Value());
}

Value BlockBuilder::updateCache(unsigned index, Value rows) {
  caches[index] =
      CacheUpdateOp::create(builder, getLoc("cache"), rows, caches[index],
                            step.layer, step.positions, step.slots);
  return caches[index];
}

Value BlockBuilder::add(Value a, Value b) {
  return arith::AddFOp::create(builder, getLoc("add"), a, b);
}

Value BlockBuilder::pointwise(PointwiseFunction function, Value x,
                              double parameter, llvm::StringRef name) {
  return PointwiseOp::create(builder, getLoc(name), function, x,
                             f32(parameter));
}

Value BlockBuilder::columns(Value rows, int64_t first, int64_t count) {
  Location loc = getLoc("columns");
  OpFoldResult tokens =
      tensor::DimOp::create(builder, loc, rows, /*index=*/0).getResult();
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  return tensor::ExtractSliceOp::create(
      builder, loc, getRows(count), rows,
      ArrayRef<OpFoldResult>{zero, builder.getIndexAttr(first)},
      ArrayRef<OpFoldResult>{tokens, builder.getIndexAttr(count)},
      ArrayRef<OpFoldResult>{one, one});
}

Value BlockBuilder::splitHeads(Value rows, int64_t heads) {
  Location loc = getLoc("heads");
  int64_t width =
      mlir::cast<RankedTensorType>(rows.getType()).getShape().back() / heads;
  OpFoldResult tokens =
      tensor::DimOp::create(builder, loc, rows, /*index=*/0).getResult();
  return tensor::ExpandShapeOp::create(
      builder, loc, getRows({heads, width}), rows,
      ArrayRef<ReassociationIndices>{{0}, {1, 2}},
      ArrayRef<OpFoldResult>{tokens, builder.getIndexAttr(heads),
                             builder.getIndexAttr(width)});
}
