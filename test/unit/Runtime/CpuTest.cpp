// Which features count, and which code variant they choose.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Runtime/Cpu.h"
#include "ToyArtifact.h"
#include "lib/Runtime/Variant.h"

#include <cstring>
#include <string>
#include <vector>

using namespace tenon::runtime;
using namespace tenon::test;

static constexpr uint32_t kAvx2 = TENON_CPU_AVX2;
static constexpr uint32_t kAvx512 = TENON_CPU_AVX2 | TENON_CPU_AVX512;
static constexpr uint32_t kAll =
    kAvx512 | TENON_CPU_AVXVNNI | TENON_CPU_AVX512VNNI | TENON_CPU_AVX512BF16;

// Artifacts that exist were written with these numbers.
static_assert(TENON_CPU_AVX2 == 1 && TENON_CPU_AVX512 == 2 &&
              TENON_CPU_AVXVNNI == 4 && TENON_CPU_AVX512VNNI == 8 &&
              TENON_CPU_AVX512BF16 == 16);

namespace {
/// A bit that a CPU or its system has.
struct Bit {
  CpuWord word;
  int number;
};
using Bits = std::vector<Bit>;
} // namespace

// What each feature needs, and not one bit more, by the number that cpuid and
// xgetbv give it.
static const Bits kV3 = {
    {LEAF1_ECX, 9},
    {LEAF1_ECX, 12}, // ssse3, fma
    {LEAF1_ECX, 13},
    {LEAF1_ECX, 19}, // cmpxchg16b, sse4.1
    {LEAF1_ECX, 20},
    {LEAF1_ECX, 22}, // sse4.2, movbe
    {LEAF1_ECX, 23},
    {LEAF1_ECX, 27}, // popcnt, osxsave
    {LEAF1_ECX, 28},
    {LEAF1_ECX, 29}, // avx, f16c
    {LEAF7_EBX, 3},
    {LEAF7_EBX, 5}, // bmi1, avx2
    {LEAF7_EBX, 8},
    {LEAF80000001_ECX, 0}, // bmi2, lahf
    {LEAF80000001_ECX, 5},
    {XCR0, 1}, // lzcnt, xmm
    {XCR0, 2}, // ymm
};
static const Bits kV4 = {
    {LEAF7_EBX, 16}, {LEAF7_EBX, 17}, // avx512 f, dq
    {LEAF7_EBX, 28}, {LEAF7_EBX, 30}, // avx512 cd, bw
    {LEAF7_EBX, 31}, {XCR0, 5},       // avx512vl, mask registers
    {XCR0, 6},       {XCR0, 7},       // zmm0 to 15, zmm16 to 31
};
static const Bits kVnni512 = {{LEAF7_ECX, 11}};
static const Bits kVnni = {{LEAF7_1_EAX, 4}};
static const Bits kBf16 = {{LEAF7_1_EAX, 5}};

static CpuWords wordsOf(std::initializer_list<Bits> parts) {
  CpuWords words = {};
  for (const Bits &part : parts)
    for (Bit bit : part)
      words.values[bit.word] |= uint64_t(1) << bit.number;
  return words;
}

/// Expects other features as soon as one of some bits is missing.
static void expectWithoutEach(const CpuWords &words, const Bits &needed,
                              uint32_t features) {
  for (Bit bit : needed) {
    CpuWords less = words;
    less.values[bit.word] &= ~(uint64_t(1) << bit.number);
    EXPECT_EQ(featuresOf(less), features)
        << "without bit " << bit.number << " of word " << bit.word;
  }
}

TEST(Cpu, NeedsAllOfV3AndNothingElse) {
  CpuWords words = wordsOf({kV3});
  EXPECT_EQ(featuresOf(words), kAvx2);
  expectWithoutEach(words, kV3, 0);
}

