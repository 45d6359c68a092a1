// Expands the product of a few rows with a few weight panels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   for panels q of the tile, P at a time
//     for rows i < count, R at a time
//       s[R][16 P] = 0
//       for groups of columns that share scales
//         for lines of the group
//           w[16 P] = decode(line)                     depth columns of 4 bytes
//           for r < R: s[r] = fma(x[i + r, k], w, s[r])     one broadcast each
//       acc[i.., 16 q..] = s
//
// 2 M N K flops on N K bytes of codes, which every R rows read again. With few
// rows the bytes bind: P streams of panels, and enough chains of multiply-adds
// to hide their latency. With many rows the multiply-adds bind: R x P fills the
// registers, so that a column costs as few loads as possible.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "Expand.h"
#include "PanelReader.h"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

/// Columns that the innermost loop takes at a time.
static constexpr int64_t kUnrolledColumns = 4;

namespace {
/// How many rows and panels are held in registers.
struct RegisterTile {
  int64_t rows, panels;
};

class ContractExpansion {
public:
  ContractExpansion(VectorBuilder &b, tile::ContractOp op)
      : b(b), op(op), weight(cast<WeightType>(op.getWeight().getType())),
        acc(op.getOuts()), vectors(PanelReader::kPlaces / b.lanes) {
    ArrayRef<int64_t> shape = cast<MemRefType>(acc.getType()).getShape();
    rows = shape[0];
    panels = shape[1] / PanelReader::kPlaces;
  }

  void run();

private:
  RegisterTile chooseRegisterTile() const;
  void loopRows(Value firstPanel, RegisterTile tile);
  void finishRows(Value firstPanel, Value row, ArrayRef<int64_t> ladder,
                  int64_t panels);
  void buildTile(Value firstPanel, Value row, RegisterTile tile);

  SmallVector<Values> locateRows(Value row, int64_t count);
  SmallVector<PanelReader> openPanels(Value first, int64_t count);
  Values addGroup(const PanelReader::Group &group, ValueRange sums,
                  ArrayRef<Values> rowsAt, ArrayRef<PanelReader> readers);
  void addLine(const PanelReader::Group &group, Value line, int64_t columns,
               ArrayRef<PanelFactors> factors, MutableArrayRef<Value> sums,
               ArrayRef<Values> rowsAt, ArrayRef<PanelReader> readers);
  Value loadInput(ArrayRef<Value> at, Value column);

  VectorBuilder &b;
  tile::ContractOp op;
  WeightType weight;
  Value acc;
  int64_t vectors; // registers of a panel
  int64_t rows, panels;
};
} // namespace

/// The tile that fits into the registers, beside its weights and a broadcast,
/// and needs the fewest loads for a multiply-add.
RegisterTile ContractExpansion::chooseRegisterTile() const {
  RegisterTile best = {1, 1};
  double bestLoads = 2;
  for (int64_t p = 1; p <= panels; ++p)
    for (int64_t r = 1; r <= rows; ++r) {
      int64_t sums = r * p * vectors;
      // A single row uses each weight once, straight from memory.
      int64_t weights = r == 1 ? 2 : p * vectors;
      if (sums + weights + 1 > b.registers)
        continue;
      double loads = static_cast<double>(r + p * vectors) / sums;
      if (loads < bestLoads) {
        best = {r, p};
        bestLoads = loads;
      }
    }
  // Equal strips rather than a small last one.
  int64_t strips = llvm::divideCeil(panels, best.panels);
  best.panels = llvm::divideCeil(panels, strips);
  return best;
}

void ContractExpansion::run() {
  RegisterTile tile = chooseRegisterTile();
  int64_t whole = panels / tile.panels * tile.panels;
  b.loop(0, whole, tile.panels, [&](Value q) { loopRows(q, tile); });
  if (whole < panels)
    loopRows(b.index(whole), {tile.rows, panels - whole});
}

