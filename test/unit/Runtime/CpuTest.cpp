// Which features count, and which code variant they choose.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Runtime/Cpu.h"
#include "ToyArtifact.h"
#include "lib/Runtime/Variant.h"

#include <cstring>
#include <string>

using namespace tenon::runtime;
using namespace tenon::test;

static constexpr uint32_t kAvx2 = TENON_CPU_AVX2;
static constexpr uint32_t kAvx512 = TENON_CPU_AVX2 | TENON_CPU_AVX512;

/// Returns a word with these bits.
static uint64_t bits(std::initializer_list<int> numbers) {
  uint64_t word = 0;
  for (int number : numbers)
    word |= uint64_t(1) << number;
  return word;
}

// What each level of x86-64 needs, and not one bit more, by the number that
// cpuid and xgetbv give each feature.
static const uint64_t kBasicV3 =
    bits({9, 12, 13, 19, 20, 22, 23, 27, 28, 29});   // ssse3 to f16c
static const uint64_t kExtendedV3 = bits({3, 5, 8}); // bmi1, avx2, bmi2
static const uint64_t kExtendedV4 = bits({16, 17, 28, 30, 31}); // avx512
static const uint64_t kAmdV3 = bits({0, 5});                    // lahf, lzcnt
static const uint64_t kYmm = bits({1, 2}), kZmm = bits({5, 6, 7});

static CpuWords wordsOf(uint64_t basic, uint64_t extended, uint64_t amd,
                        uint64_t enabled) {
  return {uint32_t(basic), uint32_t(extended), uint32_t(amd), enabled};
}

/// Expects other features as soon as one of some bits is missing.
template <typename Word>
static void expectWithoutEach(CpuWords words, Word CpuWords::*word,
                              uint64_t needed, uint32_t features) {
  for (int bit = 0; bit != 32; ++bit) {
    if (!(needed >> bit & 1))
      continue;
    CpuWords less = words;
    less.*word &= ~(Word(1) << bit);
    EXPECT_EQ(featuresOf(less), features) << "without bit " << bit;
  }
}

TEST(Cpu, NeedsAllOfV3AndNothingElse) {
  CpuWords words = wordsOf(kBasicV3, kExtendedV3, kAmdV3, kYmm);
  EXPECT_EQ(featuresOf(words), kAvx2);
  expectWithoutEach(words, &CpuWords::basic, kBasicV3, 0);
  expectWithoutEach(words, &CpuWords::extended, kExtendedV3, 0);
  expectWithoutEach(words, &CpuWords::amd, kAmdV3, 0);
  expectWithoutEach(words, &CpuWords::enabled, kYmm, 0);
}

TEST(Cpu, NeedsAllOfV4AndNothingElse) {
  CpuWords words =
      wordsOf(kBasicV3, kExtendedV3 | kExtendedV4, kAmdV3, kYmm | kZmm);
  EXPECT_EQ(featuresOf(words), kAvx512);
  EXPECT_EQ(featuresOf({~0u, ~0u, ~0u, ~uint64_t(0)}), kAvx512);
  expectWithoutEach(words, &CpuWords::extended, kExtendedV4, kAvx2);
  expectWithoutEach(words, &CpuWords::enabled, kZmm, kAvx2);
  // Half a level below makes nothing of this one.
  expectWithoutEach(words, &CpuWords::extended, kExtendedV3, 0);
  expectWithoutEach(words, &CpuWords::enabled, kYmm, 0);
}

TEST(Cpu, NamesFeatures) {
  auto name = [](uint32_t features) {
    char text[64];
    nameFeatures(features, text, sizeof(text));
    return std::string(text);
  };
  EXPECT_EQ(name(0), "none of avx2, avx512");
  EXPECT_EQ(name(TENON_CPU_AVX2), "avx2");
  EXPECT_EQ(name(TENON_CPU_AVX512), "avx512");
  EXPECT_EQ(name(kAvx512), "avx2, avx512");
  EXPECT_EQ(name(kAvx512 | 0x14), "avx2, avx512, unknown features 0x14");
  EXPECT_EQ(name(4), "unknown features 0x4");
}

