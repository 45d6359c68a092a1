// The loops of a contraction, around matrix instructions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
#include "Contraction.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

Value ContractionEmitter::getRowPointer(const Tile &tile, Value row) {
  // Rows after the last one repeat it; their results are not stored.
  Value real = b.add(tile.firstRow, row);
  real = b.min(real, b.sub(tile.endRow, 1));
  if (c.order)
    real = b.div(kernel.loadIndex(c.order, real), c.choices);
  Value element = b.mul(b.zext64(real), c.input.stride);
  element = b.add(element, b.add(tile.inputFirst, c.input.first));
  return b.offset(kernel.getPointer(c.input.base),
                  b.mul(element, getBytes(c.inputType)));
}

/// `count` elements that lie together. Beyond the last column, the first one is
/// read and dropped.
Values ContractionEmitter::loadInputRun(Value pointer, Value column,
                                        int64_t count) {
  bool isEven = c.cols % slab.columns == 0;
  Value valid = isEven ? Value() : b.less(column, c.cols);
  Value real = isEven ? column : b.select(valid, column, b.i32(0));
  Value from = b.offset(pointer, b.mul(b.zext64(real), getBytes(c.inputType)));
  Values values;
  if (c.inputType.isF32())
    values = b.loadVector(c.inputType, count, from);
  else if (count == 4)
    values = b.loadVector(b.getI32Type(), 2, from);
  else
    values = {arith::ExtUIOp::create(b, b.getI32Type(),
                                     b.load(b.getI16Type(), from, 2))};
  if (valid)
    for (Value &value : values)
      value = b.select(valid, value, c.inputType.isF32() ? b.f32(0) : b.i32(0));
  return values;
}

/// A unit of four columns: floats, or words of two `bf16`.
Values ContractionEmitter::loadInput(Value pointer, Value column) {
  bool isAligned = c.cols % 4 == 0 && c.input.stride % 4 == 0 &&
                   c.input.first % 4 == 0 && c.inputStep % 4 == 0;
  if (isAligned)
    return loadInputRun(pointer, column, 4);
  Values values;
  for (int64_t i = 0; i < 4; ++i)
    values.append(loadInputRun(pointer, b.add(column, i), 1));
  if (c.inputType.isF32())
    return values;
  return {b.bitOr(values[0], b.shl(values[1], 16)),
          b.bitOr(values[2], b.shl(values[3], 16))};
}

/// Parts of a unit, each as two words.
SmallVector<Values> ContractionEmitter::splitInput(ValueRange unit) {
  if (!c.inputType.isF32())
    return {Values(unit)};
  SmallVector<Values> parts;
  Values lows = b.splitBF16(unit[0], unit[1], inputParts);
  Values highs = b.splitBF16(unit[2], unit[3], inputParts);
  for (auto [low, high] : llvm::zip_equal(lows, highs))
    parts.push_back({low, high});
  return parts;
}

Value ContractionEmitter::getBoundary(Value part) {
  return b.min(b.mul(part, slabsOfPart), slab.count);
}

//===----------------------------------------------------------------------===//
// One slab
//===----------------------------------------------------------------------===//

void ContractionEmitter::addScaled(Value source, int64_t group, Values &sums,
                                   ValueRange partial, ValueRange ones) {
  Values scales = slab.loadScales(source, group, /*offsets=*/false);
  Values offsets;
  if (slab.hasOffset())
    offsets = slab.loadScales(source, group, /*offsets=*/true);
  for (int64_t i = 0, e = sums.size(); i < e; ++i) {
    // Two tiles of rows for each tile of tokens, four sums each.
    int64_t row = 2 * (i / 4 % 2) + i % 4 / 2;
    sums[i] = b.fma(partial[i], scales[row], sums[i]);
    if (slab.hasOffset())
      sums[i] = b.fma(ones[i / 8 * 4 + i % 2], offsets[row], sums[i]);
  }
}