/// Whole register tiles, then one that is just large enough for the rest.
void ContractExpansion::loopRows(Value firstPanel, RegisterTile tile) {
  if (rows == 1)
    return buildTile(firstPanel, b.index(0), tile);

  // A tile must not reach beyond the memory of `acc`, so that a last one of
  // fewer rows is among the small ones.
  SmallVector<int64_t> ladder;
  for (int64_t r = 1; r < tile.rows; ++r)
    if (r == rows % tile.rows || llvm::isPowerOf2_64(r))
      ladder.push_back(r);
  int64_t largest = ladder.empty() ? 0 : ladder.back();
  Value whole = b.larger(b.sub(op.getCount(), b.index(largest)), b.index(0));
  b.loop(b.index(0), whole, tile.rows,
         [&](Value row) { buildTile(firstPanel, row, tile); });
  if (ladder.empty())
    return;
  Value done =
      b.mul(b.quotient(b.add(whole, tile.rows - 1), tile.rows), tile.rows);
  b.ifThen(b.isLess(done, op.getCount()),
           [&] { finishRows(firstPanel, done, ladder, tile.panels); });
}

void ContractExpansion::finishRows(Value firstPanel, Value row,
                                   ArrayRef<int64_t> ladder, int64_t panels) {
  auto build = [&] { buildTile(firstPanel, row, {ladder.front(), panels}); };
  if (ladder.size() == 1)
    return build();
  Value end = b.add(row, ladder.front());
  b.ifThen(
      b.isLess(end, op.getCount()),
      [&] { finishRows(firstPanel, row, ladder.drop_front(), panels); }, build);
}

/// For each row the place of its first element.
SmallVector<Values> ContractExpansion::locateRows(Value row, int64_t count) {
  SmallVector<Values> places;
  Value last = b.sub(op.getCount(), b.index(1));
  for (int64_t r = 0; r < count; ++r) {
    Values at(op.getAt());
    Value &along = at[op.getAlong()];
    // Rows that are not there repeat the last one.
    along = b.add(along, rows == 1 ? row : b.smaller(b.add(row, r), last));
    if (op.getOrder())
      along =
          b.quotient(b.toIndex(b.load(op.getOrder(), along)), op.getChoices());
    places.push_back(at);
  }
  return places;
}

SmallVector<PanelReader> ContractExpansion::openPanels(Value first,
                                                       int64_t count) {
  PanelLayout layout = weight.getPanelLayout();
  Value last = b.index(layout.getPanels() - 1);
  SmallVector<PanelReader> readers;
  for (int64_t q = 0; q < count; ++q) {
    // The first panel of the op is there; the others of its tile may not be.
    Value panel = b.add(op.getPanel(), b.add(first, q));
    if (panels > 1)
      panel = b.smaller(panel, last);
    Value byte = b.mul(panel, layout.getPanelBytes());
    if (op.getMatrix())
      byte = b.add(byte, b.mul(op.getMatrix(), weight.getMatrixBytes()));
    readers.emplace_back(b, op.getWeight(), byte);
  }
  return readers;
}

void ContractExpansion::buildTile(Value firstPanel, Value row,
                                  RegisterTile tile) {
  SmallVector<Values> rowsAt = locateRows(row, tile.rows);
  SmallVector<PanelReader> readers = openPanels(firstPanel, tile.panels);
  // Sums are numbered row by row, in a row panel by panel.
  int64_t perRow = tile.panels * vectors;
  Values zeros(tile.rows * perRow, b.real(b.getFloats(b.lanes), 0));
  Values sums = PanelReader::loopGroups(
      b, weight, zeros,
      [&](const PanelReader::Group &group, ValueRange carried) {
        return addGroup(group, carried, rowsAt, readers);
      });

  Value firstColumn = b.mul(firstPanel, PanelReader::kPlaces);
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value column = b.add(firstColumn, i % perRow * b.lanes);
    b.store(sum, acc, {b.add(row, i / perRow), column});
  }
}

