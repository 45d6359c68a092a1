// Code of one module for several targets, side by side.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CompileVariants.h"
#include "dialects/AllDialects.h"
#include "tenon/Driver/Compile.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"
#include "PhaseTimer.h"
#include "Phases.h"
#include "RemarkPrinter.h"
#include "TempFiles.h"

using namespace mlir;
using namespace tenon;

static llvm::Expected<CompiledVariant>
compileVariant(StringRef bytecode, const TargetName &target, EntryKind entries,
               PhaseTimer &timer, RemarkPrinter &remarks,
               const TempFiles &temps) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  remarks.listenTo(context, target.machine);
  auto module = parseSourceString<ModuleOp>(bytecode, ParserConfig(&context));
  if (!module)
    return llvm::createStringError("cannot copy the module for " +
                                   target.machine);
  if (llvm::Error error = lowerForTarget(*module, target, Phase::Simplify,
                                         Phase::Codegen, timer, temps))
    return std::move(error);
  if (llvm::Error error = temps.saveCode(*module, target, entries))
    return std::move(error);
  CompiledVariant variant;
  llvm::Error error =
      timer.measure("codegen " + target.machine, [&]() -> llvm::Error {
        llvm::Expected<CompiledVariant> compiled =
            target.backend->compile(*module, entries);
        if (!compiled)
          return compiled.takeError();
        variant = std::move(*compiled);
        return llvm::Error::success();
      });
  if (error)
    return std::move(error);
  return variant;
}

unsigned tenon::getThreads(const CompileOptions &options) {
  return options.threads ? options.threads
                         : std::max(1u, std::thread::hardware_concurrency());
}

VariantCompiler::VariantCompiler(ModuleOp laidOut,
                                 llvm::ArrayRef<TargetName> targets,
                                 EntryKind entries, unsigned threads,
                                 PhaseTimer &timer, RemarkPrinter &remarks,
                                 const TempFiles &temps)
    : targets(targets), entries(entries), variants(targets.size()),
      failures(targets.size()) {
  llvm::raw_string_ostream stream(bytecode);
  (void)writeBytecodeToFile(laidOut, stream);
  for (size_t i = 0; i < std::min<size_t>(threads, targets.size()); ++i)
    workers.emplace_back(
        [this, &timer, &remarks, &temps] { work(timer, remarks, temps); });
}

VariantCompiler::~VariantCompiler() { join(); }

void VariantCompiler::join() {
  for (std::thread &worker : workers)
    worker.join();
  workers.clear();
}

void VariantCompiler::work(PhaseTimer &timer, RemarkPrinter &remarks,
                           const TempFiles &temps) {
  for (size_t i = next++; i < targets.size(); i = next++) {
    llvm::Expected<CompiledVariant> variant =
        compileVariant(bytecode, targets[i], entries, timer, remarks, temps);
    if (variant)
      variants[i] = std::move(*variant);
    else
      failures[i] = llvm::toString(variant.takeError());
  }
}

llvm::Expected<std::vector<CompiledVariant>> VariantCompiler::finish() {
  join();
  for (const std::string &failure : failures)
    if (!failure.empty())
      return llvm::createStringError(failure);
  return std::move(variants);
}
