// Weights for tests: random numbers of a format, and numbers given one by one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "tenon/Interpreter/Tensor.h"
#include "tenon/Interpreter/WeightProvider.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/xxhash.h"
#include <cmath>

using namespace mlir;
using namespace tenon;

WeightProvider::~WeightProvider() = default;

namespace {
/// A sequence of numbers, each found by its place.
struct RandomSequence {
  uint64_t key;

  uint64_t bits(int64_t place) const {
    uint64_t x = key + 0x9e3779b97f4a7c15 * static_cast<uint64_t>(place + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  /// From 0, inclusive, to 1.
  double fraction(int64_t place) const {
    return static_cast<double>(bits(place) >> 11) * 0x1p-53;
  }
  /// From -1 to 1.
  double centered(int64_t place) const { return 2 * fraction(place) - 1; }
};
} // namespace

/// Layers in front of a vector do not make it a matrix.
static bool isVector(WeightOp weight) {
  return weight.getWeightType().getRank() <=
         (weight.getLayers().empty() ? 1 : 2);
}

/// The numbers among the codes of a float of at most 8 bits, each with its
/// negative.
static std::vector<double> listNumbers(FloatType type) {
  std::vector<double> values;
  for (unsigned bits = 0; bits < 1u << (type.getWidth() - 1); ++bits) {
    llvm::APFloat code(type.getFloatSemantics(),
                       llvm::APInt(type.getWidth(), bits));
    if (!code.isFinite())
      continue;
    values.push_back(code.convertToDouble());
    values.push_back(-values.back());
  }
  return values;
}

/// A code less the zero of its format; `numbers` are those of a float.
static double drawCode(FormatAttr format, ArrayRef<double> numbers,
                       uint64_t bits) {
  Type code = format.getCode();
  if (code.isUnsignedInteger())
    return static_cast<double>(format.getInteger(
        static_cast<int64_t>(bits >> (64 - format.getCodeBits()))));
  if (code.isInteger())
    return static_cast<int8_t>(bits >> 56);
  return numbers[(bits >> 32) % numbers.size()];
}

template <typename NumberT>
static double getRootMeanSquare(ArrayRef<NumberT> numbers) {
  double squares = 0;
  for (double number : numbers)
    squares += number * number;
  return std::sqrt(squares / static_cast<double>(numbers.size()));
}

/// The deviation of random codes.
static double getCodeDeviation(FormatAttr format, ArrayRef<double> numbers) {
  if (!numbers.empty())
    return getRootMeanSquare(numbers);
  if (!format.getValues().empty())
    return getRootMeanSquare(format.getValues());
  return std::ldexp(1.0, static_cast<int>(format.getCodeBits())) /
         std::sqrt(12.0);
}

/// Draws the factors of one role for a column: integers from 1 on, and floats
/// that make their product about `usual`. `sign` may turn it.
class FactorDrawing {
public:
  FactorDrawing(WeightType type, const RandomSequence &numbers)
      : type(type), format(type.getFormat()), numbers(numbers) {}

  double draw(FactorRole role, int64_t row, int64_t col, double usual) const {
    double product = 1, integers = 1;
    int64_t number = 0;
    for (const FormatFactor &factor : format.getFactors())
      if (factor.role == role && factor.type.isInteger())
        integers *= 64;
    for (const FormatFactor &factor : format.getFactors()) {
      int64_t place = 8 * getBlock(factor, row, col) + number++;
      if (factor.role != role)
        continue;
      double fraction = numbers.fraction(place);
      product *=
          factor.type.isInteger()
              ? std::floor(1 + 126 * fraction)
              : roundTo(factor.type, getFloat(role, place) * usual / integers);
    }
    return product;
  }

private:
  double getFloat(FactorRole role, int64_t place) const {
    return role == FactorRole::Scale ? 0.5 + numbers.fraction(place)
                                     : numbers.centered(place);
  }
  int64_t getBlock(const FormatFactor &factor, int64_t row, int64_t col) const {
    int64_t rows = type.getRows();
    int64_t blockRow = row / rows * llvm::divideCeil(rows, factor.rows) +
                       row % rows / factor.rows;
    return blockRow * llvm::divideCeil(type.getCols(), factor.cols) +
           col / factor.cols;
  }

