// Lowers the product of a cache block of rows and weight panels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   for blocks of columns                           one, if rows are few
//     for panels q of the tile, P at a time
//       u[columns][16 P] = decode(panels)           only of codes, for many rows
//       for rows i < count, R at a time
//         s[R][16 P] = acc[i.., 16 q..], or 0 in the first block
//         for groups of columns that share scales
//           for lines of the group
//             w[16 P] = decode(line), or u[column]  depth columns of 4 bytes
//             for r < R: s[r] = fma(x[i + r, k], w, s[r])   one broadcast each
//         acc[i.., 16 q..] = s
//     remaining rows: the same, with more panels at a time
//
// 2 M N K flops on N K bytes of codes. With few rows the bytes bind: P streams
// of panels, and enough chains of multiply-adds to hide their latency. With many
// rows the multiply-adds bind: R x P fills the registers, so that a column costs
// few loads; weights are decoded once for all rows; and the columns of a block
// stay in the L2 cache, those of the panels while all rows use them and those
// of the rows while the panels are streamed. Partial sums are kept in `acc` in
// f32, so that blocks do not change their bits.

#include "tenon/Support/Remarks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "PanelReader.h"
#include "RegisterTile.h"
#include "VectorLowerings.h"

#define DEBUG_TYPE "convert-tile-to-vector"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

/// Columns of f32 weights that the innermost loop takes at a time for a single
/// row. Several rows take one column, and a line of codes is taken alone: LLVM
/// loads neighbors together, and would need registers for all of them.
static constexpr int64_t kUnrolledColumns = 4;
/// Most rows for which it does not pay to decode weights once for all of them.
static constexpr int64_t kFewRows = 15;
/// Most columns of a block, and the fewest if that makes all of them equal: 3
/// panels of 16 columns and 144 rows take half a megabyte.
static constexpr int64_t kMostColumns = 768;
static constexpr int64_t kFewestColumns = 384;
/// Most columns that are decoded to f32 in advance: 400 KB for 3 panels.
static constexpr int64_t kMostDecodedColumns = 2048;

namespace {
/// Columns that are worked on together.
struct ColumnBlock {
  Value first;
  int64_t count;
  /// Whether sums begin at 0, and not at what `acc` holds.
  bool isFirst;
};

/// Where the innermost loop gets weights from.
class WeightLines {
public:
  virtual ~WeightLines() = default;
  /// Columns of a line.
  virtual int64_t getDepth() const = 0;
  /// A line of one of the vectors of the tile, for `decode`.
  virtual PanelReader::Codes load(Value line, int64_t i) const = 0;
  virtual Value decode(PanelReader::Codes &codes, int64_t i,
                       int64_t column) const = 0;
};

/// Lines of a group of columns of panels, with their factors.
class GroupLines : public WeightLines {
public:
  GroupLines(VectorBuilder &b, ArrayRef<PanelReader> readers,
             const PanelReader::Group &group)
      : b(b), readers(readers), group(group), vectors(kPanelHeight / b.lanes) {
    for (const PanelReader &reader : readers)
      for (int64_t v = 0; v < vectors; ++v)
        factors.push_back(
            reader.loadFactors(group, b.index(v * b.lanes), b.lanes));
  }

  int64_t getDepth() const override { return readers.front().getDepth(); }
  PanelReader::Codes load(Value line, int64_t i) const override {
    return readers[i / vectors].loadCodes(
        group, line, b.index(i % vectors * b.lanes), b.lanes);
  }
  Value decode(PanelReader::Codes &codes, int64_t i,
               int64_t column) const override {
    return readers[i / vectors].decode(codes, column, factors[i]);
  }

private:
  VectorBuilder &b;
  ArrayRef<PanelReader> readers;
  PanelReader::Group group;
  int64_t vectors;
  SmallVector<PanelFactors> factors;
};

/// Weights that have been decoded to memory, a line for each column.
class DecodedLines : public WeightLines {
public:
  DecodedLines(VectorBuilder &b, Value memory) : b(b), memory(memory) {}

