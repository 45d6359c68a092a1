// The table of targets, by name and by bit.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/Targets.h"
#include <set>
#include "gtest/gtest.h"

using namespace tenon;
using Names = llvm::SmallVector<std::string>;

TEST(TargetsTest, NamesOfFeatures) {
  EXPECT_EQ(nameCpuFeatures(0), Names());
  uint32_t known = 0;
  Names all;
  for (const CpuFeature &feature : getCpuFeatures()) {
    EXPECT_EQ(nameCpuFeatures(feature.bit), Names{feature.name.str()});
    EXPECT_EQ(known & feature.bit, 0u) << "a bit of its own";
    known |= feature.bit;
    all.push_back(feature.name.str());
  }
  EXPECT_EQ(nameCpuFeatures(known), all);
}

// Of an artifact that a later version wrote.
TEST(TargetsTest, FeaturesThatTheTableDoesNotHave) {
  const CpuFeature &first = getCpuFeatures().front();
  EXPECT_EQ(nameCpuFeatures(1u << 31), Names{"unknown features 0x80000000"});
  EXPECT_EQ(nameCpuFeatures(first.bit | 5u << 29),
            (Names{first.name.str(), "unknown features 0xa0000000"}));
}

TEST(TargetsTest, LevelsByName) {
  std::string list;
  std::set<std::string> suffixes;
  for (const CpuLevel &level : getCpuLevels()) {
    EXPECT_EQ(findCpuLevel(level.name), &level);
    list += (list.empty() ? "" : ", ") + level.name.str();
    EXPECT_TRUE(suffixes.insert(level.getSymbolSuffix()).second);
  }
  EXPECT_EQ(listCpuLevels(), list);
  list.clear();
  for (const GpuLevel &level : getGpuLevels()) {
    EXPECT_EQ(findGpuLevel(level.name), &level);
    list += (list.empty() ? "" : ", ") + level.name.str();
  }
  EXPECT_EQ(listGpuLevels(), list);
  for (const char *name : {"", "x86-64", "x86-64-v3 ", "X86-64-V3"})
    EXPECT_EQ(findCpuLevel(name), nullptr) << name;
  for (const char *name : {"", "sm_8", "sm_800", "x86-64-v3"})
    EXPECT_EQ(findGpuLevel(name), nullptr) << name;
}

// A variant's functions end with its name, in characters that need no quotes.
TEST(TargetsTest, SuffixesOfSymbols) {
  EXPECT_EQ(findCpuLevel("x86-64-v3")->getSymbolSuffix(), ".v3");
  EXPECT_EQ(findCpuLevel("x86-64-v4+vnni+bf16")->getSymbolSuffix(),
            ".v4_vnni_bf16");
}

// Sums fill a vector of the level, and a feature of the level has the instruction.
TEST(TargetsTest, DotProductsOfALevel) {
  for (const CpuLevel &level : getCpuLevels()) {
    std::set<std::string> names;
    for (const DotInstruction *dot : level.getDotInstructions()) {
      EXPECT_EQ(dot->feature & ~level.features, 0u) << dot->name.str();
      int64_t bits = std::stoi(dot->sums.drop_front().str());
      EXPECT_EQ(dot->lanes * bits, level.lanes * 32) << dot->name.str();
      names.insert(dot->name.str());
    }
    EXPECT_EQ(names.count("vpmaddubsw"), 1u) << level.name.str();
    EXPECT_EQ(names.count("vdpbf16ps"), level.name.contains("bf16"))
        << level.name.str();
  }
}
