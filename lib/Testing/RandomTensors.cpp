// Stored tensors of random numbers for the weights of a module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/RandomTensors.h"
#include "dialects/Tenon/StorageFormat.h"
#include "dialects/Tenon/Tenon.h"
#include "tenon/Packing/GgufBlocks.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

using namespace mlir;
using namespace tenon;

static int64_t countElements(ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                         std::multiplies<>());
}

/// A type of tensors whose values a weight has exactly; of several the number of
/// the weight decides, so that a module sees all of them.
static std::optional<StorageType> chooseType(WeightOp weight, int64_t cols,
                                             size_t number) {
  FormatAttr format = weight.getWeightType().getFormat();
  SmallVector<int64_t, 2> block;
  if (format.hasScale())
    block = {format.getScaleRows(), format.getScaleCols()};
  SmallVector<StorageType> fitting;
  for (StorageType type : getStorageTypes()) {
    FormatAttr stored = getStorageFormat(format.getContext(), type, block);
    bool hasOwnFactors = tenon::hasOwnFactors(type) || !format.hasScale();
    if (stored && (stored == format || stored.getWidened() == format) &&
        cols % getBlockElements(type) == 0 &&
        hasOwnFactors != weight.hasFactorTensors())
      fitting.push_back(type);
  }
  if (fitting.empty())
    return std::nullopt;
  return fitting[number % fitting.size()];
}

namespace {
/// Draws the bytes of one tensor.
class Drawing {
public:
  Drawing(uint64_t seed, StringRef name)
      : random(seed ^ llvm::xxh3_64bits(name)) {}

  /// Between -1 and 1.
  double centered() {
    return std::ldexp(static_cast<double>(random() >> 11), -52) - 1;
  }
  /// The bytes of a number of a type, least significant first.
  void putFloat(const llvm::fltSemantics &semantics, double value,
                uint8_t *bytes) {
    llvm::APFloat number(value);
    bool losesInfo;
    number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    uint64_t bits = number.bitcastToAPInt().getZExtValue();
    std::memcpy(bytes, &bits, llvm::APFloat::getSizeInBits(semantics) / 8);
  }
  /// A number of deviation `deviation` around `center`.
  double draw(double center, double deviation) {
    return center + std::sqrt(3.0) * deviation * centered();
  }
  uint8_t byte() { return static_cast<uint8_t>(random() >> 56); }
  /// Every pattern of e4m3 but the two that are no numbers.
  uint8_t e4m3() {
    uint8_t code = byte();
    return (code & 127) == 127 ? code ^ 1 : code;
  }
  /// One block of GGUF: random codes, and scales for values of a deviation.
  void putBlock(StorageType type, FormatAttr format, double deviation,
                uint8_t *bytes);

private:
  std::mt19937_64 random;
};
} // namespace

/// About how large codes less their zero are, times factors that are integers:
/// what factors that are floats multiply.
static double getUsualProduct(FormatAttr format) {
  double usual = std::ldexp(format.hasOffset() ? 0.55 : 0.29,
                            static_cast<int>(format.getCodeBits()));
  if (auto code = dyn_cast<FloatType>(format.getCode())) {
    auto largest = llvm::APFloat::getLargest(code.getFloatSemantics());
    usual = largest.convertToDouble() / 2;
  }
  if (!format.getValues().empty()) {
    double squares = 0;
    for (int8_t value : format.getValues())
      squares += value * value;
    usual = std::sqrt(squares / static_cast<double>(format.getValues().size()));
  }
  // Unsigned ones have 6 bits.
  for (const FormatFactor &factor : format.getFactors())
    if (factor.role == FactorRole::Scale && factor.type.isInteger())
      usual *= factor.type.isUnsignedInteger() ? 36 : 74;
  return usual;
}

void Drawing::putBlock(StorageType type, FormatAttr format, double deviation,
                       uint8_t *bytes) {
  for (int64_t i = 0, e = getBlockBytes(type); i < e; ++i)
    bytes[i] = byte();
  double usual = deviation / getUsualProduct(format);
  for (auto [number, factor] : llvm::enumerate(format.getFactors()))
    if (isa<FloatType>(factor.type))
      storeBlockFloat(type, number, (1 + 0.5 * centered()) * usual, bytes);
}

