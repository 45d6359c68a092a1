// What the CPU and the operating system let a program use.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_CPU_H
#define TENON_LIB_RUNTIME_CPU_H

#include <cstddef>
#include <cstdint>

namespace tenon::runtime {

/// Where a CPU says what it has: registers of `cpuid` by leaf and subleaf, and
/// the register that says what the operating system saves.
enum CpuWord {
  LEAF1_ECX,
  LEAF7_EBX,
  LEAF7_ECX,
  LEAF7_EDX,
  LEAF7_1_EAX,
  LEAF7_1_EDX,
  LEAF80000001_ECX,
  XCR0,
  kNumCpuWords
};

/// The words of a CPU; those that it does not have are 0.
struct CpuWords {
  uint64_t values[kNumCpuWords];
};

CpuWords readCpuWords();

/// Returns TENON_CPU_* bits. A feature counts if all bits are there of which the
/// table of targets composes it, and all features that it extends.
uint32_t featuresOf(const CpuWords &words);

/// Writes the names of features, separated by commas, or `none of the known
/// features`.
void nameFeatures(uint32_t features, char *text, size_t size);

} // namespace tenon::runtime

#endif // TENON_LIB_RUNTIME_CPU_H
