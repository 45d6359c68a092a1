// Copies slabs of panels and reads them as operands of instructions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "llvm/Support/FormatVariadic.h"
#include "PackedWeight.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// What a copy moves.
static constexpr int64_t kUnitBytes = 16;

int64_t PanelSlab::getColumns(const PanelLayout &layout) {
  return kCodeBytes / layout.getLineBytes() * layout.periodCols;
}

/// Groups of a slab that have scales of their own.
static int64_t getGroupsOfSlab(const PanelLayout &layout) {
  return layout.hasFactors() ? PanelSlab::getColumns(layout) / layout.groupCols
                             : 1;
}

int64_t PanelSlab::getSharedBytes(const PanelLayout &layout) {
  return kCodeBytes + getGroupsOfSlab(layout) * layout.getHeaderBytes();
}

Refusal PanelSlab::check(WeightType weight) {
  if (!weight.getLayout() || weight.getLayout().getRows() != kPanelHeight)
    return llvm::formatv("the weight is not in panels of {0} rows",
                         kPanelHeight)
        .str();
  if (!readsFormat(weight))
    return "codes of less than a byte, or factors that are not f32, are not "
           "read; run tenon-widen-weights";
  PanelLayout layout = weight.getPanelLayout();
  if (layout.getLineBytes() != kPanelWordBytes * kPanelHeight)
    return llvm::formatv("a panel of depth {0} and {1} bytes of code does not "
                         "have words of 4 bytes",
                         layout.depth, layout.codeBits / 8)
        .str();
  int64_t columns = getColumns(layout);
  if (layout.hasFactors() &&
      (layout.groupCols % kStepCols != 0 || columns % layout.groupCols != 0))
    return llvm::formatv(
               "scales for {0} columns do not divide slabs of {1} into "
               "steps of {2}",
               layout.groupCols, columns, kStepCols)
        .str();
  return std::nullopt;
}

PanelSlab::PanelSlab(DeviceKernel &kernel, Value weight)
    : layout(cast<WeightType>(weight.getType()).getPanelLayout()),
      kernel(kernel), b(kernel.b), weight(weight),
      code(cast<WeightType>(weight.getType()).getFormat().getCode()) {
  columns = getColumns(layout);
  count = llvm::divideCeil(layout.cols, columns);
  if (hasScale())
    stepsOfGroup = layout.groupCols / kStepCols;
  sharedBytes = getSharedBytes(layout);
}

int64_t PanelSlab::getUnitsOfGroup() const {
  return kCodeBytes / kUnitBytes / getGroupsOfSlab(layout);
}

Value PanelSlab::getUnitAddress(Value unit) {
  Value turn = b.shl(b.bitAnd(b.shr(unit, 3), 3), 1);
  return b.shl(b.bitXor(unit, turn), 4);
}

void PanelSlab::copyUnit(Value panel, Value within, Value target) {
  // Only the last slab of a panel can end early.
  Value valid;
  if (layout.cols % columns != 0)
    valid = b.less(within, layout.getPanelBytes());
  Value at = valid ? b.select(valid, within, b.i64(0)) : within;
  Value shared = b.shared(target);
  b.copyAsync(shared, b.offset(panel, at), valid);
}

void PanelSlab::copy(Value matrix, Value firstPanel, int64_t panels, Value slab,
                     Value target, Value thread, int64_t threads) {
  int64_t groups = getGroupsOfSlab(layout), header = layout.getHeaderBytes();
  int64_t slabBytes = kCodeBytes + groups * header;
  Value begin = b.mul(b.zext64(slab), slabBytes);
  // Each thread takes one unit of `threads` neighbors at a time.
  auto forUnits = [&](int64_t unitsOfPanel,
                      llvm::function_ref<void(Value, Value)> body) {
    for (int64_t first = 0; first < panels * unitsOfPanel; first += threads) {
      Value number = b.add(thread, first);
      auto one = [&] {
        Value panel = b.div(number, unitsOfPanel);
        body(panel, b.rem(number, unitsOfPanel));
      };
      if (first + threads <= panels * unitsOfPanel)
        one();
      else
        b.when(b.less(number, panels * unitsOfPanel), one);
    }
  };
  auto copyFrom = [&](Value panel, Value within, Value place) {
    Value last = b.i32(layout.getPanels() - 1);
    Value real = b.min(b.add(firstPanel, panel), last);
    Value bytes = b.mul(b.zext64(real), layout.getPanelBytes());
    bytes = b.add(bytes, b.mul(b.zext64(matrix), layout.getMatrixBytes()));
    Value pointer = b.offset(kernel.getPointer(weight), bytes);
    within = b.add(begin, b.zext64(within));
    copyUnit(pointer, within, b.add(target, place));
  };
  forUnits(kCodeBytes / kUnitBytes, [&](Value panel, Value unit) {
    int64_t units = getUnitsOfGroup();
    Value within = b.mul(b.div(unit, units), layout.getBlockBytes());
    within = b.add(within, b.add(b.shl(b.rem(unit, units), 4), header));
    Value place = b.mul(panel, sharedBytes);
    copyFrom(panel, within, b.add(place, getUnitAddress(unit)));
  });
  if (header == 0)
    return;
  forUnits(groups * header / kUnitBytes, [&](Value panel, Value unit) {
    int64_t units = header / kUnitBytes;
    Value within = b.mul(b.div(unit, units), layout.getBlockBytes());
    within = b.add(within, b.shl(b.rem(unit, units), 4));
    Value place = b.mul(panel, sharedBytes);
    place = b.add(place, b.add(b.shl(unit, 4), kCodeBytes));
    copyFrom(panel, within, place);
  });
}