Values ContractionEmitter::addSlab(Value source, ValueRange init,
                                   Operands operands) {
  Values sums(init), partial, ones;
  SmallVector<Values> one = {Values(4, b.i32(0x3f803f80))};
  auto add = [&](Values &into, int64_t first, ArrayRef<Values> left,
                 ArrayRef<Values> right) {
    b.addProduct(MutableArrayRef(into).slice(first, 4), left, right);
  };
  for (int64_t step = 0; step < slab.getSteps(); ++step) {
    if (slab.hasScale() && step % slab.stepsOfGroup == 0) {
      partial.assign(sums.size(), b.f32(0));
      ones.assign(tokenTiles * 4, b.f32(0));
    }
    std::array<SmallVector<Values>, 2> left = slab.loadTiles(source, step);
    for (int64_t tile = 0; tile < tokenTiles; ++tile) {
      SmallVector<Values> right = operands(step, tile);
      Values &into = slab.hasScale() ? partial : sums;
      add(into, tile * 8, left[0], right);
      add(into, tile * 8 + 4, left[1], right);
      if (slab.hasOffset())
        add(ones, tile * 4, one, right);
    }
    if (slab.hasScale() && (step + 1) % slab.stepsOfGroup == 0)
      addScaled(source, step / slab.stepsOfGroup, sums, partial, ones);
  }
  return sums;
}

//===----------------------------------------------------------------------===//
// Few rows: each warp streams its part of the columns by itself
//===----------------------------------------------------------------------===//

/// Units of right operands of a slab, straight from rows.
Values ContractionEmitter::loadOperands(ArrayRef<Value> pointers, Value index) {
  Value first = b.mul(b.min(index, b.i32(slab.count - 1)), slab.columns);
  first = b.add(first, b.shl(b.bitAnd(kernel.lane, 3), 2));
  Values values;
  for (Value pointer : pointers)
    for (int64_t step = 0; step < slab.getSteps(); ++step)
      values.append(
          loadInput(pointer, b.add(first, step * PanelSlab::kStepCols)));
  return values;
}

Values ContractionEmitter::sumSplitColumns(const Tile &tile) {
  Value begin = getBoundary(kernel.warp);
  Value end = getBoundary(b.add(kernel.warp, 1));
  Value ring =
      b.add(b.mul(kernel.warp, tiling.getStages() * stageBytes), weightsAt);
  auto copy = [&](Value index, Value stage) {
    b.when(b.less(index, end), [&] {
      slab.copy(tile.matrix, tile.firstPanel, tiling.getPanels(), index,
                b.add(ring, b.mul(stage, stageBytes)), kernel.lane, kWarpSize);
    });
    b.commitCopies();
  };
  for (int64_t i = 0; i + 1 < tiling.getStages(); ++i) {
    Value index = b.add(begin, i);
    copy(index, b.i32(i));
  }

  Values pointers;
  for (int64_t i = 0; i < tokenTiles; ++i)
    pointers.push_back(
        getRowPointer(tile, b.add(b.shr(kernel.lane, 2), i * 8)));
  // Sums, then what the next slab is multiplied with.
  Values init(tokenTiles * 8, b.f32(0));
  init.append(loadOperands(pointers, begin));
  Values results =
      b.loop(begin, end, b.i32(1), init, [&](Value index, ValueRange state) {
        b.waitForCopies(tiling.getStages() - 2);
        b.syncWarp();
        Value ahead = b.add(index, tiling.getStages() - 1);
        copy(ahead, b.rem(b.sub(ahead, begin), tiling.getStages()));
        Values next = loadOperands(pointers, b.add(index, 1));
        Value source =
            b.add(ring, b.mul(b.rem(b.sub(index, begin), tiling.getStages()),
                              stageBytes));
        ValueRange inputs = state.drop_front(tokenTiles * 8);
        int64_t steps = slab.getSteps();
        Values sums =
            addSlab(source, state.take_front(tokenTiles * 8),
                    [&](int64_t step, int64_t i) {
                      return splitInput(inputs.slice(
                          (i * steps + step) * unitValues, unitValues));
                    });
        sums.append(next);
        return sums;
      });
  results.truncate(tokenTiles * 8);
  return results;
}

//===----------------------------------------------------------------------===//
// Many rows: all warps share slabs, and rows go through shared memory
//===----------------------------------------------------------------------===//

Value ContractionEmitter::getPairOfWarp() {
  return b.bitAnd(kernel.warp, tiling.getPanels() / 2 - 1);
}

Value ContractionEmitter::getFirstRowOfWarp() {
  Value number = b.shr(kernel.warp, llvm::Log2_64(tiling.getPanels() / 2));
  return b.mul(number, tokenTiles * 8);
}

/// This thread's share of the rows of a slab.
Values ContractionEmitter::loadStaged(ArrayRef<Value> pointers, Value index) {
  int64_t units = getUnits();
  Value unit = b.rem(kernel.thread, units);
  Value column = b.mul(b.min(index, slab.count - 1), slab.columns);
  column = b.add(column, b.shl(unit, 2));
  Values values;
  for (Value pointer : pointers)
    values.append(loadInput(pointer, column));
  return values;
}

