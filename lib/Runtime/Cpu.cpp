// Reads the features of the CPU through cpuid and xgetbv.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Cpu.h"
#include "tenon/Runtime/Format.h"

#include <cpuid.h>
#include <cstdio>

namespace tenon::runtime {

static constexpr uint32_t bit(int number) { return 1u << number; }

// Leaf 1, ecx: ssse3, fma, cmpxchg16b, sse4.1, sse4.2, movbe, popcnt, osxsave,
// avx, f16c.
static constexpr uint32_t kBasicV3 = bit(9) | bit(12) | bit(13) | bit(19) |
                                     bit(20) | bit(22) | bit(23) | bit(27) |
                                     bit(28) | bit(29);
static constexpr uint32_t kOsxsave = bit(27);
// Leaf 7, ebx: bmi1, avx2, bmi2.
static constexpr uint32_t kExtendedV3 = bit(3) | bit(5) | bit(8);
// Leaf 7, ebx: avx512 f, dq, cd, bw, vl.
static constexpr uint32_t kExtendedV4 =
    bit(16) | bit(17) | bit(28) | bit(30) | bit(31);
// Leaf 0x80000001, ecx: lahf, lzcnt.
static constexpr uint32_t kAmdV3 = bit(0) | bit(5);
// xgetbv: the lower half of vectors, ymm; mask registers and both parts of zmm.
static constexpr uint64_t kEnabledYmm = 0x06, kEnabledZmm = 0xe6;

CpuWords readCpuWords() {
  CpuWords words = {};
  uint32_t eax, ebx, ecx, edx;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx))
    words.basic = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
    words.extended = ebx;
  if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx))
    words.amd = ecx;
  if (words.basic & kOsxsave) {
    // Written out, since the intrinsic needs a flag of the compiler.
    asm("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    words.enabled = static_cast<uint64_t>(edx) << 32 | eax;
  }
  return words;
}

template <typename Word>
static bool hasAll(Word word, Word wanted) {
  return (word & wanted) == wanted;
}

uint32_t featuresOf(const CpuWords &words) {
  if (!hasAll(words.basic, kBasicV3) || !hasAll(words.extended, kExtendedV3) ||
      !hasAll(words.amd, kAmdV3) || !hasAll(words.enabled, kEnabledYmm))
    return 0;
  if (!hasAll(words.extended, kExtendedV4) ||
      !hasAll(words.enabled, kEnabledZmm))
    return TENON_CPU_AVX2;
  return TENON_CPU_AVX2 | TENON_CPU_AVX512;
}

void nameFeatures(uint32_t features, char *text, size_t size) {
  bool avx2 = features & TENON_CPU_AVX2, avx512 = features & TENON_CPU_AVX512;
  uint32_t others = features & ~(TENON_CPU_AVX2 | TENON_CPU_AVX512);
  int length = snprintf(text, size, "%s%s%s", avx2 ? "avx2" : "",
                        avx2 && avx512 ? ", " : "", avx512 ? "avx512" : "");
  if (others)
    snprintf(text + length, size - length, "%sunknown features 0x%x",
             length ? ", " : "", others);
  else if (!features)
    snprintf(text, size, "none of avx2, avx512");
}

} // namespace tenon::runtime
