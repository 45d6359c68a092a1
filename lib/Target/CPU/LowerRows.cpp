// Lowers row-wise ops: norms, rotary embeddings, lookups.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   norm:
//     for rows: s = sum x^2 in four vectors, then x w / sqrt(s / D + eps)
//   rope:
//     cosines and sines of the position once, then for rows, for pairs: rotate
//   embed:
//     for columns of the token's row in its panel: decode
//
// 4 to 6 flops on 8 to 12 bytes of each element, which are in the L1 cache:
// loads bind. A lookup reads 4 of every 64 bytes of a panel; memory
// binds.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/Sequence.h"
#include "PanelReader.h"
#include "VectorLowerings.h"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

FailureOr<Value> tenon::viewRowMajor(VectorBuilder &b, Operation *op,
                                     Value weight, Value matrix) {
  if (!weight)
    return Value();
  auto type = cast<WeightType>(weight.getType());
  Type code = type.getFormat().getCode();
  if (type.getLayout() || !(code.isF32() || code.isF16() || code.isBF16()))
    return op->emitOpError()
           << "expects a row-major weight of f32, f16 or bf16, but got " << type
           << "; run tenon-assign-weight-layouts before";
  auto view = MemRefType::get(type.getShape(), code);
  Value first = b.index(0);
  if (matrix) {
    view = MemRefType::get(type.getRows(), code);
    first = b.mul(matrix, type.getMatrixBytes());
  }
  return Value(
      tile::WeightViewOp::create(b.builder, b.loc, view, weight, first));
}

/// Vectors that a sum over a row is kept in.
static constexpr int64_t kSums = 4;

Value tenon::sumRow(VectorBuilder &b, int64_t columns, int64_t width,
                    function_ref<Value(Value, int64_t)> term) {
  Values sums(kSums, b.constant(b.getFloats(width), 0));
  int64_t stride = kSums * width;
  int64_t whole = columns / stride * stride;
  sums = b.loop(0, whole, stride, sums, [&](Value column, ValueRange carried) {
    Values next;
    for (int64_t i : llvm::seq<int64_t>(0, kSums))
      next.push_back(b.add(carried[i], term(b.add(column, i * width), width)));
    return next;
  });
  for (int64_t i = 0; whole + width <= columns; whole += width, ++i)
    sums[i] = b.add(sums[i], term(b.index(whole), width));
  Value all = b.add(sums[0], sums[1]);
  all = b.add(all, b.add(sums[2], sums[3]));
  Value sum = width == 1 ? all : b.reduceAdd(all);
  return b
      .loop(whole, columns, 1, sum,
            [&](Value column, ValueRange carried) {
              return Values{b.add(carried.front(), term(column, 1))};
            })
      .front();
}

//===----------------------------------------------------------------------===//
// Norm
//===----------------------------------------------------------------------===//

namespace {
struct NormLowering {
  VectorBuilder &b;
  tile::NormOp op;
  Value weight, bias; // as memrefs; null if there is none
  int64_t size, normalized, width;

  void buildRow(ValueRange row);
  Value scaleElement(Value x, Value column);
};
} // namespace

/// Applies weight and bias. Rounding to f32 is what every operation does, so
/// the orders differ in the meaning of the weight alone.
Value NormLowering::scaleElement(Value x, Value column) {
  if (!weight)
    return x;
  int64_t lanes = getWidth(x);
  Value factor = b.load(weight, column, lanes);
  if (op.getOrder() == NormOrder::OnePlus)
    factor = b.add(factor, b.constantLike(factor, 1));
  if (bias)
    return b.fma(factor, x, b.load(bias, column, lanes));
  return b.mul(factor, x);
}

void NormLowering::buildRow(ValueRange row) {
  auto load = [&](Value column, int64_t width) {
    return b.load(op.getInput(), append(row, column), width);
  };
  Value share = b.constant(1.0 / normalized);
  Value mean;
  if (op.getKind() == NormKind::Layer)
    mean = b.mul(sumRow(b, normalized, width, load), share);
  auto center = [&](Value column, int64_t width) {
    Value x = load(column, width);
    return mean ? b.sub(x, b.broadcast(mean, width)) : x;
  };
  Value squares =
      sumRow(b, normalized, width, [&](Value column, int64_t width) {
        Value x = center(column, width);
        return b.mul(x, x);
      });
  Value variance =
      b.fma(squares, share, b.constant(op.getEps().convertToFloat()));
  Value root = math::SqrtOp::create(b.builder, b.loc, variance);
  Value inverse = b.divide(b.constant(1), root);
  b.loopColumns(normalized, width, [&](Value column, int64_t width) {
    Value x = center(column, width);
    x = b.mul(x, b.broadcast(inverse, width));
    b.store(scaleElement(x, column), op.getOuts(), append(row, column));
  });
  b.loop(normalized, size, 1, [&](Value column) {
    b.store(load(column, 1), op.getOuts(), append(row, column));
  });
}

