// Reads the features of the CPU through cpuid and xgetbv.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Cpu.h"
#include "tenon/Runtime/Format.h"
#include "tenon/Runtime/tenon.h"

#include <cpuid.h>
#include <cstdio>

namespace tenon::runtime {

namespace {
struct Feature {
  uint32_t bit, base;
  const char *name;
};
/// A bit of a word that a feature needs.
struct Need {
  uint32_t feature;
  CpuWord word;
  int bit;
};
} // namespace

// Those that others extend come first.
static constexpr Feature kFeatures[] = {
#define TENON_CPU_FEATURE(id, bit, name, base, llvm, text)                     \
  {TENON_CPU_##id, base, name},
#include "tenon/Support/Targets.def"
};

static constexpr Need kNeeds[] = {
#define TENON_CPUID(id, word, bit) {TENON_CPU_##id, word, bit},
#include "tenon/Support/Targets.def"
};

CpuWords readCpuWords() {
  CpuWords words = {};
  uint32_t eax, ebx, ecx, edx;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx))
    words.values[LEAF1_ECX] = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    words.values[LEAF7_EBX] = ebx;
    words.values[LEAF7_ECX] = ecx;
    words.values[LEAF7_EDX] = edx;
    // Subleaf 0 returns the number of the last one.
    if (eax >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) {
      words.values[LEAF7_1_EAX] = eax;
      words.values[LEAF7_1_EDX] = edx;
    }
  }
  if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx))
    words.values[LEAF80000001_ECX] = ecx;
  constexpr int osxsave = 27;
  if (words.values[LEAF1_ECX] >> osxsave & 1) {
    // Written out, since the intrinsic needs a flag of the compiler.
    asm("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    words.values[XCR0] = static_cast<uint64_t>(edx) << 32 | eax;
  }
  return words;
}

uint32_t featuresOf(const CpuWords &words) {
  uint32_t incomplete = 0;
  for (const Need &need : kNeeds)
    if (!(words.values[need.word] >> need.bit & 1))
      incomplete |= need.feature;
  uint32_t features = 0;
  for (const Feature &feature : kFeatures)
    if (!(incomplete & feature.bit) && (feature.base & ~features) == 0)
      features |= feature.bit;
  return features;
}

namespace {
/// A text that is cut where its space ends.
struct BoundedText {
  char *text;
  size_t size, length;

  void add(const char *format, const char *name, uint32_t number = 0) {
    if (length >= size)
      return;
    if (length)
      length += snprintf(text + length, size - length, ", ");
    if (length < size)
      length += snprintf(text + length, size - length, format, name, number);
  }
};
} // namespace

void nameFeatures(uint32_t features, char *text, size_t size) {
  BoundedText names = {text, size, 0};
  uint32_t others = features;
  for (const Feature &feature : kFeatures) {
    if (features & feature.bit)
      names.add("%s", feature.name);
    others &= ~feature.bit;
  }
  if (others)
    names.add("%s 0x%x", "unknown features", others);
  if (!features)
    names.add("%s", "none of the known features");
}

} // namespace tenon::runtime

extern "C" TENON_API uint32_t tenon_cpu_features(void) {
  return tenon::runtime::featuresOf(tenon::runtime::readCpuWords());
}
