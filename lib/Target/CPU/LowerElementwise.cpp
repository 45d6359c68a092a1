// Lowers elementwise ops on tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   for rows, for columns, one vector at a time: outs = f(outs, inputs)
//
// A few flops on 8 to 12 bytes of each element: bandwidth binds, mostly that of
// the L1 cache. Activations take about twenty instructions a vector.

#include "dialects/Tenon/Temperature.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "Polynomials.h"
#include "VectorLowerings.h"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

/// Calls `body` for pieces of rows that all of the memrefs have in common.
static void
loopElements(VectorBuilder &b, ArrayRef<Value> memrefs,
             function_ref<void(ValueRange at, int64_t width)> body) {
  Value first = memrefs.front();
  int64_t rank = cast<MemRefType>(first.getType()).getRank();
  if (rank == 0)
    return body({}, 1);
  b.loopOver(first, rank - 1, [&](ValueRange row) {
    b.loopColumns(
        b.dim(first, rank - 1), b.widthFor(memrefs),
        [&](Value column, int64_t width) { body(append(row, column), width); });
  });
}

static LogicalResult lowerCopy(VectorBuilder &b, memref::CopyOp op) {
  Value source = op.getSource(), target = op.getTarget();
  if (source == target)
    return success();
  // Dimensions are read from the one that knows more of them.
  bool isKnown = cast<MemRefType>(target.getType()).hasStaticShape();
  loopElements(b,
               isKnown ? ArrayRef<Value>{target, source}
                       : ArrayRef<Value>{source, target},
               [&](ValueRange at, int64_t width) {
                 // Not through `load`, which widens.
                 Value value;
                 if (width == 1)
                   value = memref::LoadOp::create(b.builder, b.loc, source, at);
                 else
                   value = vector::LoadOp::create(
                       b.builder, b.loc,
                       VectorType::get({width}, getElementTypeOrSelf(source)),
                       source, at);
                 b.store(value, target, at);
               });
  return success();
}

void tenon::fill(VectorBuilder &b, Value memref, Value scalar) {
  loopElements(b, {memref}, [&](ValueRange at, int64_t width) {
    b.store(b.broadcast(scalar, width), memref, at);
  });
}

static LogicalResult lowerFill(VectorBuilder &b, tile::FillOp op) {
  fill(b, op.getOuts(), op.getValue());
  return success();
}

static LogicalResult lowerConvert(VectorBuilder &b, tile::ConvertOp op) {
  loopElements(b, {op.getOuts(), op.getInput()},
               [&](ValueRange at, int64_t width) {
                 b.store(b.load(op.getInput(), at, width), op.getOuts(), at);
               });
  return success();
}

static LogicalResult lowerAdd(VectorBuilder &b, tile::AddOp op) {
  loopElements(b, {op.getOuts(), op.getInput()},
               [&](ValueRange at, int64_t width) {
                 Value sum = b.load(op.getOuts(), at, width);
                 Value input = b.load(op.getInput(), at, width);
                 b.store(b.add(sum, input), op.getOuts(), at);
               });
  return success();
}

/// The function of `tenon.glu`. The division by `alpha` is part of the addition
/// to the projection up.
static Value joinGate(VectorBuilder &b, const GatedActivation &activation,
                      Value gate, Value up) {
  if (activation.hasLimit()) {
    Value limit = b.constantLike(gate, activation.limit);
    gate = b.min(limit, gate);
    up = b.min(limit, b.max(b.constantLike(up, -activation.limit), up));
  }
  if (activation.alpha != 1)
    gate = b.mul(gate, b.constantLike(gate, activation.alpha));
  Value act = buildActivation(b, activation.function, gate);
  if (activation.alpha != 1 || activation.beta != 0) {
    double scale = 1 / static_cast<double>(activation.alpha);
    Value factor = b.constantLike(up, scale);
    up = b.fma(up, factor, b.constantLike(up, scale * activation.beta));
  }
  return b.mul(act, up);
}

static LogicalResult lowerGlu(VectorBuilder &b, tile::GluOp op) {
  loopElements(b, {op.getOuts(), op.getGate(), op.getUp()},
               [&](ValueRange at, int64_t width) {
                 Value gate = b.load(op.getGate(), at, width);
                 Value up = b.load(op.getUp(), at, width);
                 b.store(joinGate(b, op.getActivation(), gate, up),
                         op.getOuts(), at);
               });
  return success();
}

static Value buildPointwise(VectorBuilder &b, PointwiseFunction function,
                            double c, Value x) {
  Value parameter = b.constantLike(x, c);
  switch (function) {
  case PointwiseFunction::Scale:
    return b.mul(x, parameter);
  case PointwiseFunction::Clamp:
    return b.min(parameter, b.max(b.constantLike(x, -c), x));
  case PointwiseFunction::Softcap:
    return b.mul(parameter, buildTanh(b, b.divide(x, parameter)));
  }
  llvm_unreachable("all functions are listed");
}