  int64_t getDepth() const override { return 1; }
  PanelReader::Codes load(Value line, int64_t i) const override {
    PanelReader::Codes codes;
    codes.words = {b.load(memory, {line, b.index(i * b.lanes)}, b.lanes)};
    return codes;
  }
  Value decode(PanelReader::Codes &codes, int64_t, int64_t) const override {
    return codes.words.front();
  }

private:
  VectorBuilder &b;
  Value memory;
};

class ContractLowering {
public:
  ContractLowering(VectorBuilder &b, tile::ContractOp op)
      : b(b), op(op), weight(cast<WeightType>(op.getWeight().getType())),
        layout(weight.getPanelLayout()), acc(op.getOuts()),
        vectors(layout.height / b.lanes) {
    auto type = cast<MemRefType>(acc.getType());
    rows = type.getDimSize(0);
    panels = type.getDimSize(1) / layout.height;
    // A single instruction is hidden by the multiply-adds of several rows, and
    // narrow weights are fewer lines to read than the f32 that they become.
    // Columns under one scale are decoded together, on the stack of a thread.
    bool isDecodedBefore =
        PanelReader::countDecoding(weight) > 1 && rows > kFewRows &&
        PanelReader::getColumnUnit(weight) <= kMostDecodedColumns;
    tile = isDecodedBefore
               ? chooseRegisterTile({b.registers, vectors}, rows, panels)
               : chooseDecodingTile(rows);
    columns = chooseColumns();
    if (isDecodedBefore)
      decoded = b.scratch({columns, tile.panels * layout.height},
                          b.builder.getF32Type());
    remark::analysis(op.getLoc(),
                     getRemarkOpts(op, DEBUG_TYPE, "ChooseRegisterTile"))
        << remark::metric("Rows", tile.rows)
        << remark::metric("Panels", tile.panels)
        << remark::metric("PanelsAtATime", tile.held)
        << remark::metric("ColumnsPerBlock", columns)
        << remark::metric("DecodesBefore", isDecodedBefore);
    lastPanel = b.index(layout.getPanels() - 1);
    Value left = b.sub(b.index(layout.getPanels()), op.getPanel());
    present = b.min(left, b.index(panels));
  }

  void run();

private:
  RegisterTile chooseDecodingTile(int64_t most) const;
  int64_t chooseColumns() const;
  void clearSums();

  void buildBlock(ColumnBlock block);
  void loopRows(ColumnBlock block, Value whole);
  void finishRows(ColumnBlock block, Value row, ArrayRef<int64_t> ladder);
  void loopStrips(int64_t width, function_ref<void(Value, int64_t)> body);

  void decodePanels(ColumnBlock block, Value firstPanel, int64_t count);
  void buildTile(ColumnBlock block, Value firstPanel, Value row,
                 RegisterTile tile, bool isDecoded);
  SmallVector<Values> locateRows(Value row, int64_t count);
  SmallVector<PanelReader, 0> openPanels(Value first, int64_t count);
  Values multiplyGroups(ColumnBlock block, Value firstPanel, RegisterTile tile,
                        ArrayRef<Values> rowsAt, ValueRange sums);
  Values multiplyLines(const WeightLines &lines, Value firstColumn,
                       int64_t columns, ArrayRef<Values> rowsAt,
                       ValueRange sums);
  void multiplyLine(const WeightLines &lines, Value line, Value firstColumn,
                    int64_t columns, ArrayRef<Values> rowsAt,
                    MutableArrayRef<Value> sums);
  Value loadInput(ArrayRef<Value> at, Value column);

  VectorBuilder &b;
  tile::ContractOp op;
  WeightType weight;
  PanelLayout layout;
  Value acc;
  int64_t vectors; // registers of a panel
  int64_t rows, panels;
  RegisterTile tile;
  /// Columns of a block.
  int64_t columns;
  /// Memory to which the weights of a strip of panels are decoded in advance,
  /// a line for each column of a block; null where they are decoded in place.
  Value decoded;
  Value lastPanel;
  /// Panels of the tile that the weight has.
  Value present;
};
} // namespace

//===----------------------------------------------------------------------===//
// Blocks, strips and tiles
//===----------------------------------------------------------------------===//

/// The tile of rows for weights that are decoded in place.
RegisterTile ContractLowering::chooseDecodingTile(int64_t most) const {
  TileOperands operands = {b.registers, vectors};
  int64_t columns = PanelReader::getLineColumns(weight);
  operands.depth = std::min(columns, kUnrolledColumns);
  int64_t planes = layout.getPlanes().size();
  // Planes, and the bytes that several of them are joined to.
  operands.kept = columns > operands.depth ? planes + (planes > 1) : 0;
  // Masks of the planes, the zero or the values, and orders of bytes.
  bool isMapped =
      weight.getFormat().getZero() || !weight.getFormat().getValues().empty();
  operands.constants = planes > 1 ? 6 : isMapped ? 2 : 0;
  operands.factors =
      weight.getFormat().hasScale() + weight.getFormat().hasOffset();
  operands.decoding = PanelReader::countDecoding(weight);
  return chooseRegisterTile(operands, most, panels);
}

