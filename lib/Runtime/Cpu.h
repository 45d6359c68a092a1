// What the CPU and the operating system let a program use.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_CPU_H
#define TENON_LIB_RUNTIME_CPU_H

#include <cstddef>
#include <cstdint>

namespace tenon::runtime {

/// The words that decide, as `cpuid` and `xgetbv` return them.
struct CpuWords {
  uint32_t basic;    // leaf 1, ecx
  uint32_t extended; // leaf 7, ebx
  uint32_t amd;      // leaf 0x80000001, ecx
  uint64_t enabled;  // xgetbv 0: which registers the system saves
};

CpuWords readCpuWords();

/// Returns TENON_CPU_* bits. A bit stands for the whole level of x86-64:
/// compilers use all of its instructions, so half a level is none.
uint32_t featuresOf(const CpuWords &words);

/// Writes the names of features, `avx2, avx512`, or `none of avx2, avx512`.
void nameFeatures(uint32_t features, char *text, size_t size);

} // namespace tenon::runtime

#endif // TENON_LIB_RUNTIME_CPU_H
