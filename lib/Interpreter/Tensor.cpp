// Values of tensors, and how numbers are rounded.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/Tensor.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Format.h"
#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;
using namespace tenon;

/// What an integer holds before anything is written to it.
static constexpr int64_t kUnwritten = -0x21524111; // 0xdeadbeef as i32

double tenon::getUnitRoundoff(Type type) {
  const llvm::fltSemantics &semantics =
      cast<FloatType>(type).getFloatSemantics();
  return std::ldexp(1.0, -int(llvm::APFloat::semanticsPrecision(semantics)));
}

/// Rounds a double in its own bits; only for numbers that stay normal.
static double roundBits(double value, int precision) {
  uint64_t bits = llvm::bit_cast<uint64_t>(value);
  int dropped = 53 - precision;
  uint64_t last = bits >> dropped & 1;
  bits += (uint64_t(1) << (dropped - 1)) - 1 + last;
  return llvm::bit_cast<double>(bits >> dropped << dropped);
}

double tenon::roundTo(Type type, double value) {
  if (type.isF64() || value == 0 || !std::isfinite(value))
    return value;
  if (type.isF32())
    return static_cast<float>(value);
  const llvm::fltSemantics &semantics =
      cast<FloatType>(type).getFloatSemantics();
  int precision = llvm::APFloat::semanticsPrecision(semantics);
  int smallest = llvm::APFloat::semanticsMinExponent(semantics);
  int exponent = std::ilogb(value);
  if (exponent >= smallest &&
      exponent < llvm::APFloat::semanticsMaxExponent(semantics))
    return roundBits(value, precision);
  // Below the smallest normal number, all are multiples of one power of two.
  int unit = std::max(exponent, smallest) - (precision - 1);
  double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -unit)), unit);
  double largest = llvm::APFloat::getLargest(semantics).convertToDouble();
  if (std::abs(rounded) <= largest)
    return rounded;
  bool hasInfinity = llvm::APFloat::semanticsHasInf(semantics);
  return std::copysign(
      hasInfinity ? std::numeric_limits<double>::infinity() : largest, value);
}

int64_t tenon::wrapTo(Type type, int64_t value) {
  unsigned width = isa<IndexType>(type) ? 64 : type.getIntOrFloatBitWidth();
  if (width == 1)
    return value & 1;
  if (width >= 64)
    return value;
  uint64_t shifted = static_cast<uint64_t>(value) << (64 - width);
  return static_cast<int64_t>(shifted) >> (64 - width);
}

bool tenon::isInterpretable(ArrayRef<int64_t> shape) {
  constexpr int64_t most = int64_t(1) << 28;
  int64_t elements = 1;
  for (int64_t dim : shape) {
    if (dim < 0 || (dim > 0 && elements > most / dim))
      return false;
    elements *= std::max<int64_t>(dim, 1);
  }
  return true;
}

void History::merge(const History &other) {
  chain = std::max(chain, other.chain);
  longestSum = std::max(longestSum, other.longestSum);
  roundoff = std::max(roundoff, other.roundoff);
}

Tensor::Tensor(Type element, ArrayRef<int64_t> shape)
    : element(element), shape(shape) {
  if (isFloat())
    elements->floats.assign(getNumElements(),
                            std::numeric_limits<double>::quiet_NaN());
  else
    elements->ints.assign(getNumElements(), wrapTo(element, kUnwritten));
}

int64_t Tensor::getNumElements() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                         std::multiplies<int64_t>());
}

Tensor::Elements &Tensor::own() {
  if (elements.use_count() > 1)
    elements = std::make_shared<Elements>(*elements);
  return *elements;
}

int64_t Tensor::offsetOf(ArrayRef<int64_t> index) const {
  int64_t offset = 0;
  for (auto [place, size] : llvm::zip_equal(index, shape))
    offset = offset * size + place;
  return offset;
}

Tensor Tensor::reshaped(ArrayRef<int64_t> newShape) const {
  Tensor result = *this;
  result.shape.assign(newShape.begin(), newShape.end());
  assert(result.getNumElements() == getNumElements() && "elements get lost");
  return result;
}

void Tensor::copyElement(int64_t to, const Tensor &from, int64_t at) {
  if (isFloat())
    own().floats[to] = from.floats()[at];
  else
    own().ints[to] = from.ints()[at];
}

void Tensor::print(llvm::raw_ostream &os, int digits) const {
  int64_t total = getNumElements();
  auto printElement = [&](int64_t at) {
    if (isFloat() && std::isnan(floats()[at]))
      os << "nan"; // whatever its sign
    else if (isFloat())
      os << llvm::format("%.*g", digits, floats()[at]);
    else
      os << ints()[at];
  };
  if (shape.empty())
    return printElement(0);
  if (total == 0) {
    os << "[]";
    return;
  }
  // A bracket opens before each element that begins a run of a dimension.
  SmallVector<int64_t> runs(shape.size());
  int64_t run = 1;
  for (int64_t dim = getRank() - 1; dim >= 0; --dim)
    runs[dim] = run *= shape[dim];
  for (int64_t at = 0; at < total; ++at) {
    auto bordersOn = [&](int64_t place) {
      return llvm::count_if(runs, [&](int64_t r) { return place % r == 0; });
    };
    os << (at == 0 ? "" : ", ") << std::string(bordersOn(at), '[');
    printElement(at);
    os << std::string(bordersOn(at + 1), ']');
  }
}