/// Columns of a block: all of them, if few rows use them.
int64_t ContractLowering::chooseColumns() const {
  bool isF32 = cast<MemRefType>(acc.getType()).getElementType().isF32();
  if (rows <= kFewRows || rows <= tile.rows || !isF32 ||
      layout.cols <= kMostColumns)
    return layout.cols;
  int64_t unit = PanelReader::getColumnUnit(weight);
  int64_t most = std::max(kMostColumns / unit * unit, unit);
  for (int64_t columns = most; columns >= kFewestColumns; columns -= unit)
    if (layout.cols % columns == 0)
      return columns;
  return most;
}

void ContractLowering::run() {
  int64_t whole = layout.cols / columns * columns;
  if (columns == layout.cols)
    return buildBlock({b.index(0), columns, /*isFirst=*/true});
  clearSums();
  b.loop(0, whole, columns,
         [&](Value first) { buildBlock({first, columns, /*isFirst=*/false}); });
  if (whole < layout.cols)
    buildBlock({b.index(whole), layout.cols - whole, /*isFirst=*/false});
}

void ContractLowering::clearSums() {
  Value zero = b.constant(b.getFloats(b.lanes), 0);
  b.loop(b.index(0), op.getCount(), 1, [&](Value row) {
    b.loop(0, panels * layout.height, b.lanes,
           [&](Value column) { b.store(zero, acc, {row, column}); });
  });
}

/// Whole register tiles, then one that is just large enough for the rest.
void ContractLowering::buildBlock(ColumnBlock block) {
  if (rows == 1)
    return finishRows(block, b.index(0), {1});

  // A tile must not reach beyond the memory of `acc`, so that a last one of
  // fewer rows is among the small ones.
  SmallVector<int64_t> ladder;
  for (int64_t r = 1; r < tile.rows; ++r)
    if (r == rows % tile.rows || llvm::isPowerOf2_64(r))
      ladder.push_back(r);
  int64_t largest = ladder.empty() ? 0 : ladder.back();
  Value whole = b.sub(op.getCount(), b.index(largest));
  whole = b.max(whole, b.index(0));
  if (decoded)
    b.ifThen(b.isLess(b.index(0), whole), [&] { loopRows(block, whole); });
  else
    loopRows(block, whole);
  if (ladder.empty())
    return;
  Value done = b.mul(b.div(b.add(whole, tile.rows - 1), tile.rows), tile.rows);
  b.ifThen(b.isLess(done, op.getCount()),
           [&] { finishRows(block, done, ladder); });
}

/// Rows up to `whole`, for each strip of panels.
void ContractLowering::loopRows(ColumnBlock block, Value whole) {
  loopStrips(tile.panels, [&](Value firstPanel, int64_t count) {
    if (decoded)
      decodePanels(block, firstPanel, count);
    RegisterTile part = {tile.rows, count, std::min(tile.held, count)};
    b.loop(b.index(0), whole, tile.rows, [&](Value row) {
      buildTile(block, firstPanel, row, part, /*isDecoded=*/decoded != nullptr);
    });
  });
}

/// The smallest tile of the ladder that holds the rows from `row` on.
void ContractLowering::finishRows(ColumnBlock block, Value row,
                                  ArrayRef<int64_t> ladder) {
  auto build = [&] {
    RegisterTile small = chooseDecodingTile(ladder.front());
    while (ladder.front() % small.rows)
      --small.rows;
    loopStrips(small.panels, [&](Value firstPanel, int64_t count) {
      RegisterTile part = {small.rows, count, std::min(small.held, count)};
      b.loop(0, ladder.front(), small.rows, [&](Value r) {
        buildTile(block, firstPanel, b.add(row, r), part, /*isDecoded=*/false);
      });
    });
  };
  if (ladder.size() == 1)
    return build();
  Value end = b.add(row, ladder.front());
  b.ifThen(
      b.isLess(end, op.getCount()),
      [&] { finishRows(block, row, ladder.drop_front()); }, build);
}

/// The panels of the tile, `width` at a time, as far as the weight has them.
void ContractLowering::loopStrips(int64_t width,
                                  function_ref<void(Value, int64_t)> body) {
  if (width >= panels)
    return body(b.index(0), panels);
  int64_t whole = panels / width * width;
  Value end = whole == panels ? present : b.min(present, b.index(whole));
  b.loop(b.index(0), end, width, [&](Value first) { body(first, width); });
  if (whole < panels)
    b.ifThen(b.isLess(b.index(whole), present),
             [&] { body(b.index(whole), panels - whole); });
}

