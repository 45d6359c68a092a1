// From functions on memrefs to an object file for one CPU level.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Support/FirstDiagnostic.h"
#include "tenon/Support/Targets.h"
#include "tenon/Target/CPU/Pipeline.h"
#include "tenon/Target/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "EmitObject.h"

using namespace mlir;
using namespace tenon;

/// Names of the kernels that a function, and what it calls, calls.
static void collectKernels(func::FuncOp func, SymbolTable &symbols,
                           llvm::SetVector<StringRef> &kernels) {
  if (tile::isKernel(func))
    kernels.insert(func.getName());
  func.walk([&](func::CallOp call) {
    if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
      collectKernels(callee, symbols, kernels);
  });
}

/// Most tokens of a query block: what the kernels that take blocks agree on, 0
/// without any.
static FailureOr<int64_t> getQueryBlock(func::FuncOp func,
                                        SymbolTable &symbols) {
  llvm::SetVector<StringRef> kernels;
  collectKernels(func, symbols, kernels);
  int64_t agreed = 0;
  for (StringRef name : kernels) {
    auto config =
        symbols.lookup(name)->getAttrOfType<tile::KernelConfigAttrInterface>(
            tile::TileDialect::kKernelName);
    int64_t tokens = config ? config.getBlockTokens() : 0;
    if (tokens == 0)
      continue;
    if (agreed && agreed != tokens)
      return func.emitOpError()
             << "expects its kernels to agree on the most tokens of a query "
                "block, but they have "
             << agreed << " and " << tokens;
    agreed = tokens;
  }
  return agreed;
}

/// Caches that a step works on.
static std::vector<CompiledState> describeStates(func::FuncOp func) {
  std::vector<CompiledState> states;
  for (BlockArgument argument : getOperands(func, Role::Cache)) {
    auto cache = cast<MemRefType>(argument.getType());
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

/// The level of a module's machine, in the table of targets.
static llvm::Expected<const CpuLevel *> findLevel(machine::CpuAttr cpu) {
  if (!cpu)
    return llvm::createStringError(
        "code generation for a CPU expects #machine.cpu on the module");
  if (const CpuLevel *level = findCpuLevel(cpu.getName()))
    return level;
  return llvm::createStringError("unknown CPU level '" + cpu.getName() +
                                 "'; known levels: " + listCpuLevels());
}

/// What each entry looks like, once memory is planned and kernels that are the
/// same are one. `blockRows` are those of each step function by its bucket.
static void readEntries(ModuleOp module, CompiledVariant &variant,
                        const llvm::DenseMap<int64_t, int64_t> &blockRows) {
  SymbolTable symbols(module);
  for (func::FuncOp entry : module.getOps<func::FuncOp>()) {
    auto memory =
        entry->getAttrOfType<tile::MemoryAttr>(tile::TileDialect::kMemoryName);
    if (!entry.isPublic() || !memory)
      continue;
    CompiledStep step;
    step.symbol = entry.getName().str();
    entry.walk(
        [&](func::CallOp call) { step.function = call.getCallee().str(); });
    step.maxTokens = tile::getBucketTokens(entry);
    step.blockRows = blockRows.lookup(step.maxTokens);
    step.arenaBytes = memory.getArena();
    step.scratchBytes = memory.getScratch();
    llvm::SetVector<StringRef> kernels;
    collectKernels(entry, symbols, kernels);
    for (StringRef name : kernels)
      step.kernels.push_back(name.str());
    variant.steps.push_back(std::move(step));
  }
  llvm::sort(variant.steps, [](const CompiledStep &a, const CompiledStep &b) {
    return std::tie(a.maxTokens, a.symbol) < std::tie(b.maxTokens, b.symbol);
  });
}

/// What is read off the step functions before entries replace them: states, and
/// the query blocks of each by its bucket.
static LogicalResult readSteps(ModuleOp module, CompiledVariant &variant,
                               llvm::DenseMap<int64_t, int64_t> &blockRows) {
  SymbolTable symbols(module);
  for (func::FuncOp func : module.getOps<func::FuncOp>()) {
    int64_t tokens = tile::getBucketTokens(func);
    if (!func.isPublic() || !tokens)
      continue;
    FailureOr<int64_t> rows = getQueryBlock(func, symbols);
    if (failed(rows))
      return failure();
    // Without attention nothing asks where blocks end.
    blockRows[tokens] = *rows ? *rows : tokens;
    variant.states = describeStates(func);
  }
  return success();
}

llvm::Expected<CompiledVariant> tenon::compileForCpu(ModuleOp module,
                                                     EmitKind emit,
                                                     std::string *text,
                                                     EntryKind kind) {
  auto cpu = dyn_cast_or_null<machine::CpuAttr>(machine::getTarget(module));
  llvm::Expected<const CpuLevel *> found = findLevel(cpu);
  if (!found)
    return found.takeError();
  const CpuLevel &level = **found;
  CompiledVariant variant;
  variant.name = level.name.str();
  variant.features = level.features;
  std::string suffix =
      kind == EntryKind::Steps ? level.getSymbolSuffix() : std::string();
  FirstDiagnostic diagnostic(module.getContext());
  llvm::DenseMap<int64_t, int64_t> blockRows;
  if (failed(readSteps(module, variant, blockRows)))
    return diagnostic.take("code generation for " + variant.name);

  PassManager entries(module.getContext());
  if (kind == EntryKind::Steps)
    buildCpuEntryPipeline(entries, suffix);
  else
    buildCpuArrayEntryPipeline(entries);
  if (failed(entries.run(module)))
    return diagnostic.take("code generation for " + variant.name);
  readEntries(module, variant, blockRows);
  PassManager lowering(module.getContext());
  buildCpuLoweringPipeline(lowering);
  if (failed(lowering.run(module)))
    return diagnostic.take("code generation for " + variant.name);
  if (emit == EmitKind::MLIR) {
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
    return diagnostic.take("translation for " + variant.name);
  InstructionSet instructions = {level.cpu.str(), level.getLlvmFeatures(),
                                 cpu.getLanes() * 32};
  if (llvm::Error failure =
          emitObject(*code, instructions, emit, variant.object, text))
    return std::move(failure);
  return variant;
}
