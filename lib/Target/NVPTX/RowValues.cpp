// Elements of the rows that a kernel computes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RowValues.h"
#include "dialects/Tenon/RowViews.h"
#include "dialects/Tenon/Temperature.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"
#include "Contraction.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

static int64_t getLast(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape().back();
}

/// A number that fills a tensor, if it is known.
static FloatAttr getFilling(tensor::SplatOp op) {
  FloatAttr number;
  matchPattern(op.getInput(), m_Constant(&number));
  return number;
}

static bool isArgument(Value value) { return isa<BlockArgument>(value); }

//===----------------------------------------------------------------------===//
// What can be computed, and how much at once
//===----------------------------------------------------------------------===//

static Refusal checkCombine(MoeCombineOp op) {
  if (!isArgument(op.getInput()))
    return "combined rows are not an argument of the kernel";
  auto splat = op.getWeights().getDefiningOp<tensor::SplatOp>();
  bool areOnes = splat && matchPattern(splat.getInput(), m_OneFloat());
  return areOnes || isArgument(op.getWeights())
             ? Refusal()
             : "weights of combined rows are computed in the kernel";
}

static Refusal checkOp(Operation *op) {
  // Sizes of views, which follow from the operands of the kernel, and numbers
  // that fill rows.
  if (isa<tensor::DimOp, arith::ConstantOp>(op) &&
      op->getResult(0).getType().isIntOrIndexOrFloat())
    return std::nullopt;
  for (Value result : op->getResults())
    if (auto type = dyn_cast<RankedTensorType>(result.getType()))
      if (!isa<CacheUpdateOp>(op) && !type.getElementType().isF32() &&
          !type.getElementType().isBF16())
        return "rows are neither f32 nor bf16";
  // Rounded between its factors, and not at its end alone.
  if (auto norm = dyn_cast<NormOp>(op))
    if (norm.getOrder() == NormOrder::CastThenScale &&
        !norm.getType().getElementType().isF32())
      return "a norm rounds to another type than f32 before it scales";
  if (auto scale = dyn_cast<ScaleRowsOp>(op)) {
    Value factors = scale.getFactors();
    if (!isArgument(factors) && !factors.getDefiningOp<tensor::SplatOp>())
      return "factors of rows are computed in the kernel";
  }
  if (isa<NormOp, CacheUpdateOp, GluOp, ActivateOp, PointwiseOp, ScaleRowsOp,
          TemperRowsOp, arith::AddFOp, arith::TruncFOp, tile::YieldOp>(op))
    return std::nullopt;
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return getFilling(splat) ? Refusal()
                             : "rows are filled with an unknown number";
  if (isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp,
          tensor::CollapseShapeOp>(op)) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
    bool isRows = slice ? isColumnSlice(slice) && slice.getType().getRank() == 2
                        : isRowView(op);
    return isRows ? Refusal() : "a view does not keep whole rows";
  }
  if (auto rope = dyn_cast<RopeOp>(op)) {
    auto table = rope.getTable();
    bool isTable = table && !table.getType().getLayout() &&
                   table.getType().getFormat().getCode().isF32();
    return isTable ? Refusal() : "a rotation has no table of f32";
  }
  if (auto gather = dyn_cast<GatherRowsOp>(op))
    return isArgument(gather.getInput())
               ? Refusal()
               : "gathered rows are not an argument of the kernel";
  if (auto embedding = dyn_cast<EmbeddingOp>(op)) {
    WeightType table = embedding.getTable().getType();
    if (!readsFormat(table))
      return "the table of an embedding has codes of less than a byte, or "
             "factors that are not f32; run tenon-widen-weights";
    return table.getLayout() ? Refusal()
                             : "the table of an embedding is not in panels";
  }
  if (auto combine = dyn_cast<MoeCombineOp>(op))
    return checkCombine(combine);
  return "there is no device code for " + op->getName().getStringRef().str();
}

Refusal tenon::nvptx::checkRows(tile::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (Refusal refusal = checkOp(&op))
      return refusal;
  return std::nullopt;
}

/// One number of a token, which all of its elements meet, or a number that is
/// read from nowhere.
static bool isFactors(Operation *op, Value value) {
  auto scale = dyn_cast<ScaleRowsOp>(op);
  return (scale && value == scale.getFactors()) ||
         value.getDefiningOp<tensor::SplatOp>();
}

