// The back end of CPUs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/CPU/CpuBackend.h"
#include "tenon/Pipelines/Pipelines.h"
#include "tenon/Runtime/Format.h"
#include "tenon/Support/Targets.h"
#include "tenon/Target/Backend.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "tenon/Target/CPU/Passes.h"
#include "tenon/Target/MarkdownTable.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;
using namespace tenon;

static std::string nameFeatures(uint32_t bits) {
  return llvm::join(nameCpuFeatures(bits), ", ");
}

static void printCpuLevels(raw_ostream &os, StringRef backend) {
  printTableHead(os, {"CPU level", "needs", "vector registers",
                      "code is generated for", "dot products",
                      ("chosen by `" + backend + "`").str()});
  for (const CpuLevel &level : getCpuLevels()) {
    SmallVector<StringRef> dots;
    for (const DotInstruction *dot : level.getDotInstructions())
      dots.push_back(dot->name);
    std::string features = level.getLlvmFeatures();
    printTableRow(
        os,
        {quoteCode(backend + ":" + level.name), nameFeatures(level.features),
         std::to_string(level.registers) + " of " +
             std::to_string(level.lanes) + " f32",
         quoteCode(level.cpu + (features.empty() ? "" : ",") + features),
         llvm::join(dots, ", "), level.isAutomatic ? "yes" : "no"});
  }
}

static void printFeatures(raw_ostream &os) {
  printTableHead(os, {"feature", "instruction-set extensions"});
  for (const CpuFeature &feature : getCpuFeatures())
    printTableRow(os, {feature.name.str(), feature.text.str()});
}

static void printDotInstructions(raw_ostream &os) {
  printTableHead(os, {"dot product", "feature", "weights", "activations",
                      "sums", "products a sum", "sums a vector", "saturates at",
                      "flushes subnormals"});
  for (const DotInstruction &dot : getDotInstructions())
    printTableRow(os, {quoteCode(dot.name), nameFeatures(dot.feature),
                       dot.weights.str(), dot.activations.str(), dot.sums.str(),
                       std::to_string(dot.products), std::to_string(dot.lanes),
                       dot.bound ? std::to_string(dot.bound) : "never",
                       dot.flushes ? "yes" : "no"});
}

namespace {
class CpuBackend : public Backend {
public:
  StringRef getName() const override { return "cpu"; }

  SmallVector<StringRef> getLevels() const override {
    return llvm::map_to_vector(getCpuLevels(), [](const CpuLevel &level) {
      return StringRef(level.name);
    });
  }

  bool canDetectLevel() const override { return true; }

  std::optional<StringRef> detectLevel() const override {
    uint32_t features = tenon_cpu_features();
    for (const CpuLevel &level : getCpuLevels())
      if (level.isAutomatic && (level.features & ~features) == 0)
        return level.name;
    return std::nullopt;
  }

  void printLevels(raw_ostream &os) const override {
    printCpuLevels(os, getName());
    os << "\n";
    printFeatures(os);
    os << "\n";
    printDotInstructions(os);
  }

  ArrayRef<Phase> getPhases() const override {
    static constexpr Phase phases[] = {Phase::Form, Phase::Tile,
                                       Phase::Bufferize, Phase::Codegen};
    return phases;
  }

  void addPasses(Phase phase, OpPassManager &pm) const override {
    switch (phase) {
    case Phase::Form:
      return buildFormPipeline(pm);
    case Phase::Tile:
      return buildTilePipeline(pm);
    case Phase::Bufferize:
      return buildBufferizePipeline(pm);
    case Phase::Import:
    case Phase::Simplify:
    case Phase::Codegen:
      break;
    }
    llvm_unreachable("no phase of this back end with passes");
  }

  void registerPasses() const override {
    registerCpuLoweringPasses();
    registerCpuPasses();
  }

  ArrayRef<EmitKind> getEmitKinds() const override {
    static constexpr EmitKind kinds[] = {EmitKind::MLIR, EmitKind::LLVM,
                                         EmitKind::Assembly, EmitKind::Object};
    return kinds;
  }

  llvm::Expected<EmittedCode> emit(ModuleOp module, EmitKind kind,
                                   EntryKind entries) const override {
    EmittedCode code;
    llvm::Expected<CompiledVariant> variant =
        compileForCpu(module, kind, &code.bytes, entries);
    if (!variant)
      return variant.takeError();
    if (kind == EmitKind::Object)
      code.bytes.assign(variant->object.begin(), variant->object.end());
    return code;
  }

  bool makesVariants() const override { return true; }

  llvm::Expected<CompiledVariant> compile(ModuleOp module,
                                          EntryKind entries) const override {
    return compileForCpu(module, EmitKind::Object, /*text=*/nullptr, entries);
  }
};
} // namespace

const Backend &tenon::getCpuBackend() {
  static const CpuBackend backend;
  return backend;
}