//===----------------------------------------------------------------------===//
// One tile
//===----------------------------------------------------------------------===//

/// For each row the place of its first element.
SmallVector<Values> ContractLowering::locateRows(Value row, int64_t count) {
  SmallVector<Values> places;
  Value last = b.sub(op.getCount(), b.index(1));
  for (int64_t r = 0; r < count; ++r) {
    Values at(op.getAt());
    Value &along = at[op.getAlong()];
    // Rows that are not there repeat the last one.
    along = b.add(along, rows == 1 ? row : b.min(b.add(row, r), last));
    if (op.getOrder())
      along = b.div(b.toIndex(b.load(op.getOrder(), along)), op.getChoices());
    places.push_back(at);
  }
  return places;
}

SmallVector<PanelReader, 0> ContractLowering::openPanels(Value first,
                                                         int64_t count) {
  SmallVector<PanelReader, 0> readers;
  for (int64_t q = 0; q < count; ++q) {
    // The first panel of a strip is there; the others may not be.
    Value panel = b.add(op.getPanel(), b.add(first, q));
    if (panels > 1)
      panel = b.min(panel, lastPanel);
    Value byte = b.mul(panel, layout.getPanelBytes());
    if (op.getMatrix())
      byte = b.add(byte, b.mul(op.getMatrix(), weight.getMatrixBytes()));
    readers.emplace_back(b, op.getWeight(), byte);
  }
  return readers;
}

/// Stores the weights of some panels in f32, column by column.
void ContractLowering::decodePanels(ColumnBlock block, Value firstPanel,
                                    int64_t count) {
  SmallVector<PanelReader, 0> readers = openPanels(firstPanel, count);
  PanelReader::loopGroups(
      b, weight, block.first, block.count, {},
      [&](const PanelReader::Group &group, ValueRange) {
        GroupLines lines(b, readers, group);
        Value first = b.sub(group.column, block.first);
        int64_t depth = lines.getDepth();
        auto decode = [&](Value line, int64_t columns) {
          for (int64_t i = 0; i < count * vectors; ++i) {
            PanelReader::Codes codes = lines.load(line, i);
            for (int64_t j = 0; j < columns; ++j) {
              Value column = b.add(b.add(first, b.mul(line, depth)), j);
              Value weights = lines.decode(codes, i, j);
              b.store(weights, decoded, {column, b.index(i * b.lanes)});
            }
          }
        };
        int64_t whole = group.columns / depth;
        b.loop(0, whole, 1, [&](Value line) { decode(line, depth); });
        if (int64_t rest = group.columns % depth)
          decode(b.index(whole), rest);
        return Values();
      });
}

void ContractLowering::buildTile(ColumnBlock block, Value firstPanel, Value row,
                                 RegisterTile tile, bool isDecoded) {
  SmallVector<Values> rowsAt = locateRows(row, tile.rows);
  // Sums are numbered row by row, in a row panel by panel.
  int64_t perRow = tile.panels * vectors;
  Value firstColumn = b.mul(firstPanel, layout.height);
  auto placeOf = [&](int64_t i) {
    return Values{b.add(row, i / perRow),
                  b.add(firstColumn, i % perRow * b.lanes)};
  };
  Values sums(tile.rows * perRow, b.constant(b.getFloats(b.lanes), 0));
  if (!block.isFirst)
    for (auto [i, sum] : llvm::enumerate(sums))
      sum = b.load(acc, placeOf(i), b.lanes);
  if (isDecoded)
    sums = multiplyLines(DecodedLines(b, decoded), block.first, block.count,
                         rowsAt, sums);
  else
    sums = multiplyGroups(block, firstPanel, tile, rowsAt, sums);
  for (auto [i, sum] : llvm::enumerate(sums))
    b.store(sum, acc, placeOf(i));
}

