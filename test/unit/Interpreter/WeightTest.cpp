// Weights out of a source, with scales, layers and experts, and random ones.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "tenon/Interpreter/Tensor.h"
#include "tenon/Interpreter/WeightProvider.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>
#include "gtest/gtest.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Tensors in memory.
struct MemorySource : TensorSource {
  void add(StringRef name, StorageType type, SmallVector<int64_t, 4> shape,
           std::vector<uint8_t> bytes) {
    infos.push_back({name.str(), type, shape});
    data[name] = std::move(bytes);
  }
  const TensorInfo *find(StringRef name) const override {
    for (const TensorInfo &info : infos)
      if (info.name == name)
        return &info;
    return nullptr;
  }
  ArrayRef<TensorInfo> getTensors() const override { return infos; }
  llvm::Expected<ArrayRef<uint8_t>>
  read(const TensorInfo &tensor) const override {
    return ArrayRef<uint8_t>(data.find(tensor.name)->second);
  }
  std::vector<TensorInfo> infos;
  llvm::StringMap<std::vector<uint8_t>> data;
};

std::vector<uint8_t> f32Bytes(ArrayRef<float> values) {
  auto *begin = reinterpret_cast<const uint8_t *>(values.data());
  return {begin, begin + 4 * values.size()};
}

struct WeightTest : testing::Test {
  WeightTest() { context.loadDialect<TenonDialect>(); }

