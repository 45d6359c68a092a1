// Rounding to a type, tolerances, and files of arrays.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/Npy.h"
#include "tenon/Interpreter/Tensor.h"
#include "tenon/Interpreter/Tolerance.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include <cmath>
#include <cstring>
#include "gtest/gtest.h"

using namespace mlir;
using namespace tenon;

namespace {

struct NumberTest : testing::Test {
  MLIRContext context;
  Type f32 = Float32Type::get(&context), bf16 = BFloat16Type::get(&context);
  Type f16 = Float16Type::get(&context);
  Type f8 = Float8E4M3FNType::get(&context);
  Type i32 = IntegerType::get(&context, 32);
};

TEST_F(NumberTest, RoundsOnceToNearestEven) {
  EXPECT_EQ(roundTo(bf16, 1 + 0x1p-8), 1);
  EXPECT_EQ(roundTo(bf16, 1 + 0x3p-8), 1 + 0x1p-6);
  // Rounding to f32 first would make a tie of this.
  EXPECT_EQ(roundTo(bf16, 1 + 0x1p-8 + 0x1p-40), 1 + 0x1p-7);
  EXPECT_EQ(roundTo(f16, 0x1p-25), 0); // half of the smallest number
  EXPECT_EQ(roundTo(f16, 0x1.8p-25), 0x1p-24);
  EXPECT_TRUE(std::isinf(roundTo(f16, 65520)));
  EXPECT_EQ(roundTo(f16, 65519), 65504);
  EXPECT_EQ(roundTo(f8, -1000), -448);
  EXPECT_EQ(roundTo(f8, 0x1p-10), 0);
  EXPECT_EQ(roundTo(f32, 0.1), 0.1f);
}

TEST_F(NumberTest, KeepsNumbersOfTheType) {
  for (uint32_t code = 1; code < 0x7f80; ++code) {
    uint32_t bits = code << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    EXPECT_EQ(roundTo(bf16, value), value);
  }
}

TEST_F(NumberTest, WrapsIntegers) {
  EXPECT_EQ(wrapTo(IntegerType::get(&context, 8), 200), -56);
  EXPECT_EQ(wrapTo(IntegerType::get(&context, 1), 3), 1);
  EXPECT_EQ(wrapTo(i32, int64_t(1) << 31), -(int64_t(1) << 31));
}

TEST_F(NumberTest, UnitRoundoffs) {
  EXPECT_EQ(getUnitRoundoff(f32), 0x1p-24);
  EXPECT_EQ(getUnitRoundoff(bf16), 0x1p-8);
  EXPECT_EQ(getUnitRoundoff(f8), 0x1p-4);
}

/// Two numbers after one sum of 100 terms in f32.
Tensor pairOf(Type type, double first, double second) {
  Tensor tensor(type, {2});
  tensor.mutableFloats()[0] = first;
  tensor.mutableFloats()[1] = second;
  tensor.history = {1, 100, 0x1p-24};
  return tensor;
}

TEST_F(NumberTest, ComparesWithinTheTolerance) {
  double relative = getTolerance(0x1p-24, 100, 1);
  EXPECT_DOUBLE_EQ(relative, 16 * 5 * 0x1p-24);
  Tensor oracle = pairOf(f32, 3, 4);
  auto near = tenon::compare(pairOf(f32, 3, 4 + 2 * relative), oracle);
  ASSERT_TRUE(static_cast<bool>(near));
  EXPECT_NEAR(near->ratio, 0.5, 1e-9);
  EXPECT_EQ(near->element, 1);
  auto far = tenon::compare(pairOf(f32, 3, 4 + 8 * relative), oracle);
  ASSERT_TRUE(static_cast<bool>(far));
  EXPECT_NEAR(far->ratio, 2, 1e-9);
}

TEST_F(NumberTest, ZerosAndInfinitiesHaveNoMagnitude) {
  Tensor oracle(f32, {4}), result;
  llvm::copy(std::vector<double>{3, 0, 0, INFINITY},
             oracle.mutableFloats().begin());
  oracle.history = {1, 100, 0x1p-24};
  result = oracle;
  double relative = getTolerance(0x1p-24, 100, 1);
  // The root mean square of what is neither is 3.
  result.mutableFloats()[1] = 1.5 * relative;
  auto near = tenon::compare(result, oracle);
  ASSERT_TRUE(static_cast<bool>(near));
  EXPECT_NEAR(near->ratio, 0.5, 1e-9);
  EXPECT_EQ(near->tolerance, 3 * relative);
  auto wide = tenon::compare(result, oracle, /*scale=*/2);
  ASSERT_TRUE(static_cast<bool>(wide));
  EXPECT_NEAR(wide->ratio, 0.25, 1e-9);
  for (double wrong : std::initializer_list<double>{-INFINITY, 1e300, NAN}) {
    result.mutableFloats()[3] = wrong;
    auto far = tenon::compare(result, oracle);
    EXPECT_FALSE(static_cast<bool>(far)) << wrong;
    llvm::consumeError(far.takeError());
  }
}

TEST_F(NumberTest, RefusesOtherShapesAndKinds) {
  Tensor floats = pairOf(f32, 1, 2), integers(i32, {2});
  llvm::fill(integers.mutableInts(), 1);
  Tensor others = integers;
  auto equal = tenon::compare(integers, others);
  EXPECT_TRUE(static_cast<bool>(equal));
  others.mutableInts()[1] = 2;
  for (const auto &[a, b] :
       {std::pair(integers, others), std::pair(integers, floats),
        std::pair(floats, floats.reshaped({2, 1}))}) {
    auto refused = tenon::compare(a, b);
    EXPECT_FALSE(static_cast<bool>(refused));
    llvm::consumeError(refused.takeError());
  }
}

TEST_F(NumberTest, HistoriesAddUp) {
  History longer{5, 2, 0x1p-24}, wider{3, 90, 0x1p-8};
  longer.merge(wider);
  EXPECT_EQ(longer.chain, 5);
  EXPECT_EQ(longer.longestSum, 90);
  EXPECT_EQ(longer.roundoff, 0x1p-8);
  wider.merge(History());
  EXPECT_EQ(wider.chain, 3);
  EXPECT_EQ(wider.longestSum, 90);
  EXPECT_EQ(wider.roundoff, 0x1p-8);
}

TEST_F(NumberTest, RefusesWhatIsNoNumber) {
  double nan = std::nan("");
  auto both = tenon::compare(pairOf(f32, nan, 1), pairOf(f32, nan, 1));
  EXPECT_FALSE(static_cast<bool>(both));
  llvm::consumeError(both.takeError());
  // Without a rounding there is no tolerance.
  Tensor moved = pairOf(f32, 1, 2);
  moved.history = History();
  auto off = tenon::compare(pairOf(f32, 1, 2 + 0x1p-20), moved);
  EXPECT_FALSE(static_cast<bool>(off));
  llvm::consumeError(off.takeError());
}

TEST_F(NumberTest, CopiesShareUntilTheyChange) {
  Tensor a = pairOf(f32, 1, 2), b = a;
  EXPECT_EQ(a.floats().data(), b.floats().data());
  b.mutableFloats()[0] = 5;
  EXPECT_EQ(a.floats()[0], 1);
  EXPECT_EQ(b.floats()[0], 5);
}

TEST_F(NumberTest, ArraysSurviveAFile) {
  llvm::SmallString<64> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("array", "npy", path));
  Tensor floats = pairOf(f32, 0.1f, -INFINITY).reshaped({2, 1});
  ASSERT_FALSE(static_cast<bool>(writeNpy(path, floats)));
  auto read = readNpy(path, f32);
  ASSERT_TRUE(static_cast<bool>(read));
  EXPECT_EQ(read->getShape(), floats.getShape());
  EXPECT_EQ(read->floats(), floats.floats());
  auto wrong = readNpy(path, i32);
  EXPECT_FALSE(static_cast<bool>(wrong));
  llvm::consumeError(wrong.takeError());
  Tensor none(i32, {0, 3});
  ASSERT_FALSE(static_cast<bool>(writeNpy(path, none)));
  auto empty = readNpy(path, i32);
  ASSERT_TRUE(static_cast<bool>(empty));
  EXPECT_EQ(empty->getNumElements(), 0);
  llvm::sys::fs::remove(path);
}

} // namespace
