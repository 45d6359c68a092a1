// From functions on memrefs to an object file for one CPU level.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Runtime/Format.h"
#include "tenon/Target/CPU/Pipeline.h"
#include "tenon/Target/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "EmitObject.h"

using namespace mlir;
using namespace tenon;

/// Collects the first error of a context while it lives.
namespace {
class FirstError {
public:
  explicit FirstError(MLIRContext *context)
      : handler(context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
              text.empty())
            text = diagnostic.str();
          return success();
        }) {}

  llvm::Error take(const llvm::Twine &stage) {
    return llvm::createStringError(stage + ": " +
                                   (text.empty() ? "failed" : text));
  }

private:
  std::string text;
  ScopedDiagnosticHandler handler;
};
} // namespace

/// The last function that is public and has memory: a step.
static bool isStep(func::FuncOp func) {
  return func.isPublic() && func->hasAttr(tile::TileDialect::kBucketName);
}

/// Names of the kernels that a function, and what it calls, calls.
static void collectKernels(func::FuncOp func, SymbolTable &symbols,
                           llvm::SetVector<StringRef> &kernels) {
  bool calls = false;
  func.walk([&](func::CallOp call) {
    calls = true;
    if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
      collectKernels(callee, symbols, kernels);
  });
  if (!calls)
    kernels.insert(func.getName());
}

/// What a step looks like from outside, before it is lowered.
static CompiledStep describeStep(func::FuncOp func,
                                 machine::MachineAttrInterface machine,
                                 StringRef suffix) {
  CompiledStep step;
  step.maxTokens =
      func->getAttrOfType<tile::BucketAttr>(tile::TileDialect::kBucketName)
          .getTokens();
  step.blockRows = machine.getBlockRows(step.maxTokens);
  step.symbol = ("entry." + func.getName() + suffix).str();
  return step;
}

/// Caches are the arguments of rank 4 and 5.
static std::vector<CompiledState> describeStates(func::FuncOp func) {
  std::vector<CompiledState> states;
  for (Type type : func.getArgumentTypes()) {
    auto cache = dyn_cast<MemRefType>(type);
    if (!cache || cache.getRank() < 4)
      continue;
    CompiledState state;
    state.name = ("cache" + Twine(states.size())).str();
    state.layers = cache.getDimSize(0);
    state.width = 1;
    for (int64_t size : cache.getShape().drop_front(3))
      state.width *= size;
    state.isBF16 = cache.getElementType().isBF16();
    states.push_back(std::move(state));
  }
  return states;
}

/// `.v3` for `x86-64-v3`.
static std::string suffixOf(StringRef machineName) {
  return "." + machineName.substr(machineName.rfind('-') + 1).str();
}

/// Fills in what is known when memory is planned and kernels that are the same
/// are one.
static void readEntries(ModuleOp module, CompiledVariant &variant) {
  SymbolTable symbols(module);
  for (CompiledStep &step : variant.steps) {
    auto entry = symbols.lookup<func::FuncOp>(step.symbol);
    auto memory =
        entry->getAttrOfType<tile::MemoryAttr>(tile::TileDialect::kMemoryName);
    step.arenaBytes = memory.getArena();
    step.scratchBytes = memory.getScratch();
    llvm::SetVector<StringRef> kernels;
    collectKernels(entry, symbols, kernels);
    for (StringRef name : kernels)
      step.kernels.push_back(name.str());
  }
}

llvm::Expected<CompiledVariant> tenon::compileForCpu(ModuleOp module,
                                                     Emission emission,
                                                     std::string *text,
                                                     EntryKind kind) {
  auto cpu = dyn_cast_or_null<machine::CpuAttr>(machine::getTarget(module));
  if (!cpu)
    return llvm::createStringError(
        "code generation for a CPU expects #machine.cpu on the module");
  CompiledVariant variant;
  variant.name = cpu.getName().str();
  variant.features =
      cpu.getLanes() == 16 ? TENON_CPU_AVX2 | TENON_CPU_AVX512 : TENON_CPU_AVX2;
  std::string suffix = kind == EntryKind::Steps ? suffixOf(cpu.getName()) : "";
  for (func::FuncOp func : module.getOps<func::FuncOp>())
    if (isStep(func)) {
      variant.steps.push_back(describeStep(func, cpu, suffix));
      variant.states = describeStates(func);
    }
  llvm::sort(variant.steps, [](const CompiledStep &a, const CompiledStep &b) {
    return a.maxTokens < b.maxTokens;
  });

  FirstError error(module.getContext());
  PassManager entries(module.getContext());
  if (kind == EntryKind::Steps)
    buildCpuEntryPipeline(entries, suffix);
  else
    buildCpuArrayEntryPipeline(entries);
  if (failed(entries.run(module)))
    return error.take("code generation for " + variant.name);
  readEntries(module, variant);
  PassManager lowering(module.getContext());
  buildCpuLoweringPipeline(lowering);
  if (failed(lowering.run(module)))
    return error.take("code generation for " + variant.name);
  if (emission == Emission::MLIR) {
    llvm::raw_string_ostream stream(*text);
    module.print(stream);
    return variant;
  }

  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(module, llvmContext);
  if (!code)
    return error.take("translation for " + variant.name);
  if (llvm::Error failure = emitObject(*code, variant.name, cpu.getLanes() * 32,
                                       emission, variant.object, text))
    return std::move(failure);
  return variant;
}