  WeightType type;
  FormatAttr format;
  RandomSequence numbers;
};

/// Codes of a scaled format, and scales that give them the usual deviation.
static void fillScaledRow(WeightType type, const RandomSequence &codes,
                          const RandomSequence &scales, int64_t row,
                          MutableArrayRef<double> out) {
  FormatAttr format = type.getFormat();
  int64_t cols = out.size(), width = format.getScaleCols();
  double deviation = 1 / std::sqrt(static_cast<double>(cols));
  FactorDrawing factors(type, scales);
  std::vector<double> numbers;
  if (auto code = dyn_cast<FloatType>(format.getCode()))
    numbers = listNumbers(code);
  for (int64_t first = 0; first < cols; first += width) {
    double scale = factors.draw(FactorRole::Scale, row, first,
                                deviation / getCodeDeviation(format, numbers));
    double offset = format.hasOffset() ? factors.draw(FactorRole::Offset, row,
                                                      first, 0.5 * deviation)
                                       : 0;
    for (int64_t k = first; k < std::min(first + width, cols); ++k)
      out[k] = drawCode(format, numbers, codes.bits(row * cols + k)) * scale +
               offset;
  }
}

llvm::Error RandomWeights::readRow(WeightOp weight, int64_t row,
                                   MutableArrayRef<double> out) {
  WeightType type = weight.getWeightType();
  uint64_t name = llvm::xxh3_64bits(weight.getSymName());
  RandomSequence codes{RandomSequence{seed}.bits(0) ^ name};
  RandomSequence scales{codes.bits(-1)};
  if (type.getFormat().hasScale()) {
    fillScaledRow(type, codes, scales, row, out);
    return llvm::Error::success();
  }
  bool vector = isVector(weight);
  double center = vector ? 1 : 0;
  // A uniform number between -1 and 1 has the deviation 1 / sqrt(3).
  double width = vector ? 0.2 : std::sqrt(3.0 / out.size());
  for (int64_t k = 0, cols = out.size(); k < cols; ++k)
    out[k] = roundTo(type.getFormat().getCode(),
                     center + width * codes.centered(row * cols + k));
  return llvm::Error::success();
}

DeclaredWeights::DeclaredWeights(ModuleOp module, WeightProvider &weights)
    : weights(weights) {
  for (auto weight : module.getOps<WeightOp>())
    declared[weight.getSymName()] = weight;
}

llvm::Error DeclaredWeights::readRow(WeightOp weight, int64_t row,
                                     MutableArrayRef<double> out) {
  auto found = declared.find(weight.getSymName());
  return weights.readRow(
      found == declared.end() ? weight : cast<WeightOp>(found->second), row,
      out);
}

llvm::Error ListedWeights::readRow(WeightOp weight, int64_t row,
                                   MutableArrayRef<double> out) {
  auto found = listed.find(weight.getSymName());
  if (found == listed.end())
    return others.readRow(weight, row, out);
  WeightType type = weight.getWeightType();
  int64_t elements = 1, cols = out.size();
  for (int64_t dim : type.getShape())
    elements *= dim;
  ArrayRef<double> values = found->second;
  if (static_cast<int64_t>(values.size()) != elements)
    return llvm::createStringError("expects " + Twine(elements) +
                                   " values for @" + weight.getSymName() +
                                   ", but got " + Twine(values.size()));
  llvm::copy(values.slice(row * cols, cols), out.begin());
  if (type.getFormat().hasScale())
    return llvm::Error::success();
  for (double value : out)
    if (roundTo(type.getFormat().getCode(), value) != value)
      return llvm::createStringError(
          "expects values of @" + weight.getSymName() +
          " to be numbers of its format, but got " + std::to_string(value));
  return llvm::Error::success();
}
