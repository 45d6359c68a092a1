// The table of targets, as the compiler reads it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_TARGETS_H
#define TENON_SUPPORT_TARGETS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace tenon {

// Targets.def says what each field means.

struct CpuFeature {
  /// The TENON_CPU_* bit of an artifact.
  uint32_t bit;
  llvm::StringRef name;
  /// Without the sign that LLVM writes before it; may be empty.
  llvm::StringRef llvmName;
  llvm::StringRef text;
};

struct DotInstruction {
  llvm::StringRef name;
  /// The TENON_CPU_* bit of the feature that has it.
  uint32_t feature;
  llvm::StringRef weights, activations, sums;
  int64_t products;
  int64_t lanes;
  /// 0 where sums do not saturate.
  int64_t bound;
  bool flushes;
  llvm::StringRef intrinsic;
};

struct CpuLevel {
  llvm::StringRef name;
  llvm::StringRef cpu;
  /// TENON_CPU_* bits.
  uint32_t features;
  int64_t lanes;
  int64_t registers;
  bool isAutomatic;

  /// LLVM's features beyond those of `cpu`: `+avx512vnni,+avx512bf16`.
  std::string getLlvmFeatures() const;

  /// What the names of a variant's functions end with, in characters that
  /// assemblers take without quotes: `.v4_vnni_bf16` for
  /// `x86-64-v4+vnni+bf16`.
  std::string getSymbolSuffix() const;

  /// In the order of the table.
  llvm::SmallVector<const DotInstruction *> getDotInstructions() const;
};

struct GpuLevel {
  llvm::StringRef name;
  int64_t shared;
  int64_t registers;
  llvm::StringRef llvmFeatures;
  llvm::StringRef text;
};

llvm::ArrayRef<CpuFeature> getCpuFeatures();
/// The names of features; of bits that the table does not have, the number.
llvm::SmallVector<std::string> nameCpuFeatures(uint32_t bits);
llvm::ArrayRef<DotInstruction> getDotInstructions();

/// Best first.
llvm::ArrayRef<CpuLevel> getCpuLevels();
llvm::ArrayRef<GpuLevel> getGpuLevels();

/// Null if the table has no level of this name.
const CpuLevel *findCpuLevel(llvm::StringRef name);
const GpuLevel *findGpuLevel(llvm::StringRef name);

/// The names of all levels, separated by commas.
std::string listCpuLevels();
std::string listGpuLevels();

} // namespace tenon

#endif // TENON_SUPPORT_TARGETS_H