static LogicalResult lowerNorm(VectorBuilder &b, tile::NormOp op) {
  FailureOr<Value> weight = viewRowMajor(b, op, op.getWeight());
  FailureOr<Value> bias = viewRowMajor(b, op, op.getBias());
  if (failed(weight) || failed(bias))
    return failure();
  auto type = cast<MemRefType>(op.getInput().getType());
  NormLowering norm = {
      b,
      op,
      *weight,
      *bias,
      type.getShape().back(),
      op.getWeight() ? cast<WeightType>(op.getWeight().getType()).getRows()
                     : type.getShape().back(),
      b.widthFor({op.getInput(), op.getOuts()})};
  b.loopOver(op.getInput(), type.getRank() - 1,
             [&](ValueRange row) { norm.buildRow(row); });
  return success();
}

//===----------------------------------------------------------------------===//
// Rope
//===----------------------------------------------------------------------===//

/// Positions that one row of the first part of a table covers.
static constexpr int64_t kSpan = RopeTableOp::kSpan;

/// Cosines, then sines, of a position, by adding the angles of two rows.
static Value buildRotation(VectorBuilder &b, tile::RopeOp op, Value table) {
  int64_t half = op.getRope().getDims() / 2;
  int64_t tableRows = cast<WeightType>(op.getTable().getType()).getRows();
  Value coarse = b.div(op.getPosition(), kSpan);
  Value fine = b.add(b.remainder(op.getPosition(), kSpan), tableRows - kSpan);
  Value rotation = b.scratch({2 * half}, b.builder.getF32Type());
  double attention = op.getRope().getAttentionFactor();
  b.loopColumns(half, b.lanes, [&](Value i, int64_t width) {
    auto load = [&](Value row, int64_t from) {
      return b.load(table, {row, b.add(i, from)}, width);
    };
    Value cosA = load(coarse, 0), sinA = load(coarse, half);
    Value cosB = load(fine, 0), sinB = load(fine, half);
    Value cos = b.fma(cosA, cosB, b.negate(b.mul(sinA, sinB)));
    Value sin = b.fma(sinA, cosB, b.mul(cosA, sinB));
    if (attention != 1) {
      cos = b.mul(cos, b.constantLike(cos, attention));
      sin = b.mul(sin, b.constantLike(sin, attention));
    }
    b.store(cos, rotation, i);
    b.store(sin, rotation, b.add(i, half));
  });
  return rotation;
}

namespace {
/// A pair of elements, or of vectors of them, and the angle they turn by.
struct Pair {
  Value x, y, cos, sin;
};
} // namespace

static std::pair<Value, Value> turn(VectorBuilder &b, const Pair &pair) {
  Value x = b.fma(pair.x, pair.cos, b.negate(b.mul(pair.y, pair.sin)));
  Value y = b.fma(pair.y, pair.cos, b.mul(pair.x, pair.sin));
  return {x, y};
}

namespace {
struct RopeExpansion {
  VectorBuilder &b;
  tile::RopeOp op;
  Value rotation;
  int64_t first, half, width; // first element that rotates; pairs; lanes

  void buildRow(ValueRange row);
  void turnHalves(ValueRange row, Value i, int64_t width);
  void turnNeighbors(ValueRange row, Value i, int64_t width);
  Value load(ValueRange row, Value column, int64_t width) {
    return b.load(op.getInput(), append(row, column), width);
  }
  void store(Value value, ValueRange row, Value column) {
    b.store(value, op.getOuts(), append(row, column));
  }
  Pair getPair(Value x, Value y, Value i, int64_t width) {
    return {x, y, b.load(rotation, i, width),
            b.load(rotation, b.add(i, half), width)};
  }
};
} // namespace

void RopeExpansion::turnHalves(ValueRange row, Value i, int64_t width) {
  Value left = b.add(i, first), right = b.add(left, half);
  Value low = load(row, left, width), high = load(row, right, width);
  auto [x, y] = turn(b, getPair(low, high, i, width));
  store(x, row, left);
  store(y, row, right);
}

/// Pairs are neighbors: two vectors are sorted into first and second elements.
void RopeExpansion::turnNeighbors(ValueRange row, Value i, int64_t width) {
  Value left = b.add(b.add(i, i), first), right = b.add(left, width);
  Value low = load(row, left, width), high = load(row, right, width);
  if (width == 1) {
    auto [x, y] = turn(b, getPair(low, high, i, width));
    store(x, row, left);
    return store(y, row, right);
  }
  SmallVector<int64_t> even, odd, lowHalf, highHalf;
  for (int64_t lane : llvm::seq<int64_t>(0, width)) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
    lowHalf.push_back(lane / 2 + lane % 2 * width);
    highHalf.push_back(width / 2 + lane / 2 + lane % 2 * width);
  }
  Value evens = b.shuffle(low, high, even), odds = b.shuffle(low, high, odd);
  auto [x, y] = turn(b, getPair(evens, odds, i, width));
  store(b.shuffle(x, y, lowHalf), row, left);
  store(b.shuffle(x, y, highHalf), row, right);
}