/// Adds the products of a block of columns, group by group: in a group all
/// panels at once, or in turns.
Values ContractLowering::multiplyGroups(ColumnBlock block, Value firstPanel,
                                        RegisterTile tile,
                                        ArrayRef<Values> rowsAt,
                                        ValueRange sums) {
  SmallVector<PanelReader, 0> readers = openPanels(firstPanel, tile.panels);
  return PanelReader::loopGroups(
      b, weight, block.first, block.count, sums,
      [&](const PanelReader::Group &group, ValueRange carried) {
        Values next;
        ArrayRef<PanelReader> rest(readers);
        while (!rest.empty()) {
          size_t held = std::min<size_t>(tile.held, rest.size());
          GroupLines lines(b, rest.take_front(held), group);
          rest = rest.drop_front(held);
          ValueRange part =
              carried.slice(next.size(), carried.size() / tile.panels * held);
          next.append(
              multiplyLines(lines, group.column, group.columns, rowsAt, part));
        }
        return next;
      });
}

Values ContractLowering::multiplyLines(const WeightLines &lines,
                                       Value firstColumn, int64_t columns,
                                       ArrayRef<Values> rowsAt,
                                       ValueRange sums) {
  int64_t depth = lines.getDepth();
  bool isUnrolled = depth == 1 && rowsAt.size() == 1;
  int64_t unroll = isUnrolled ? kUnrolledColumns : 1;
  int64_t count = columns / depth;
  int64_t whole = count / unroll * unroll;
  Values next =
      b.loop(0, whole, unroll, sums, [&](Value first, ValueRange carried) {
        Values next(carried);
        for (int64_t u = 0; u < unroll; ++u)
          multiplyLine(lines, b.add(first, u), firstColumn, depth, rowsAt,
                       next);
        return next;
      });
  for (int64_t line = whole; line < count; ++line)
    multiplyLine(lines, b.index(line), firstColumn, depth, rowsAt, next);
  if (int64_t rest = columns % depth)
    multiplyLine(lines, b.index(count), firstColumn, rest, rowsAt, next);
  return next;
}

void ContractLowering::multiplyLine(const WeightLines &lines, Value line,
                                    Value firstColumn, int64_t columns,
                                    ArrayRef<Values> rowsAt,
                                    MutableArrayRef<Value> sums) {
  int64_t perRow = sums.size() / rowsAt.size();
  Value first = b.add(firstColumn, b.mul(line, lines.getDepth()));
  auto loadRow = [&](int64_t r, int64_t j) {
    Value x = loadInput(rowsAt[r], b.add(first, j));
    return b.broadcast(x, b.lanes);
  };

  // A single row uses each weight as soon as it is decoded, so that only
  // elements of the row stay in registers.
  if (rowsAt.size() == 1) {
    SmallVector<PanelReader::Codes, 0> codes;
    for (int64_t begin = 0; begin < columns; begin += kUnrolledColumns) {
      int64_t end = std::min(begin + kUnrolledColumns, columns);
      Values row;
      for (int64_t j = begin; j < end; ++j)
        row.push_back(loadRow(0, j));
      for (int64_t i = 0; i < perRow; ++i) {
        if (begin == 0)
          codes.push_back(lines.load(line, i));
        for (int64_t j = begin; j < end; ++j)
          sums[i] =
              b.fma(row[j - begin], lines.decode(codes[i], i, j), sums[i]);
      }
    }
    return;
  }

  // Several rows share the weights of a column, which stay in registers.
  SmallVector<PanelReader::Codes, 0> codes;
  for (int64_t i = 0; i < perRow; ++i)
    codes.push_back(lines.load(line, i));
  for (int64_t j = 0; j < columns; ++j) {
    Values weights;
    for (int64_t i = 0; i < perRow; ++i)
      weights.push_back(lines.decode(codes[i], i, j));
    for (size_t r = 0; r < rowsAt.size(); ++r) {
      Value x = loadRow(r, j);
      for (int64_t i = 0; i < perRow; ++i) {
        Value &sum = sums[r * perRow + i];
        sum = b.fma(x, weights[i], sum);
      }
    }
  }
}

Value ContractLowering::loadInput(ArrayRef<Value> at, Value column) {
  Values place(at);
  place.back() = b.add(place.back(), column);
  return b.load(op.getInput(), place);
}

static LogicalResult lowerContract(VectorBuilder &b, tile::ContractOp op) {
  WeightType weight = cast<WeightType>(op.getWeight().getType());
  if (failed(PanelReader::check(op, weight)))
    return failure();
  if (b.widthFor({op.getOuts()}) == 1)
    return op.emitOpError()
           << "expects outs to have contiguous rows, but got "
           << op.getOuts().getType() << "; write to a tile and copy it";
  ContractLowering(b, op).run();
  return success();
}

void tenon::attachContractLowerings(MLIRContext &context) {
  attachLowerings<lowerContract>(context);
}
