// The table of targets, as the compiler reads it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/Targets.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace tenon;

namespace {
enum : uint32_t {
#define TENON_CPU_FEATURE(id, bit, ...) TENON_CPU_##id = 1u << (bit),
#include "tenon/Support/Targets.def"
};
} // namespace

static constexpr CpuFeature kCpuFeatures[] = {
#define TENON_CPU_FEATURE(id, bit, name, base, llvm, text)                     \
  {TENON_CPU_##id, name, llvm, text},
#include "tenon/Support/Targets.def"
};

static constexpr CpuLevel kCpuLevels[] = {
#define TENON_CPU_LEVEL(name, cpu, features, lanes, registers, automatic)      \
  {name, cpu, features, lanes, registers, automatic},
#include "tenon/Support/Targets.def"
};

static constexpr DotInstruction kDotInstructions[] = {
#define TENON_DOT_INSTRUCTION(name, feature, weights, activations, sums,       \
                              products, lanes, bound, flushes, intrinsic)      \
  {name,     feature, weights, activations, sums,                              \
   products, lanes,   bound,   flushes,     intrinsic},
#include "tenon/Support/Targets.def"
};

static constexpr GpuLevel kGpuLevels[] = {
#define TENON_GPU_LEVEL(name, shared, registers, features, text)               \
  {name, shared, registers, features, text},
#include "tenon/Support/Targets.def"
};

std::string CpuLevel::getLlvmFeatures() const {
  llvm::SmallVector<std::string> names;
  for (const CpuFeature &feature : kCpuFeatures)
    if ((features & feature.bit) && !feature.llvmName.empty())
      names.push_back("+" + feature.llvmName.str());
  return llvm::join(names, ",");
}

std::string CpuLevel::getSymbolSuffix() const {
  llvm::StringRef rest = name;
  rest.consume_front("x86-64-");
  std::string suffix = "." + rest.str();
  llvm::replace(suffix, '+', '_');
  llvm::replace(suffix, '-', '_');
  return suffix;
}

/// The bits of one vector of sums.
static int64_t getVectorBits(const DotInstruction &dot) {
  int64_t bits = 0;
  dot.sums.drop_front().getAsInteger(10, bits);
  return bits * dot.lanes;
}

llvm::SmallVector<const DotInstruction *> CpuLevel::getDotInstructions() const {
  llvm::SmallVector<const DotInstruction *> found;
  for (const DotInstruction &dot : kDotInstructions)
    if ((features & dot.feature) && getVectorBits(dot) == 32 * lanes)
      found.push_back(&dot);
  return found;
}

llvm::ArrayRef<CpuFeature> tenon::getCpuFeatures() { return kCpuFeatures; }
llvm::SmallVector<std::string> tenon::nameCpuFeatures(uint32_t bits) {
  llvm::SmallVector<std::string> names;
  for (const CpuFeature &feature : kCpuFeatures) {
    if (bits & feature.bit)
      names.push_back(feature.name.str());
    bits &= ~feature.bit;
  }
  if (bits)
    names.push_back("unknown features 0x" +
                    llvm::utohexstr(bits, /*LowerCase=*/true));
  return names;
}
llvm::ArrayRef<DotInstruction> tenon::getDotInstructions() {
  return kDotInstructions;
}
llvm::ArrayRef<CpuLevel> tenon::getCpuLevels() { return kCpuLevels; }
llvm::ArrayRef<GpuLevel> tenon::getGpuLevels() { return kGpuLevels; }

template <typename Level>
static const Level *findLevel(llvm::ArrayRef<Level> levels,
                              llvm::StringRef name) {
  const Level *found = llvm::find_if(
      levels, [&](const Level &level) { return level.name == name; });
  return found == levels.end() ? nullptr : found;
}

const CpuLevel *tenon::findCpuLevel(llvm::StringRef name) {
  return findLevel(getCpuLevels(), name);
}

const GpuLevel *tenon::findGpuLevel(llvm::StringRef name) {
  return findLevel(getGpuLevels(), name);
}

template <typename Level>
static std::string listLevels(llvm::ArrayRef<Level> levels) {
  return llvm::join(
      llvm::map_range(levels, [](const Level &level) { return level.name; }),
      ", ");
}

std::string tenon::listCpuLevels() { return listLevels(getCpuLevels()); }
std::string tenon::listGpuLevels() { return listLevels(getGpuLevels()); }