int64_t tenon::nvptx::getRowWidth(tile::KernelOp kernel) {
  int64_t width = 4;
  auto fits = [&](int64_t size) {
    while (size % width != 0)
      width /= 2;
  };
  for (Operation &op : kernel.getBody().front()) {
    for (Value value : llvm::concat<Value>(llvm::to_vector(op.getOperands()),
                                           llvm::to_vector(op.getResults()))) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (type && type.getElementType().isFloat() && type.getRank() > 1 &&
          !isFactors(&op, value))
        fits(type.getShape().back());
    }
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      fits(slice.getStaticOffset(1));
    if (auto rope = dyn_cast<RopeOp>(op)) {
      int64_t dims = rope.getRope().getDims();
      fits(dims);
      if (rope.getRope().getPairing() == RopePairing::Half)
        fits(dims / 2);
    }
    if (auto norm = dyn_cast<NormOp>(op))
      fits(norm.getNormalized());
  }
  return width;
}

RowValues::RowValues(DeviceKernel &kernel)
    : kernel(kernel), b(kernel.b), width(getRowWidth(kernel.op)) {
  for (NormOp norm : kernel.op.getBody().front().getOps<NormOp>()) {
    int64_t heads = getRowLength(norm.getInput()) / getLast(norm.getInput());
    statisticsAt[norm] = kernel.reserve(heads * 8);
  }
  partialsAt = kernel.reserve(kMostWarps * 4);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Values RowValues::loadArgument(Value argument, Value token, Value at) {
  Value element = b.mul(b.zext64(token), getRowLength(argument));
  element = b.add(element, b.zext64(at));
  return b.loadFloats(getElementTypeOrSelf(argument), width,
                      kernel.getPointer(argument), element);
}

Values RowValues::evaluateView(Operation *op, Value token, Value at) {
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    at = b.add(at, slice.getStaticOffset(1));
  return evaluate(op->getOperand(0), token, at);
}

Values RowValues::evaluateEmbedding(EmbeddingOp op, Value token, Value at) {
  Value row = kernel.loadIndex(op.getTokens(), token);
  Values values = loadFromRow(kernel, op.getTable(), row, at, width);
  if (op.getScaleAttr())
    for (Value &value : values)
      value = b.mul(value, b.f32(op.getScaleAttr().getValueAsDouble()));
  return values;
}

/// An element of a tensor of `f32`.
Value RowValues::loadFactor(Value argument, Value index) {
  if (auto splat = argument.getDefiningOp<tensor::SplatOp>())
    return b.f32(getFilling(splat).getValueAsDouble());
  return b.loadFloats(b.getF32Type(), 1, kernel.getPointer(argument), index)
      .front();
}

Values RowValues::evaluateCombine(MoeCombineOp op, Value token, Value at) {
  int64_t choices = op.getPlace().getType().getDimSize(1);
  Values sums(width, b.f32(0));
  for (int64_t i = 0; i < choices; ++i) {
    Value choice = b.add(b.mul(b.zext64(token), choices), i);
    Value row = kernel.loadIndex(op.getPlace(), choice);
    // Factors of 1 are not read.
    Value weight = isArgument(op.getWeights())
                       ? loadFactor(op.getWeights(), choice)
                       : Value();
    Values values = loadArgument(op.getInput(), row, at);
    for (auto [sum, value] : llvm::zip_equal(sums, values))
      sum = weight ? b.fma(weight, value, sum) : b.add(value, sum);
  }
  Values init = evaluate(op.getInit(), token, at);
  for (auto [sum, value] : llvm::zip_equal(sums, init))
    sum = b.add(value, sum);
  return sums;
}

Values RowValues::evaluateNorm(NormOp op, Value token, Value at) {
  int64_t length = getLast(op.getInput());
  int64_t normed = op.getNormalized();
  Value head = b.div(at, length), column = b.rem(at, length);
  Values inputs = evaluate(op.getInput(), token, at);
  auto normalize = [&] {
    Value place = b.add(b.shl(head, 3), statisticsAt.at(op));
    Values statistics = b.loadVector(b.getF32Type(), 2, b.shared(place));
    Values scales(width, b.f32(1.0)), shifts;
    if (op.getWeight())
      scales = loadFromVector(kernel, op.getWeight(), column, width);
    if (op.getBias())
      shifts = loadFromVector(kernel, op.getBias(), column, width);
    Values results;
    for (int64_t i = 0; i < width; ++i) {
      Value x = inputs[i];
      if (op.getKind() == NormKind::Layer)
        x = b.sub(x, statistics[1]);
      x = b.mul(x, statistics[0]);
      if (op.getOrder() == NormOrder::OnePlus)
        scales[i] = b.add(scales[i], b.f32(1.0));
      x = op.getWeight() ? b.mul(scales[i], x) : x;
      results.push_back(op.getBias() ? b.add(x, shifts[i]) : x);
    }
    return results;
  };
  if (normed == length)
    return normalize();
  return b.choose(b.less(column, normed), normalize, [&] { return inputs; });
}

Value RowValues::applyPointwise(PointwiseOp op, Value x) {
  double c = op.getParameter().convertToDouble();
  Value factor = b.f32(c);
  switch (op.getFunction()) {
  case PointwiseFunction::Scale:
    return b.mul(x, factor);
  case PointwiseFunction::Clamp:
    return b.min(factor, b.max(b.f32(-c), x));
  case PointwiseFunction::Softcap:
    return b.mul(factor, b.tanh(b.mul(x, b.f32(1 / c))));
  }
  llvm_unreachable("all functions are listed");
}

Value RowValues::getTemperature(TemperRowsOp op, Value token) {
  Value position = kernel.loadIndex(op.getPositions(), token);
  return buildTemperature(b, op.getLoc(), position, op.getInterval(),
                          op.getSlope().convertToDouble());
}

Values RowValues::evaluate(Value row, Value token, Value at) {
  if (isArgument(row))
    return loadArgument(row, token, at);
  Values values = evaluateOp(row, token, at);
  Type type = getElementTypeOrSelf(row);
  if (!type.isF32())
    for (Value &value : values)
      value = b.convert(b.getF32Type(), b.convert(type, value));
  return values;
}

/// What an op computes, before it is rounded to the type of its result.
Values RowValues::evaluateOp(Value row, Value token, Value at) {
  auto combineEach = [&](Value left, Value right, auto body) {
    Values results, lefts = evaluate(left, token, at);
    for (auto [x, y] : llvm::zip_equal(lefts, evaluate(right, token, at)))
      results.push_back(body(x, y));
    return results;
  };
  auto mapEach = [&](Value input, auto body) {
    Values values = evaluate(input, token, at);
    for (Value &value : values)
      value = body(value);
    return values;
  };
  return llvm::TypeSwitch<Operation *, Values>(row.getDefiningOp())
      .Case<NormOp>([&](auto op) { return evaluateNorm(op, token, at); })
      .Case<RopeOp>([&](auto op) { return evaluateRope(op, token, at); })
      .Case<EmbeddingOp>(
          [&](auto op) { return evaluateEmbedding(op, token, at); })
      .Case<MoeCombineOp>(
          [&](auto op) { return evaluateCombine(op, token, at); })
      .Case<GatherRowsOp>([&](GatherRowsOp op) {
        Value other = kernel.loadIndex(op.getRows(), token);
        return evaluate(op.getInput(), other, at);
      })
      .Case<arith::TruncFOp>(
          [&](auto op) { return evaluate(op.getIn(), token, at); })
      .Case<GluOp>([&](GluOp op) {
        return combineEach(op.getGate(), op.getUp(), [&](Value x, Value y) {
          return joinGate(b, op.getActivation(), x, y);
        });
      })
      .Case<ActivateOp>([&](ActivateOp op) {
        return mapEach(op.getInput(), [&](Value x) {
          return activate(b, op.getActivation(), x);
        });
      })
      .Case<PointwiseOp>([&](PointwiseOp op) {
        return mapEach(op.getInput(),
                       [&](Value x) { return applyPointwise(op, x); });
      })
      .Case<tensor::SplatOp>([&](auto op) {
        return Values(width, b.f32(getFilling(op).getValueAsDouble()));
      })
      .Case<ScaleRowsOp>([&](auto op) {
        Value factor = loadFactor(op.getFactors(), b.zext64(token));
        return mapEach(op.getInput(),
                       [&](Value x) { return b.mul(factor, x); });
      })
      .Case<TemperRowsOp>([&](TemperRowsOp op) {
        Value factor = getTemperature(op, token);
        return mapEach(op.getInput(),
                       [&](Value x) { return b.mul(factor, x); });
      })
      .Case<arith::AddFOp>([&](auto op) {
        return combineEach(op.getLhs(), op.getRhs(),
                           [&](Value x, Value y) { return b.add(x, y); });
      })
      .Default([&](Operation *op) { return evaluateView(op, token, at); });
}

//===----------------------------------------------------------------------===//
// Rotations
//===----------------------------------------------------------------------===//

std::pair<Values, Values> RowValues::loadRotation(RopeOp op, Value token,
                                                  Value pair, int64_t count) {
  // A position is kSpan a + b, and angles are added.
  constexpr int64_t span = RopeTableOp::kSpan;
  auto table = cast<WeightType>(op.getTable().getType());
  int64_t pairs = table.getCols() / 2;
  Value position = kernel.loadIndex(op.getPositions(), token);
  Value coarse = b.shr(position, llvm::Log2_64(span));
  Value fine = b.add(b.bitAnd(position, span - 1), table.getRows() - span);
  auto load = [&](Value row, int64_t half) {
    Value element = b.mul(b.zext64(row), table.getCols());
    element = b.add(element, b.zext64(b.add(pair, half * pairs)));
    Value pointer =
        b.offset(kernel.getPointer(op.getTable()), b.mul(element, 4));
    return b.loadVector(b.getF32Type(), count, pointer);
  };
  Values cosA = load(coarse, 0), sinA = load(coarse, 1);
  Values cosB = load(fine, 0), sinB = load(fine, 1);
  Value factor = b.f32(op.getRope().getAttentionFactor());
  Values cosines, sines;
  for (int64_t i = 0; i < count; ++i) {
    Value cosine = b.mul(cosA[i], cosB[i]);
    cosine = b.sub(cosine, b.mul(sinA[i], sinB[i]));
    Value sine = b.mul(sinA[i], cosB[i]);
    sine = b.add(sine, b.mul(cosA[i], sinB[i]));
    cosines.push_back(b.mul(cosine, factor));
    sines.push_back(b.mul(sine, factor));
  }
  return {cosines, sines};
}

Values RowValues::rotateHalves(RopeOp op, Value token, Value at, Value place) {
  int64_t half = op.getRope().getDims() / 2;
  Value isFirst = b.less(place, half);
  Value pair = b.select(isFirst, place, b.sub(place, half));
  Value after = b.add(at, half);
  Value other = b.select(isFirst, after, b.sub(at, half));
  auto [cosines, sines] = loadRotation(op, token, pair, width);
  Values own = evaluate(op.getInput(), token, at);
  Values partners = evaluate(op.getInput(), token, other);
  Value minus = b.f32(-1.0);
  Value sign = b.select(isFirst, minus, b.f32(1.0));
  Values results;
  for (int64_t i = 0; i < width; ++i) {
    Value turned = b.mul(b.mul(partners[i], sines[i]), sign);
    results.push_back(b.add(b.mul(own[i], cosines[i]), turned));
  }
  return results;
}

Values RowValues::rotateNeighbors(RopeOp op, Value token, Value at,
                                  Value place) {
  int64_t pairs = std::max<int64_t>(1, width / 2);
  auto [cosines, sines] = loadRotation(op, token, b.shr(place, 1), pairs);
  Values own = evaluate(op.getInput(), token, at), results;
  if (width == 1) {
    Value isFirst = b.equal(b.bitAnd(place, 1), 0);
    Value after = b.add(at, 1);
    Value other = b.select(isFirst, after, b.sub(at, 1));
    Values partner = evaluate(op.getInput(), token, other);
    Value minus = b.f32(-1.0);
    Value sign = b.select(isFirst, minus, b.f32(1.0));
    Value turned = b.mul(b.mul(partner[0], sines[0]), sign);
    return {b.add(b.mul(own[0], cosines[0]), turned)};
  }
  for (int64_t i = 0; i < pairs; ++i) {
    Value x = own[2 * i], y = own[2 * i + 1];
    Value first = b.mul(x, cosines[i]);
    results.push_back(b.sub(first, b.mul(y, sines[i])));
    Value second = b.mul(y, cosines[i]);
    results.push_back(b.add(second, b.mul(x, sines[i])));
  }
  return results;
}

Values RowValues::evaluateRope(RopeOp op, Value token, Value at) {
  int64_t length = getLast(op.getInput()), dims = op.getRope().getDims();
  int64_t first = op.getEnd() == RopeEnd::First ? 0 : length - dims;
  Value place = b.sub(b.rem(at, length), first);
  bool isHalf = op.getRope().getPairing() == RopePairing::Half;
  auto rotate = [&] {
    return isHalf ? rotateHalves(op, token, at, place)
                  : rotateNeighbors(op, token, at, place);
  };
  if (dims == length)
    return rotate();
  // Places before the first one wrap around and are large.
  return b.choose(b.less(place, dims), rotate,
                  [&] { return evaluate(op.getInput(), token, at); });
}
