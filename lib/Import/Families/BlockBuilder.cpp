// Ops of a layer and the weights they use.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "BlockBuilder.h"
#include "dialects/Tenon/StorageFormat.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

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

Value BlockBuilder::norm(Value x, llvm::StringRef name, llvm::StringRef module,
                         int64_t width, NormStyle style) {
  Value scale =
      weight(name, (module + ".weight").str(), width, WeightRole::Vector);
  return NormOp::create(builder, getLoc(name), NormKind::RMS, x, scale,
                        /*bias=*/Value(), f32(style.eps), style.order);
}

Value BlockBuilder::linear(Value x, llvm::StringRef name,
                           llvm::StringRef module, ArrayRef<int64_t> row,
                           bool hasBias, WeightRole role) {
  auto elements = [](ArrayRef<int64_t> shape) {
    return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                           std::multiplies<int64_t>());
  };
  int64_t outputs = elements(row);
  int64_t inputs =
      elements(cast<RankedTensorType>(x.getType()).getShape().drop_front());
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
  Value product = GluOp::create(builder, getLoc((namePrefix + "glu").str()),
                                activation, gate, up);
  int64_t hidden = cast<RankedTensorType>(x.getType()).getShape().back();
  return project(product, "down", hidden);
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
