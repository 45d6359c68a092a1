// How far a module has come on the way from import to code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModulePhase.h"
#include "dialects/AllDialects.h"
#include "dialects/Machine/Machine.h"
#include "tenon/Driver/DescribeTargets.h"
#include "tenon/Driver/UsageError.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "CompilerInput.h"

using namespace mlir;
using namespace tenon;

static constexpr StringLiteral kTarget = machine::MachineDialect::kTargetName;

static bool isBufferized(ModuleOp module) {
  return llvm::any_of(module.getOps<func::FuncOp>(), [](func::FuncOp function) {
    return llvm::any_of(function.getArgumentTypes(),
                        llvm::IsaPred<BaseMemRefType>);
  });
}

/// The phase that left the module; `Import` stands for `Simplify`, too, whose
/// results differ in no rule.
static Phase findPhase(ModuleOp module) {
  if (!module->hasAttr(kTarget))
    return Phase::Import;
  bool isTiled = false, isCode = false;
  module.walk([&](Operation *op) {
    StringRef name = op->getName().getStringRef();
    isCode |= name == "llvm.func";
    isTiled |= name == "gpu.module" || name == "scf.forall";
  });
  if (isCode)
    return Phase::Codegen;
  if (isBufferized(module))
    return Phase::Bufferize;
  return isTiled ? Phase::Tile : Phase::Form;
}

llvm::Error tenon::checkPhaseOfModule(ModuleOp module,
                                      const CompileOptions &options) {
  Phase found = findPhase(module), asked = options.compileFrom;
  std::string file = "'" + options.source + "'";
  if (found == asked || (found < Phase::Form && asked < Phase::Form))
    return llvm::Error::success();
  if (found == Phase::Codegen)
    return llvm::createStringError(
        file + " is the code of a module, which no phase is left for; compile "
               "what an earlier --stop-after wrote");
  if (found < Phase::Form)
    return llvm::createStringError(
        file + " has no '" + kTarget + "', which --stop-after=" +
        getName(asked) + " writes; write --compile-from=simplify or import");
  return llvm::createStringError(
      file + " is what --stop-after=" + getName(found) +
      " writes; write --compile-from=" + getName(found));
}

llvm::Error tenon::checkCompileFrom(const CompileOptions &options) {
  Phase first = options.compileFrom;
  std::string option = ("--compile-from=" + getName(first)).str();
  if (first == Phase::Import)
    return llvm::Error::success();
  if (!isModuleFile(options.source))
    return makeUsageError(option + " expects a .mlir file, but got '" +
                          options.source + "'; leave it out for a model");
  if (options.verifyNumerics)
    return makeUsageError("--verify-numerics begins with what was imported; "
                          "leave " +
                          option + " out");
  if (options.stopAfter && *options.stopAfter < first)
    return makeUsageError(
        option + " begins after --stop-after=" + getName(*options.stopAfter) +
        "; stop after a later phase");
  if (first >= Phase::Form && !options.stopAfter && !options.emit)
    return makeUsageError(option + " makes no artifact, whose sizes are those "
                                   "of an imported module; add --emit or "
                                   "--stop-after");
  return llvm::Error::success();
}

/// The target whose machine a module states.
static llvm::Expected<TargetName> readTarget(const CompileOptions &options) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = parseModule(context, options);
  if (!module)
    return module.takeError();
  Attribute machine = (**module)->getAttr(kTarget);
  for (const TargetName &target : getKnownTargets())
    if (machine::lookupMachine(&context, target.machine) == machine)
      return target;
  std::string text;
  llvm::raw_string_ostream(text) << machine;
  return llvm::createStringError("'" + options.source + "': '" + kTarget +
                                 "' is that of no target, but " + text +
                                 "; known targets: " + listTargets());
}

llvm::Expected<std::vector<TargetName>>
tenon::chooseTargets(const CompileOptions &options) {
  if (options.compileFrom < Phase::Form)
    return parseTargets(
        options.targets.value_or(std::vector<std::string>{"cpu"}));
  llvm::Expected<TargetName> own = readTarget(options);
  if (!own)
    return own.takeError();
  std::vector<TargetName> targets{*own};
  if (!options.targets)
    return targets;
  auto asked = parseTargets(*options.targets);
  if (!asked)
    return asked.takeError();
  if (asked->size() == 1 && asked->front().machine == own->machine)
    return targets;
  return makeUsageError("'" + options.source + "' is for target '" +
                        own->getSpelling() +
                        "' and cannot be compiled for another; leave "
                        "--target out");
}