Values PanelSlab::loadUnit(Value source, Value word) {
  Value row = b.shr(kernel.lane, 2);
  Value unit = b.shl(word, 2);
  unit = b.add(unit, b.bitAnd(row, 3));
  Value panel = b.mul(b.shr(row, 2), sharedBytes);
  Value at = b.add(source, panel);
  at = b.add(at, getUnitAddress(unit));
  return b.loadVector(b.getI32Type(), 4, b.shared(at));
}

/// Two pairs of `bf16` from a word of four `f8E4M3FN`.
static std::pair<Value, Value> decodeF8(DeviceBuilder &b, Value word) {
  Type pair = VectorType::get(2, b.getBF16Type());
  // 2^120 corrects the bias of the exponent, which is 7 for 127; the product is
  // exact.
  Value factor = b.bitcast(pair, b.i32(0x7b807b80));
  Value zero = b.bitcast(pair, b.i32(0x80008000));
  auto decode = [&](int64_t selector) {
    // Bytes of codes become the upper bytes of halves.
    Value halves = b.permute(word, b.i32(0), selector);
    Value sign = b.bitAnd(halves, 0x80008000);
    Value rest = b.shr(b.bitAnd(halves, 0x7f007f00), 4);
    Value number = b.bitcast(pair, b.bitOr(sign, rest));
    return b.bitcast(b.getI32Type(), b.fma(number, factor, zero));
  };
  return {decode(0x1404), decode(0x3424)};
}

/// Two pairs of `bf16` from a word of four signed bytes.
static std::pair<Value, Value> decodeI8(DeviceBuilder &b, Value word) {
  // A byte in the last bits of 2^23 is that number plus the byte.
  Value biased = b.bitXor(word, b.i32(0x80808080));
  Values numbers;
  for (int64_t i = 0; i < 4; ++i) {
    Value bits = b.permute(biased, b.i32(0x4b000000), 0x7440 + i);
    Value number = b.bitcast(b.getF32Type(), bits);
    numbers.push_back(b.sub(number, b.f32(8388608.0 + 128.0)));
  }
  // Numbers of so few bits have one part.
  return {b.splitBF16(numbers[0], numbers[1], 1).front(),
          b.splitBF16(numbers[2], numbers[3], 1).front()};
}

std::pair<Value, Value> PanelSlab::decodeWord(Value word) {
  return code.isInteger(8) ? decodeI8(b, word) : decodeF8(b, word);
}

/// The lane's four rows one after the other, in each all parts of a pair of
/// columns: the first and the second pair of the lane.
std::pair<Values, Values> PanelSlab::loadPairs(Value source, int64_t step) {
  Value column = b.bitAnd(kernel.lane, 3);
  Values first, second;
  auto loadWords = [&](int64_t perLane, int64_t i) {
    Value word = b.add(b.mul(column, perLane), step * 4 * perLane + i);
    return loadUnit(source, word);
  };
  if (layout.codeBits == 8) {
    for (Value word : loadWords(1, 0)) {
      auto [low, high] = decodeWord(word);
      first.push_back(low);
      second.push_back(high);
    }
  } else if (layout.codeBits == 16) {
    first = loadWords(2, 0);
    second = loadWords(2, 1);
    if (code.isF16())
      for (Values *pairs : {&first, &second}) {
        Values parts;
        for (Value word : *pairs) {
          auto [low, high] = b.unpackF16(word);
          parts.append(b.splitBF16(low, high, countParts(code)));
        }
        *pairs = parts;
      }
  } else {
    std::array<Values, 4> words;
    for (int64_t i = 0; i < 4; ++i)
      for (Value word : loadWords(4, i))
        words[i].push_back(b.bitcast(b.getF32Type(), word));
    for (int64_t row = 0; row < 4; ++row) {
      int64_t parts = countParts(code);
      first.append(b.splitBF16(words[0][row], words[1][row], parts));
      second.append(b.splitBF16(words[2][row], words[3][row], parts));
    }
  }
  return {first, second};
}

std::array<SmallVector<Values>, 2> PanelSlab::loadTiles(Value source,
                                                        int64_t step) {
  auto [first, second] = loadPairs(source, step);
  size_t parts = first.size() / 4;
  std::array<SmallVector<Values>, 2> tiles;
  for (size_t i = 0; i < parts; ++i) {
    auto at = [&](const Values &pairs, size_t row) {
      return pairs[row * parts + i];
    };
    for (size_t tile = 0; tile < 2; ++tile)
      tiles[tile].push_back({at(first, 2 * tile), at(first, 2 * tile + 1),
                             at(second, 2 * tile), at(second, 2 * tile + 1)});
  }
  return tiles;
}

Values PanelSlab::loadScales(Value source, int64_t group, bool offsets) {
  Value row = b.shr(kernel.lane, 2);
  Value panel = b.mul(b.shr(row, 2), sharedBytes);
  Value place = b.shl(b.bitAnd(row, 3), 4);
  int64_t first = kCodeBytes + group * layout.getHeaderBytes() +
                  layout.getFactors()[offsets].first / 8;
  Value at = b.add(source, panel);
  at = b.add(at, b.add(place, first));
  return b.loadVector(b.getF32Type(), 4, b.shared(at));
}
