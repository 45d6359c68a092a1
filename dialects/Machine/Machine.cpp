// The machine dialect: constraints of its attributes, and their choices.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "tenon/Support/PanelLayout.h"
#include "tenon/Support/Targets.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace tenon;
using namespace tenon::machine;

#include "dialects/Machine/MachineAttrInterfaces.cpp.inc"
#include "dialects/Machine/MachineAttrsDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Machine/MachineAttrs.cpp.inc"

void MachineDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Machine/MachineAttrs.cpp.inc"
      >();
}

LogicalResult MachineDialect::verifyOperationAttribute(Operation *op,
                                                       NamedAttribute attr) {
  if (attr.getName() != kTargetName)
    return op->emitOpError() << "has unknown attribute " << attr.getName()
                             << "; the dialect knows " << kTargetName;
  if (!isa<ModuleOp>(op) || !isa<MachineAttrInterface>(attr.getValue()))
    return op->emitOpError() << "expects " << kTargetName
                             << " to describe a machine, on a module, but got "
                             << attr.getValue();
  return success();
}

MachineAttrInterface tenon::machine::getTarget(Operation *op) {
  for (; op; op = op->getParentOp())
    if (auto target = op->getAttrOfType<MachineAttrInterface>(
            MachineDialect::kTargetName))
      return target;
  return nullptr;
}

MachineAttrInterface tenon::machine::lookupMachine(MLIRContext *context,
                                                   StringRef name) {
  context->loadDialect<MachineDialect>();
  if (const CpuLevel *level = findCpuLevel(name))
    return CpuAttr::get(context, name, level->lanes, level->registers);
  if (const GpuLevel *level = findGpuLevel(name))
    return GpuAttr::get(context, name, level->shared, level->registers);
  return nullptr;
}

//===----------------------------------------------------------------------===//
// CpuAttr
//===----------------------------------------------------------------------===//

LogicalResult CpuAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              StringRef name, int64_t lanes,
                              int64_t registers) {
  if (lanes < 4 || lanes > 16 || !llvm::isPowerOf2_64(lanes)) // C1
    return emitError() << "expects lanes to be a power of two between 4 and "
                          "16, but got "
                       << lanes;
  if (registers < 8) // C2
    return emitError() << "expects at least 8 registers, but got " << registers;
  return success();
}

// A block of rows and panels is what stays in caches while it is worked on;
// which of it is held in registers at a time depends on the weights as well.

std::optional<TileSizes> CpuAttr::getTileSizes(int64_t tokens) const {
  TileSizes sizes;
  // A multiple of 6 and of 8: the rows of register tiles with AVX2, beside one
  // panel of two vectors, and with AVX-512, beside three panels of one.
  sizes.rows = std::min<int64_t>(tokens, 144);
  // Strips of one, two and three panels divide it. One row needs enough
  // independent chains to hide the latency of a multiply-add, which is four
  // cycles at two a cycle.
  int64_t perPanel = kPanelHeight / getLanes();
  sizes.panels = sizes.rows == 1 ? llvm::divideCeil(8, perPanel) : 6;
  sizes.keys = 64;
  return sizes;
}

int64_t CpuAttr::getBlockRows(int64_t tokens) const {
  return std::min<int64_t>(tokens, 32);
}

// With half as many, the expansion would cost about what attention to the keys
// costs.
int64_t CpuAttr::getExpandingBlockRows(int64_t tokens) const {
  return std::min<int64_t>(tokens, 1024);
}

int64_t CpuAttr::getRecomputedNormTokens() const { return 8; }

/// One thread computes all of a row.
bool CpuAttr::separatesComparisons() const { return false; }

// For each pair of query and key a head takes 2 (2 r + rope) operations
// absorbed; naive it takes 2 (nope + rope + value), and 2 r (nope + value) for
// a key that all tokens of a step share. With r = 512 and heads of 128 + 64 and
// 128 that is even at 171 tokens.
int64_t CpuAttr::getAbsorbedTokens() const { return 128; }

bool CpuAttr::readsTightCodes() const { return true; }

//===----------------------------------------------------------------------===//
// GpuAttr
//===----------------------------------------------------------------------===//

LogicalResult GpuAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              StringRef name, int64_t shared,
                              int64_t registers) {
  if (shared < 1 || registers < 1) // C1
    return emitError()
           << "expects shared and registers to be positive, but got " << shared
           << " and " << registers;
  return success();
}

// Kernels have configurations of the `nvptx` dialect.
std::optional<TileSizes> GpuAttr::getTileSizes(int64_t tokens) const {
  return std::nullopt;
}

int64_t GpuAttr::getBlockRows(int64_t tokens) const {
  return std::min<int64_t>(tokens, 64);
}

int64_t GpuAttr::getExpandingBlockRows(int64_t tokens) const {
  return getBlockRows(tokens);
}

int64_t GpuAttr::getRecomputedNormTokens() const { return 0; }

/// A warp compares, and a block of threads computes elements.
bool GpuAttr::separatesComparisons() const { return true; }

// Keys that every block expands again would not fit beside its queries into
// shared memory.
int64_t GpuAttr::getAbsorbedTokens() const {
  return std::numeric_limits<int64_t>::max();
}

bool GpuAttr::readsTightCodes() const { return false; }
