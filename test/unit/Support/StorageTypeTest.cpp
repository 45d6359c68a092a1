// Numbers of types in GGUF files, and sizes of their blocks.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/TensorSource.h"
#include <map>
#include "gtest/gtest.h"

using namespace tenon;

TEST(StorageTypeTest, NumbersOfGguf) {
  EXPECT_EQ(getGgufType(0), StorageType::F32);
  EXPECT_EQ(getGgufType(14), StorageType::Q6_K);
  EXPECT_EQ(getGgufType(39), StorageType::MXFP4);
  // Types of GGUF that no weight has, of other files only, and of nobody.
  for (uint32_t number : {4u, 9u, 24u, 27u, 1000u, 0xffffffffu})
    EXPECT_EQ(getGgufType(number), std::nullopt) << number;
  EXPECT_EQ(stringifyGgufType(12), "Q4_K");
  EXPECT_EQ(stringifyGgufType(9), "Q8_1");
  EXPECT_EQ(stringifyGgufType(24), "I8");
  EXPECT_EQ(stringifyGgufType(4), "number 4");
  EXPECT_EQ(stringifyGgufType(0xffffffff), "number 4294967295");
}

// A number names one type, and a type has one number.
TEST(StorageTypeTest, NumbersAreOfOneType) {
  std::map<std::string, uint32_t> numbers;
  for (uint32_t number = 0; number != 64; ++number) {
    std::string name = stringifyGgufType(number);
    EXPECT_TRUE(numbers.emplace(name, number).second) << name;
    if (std::optional<StorageType> type = getGgufType(number))
      EXPECT_EQ(stringifyStorageType(*type), name);
  }
}

// Bits of an element are those that the names of the types promise: codes, and
// the scales and minima of a block.
TEST(StorageTypeTest, BitsOfAnElement) {
  const std::map<std::string, double> bits = {
      {"F32", 32},         {"F16", 16},        {"BF16", 16},
      {"F8_E4M3", 8},      {"I8", 8},          {"U8", 8},
      {"I32", 32},         {"I64", 64},        {"BOOL", 8},
      {"Q4_0", 4.5},       {"Q4_1", 5},        {"Q5_0", 5.5},
      {"Q5_1", 6},         {"Q8_0", 8.5},      {"Q4_K", 4.5},
      {"Q5_K", 5.5},       {"Q6_K", 6.5625},   {"MXFP4", 4.25},
      {"U2", 2},           {"U4", 4},          {"Q2_K", 2.625},
      {"Q3_K", 3.4375},    {"IQ1_S", 1.5625},  {"IQ1_M", 1.75},
      {"IQ2_XXS", 2.0625}, {"IQ2_XS", 2.3125}, {"IQ2_S", 2.5625},
      {"IQ3_XXS", 3.0625}, {"IQ3_S", 3.4375},  {"IQ4_NL", 4.5},
      {"IQ4_XS", 4.25},    {"TQ1_0", 1.6875},  {"TQ2_0", 2.0625},
      {"F4", 4},           {"F8_E8M0", 8},
  };
  EXPECT_EQ(getStorageTypes().size(), bits.size());
  for (StorageType type : getStorageTypes()) {
    std::string name = stringifyStorageType(type).str();
    ASSERT_EQ(bits.count(name), 1u) << name;
    EXPECT_EQ(8. * getBlockBytes(type) / getBlockElements(type), bits.at(name))
        << name;
  }
}