static std::vector<uint8_t> drawTensor(MLIRContext *context,
                                       const TensorInfo &info, uint64_t seed) {
  int64_t elements = countElements(info.shape);
  int64_t run = getBlockElements(info.type), size = getBlockBytes(info.type);
  std::vector<uint8_t> bytes(elements / run * size);
  bool isVector = info.shape.size() == 1;
  double center = isVector ? 1 : 0;
  double deviation =
      isVector ? 0.1 : 1 / std::sqrt(static_cast<double>(info.shape.back()));
  Drawing drawing(seed, info.name);
  FormatAttr format = getStorageFormat(context, info.type);
  for (uint8_t *at = bytes.data(); at != bytes.data() + bytes.size();
       at += size)
    switch (info.type) {
    case StorageType::F32:
      drawing.putFloat(llvm::APFloat::IEEEsingle(),
                       drawing.draw(center, deviation), at);
      break;
    case StorageType::F16:
      drawing.putFloat(llvm::APFloat::IEEEhalf(),
                       drawing.draw(center, deviation), at);
      break;
    case StorageType::BF16:
      drawing.putFloat(llvm::APFloat::BFloat(), drawing.draw(center, deviation),
                       at);
      break;
    case StorageType::F8E4M3:
      *at = drawing.e4m3();
      break;
    case StorageType::F4E2M1:
      *at = drawing.byte();
      break;
    default:
      drawing.putBlock(info.type, format, deviation, at);
    }
  return bytes;
}

/// Scales of codes: those of e4m3 have a deviation of about 110, and those of
/// e2m1 one of about 3.
static std::vector<uint8_t> drawScales(const TensorInfo &info, int64_t cols,
                                       uint64_t seed) {
  std::vector<uint8_t> bytes(getBlockBytes(info.type) *
                             countElements(info.shape));
  Drawing drawing(seed, info.name);
  if (info.type == StorageType::F8E8M0) {
    double usual = std::log2(3 * std::sqrt(static_cast<double>(cols)));
    for (uint8_t &byte : bytes)
      byte = static_cast<uint8_t>(127.5 - usual + drawing.centered());
    return bytes;
  }
  double usual = 1 / (110 * std::sqrt(static_cast<double>(cols)));
  for (size_t at = 0; at != bytes.size(); at += 4)
    drawing.putFloat(llvm::APFloat::IEEEsingle(),
                     usual * (1 + 0.5 * drawing.centered()), &bytes[at]);
  return bytes;
}

/// A tensor of a weight, and those of its factors.
static std::vector<std::pair<TensorInfo, std::vector<uint8_t>>>
drawPart(WeightOp weight, int64_t index, StorageType type, uint64_t seed) {
  SmallVector<int64_t, 4> shape(weight.getTensorShape());
  TensorInfo info = {weight.getTensorName(index), type, shape};
  std::vector<uint8_t> bytes = drawTensor(weight.getContext(), info, seed);
  std::vector<std::pair<TensorInfo, std::vector<uint8_t>>> tensors;
  tensors.emplace_back(std::move(info), std::move(bytes));
  if (!weight.hasFactorTensors())
    return tensors;
  FormatAttr format = weight.getWeightType().getFormat();
  for (auto [number, factor] : llvm::enumerate(format.getFactors())) {
    TensorInfo scales = {weight.getFactorTensorName(number, index),
                         type == StorageType::F4E2M1 ? StorageType::F8E8M0
                                                     : StorageType::F32,
                         shape};
    int64_t &rows = scales.shape[shape.size() - 2];
    rows = llvm::divideCeil(rows, factor.rows);
    scales.shape.back() = llvm::divideCeil(shape.back(), factor.cols);
    std::vector<uint8_t> numbers = drawScales(scales, shape.back(), seed);
    tensors.emplace_back(std::move(scales), std::move(numbers));
  }
  return tensors;
}

void RandomTensors::add(TensorInfo info, std::vector<uint8_t> bytes) {
  if (!numbers.try_emplace(info.name, infos.size()).second)
    return; // Two weights may name one tensor.
  infos.push_back(std::move(info));
  contents.push_back(std::move(bytes));
}

llvm::Expected<std::unique_ptr<RandomTensors>>
RandomTensors::create(ModuleOp module, uint64_t seed) {
  auto tensors = std::make_unique<RandomTensors>();
  for (auto [number, weight] : llvm::enumerate(module.getOps<WeightOp>())) {
    FormatAttr format = weight.getWeightType().getFormat();
    SmallVector<int64_t, 4> shape(weight.getTensorShape());
    std::optional<StorageType> type =
        shape.empty() ? std::nullopt : chooseType(weight, shape.back(), number);
    if (!type || (format.hasScale() && shape.size() < 2))
      return llvm::createStringError("no storage type has the values of @" +
                                     weight.getSymName() +
                                     " for random weights; give --model");
    for (int64_t i = 0, e = weight.getTensorCount(); i < e; ++i)
      for (auto &[info, bytes] : drawPart(weight, i, *type, seed))
        tensors->add(std::move(info), std::move(bytes));
  }
  return std::move(tensors);
}

const TensorInfo *RandomTensors::find(StringRef name) const {
  auto found = numbers.find(name);
  return found == numbers.end() ? nullptr : &infos[found->second];
}

llvm::Expected<ArrayRef<uint8_t>>
RandomTensors::read(const TensorInfo &tensor) const {
  return ArrayRef<uint8_t>(contents[numbers.lookup(tensor.name)]);
}