Values ContractExpansion::addGroup(const PanelReader::Group &group,
                                   ValueRange carried, ArrayRef<Values> rowsAt,
                                   ArrayRef<PanelReader> readers) {
  SmallVector<PanelFactors> factors;
  for (const PanelReader &reader : readers)
    for (int64_t v = 0; v < vectors; ++v)
      factors.push_back(
          reader.loadFactors(group, b.index(v * b.lanes), b.lanes));

  int64_t depth = readers.front().getDepth();
  int64_t unroll = std::max<int64_t>(1, kUnrolledColumns / depth);
  int64_t lines = group.columns / depth;
  int64_t whole = lines / unroll * unroll;
  Values sums =
      b.loop(0, whole, unroll, carried, [&](Value first, ValueRange carried) {
        Values sums(carried);
        for (int64_t u = 0; u < unroll; ++u)
          addLine(group, b.add(first, u), depth, factors, sums, rowsAt,
                  readers);
        return sums;
      });
  for (int64_t line = whole; line < lines; ++line)
    addLine(group, b.index(line), depth, factors, sums, rowsAt, readers);
  if (int64_t rest = group.columns % depth)
    addLine(group, b.index(lines), rest, factors, sums, rowsAt, readers);
  return sums;
}

void ContractExpansion::addLine(const PanelReader::Group &group, Value line,
                                int64_t columns, ArrayRef<PanelFactors> factors,
                                MutableArrayRef<Value> sums,
                                ArrayRef<Values> rowsAt,
                                ArrayRef<PanelReader> readers) {
  int64_t perRow = factors.size();
  Value first = b.add(group.column, b.mul(line, readers.front().getDepth()));
  auto loadCodes = [&](int64_t i) {
    return readers[i / vectors].loadCodes(
        group, line, b.index(i % vectors * b.lanes), b.lanes);
  };
  auto decode = [&](Value codes, int64_t i, int64_t j) {
    return readers[i / vectors].decode(codes, j, factors[i]);
  };
  auto loadRow = [&](int64_t r, int64_t j) {
    Value x = loadInput(rowsAt[r], b.add(first, j));
    return b.spread(x, b.lanes);
  };

  // A single row meets each weight as soon as it is decoded, so that only
  // elements of the row stay in registers.
  if (rowsAt.size() == 1) {
    Values row;
    for (int64_t j = 0; j < columns; ++j)
      row.push_back(loadRow(0, j));
    for (int64_t i = 0; i < perRow; ++i) {
      Value codes = loadCodes(i);
      for (int64_t j = 0; j < columns; ++j)
        sums[i] = b.fma(row[j], decode(codes, i, j), sums[i]);
    }
    return;
  }

  // Several rows share the weights of a column, which stay in registers.
  Values codes;
  for (int64_t i = 0; i < perRow; ++i)
    codes.push_back(loadCodes(i));
  for (int64_t j = 0; j < columns; ++j) {
    Values weights;
    for (int64_t i = 0; i < perRow; ++i)
      weights.push_back(decode(codes[i], i, j));
    for (size_t r = 0; r < rowsAt.size(); ++r) {
      Value x = loadRow(r, j);
      for (int64_t i = 0; i < perRow; ++i) {
        Value &sum = sums[r * perRow + i];
        sum = b.fma(x, weights[i], sum);
      }
    }
  }
}

Value ContractExpansion::loadInput(ArrayRef<Value> at, Value column) {
  Values place(at);
  place.back() = b.add(place.back(), column);
  return b.load(op.getInput(), place);
}

static LogicalResult expandContract(VectorBuilder &b, tile::ContractOp op) {
  WeightType weight = cast<WeightType>(op.getWeight().getType());
  if (failed(PanelReader::check(op, weight)))
    return failure();
  if (b.widthFor({op.getOuts()}) == 1)
    return op.emitOpError()
           << "expects outs to have contiguous rows, but got "
           << op.getOuts().getType() << "; write to a tile and copy it";
  ContractExpansion(b, op).run();
  return success();
}

void tenon::attachContractLowerings(MLIRContext &context) {
  attachLowerings<expandContract>(context);
}