TEST(Cpu, NeedsAllOfV4AndNothingElse) {
  CpuWords words = wordsOf({kV3, kV4});
  EXPECT_EQ(featuresOf(words), kAvx512);
  expectWithoutEach(words, kV4, kAvx2);
  // Half a level below makes nothing of this one.
  expectWithoutEach(words, kV3, 0);
}

TEST(Cpu, NeedsWhatAFeatureExtends) {
  CpuWords narrow = wordsOf({kV3, kVnni});
  EXPECT_EQ(featuresOf(narrow), kAvx2 | TENON_CPU_AVXVNNI);
  expectWithoutEach(narrow, kVnni, kAvx2);
  expectWithoutEach(narrow, kV3, 0);
  CpuWords wide = wordsOf({kV3, kV4, kVnni512, kBf16});
  EXPECT_EQ(featuresOf(wide),
            kAvx512 | TENON_CPU_AVX512VNNI | TENON_CPU_AVX512BF16);
  expectWithoutEach(wide, kVnni512, kAvx512 | TENON_CPU_AVX512BF16);
  expectWithoutEach(wide, kBf16, kAvx512 | TENON_CPU_AVX512VNNI);
  expectWithoutEach(wide, kV4, kAvx2);
  CpuWords all;
  std::memset(&all, 0xff, sizeof(all));
  EXPECT_EQ(featuresOf(all), kAll);
  EXPECT_EQ(featuresOf(CpuWords()), 0u);
}

TEST(Cpu, NamesFeatures) {
  auto name = [](uint32_t features, size_t size = 128) {
    char text[128];
    std::memset(text, 'x', sizeof(text));
    nameFeatures(features, text, size);
    return std::string(text);
  };
  EXPECT_EQ(name(0), "none of the known features");
  EXPECT_EQ(name(TENON_CPU_AVX2), "avx2");
  EXPECT_EQ(name(TENON_CPU_AVX512), "avx512");
  EXPECT_EQ(name(kAvx512), "avx2, avx512");
  EXPECT_EQ(name(kAll), "avx2, avx512, avxvnni, avx512vnni, avx512bf16");
  EXPECT_EQ(name(kAvx512 | 3u << 30),
            "avx2, avx512, unknown features 0xc0000000");
  EXPECT_EQ(name(1u << 31), "unknown features 0x80000000");
  // A text is cut where its space ends.
  for (size_t size = 1; size != 80; ++size)
    EXPECT_EQ(name(~0u, size), name(~0u).substr(0, size - 1));
}

TEST(Cpu, AgreesWithTheCompiler) {
  uint32_t features = 0;
  if (__builtin_cpu_supports("x86-64-v3"))
    features |= TENON_CPU_AVX2;
  if (__builtin_cpu_supports("x86-64-v4"))
    features |= TENON_CPU_AVX512;
  if (__builtin_cpu_supports("avx512vnni"))
    features |= TENON_CPU_AVX512VNNI;
  if (__builtin_cpu_supports("avx512bf16"))
    features |= TENON_CPU_AVX512BF16;
  EXPECT_EQ(tenon_cpu_features() & ~TENON_CPU_AVXVNNI, features);
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
               "avx512), x86-64-v3 (needs avx2), x86-64 (needs none of "
               "the known features); choose one of them or none");
}

TEST(Variant, NoneRuns) {
  ToyArtifact artifact;
  artifact.manifest().variants.count = 2;
  EXPECT_EQ(choose(artifact, nullptr, 0), -1);
  EXPECT_STREQ(
      tenon_last_error(),
      "no code in 'toy.tenon' runs here: it has x86-64-v4 (needs avx2, "
      "avx512), x86-64-v3 (needs avx2), and this CPU and system have "
      "none of the known features; compile the model for this CPU");
  // A feature that this runtime has never heard of.
  artifact.entries<tenon_variant>(artifact.manifest().variants)[1].features |=
      1u << 30;
  EXPECT_EQ(choose(artifact, "v3", kAvx2), -1);
  EXPECT_NE(
      std::string(tenon_last_error()).find("avx2, unknown features 0x40000000"),
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