void RopeExpansion::buildRow(ValueRange row) {
  bool isInterleaved = op.getRope().getPairing() == RopePairing::Interleaved;
  b.loopColumns(half, width, [&](Value i, int64_t width) {
    if (isInterleaved)
      turnNeighbors(row, i, width);
    else
      turnHalves(row, i, width);
  });
  if (op.getInput() == op.getOuts())
    return;
  auto copy = [&](int64_t from, int64_t to) {
    b.loopColumns(to - from, width, [&](Value i, int64_t width) {
      Value column = b.add(i, from);
      store(load(row, column, width), row, column);
    });
  };
  int64_t size = cast<MemRefType>(op.getInput().getType()).getShape().back();
  copy(0, first);
  copy(first + 2 * half, size);
}

static LogicalResult lowerRope(VectorBuilder &b, tile::RopeOp op) {
  FailureOr<Value> table = viewRowMajor(b, op, op.getTable());
  if (failed(table))
    return failure();
  auto type = cast<MemRefType>(op.getInput().getType());
  int64_t dims = op.getRope().getDims();
  bool isLast = op.getEnd() == RopeEnd::Last;
  RopeExpansion rope = {b,
                        op,
                        buildRotation(b, op, *table),
                        isLast ? type.getShape().back() - dims : 0,
                        dims / 2,
                        b.widthFor({op.getInput(), op.getOuts()})};
  b.loopOver(op.getInput(), type.getRank() - 1,
             [&](ValueRange row) { rope.buildRow(row); });
  return success();
}

//===----------------------------------------------------------------------===//
// Embed
//===----------------------------------------------------------------------===//

/// Stores an element of the row that is looked up.
static void storeEmbedded(VectorBuilder &b, tile::EmbedOp op, Value value,
                          Value column) {
  if (auto scale = op.getScaleAttr())
    value = b.mul(value, b.constantLike(value, scale.getValueAsDouble()));
  b.store(value, op.getOuts(), {b.index(0), column});
}

/// Reads the place of a token out of its panel, line by line.
static void embedFromPanel(VectorBuilder &b, tile::EmbedOp op) {
  auto weight = cast<WeightType>(op.getTable().getType());
  PanelLayout layout = weight.getPanelLayout();
  Value panel = b.div(op.getToken(), layout.height);
  Value place = b.remainder(op.getToken(), layout.height);
  PanelReader reader(b, op.getTable(), b.mul(panel, layout.getPanelBytes()));
  int64_t depth = reader.getDepth();
  auto buildGroup = [&](const PanelReader::Group &group, ValueRange) {
    PanelFactors factors = reader.loadFactors(group, place, 1);
    auto buildLine = [&](Value line, int64_t columns) {
      PanelReader::Codes codes = reader.loadCodes(group, line, place, 1);
      Value first = b.add(group.column, b.mul(line, depth));
      for (int64_t j : llvm::seq<int64_t>(0, columns)) {
        Value element = reader.decode(codes, j, factors);
        storeEmbedded(b, op, element, b.add(first, j));
      }
    };
    int64_t lines = group.columns / depth;
    b.loop(0, lines, 1, [&](Value line) { buildLine(line, depth); });
    if (int64_t rest = group.columns % depth)
      buildLine(b.index(lines), rest);
    return Values();
  };
  PanelReader::loopGroups(b, weight, {}, buildGroup);
}

static LogicalResult lowerEmbed(VectorBuilder &b, tile::EmbedOp op) {
  auto weight = cast<WeightType>(op.getTable().getType());
  if (weight.getLayout()) {
    if (failed(PanelReader::check(op, weight)))
      return failure();
    if (weight.getLayout().getPair())
      return op.emitOpError() << "expects a table in plain panels, but got "
                              << weight << "; keep it apart from paired gates";
    embedFromPanel(b, op);
    return success();
  }
  FailureOr<Value> table = viewRowMajor(b, op, op.getTable());
  if (failed(table))
    return failure();
  b.loopColumns(weight.getCols(), b.widthFor({op.getOuts()}),
                [&](Value column, int64_t width) {
                  storeEmbedded(b, op,
                                b.load(*table, {op.getToken(), column}, width),
                                column);
                });
  return success();
}

void tenon::attachRowLowerings(MLIRContext &context) {
  attachLowerings<lowerNorm, lowerRope, lowerEmbed>(context);
}