void ContractionEmitter::storeStaged(ValueRange values, Value index) {
  int64_t units = getUnits(), rowBytes = getRowBytes();
  Value buffer = b.mul(b.bitAnd(index, 1), inputParts * getPlaneBytes());
  Value row = b.div(kernel.thread, units);
  Value at = b.add(buffer, inputsAt);
  at = b.add(at, b.mul(row, rowBytes));
  at = b.add(at, b.shl(b.rem(kernel.thread, units), 3));
  int64_t rowsAtOnce = kernel.threads / units;
  int64_t count = values.size() / unitValues;
  for (int64_t i = 0; i < count; ++i)
    for (auto [part, words] :
         llvm::enumerate(splitInput(values.slice(i * unitValues, unitValues))))
      b.storeVector(words, b.shared(b.add(at, i * rowsAtOnce * rowBytes +
                                                  part * getPlaneBytes())));
}

Values ContractionEmitter::runSlab(const Tile &tile, ArrayRef<Value> pointers,
                                   Value index, ValueRange sums) {
  int64_t rowBytes = getRowBytes();
  b.waitForCopies(tiling.getStages() - 2);
  b.syncBlock();
  Value ahead = b.add(index, tiling.getStages() - 1);
  b.when(b.less(ahead, slab.count), [&] {
    Value stage = b.mul(b.rem(ahead, tiling.getStages()), stageBytes);
    slab.copy(tile.matrix, tile.firstPanel, tiling.getPanels(), ahead,
              b.add(stage, weightsAt), kernel.thread, kernel.threads);
  });
  b.commitCopies();
  Values next = loadStaged(pointers, b.add(index, 1));

  Value panels = b.mul(getPairOfWarp(), 2 * slab.sharedBytes);
  Value source = b.mul(b.rem(index, tiling.getStages()), stageBytes);
  source = b.add(source, b.add(panels, weightsAt));
  Value firstRow = getFirstRowOfWarp();
  firstRow = b.add(firstRow, b.shr(kernel.lane, 2));
  Value rows = b.mul(b.bitAnd(index, 1), inputParts * getPlaneBytes());
  Value place = b.mul(firstRow, rowBytes);
  place = b.add(place, b.add(b.shl(b.bitAnd(kernel.lane, 3), 3), inputsAt));
  rows = b.add(rows, place);
  Values result = addSlab(source, sums, [&](int64_t step, int64_t i) {
    Value at = b.add(rows, i * 8 * rowBytes + step * 32);
    SmallVector<Values> parts;
    for (int64_t part = 0; part < inputParts; ++part)
      parts.push_back(b.loadVector(
          b.getI32Type(), 2, b.shared(b.add(at, part * getPlaneBytes()))));
    return parts;
  });
  storeStaged(next, b.add(index, 1));
  return result;
}

Values ContractionEmitter::sumWholeColumns(const Tile &tile) {
  int64_t units = getUnits(), rowsAtOnce = kernel.threads / units;
  Values pointers;
  for (int64_t row = 0; row < tiling.getTokens(); row += rowsAtOnce)
    pointers.push_back(
        getRowPointer(tile, b.add(b.div(kernel.thread, units), row)));
  for (int64_t i = 0; i + 1 < tiling.getStages(); ++i) {
    if (i < slab.count) {
      Value index = b.i32(i);
      slab.copy(tile.matrix, tile.firstPanel, tiling.getPanels(), index,
                b.i32(weightsAt + i * stageBytes), kernel.thread,
                kernel.threads);
    }
    b.commitCopies();
  }
  Values staged = loadStaged(pointers, b.i32(0));
  storeStaged(staged, b.i32(0));

  Values zeros(tokenTiles * 8, b.f32(0));
  Value first = b.i32(0), end = b.i32(tiling.getParts()), one = b.i32(1);
  return b.loop(first, end, one, zeros, [&](Value part, ValueRange totals) {
    Value begin = getBoundary(part);
    Value end = getBoundary(b.add(part, 1));
    Values sums =
        b.loop(begin, end, b.i32(1), zeros, [&](Value index, ValueRange state) {
          return runSlab(tile, pointers, index, state);
        });
    for (auto [sum, total] : llvm::zip_equal(sums, totals))
      sum = b.add(total, sum);
    return sums;
  });
}
