// Optimizes LLVM IR for one CPU level and writes it as an object or as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EmitObject.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace tenon;

static std::unique_ptr<llvm::TargetMachine>
createMachine(const InstructionSet &instructions, std::string &message) {
  static bool initialized = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    return true;
  }();
  (void)initialized;
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, instructions.cpu, instructions.features, options,
      llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

/// Names the CPU and its features on every function, for the middle end asks
/// the function and not the machine; keeps everything inside the library that
/// does not say otherwise.
static void prepareFunctions(llvm::Module &module,
                             const InstructionSet &instructions) {
  for (llvm::Function &function : module) {
    function.addFnAttr("target-cpu", instructions.cpu);
    if (!instructions.features.empty())
      function.addFnAttr("target-features", instructions.features);
    function.addFnAttr("prefer-vector-width",
                       std::to_string(instructions.vectorBits));
    function.addFnAttr("no-builtins");
    function.addFnAttr(llvm::Attribute::NoUnwind);
    if (!function.isDeclaration() && !function.hasLocalLinkage() &&
        function.hasDefaultVisibility())
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
  }
}

/// The default passes without those that vectorize: the code is vectorized
/// already. No library function is known, so no loop is replaced by a call.
static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopUnrolling = false;
  tuning.LoopInterleaving = false;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::TargetLibraryInfoImpl library(module.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

/// The passes of `addPassesToEmitFile` without the one that hoists constants out
/// of loops. A kernel has more of them than registers: in a loop they are memory
/// operands, while hoisted ones would cause sums to be spilled.
static bool addCodeGeneration(llvm::legacy::PassManager &passes,
                              llvm::TargetMachine &machine,
                              llvm::raw_pwrite_stream &stream, bool isText) {
  auto *info = new llvm::MachineModuleInfoWrapperPass(&machine);
  llvm::TargetPassConfig *config = machine.createPassConfig(passes);
  config->setDisableVerify(true);
  config->disablePass(&llvm::EarlyMachineLICMID);
  passes.add(config);
  passes.add(info);
  if (config->addISelPasses())
    return false;
  config->addMachinePasses();
  config->setInitialized();
  auto type = isText ? llvm::CodeGenFileType::AssemblyFile
                     : llvm::CodeGenFileType::ObjectFile;
  if (machine.addAsmPrinter(passes, stream, nullptr, type,
                            info->getMMI().getContext()))
    return false;
  passes.add(llvm::createFreeMachineFunctionPass());
  return true;
}

llvm::Error tenon::emitObject(llvm::Module &module,
                              const InstructionSet &instructions, EmitKind emit,
                              llvm::SmallVectorImpl<char> &object,
                              std::string *text) {
  std::string message;
  std::unique_ptr<llvm::TargetMachine> machine =
      createMachine(instructions, message);
  if (!machine)
    return llvm::createStringError("cannot generate code for x86-64: " +
                                   message);
  module.setDataLayout(machine->createDataLayout());
  module.setTargetTriple(machine->getTargetTriple());
  prepareFunctions(module, instructions);
  optimize(module, *machine);
  if (emit == EmitKind::LLVM) {
    llvm::raw_string_ostream stream(*text);
    module.print(stream, nullptr);
    return llvm::Error::success();
  }

  bool isText = emit == EmitKind::Assembly;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager codegen;
  if (!addCodeGeneration(codegen, *machine, stream, isText))
    return llvm::createStringError("cannot write code for " + instructions.cpu);
  codegen.run(module);
  if (isText) {
    text->assign(object.begin(), object.end());
    object.clear();
  }
  return llvm::Error::success();
}