  WeightOp parse(StringRef text) {
    module = parseSourceString<ModuleOp>(text, &context);
    return *module->getOps<WeightOp>().begin();
  }
  std::vector<double> read(WeightProvider &provider, WeightOp weight,
                           int64_t row) {
    std::vector<double> out(weight.getWeightType().getCols());
    llvm::Error error = provider.readRow(weight, row, out);
    EXPECT_FALSE(static_cast<bool>(error));
    if (error)
      llvm::consumeError(std::move(error));
    return out;
  }
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(WeightTest, LayersAndExpertsNameTensors) {
  WeightOp weight = parse("tenon.weight @w \"l{l}.e{e}\" layers [1, 4] : "
                          "!tenon.weight<2x2x2x1, <f32>>");
  MemorySource source;
  float next = 0;
  for (StringRef name : {"l1.e0", "l1.e1", "l4.e0", "l4.e1"}) {
    source.add(name, StorageType::F32, {2, 1}, f32Bytes({next, next + 1}));
    next += 2;
  }
  SourceWeights provider(source);
  for (int64_t row = 0; row < 8; ++row)
    EXPECT_EQ(read(provider, weight, row), std::vector<double>{double(row)});
}

TEST_F(WeightTest, ExpertsMayLieInOneTensor) {
  WeightOp weight = parse("tenon.weight @w \"l{l}\" layers [3] : "
                          "!tenon.weight<1x2x2x1, <f32>>");
  MemorySource source;
  source.add("l3", StorageType::F32, {2, 2, 1}, f32Bytes({5, 6, 7, 8}));
  SourceWeights provider(source);
  EXPECT_EQ(read(provider, weight, 3), std::vector<double>{8});
}

TEST_F(WeightTest, ScalesCoverPartialBlocks) {
  WeightOp weight =
      parse("tenon.weight @w \"w\" factors [\"w.scale\"] : !tenon.weight<3x5, "
            "<f8E4M3FN, scale f32 per 2x4>>");
  MemorySource source;
  // 0x38 is 1, 0x40 is 2.
  source.add("w", StorageType::F8E4M3, {3, 5},
             {0x38, 0x40, 0x38, 0x40, 0x38, 0x38, 0x38, 0x38, 0x38, 0x40, //
              0x38, 0x38, 0x38, 0x38, 0xb8});
  source.add("w.scale", StorageType::F32, {2, 2}, f32Bytes({10, 20, 30, 40}));
  SourceWeights provider(source);
  EXPECT_EQ(read(provider, weight, 0),
            (std::vector<double>{10, 20, 10, 20, 20}));
  EXPECT_EQ(read(provider, weight, 1),
            (std::vector<double>{10, 10, 10, 10, 40}));
  EXPECT_EQ(read(provider, weight, 2),
            (std::vector<double>{30, 30, 30, 30, -40}));
}

TEST_F(WeightTest, SaysWhatIsMissing) {
  WeightOp weight = parse(
      "tenon.weight @w \"l{l}.x\" layers [7] : !tenon.weight<1x2, <f32>>");
  MemorySource source;
  SourceWeights provider(source);
  std::vector<double> out(2);
  EXPECT_EQ(llvm::toString(provider.readRow(weight, 0, out)),
            "the source has no tensor 'l7.x', which @w needs");
  source.add("l7.x", StorageType::F32, {3}, f32Bytes({1, 2, 3}));
  EXPECT_EQ(llvm::toString(provider.readRow(weight, 0, out)),
            "expects tensor 'l7.x' to have 2 elements for @w, but got 3");
}

TEST_F(WeightTest, RandomNumbersBelongToTheFormat) {
  RandomWeights provider(5), same(5), other(6);
  WeightOp weight = parse("tenon.weight @w \"w\" : !tenon.weight<64x256, "
                          "<bf16>>");
  Type bf16 = BFloat16Type::get(&context);
  double squares = 0;
  for (int64_t row = 0; row < 64; ++row) {
    std::vector<double> numbers = read(provider, weight, row);
    EXPECT_EQ(numbers, read(same, weight, row));
    EXPECT_NE(numbers, read(other, weight, row));
    for (double number : numbers) {
      EXPECT_EQ(number, roundTo(bf16, number));
      squares += number * number;
    }
  }
  // The deviation is 1 / sqrt(256).
  EXPECT_NEAR(std::sqrt(squares / (64 * 256)), 1.0 / 16, 0.002);
}

TEST_F(WeightTest, RandomScaledWeightsHaveTheUsualDeviation) {
  RandomWeights provider(5);
  for (StringRef format :
       {"f8E4M3FN, scale f32 per 128x128", "i8, scale f32 per 1x32"}) {
    WeightOp weight = parse(
        ("tenon.weight @w \"w\" : !tenon.weight<256x1024, <" + format + ">>")
            .str());
    double squares = 0;
    for (int64_t row = 0; row < 256; ++row)
      for (double number : read(provider, weight, row))
        squares += number * number;
    double deviation = std::sqrt(squares / (256 * 1024));
    EXPECT_GT(deviation, 0.7 / 32);
    EXPECT_LT(deviation, 1.5 / 32);
  }
}

TEST_F(WeightTest, VectorsInFrontOfLayersStayVectors) {
  RandomWeights provider(1);
  WeightOp weight = parse("tenon.weight @w \"n{l}\" layers [0, 1] : "
                          "!tenon.weight<2x50, <f32>>");
  for (double number : read(provider, weight, 1)) {
    EXPECT_GE(number, 0.8);
    EXPECT_LE(number, 1.2);
  }
}

TEST_F(WeightTest, RandomNumbersDependOnSymbolAndPlace) {
  RandomWeights provider(5);
  std::vector<std::vector<double>> rows;
  for (StringRef name : {"a", "b"}) {
    WeightOp weight =
        parse(("tenon.weight @" + name + " \"w\" : !tenon.weight<3x64, <f32>>")
                  .str());
    for (int64_t row = 0; row < 3; ++row)
      rows.push_back(read(provider, weight, row));
  }
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      EXPECT_NE(rows[i], rows[j]);
}

/// The distance of codes of eight bits, which is the scale: among 512 of 256
/// codes some two are neighbors.
double findScale(std::vector<double> row) {
  llvm::sort(row);
  double scale = INFINITY;
  for (size_t i = 1; i < row.size(); ++i)
    if (row[i] - row[i - 1] > 1e-9)
      scale = std::min(scale, row[i] - row[i - 1]);
  return scale;
}

TEST_F(WeightTest, RandomScalesBelongToBlocks) {
  RandomWeights provider(5);
  // Two matrices of two blocks of rows each, of which the second is not full.
  WeightOp weight = parse("tenon.weight @w \"w\" : !tenon.weight<2x5x1024, "
                          "<i8, scale f32 per 3x512, offset>>");
  std::vector<double> scales;
  for (int64_t row = 0; row < 10; ++row) {
    std::vector<double> numbers = read(provider, weight, row);
    for (int64_t first : {0, 512})
      scales.push_back(findScale(
          std::vector<double>(&numbers[first], &numbers[first] + 512)));
  }
  auto blockOf = [](int64_t i) {
    int64_t row = i / 2;
    return std::tuple(row / 5, row % 5 / 3, i % 2);
  };
  for (int64_t i = 0; i < 20; ++i)
    for (int64_t j = 0; j < i; ++j) {
      bool same = std::abs(scales[i] / scales[j] - 1) < 1e-6;
      EXPECT_EQ(same, blockOf(i) == blockOf(j)) << i << " and " << j;
    }
}

TEST_F(WeightTest, RandomOffsetsHaveBothSigns) {
  RandomWeights provider(5);
  WeightOp weight = parse("tenon.weight @w \"w\" : !tenon.weight<32x1024, "
                          "<i8, scale f32 per 1x1024, offset>>");
  int negative = 0;
  for (int64_t row = 0; row < 32; ++row) {
    std::vector<double> numbers = read(provider, weight, row);
    negative += std::accumulate(numbers.begin(), numbers.end(), 0.0) < 0;
  }
  // A fair coin does not fall alike 29 times of 32 with any chance to speak of.
  EXPECT_GT(negative, 3);
  EXPECT_LT(negative, 29);
}

TEST_F(WeightTest, RandomCodesAreAllCodes) {
  RandomWeights provider(5);
  WeightOp floats = parse("tenon.weight @w \"w\" : !tenon.weight<1x8192, "
                          "<f8E4M3FN, scale f32 per 1x8192>>");
  auto countDistinct = [&](WeightOp weight) {
    std::vector<double> numbers = read(provider, weight, 0);
    return std::set<double>(numbers.begin(), numbers.end()).size();
  };
  // 254 finite codes, of which two are zeros.
  EXPECT_EQ(countDistinct(floats), 253u);
  WeightOp integers = parse("tenon.weight @w \"w\" : !tenon.weight<1x8192, "
                            "<i8, scale f32 per 1x8192>>");
  EXPECT_EQ(countDistinct(integers), 256u);
}

} // namespace