TEST(Cpu, AgreesWithTheCompiler) {
  bool avx512 = __builtin_cpu_supports("x86-64-v4");
  bool avx2 = __builtin_cpu_supports("x86-64-v3");
  EXPECT_EQ(featuresOf(readCpuWords()), avx512 ? kAvx512 : avx2 ? kAvx2 : 0u);
}

/// Returns the first step of the chosen variant, or -1.
static int choose(ToyArtifact &artifact, const char *asked, uint32_t features) {
  const tenon_variant *variant = nullptr;
  if (chooseVariant("toy.tenon", &artifact.manifest(), asked, features,
                    variant))
    return -1;
  return variant->first_step;
}

TEST(Variant, BestThatRuns) {
  ToyArtifact artifact;
  EXPECT_EQ(choose(artifact, nullptr, kAvx512), 0 * TOY_BUCKETS);
  EXPECT_EQ(choose(artifact, nullptr, kAvx2), 1 * TOY_BUCKETS);
  EXPECT_EQ(choose(artifact, nullptr, 0), 2 * TOY_BUCKETS);
}

TEST(Variant, ByName) {
  ToyArtifact artifact;
  EXPECT_EQ(choose(artifact, "v3", kAvx512), 1 * TOY_BUCKETS);
  EXPECT_EQ(choose(artifact, "x86-64-v3", kAvx512), 1 * TOY_BUCKETS);
  EXPECT_EQ(choose(artifact, "x86-64", kAvx512), 2 * TOY_BUCKETS);
  // A name is the whole one, with the prefix or without.
  for (const char *wrong : {"", "v", "v33", "3", "x86-64-", "-64", "86-64"})
    EXPECT_EQ(choose(artifact, wrong, kAvx512), -1) << wrong;
  EXPECT_EQ(choose(artifact, "v4", kAvx2), -1);
  EXPECT_STREQ(
      tenon_last_error(),
      "variant 'v4' of 'toy.tenon' needs avx2, avx512, but this CPU and "
      "system have avx2; choose another variant or none");
  EXPECT_EQ(choose(artifact, "v5", kAvx2), -1);
  EXPECT_STREQ(tenon_last_error(),
               "'toy.tenon' has no variant 'v5'; it has x86-64-v4 (needs avx2, "
               "avx512), x86-64-v3 (needs avx2), x86-64 (needs none of avx2, "
               "avx512); choose one of them or none");
}

TEST(Variant, NoneRuns) {
  ToyArtifact artifact;
  artifact.manifest().variants.count = 2;
  EXPECT_EQ(choose(artifact, nullptr, 0), -1);
  EXPECT_STREQ(
      tenon_last_error(),
      "no code in 'toy.tenon' runs here: it has x86-64-v4 (needs avx2, "
      "avx512), x86-64-v3 (needs avx2), and this CPU and system have "
      "none of avx2, avx512; compile the model for this CPU");
  // A feature that this runtime has never heard of.
  artifact.entries<tenon_variant>(artifact.manifest().variants)[1].features |=
      64;
  EXPECT_EQ(choose(artifact, "v3", kAvx2), -1);
  EXPECT_NE(std::string(tenon_last_error()).find("avx2, unknown features 0x40"),
            std::string::npos);
}

// The list of a message is cut, wherever that is.
TEST(Variant, MoreThanAMessageHolds) {
  std::vector<uint64_t> words(4096);
  tenon_manifest &manifest = *reinterpret_cast<tenon_manifest *>(words.data());
  manifest.variants = {sizeof(tenon_manifest), 100};
  auto *variants = reinterpret_cast<tenon_variant *>(&manifest + 1);
  char *name = reinterpret_cast<char *>(words.data()) + 30000;
  for (uint32_t length = 0; length != 64; ++length) {
    name[length] = 'n';
    for (uint32_t i = 0; i != 100; ++i)
      variants[i] = {{30000, length}, TENON_CPU_AVX2, i};
    const tenon_variant *chosen = nullptr;
    EXPECT_EQ(chooseVariant("toy", &manifest, nullptr, 0, chosen),
              TENON_ERROR_CPU);
    EXPECT_NE(strstr(tenon_last_error(), "(needs avx2), "), nullptr);
    EXPECT_NE(strstr(tenon_last_error(), "compile the model for this CPU"),
              nullptr);
  }
}