static LogicalResult lowerPointwise(VectorBuilder &b, tile::PointwiseOp op) {
  double parameter = op.getParameter().convertToDouble();
  loopElements(b, {op.getOuts(), op.getInput()},
               [&](ValueRange at, int64_t width) {
                 Value x = b.load(op.getInput(), at, width);
                 b.store(buildPointwise(b, op.getFunction(), parameter, x),
                         op.getOuts(), at);
               });
  return success();
}

static LogicalResult lowerTemperature(VectorBuilder &b,
                                      tile::TemperatureOp op) {
  Value position = arith::IndexCastUIOp::create(
      b.builder, b.loc, b.builder.getI32Type(), op.getPosition());
  Value factor = buildTemperature(b.builder, b.loc, position, op.getInterval(),
                                  op.getSlope().convertToDouble());
  op.replaceAllUsesWith(factor);
  return success();
}

static LogicalResult lowerScale(VectorBuilder &b, tile::ScaleOp op) {
  loopElements(b, {op.getOuts(), op.getInput()},
               [&](ValueRange at, int64_t width) {
                 Value x = b.load(op.getInput(), at, width);
                 Value factor = b.broadcast(op.getFactor(), width);
                 b.store(b.mul(factor, x), op.getOuts(), at);
               });
  return success();
}

static LogicalResult lowerGluPairs(VectorBuilder &b, tile::GluPairsOp op) {
  constexpr int64_t half = kPanelHeight / 2;
  Value input = op.getInput(), outs = op.getOuts();
  int64_t width = std::min(b.widthFor({input, outs}), half);
  int64_t rows = cast<MemRefType>(outs.getType()).getDimSize(0);
  int64_t columns = cast<MemRefType>(outs.getType()).getDimSize(1);
  b.loop(0, rows, 1, [&](Value row) {
    b.loop(0, columns, width, [&](Value column) {
      // Each panel has a half of its columns from either side.
      Value from = b.add(column, b.mul(b.div(column, half), half));
      Value gate = b.load(input, {row, from}, width);
      Value up = b.load(input, {row, b.add(from, half)}, width);
      b.store(joinGate(b, op.getActivation(), gate, up), outs, {row, column});
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Bias
//===----------------------------------------------------------------------===//

namespace {
/// Elements of a bias that belong to consecutive columns of a tile.
struct BiasPiece {
  Value first;
  /// How many there are, at most the width asked for; may be negative.
  Value count;
};
} // namespace

/// Position of the bias of a column and of the following ones.
static BiasPiece locateBias(VectorBuilder &b, tile::AddBiasOp op, Value column,
                            int64_t elements) {
  if (!op.getPair()) {
    Value first = b.add(op.getFirst(), column);
    return {first, b.sub(b.index(elements), first)};
  }
  // A panel holds as many rows of either half.
  constexpr int64_t places = kPanelHeight, half = places / 2;
  Value panel = b.div(op.getFirst(), places);
  panel = b.add(panel, b.div(column, places));
  Value place = b.remainder(column, places);
  Value inHalf = b.mul(panel, half);
  inHalf = b.add(inHalf, b.remainder(place, half));
  Value start = b.mul(b.div(place, half), elements / 2);
  return {b.add(start, inHalf), b.sub(b.index(elements / 2), inHalf)};
}

static LogicalResult lowerAddBias(VectorBuilder &b, tile::AddBiasOp op) {
  FailureOr<Value> bias = viewRowMajor(b, op, op.getBias(), op.getMatrix());
  if (failed(bias))
    return failure();
  Value outs = op.getOuts();
  auto type = cast<MemRefType>(outs.getType());
  int64_t elements = cast<WeightType>(op.getBias().getType()).getRows();
  // A vector must not cross from one half of a paired panel to the other.
  int64_t width = std::min<int64_t>(
      b.widthFor({outs}), op.getPair() ? kPanelHeight / 2 : kPanelHeight);
  b.loopColumns(type.getDimSize(1), width, [&](Value column, int64_t width) {
    BiasPiece piece = locateBias(b, op, column, elements);
    auto addTo = [&](Value part) {
      b.loop(0, type.getDimSize(0), 1, [&](Value row) {
        Value sum = b.add(b.load(outs, {row, column}, width), part);
        b.store(sum, outs, {row, column});
      });
    };
    if (width > 1)
      return addTo(b.maskedLoad(*bias, piece.first, width, piece.count));
    b.ifThen(b.isLess(b.index(0), piece.count),
             [&] { addTo(b.load(*bias, piece.first)); });
  });
  return success();
}

void tenon::attachElementLowerings(MLIRContext &context) {
  attachLowerings<lowerCopy, lowerFill, lowerConvert, lowerAdd, lowerGlu,
                  lowerPointwise, lowerTemperature, lowerScale, lowerGluPairs,
                  lowerAddBias>(context);
}
