// Which features count, and which code variant they choose.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Runtime/Cpu.h"
#include "ToyArtifact.h"
#include "lib/Runtime/Variant.h"

#include <string>

using namespace tenon::runtime;
using namespace tenon::test;

static constexpr uint32_t kAvx2 = TENON_CPU_AVX2;
static constexpr uint32_t kAvx512 = TENON_CPU_AVX2 | TENON_CPU_AVX512;

static const CpuWords kEverything = {~0u, ~0u, ~0u, 0xe7};

TEST(Cpu, NeedsTheSystemToSaveRegisters) {
  EXPECT_EQ(featuresOf(kEverything), kAvx512);
  CpuWords words = kEverything;
  words.enabled = 0x07; // no zmm
  EXPECT_EQ(featuresOf(words), kAvx2);
  words.enabled = 0x03; // no ymm
  EXPECT_EQ(featuresOf(words), 0u);
}

TEST(Cpu, NeedsTheWholeLevel) {
  for (int bit : {16, 17, 28, 30, 31}) {
    CpuWords words = kEverything;
    words.extended &= ~(1u << bit);
    EXPECT_EQ(featuresOf(words), kAvx2)
        << "without bit " << bit << " of leaf 7";
  }
  for (int bit : {3, 5, 8}) {
    CpuWords words = kEverything;
    words.extended &= ~(1u << bit);
    EXPECT_EQ(featuresOf(words), 0u) << "without bit " << bit << " of leaf 7";
  }
  for (int bit : {12, 22, 23, 27, 28, 29}) {
    CpuWords words = kEverything;
    words.basic &= ~(1u << bit);
    EXPECT_EQ(featuresOf(words), 0u) << "without bit " << bit << " of leaf 1";
  }
  CpuWords words = kEverything;
  words.amd &= ~(1u << 5);
  EXPECT_EQ(featuresOf(words), 0u) << "without lzcnt";
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
