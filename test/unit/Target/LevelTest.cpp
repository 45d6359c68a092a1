// What holds for every level of the table of targets.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Runtime/Format.h"
#include "tenon/Support/Targets.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"

#include "gtest/gtest.h"

using namespace tenon;

// A runtime gives a feature only together with those that it extends.
TEST(Level, HasWhatItsFeaturesExtend) {
  for (const CpuLevel &level : getCpuLevels()) {
#define TENON_CPU_FEATURE(id, bit, word, base, llvm, text)                     \
  if (level.features & TENON_CPU_##id)                                         \
    EXPECT_EQ((base) & ~level.features, 0u) << level.name.str() << ": " word;
#include "tenon/Support/Targets.def"
  }
}

TEST(Level, FeaturesHaveBitsOfTheirOwn) {
  uint32_t bits = 0;
  for (const CpuFeature &feature : getCpuFeatures()) {
    EXPECT_EQ(bits & feature.bit, 0u) << feature.name.str();
    bits |= feature.bit;
  }
  for (const CpuLevel &level : getCpuLevels())
    EXPECT_EQ(level.features & ~bits, 0u) << level.name.str();
}

// One without bits would be found on every CPU.
TEST(Level, FeaturesConsistOfBits) {
  uint32_t found = 0, all = 0;
#define TENON_CPUID(id, word, bit) found |= TENON_CPU_##id;
#include "tenon/Support/Targets.def"
  for (const CpuFeature &feature : getCpuFeatures())
    all |= feature.bit;
  EXPECT_EQ(found, all);
}

/// Expects LLVM to know a CPU and features, of which it only warns otherwise.
static void expectKnown(llvm::StringRef triple, llvm::StringRef cpu,
                        llvm::StringRef features) {
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(llvm::Triple(triple), message);
  ASSERT_TRUE(target) << message;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(llvm::Triple(triple), "", ""));
  EXPECT_TRUE(subtarget->isCPUStringValid(cpu)) << cpu.str();
  llvm::StringSet<> known;
  for (const llvm::SubtargetFeatureKV &feature :
       subtarget->getAllProcessorFeatures())
    known.insert(feature.Key);
  llvm::SmallVector<llvm::StringRef> names;
  features.split(names, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef name : names) {
    EXPECT_TRUE(name.consume_front("+"));
    EXPECT_TRUE(known.contains(name)) << name.str();
  }
}

TEST(Level, LlvmKnowsCpusAndFeatures) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTargetMC();
  for (const CpuLevel &level : getCpuLevels())
    expectKnown("x86_64-unknown-linux-gnu", level.cpu, level.getLlvmFeatures());
  for (const GpuLevel &level : getGpuLevels())
    expectKnown("nvptx64-nvidia-cuda", level.name, level.llvmFeatures);
}

// An assembler takes the name without quotes, and no two are the same.
TEST(Level, SuffixesAreSymbols) {
  llvm::StringSet<> suffixes;
  for (const CpuLevel &level : getCpuLevels()) {
    std::string suffix = level.getSymbolSuffix();
    EXPECT_TRUE(suffixes.insert(suffix).second) << suffix;
    EXPECT_TRUE(llvm::all_of(suffix, [](char c) {
      return llvm::isAlnum(c) || c == '.' || c == '_';
    })) << suffix;
  }
  EXPECT_TRUE(suffixes.contains(".v3"));
  EXPECT_TRUE(suffixes.contains(".v4_vnni_bf16"));
}

TEST(Level, LlvmFeatures) {
  EXPECT_EQ(findCpuLevel("x86-64-v3")->getLlvmFeatures(), "");
  EXPECT_EQ(findCpuLevel("x86-64-v3+avxvnni")->getLlvmFeatures(), "+avxvnni");
  EXPECT_EQ(findCpuLevel("x86-64-v4+vnni+bf16")->getLlvmFeatures(),
            "+avx512vnni,+avx512bf16");
}

// `--target=cpu` finds a level wherever one runs that needs less.
TEST(Level, LastIsAutomatic) {
  EXPECT_TRUE(getCpuLevels().back().isAutomatic);
  for (const CpuLevel &level : getCpuLevels())
    EXPECT_EQ(getCpuLevels().back().features & ~level.features, 0u);
}

TEST(Level, UnknownNames) {
  EXPECT_EQ(findCpuLevel("x86-64"), nullptr);
  EXPECT_EQ(findCpuLevel(""), nullptr);
  EXPECT_EQ(findGpuLevel("x86-64-v3"), nullptr);
  EXPECT_EQ(findGpuLevel("sm_90"), nullptr);
}
