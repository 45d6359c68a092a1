// From functions of a module to a shared library and its header.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CompileLibrary.h"
#include "tenon/Driver/UsageError.h"
#include "tenon/Packing/Packer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "CompileVariants.h"
#include "PhaseTimer.h"
#include "Phases.h"
#include "RemarkPrinter.h"
#include "ReplaceFile.h"

using namespace mlir;
using namespace tenon;
namespace path = llvm::sys::path;

/// What names in C begin with: the name of the file, in characters of
/// identifiers.
static std::string nameLibrary(StringRef output) {
  std::string name;
  for (char c : path::stem(output))
    name += llvm::isAlnum(c) ? c : '_';
  return llvm::isDigit(name.front()) ? "_" + name : name;
}

static std::string nameHeader(const CompileOptions &options) {
  if (!options.header.empty())
    return options.header;
  llvm::SmallString<256> name(options.output);
  path::replace_extension(name, "h");
  return name.str().str();
}

static std::string nameWeights(const CompileOptions &options) {
  llvm::SmallString<256> name(options.output);
  path::replace_extension(name, "weights");
  return name.str().str();
}

/// No file that is written may be one that is read, or another that is written.
static llvm::Error checkFiles(const CompileOptions &options) {
  std::string header = nameHeader(options), weights = nameWeights(options);
  std::pair<StringRef, StringRef> pairs[] = {{header, options.source},
                                             {header, options.output},
                                             {header, options.model},
                                             {header, weights},
                                             {weights, options.model}};
  // Files that do not exist yet are told apart by their names.
  auto getPlace = [](StringRef name) {
    llvm::SmallString<256> place(name);
    (void)llvm::sys::fs::make_absolute(place);
    path::remove_dots(place, /*remove_dot_dot=*/true);
    return place;
  };
  for (auto [written, other] : pairs)
    if (getPlace(written) == getPlace(other) ||
        llvm::sys::fs::equivalent(written, other))
      return makeUsageError("'" + written +
                            "' would be written over another file of the "
                            "command; choose another name with -o or --header");
  return llvm::Error::success();
}

llvm::Error tenon::checkLibraryOptions(const CompileOptions &options) {
  bool isText = options.stopAfter || options.emit;
  if (!options.model.empty() && !isModuleFile(options.source))
    return makeUsageError("--model has the weights of a .mlir file, but '" +
                          options.source + "' has its own; leave it out");
  if (options.entries.empty()) {
    if (!options.header.empty())
      return makeUsageError("--header is written for functions; name them with "
                            "--entry");
    return llvm::Error::success();
  }
  if (!isModuleFile(options.source))
    return makeUsageError("--entry names functions of a .mlir file, but got '" +
                          options.source + "'");
  if (isText && !options.header.empty())
    return makeUsageError("--header is written beside a library; leave out "
                          "--emit and --stop-after, or --header");
  if (!isText && path::extension(options.output) != ".so")
    return makeUsageError(
        "--entry makes a library, whose name ends in .so, but "
        "got '" +
        options.output + "'; write -o OUT.so");
  if (!isText && path::stem(options.output).empty())
    return makeUsageError("expects a name before .so, but got '" +
                          options.output + "'");
  return isText ? llvm::Error::success() : checkFiles(options);
}

/// Writes the packed weights beside a library that has some.
static llvm::Error writeWeights(CompilerInput &input, ReplaceFile &file,
                                unsigned threads) {
  PackOptions packing;
  packing.threads = threads;
  auto sink = [&](uint64_t offset, llvm::ArrayRef<uint8_t> bytes) {
    return file.getFile().write(offset, bytes);
  };
  return packWeights(*input.module, input.source->getTensors(), sink, packing);
}

/// A file of weights, or null where there are none to write.
static llvm::Expected<std::unique_ptr<ReplaceFile>>
createWeights(const CompilerInput &input, const CompileOptions &options) {
  if (!input.library->weightBytes || options.skipWeights)
    return nullptr;
  if (!input.source)
    return llvm::createStringError(
        "'" + options.source +
        "' has weights, but no values of them; say whose with --model, or add "
        "--skip-weights");
  return ReplaceFile::create(nameWeights(options));
}

/// Reads what only the code says of a function: how large its blocks may be.
static void readBlocks(LibraryFunction &function,
                       ArrayRef<CompiledVariant> variants) {
  for (const CompiledVariant &variant : variants)
    for (const CompiledStep &step : variant.steps)
      if (isBucketOf(step, function.name) && step.blockRows &&
          step.blockRows < step.maxTokens)
        function.blockRows = std::min(
            function.blockRows.value_or(step.blockRows), step.blockRows);
}

llvm::Error tenon::writeLibrary(CompilerInput &input,
                                const CompileOptions &options,
                                ArrayRef<TargetName> targets, PhaseTimer &timer,
                                RemarkPrinter &remarks,
                                const TempFiles &temps) {
  ModuleOp module = *input.module;
  Library &library = *input.library;
  library.name = nameLibrary(options.output);
  library.maxRows = options.buckets.back();
  llvm::Expected<std::unique_ptr<ReplaceFile>> header =
      ReplaceFile::create(nameHeader(options));
  if (!header)
    return header.takeError();
  if (llvm::Error error = simplify(module, timer, temps))
    return error;
  if (llvm::Error error =
          layOut(module, options, targets, input.facts.maxContext, timer))
    return error;
  library.weightBytes = getPackedSize(module);

  llvm::Expected<std::unique_ptr<ReplaceFile>> weights =
      createWeights(input, options);
  if (!weights)
    return weights.takeError();

  // Code and weights depend on nothing of each other. Remarks have an order.
  VariantCompiler compiler(
      module, targets, EntryKind::Functions,
      remarks.isOn() || options.keepsOrder ? 1 : getThreads(options), timer,
      remarks, temps);
  if (*weights)
    if (llvm::Error error = timer.measure("pack weights", [&] {
          return writeWeights(input, **weights, getThreads(options));
        }))
      return error;
  llvm::Expected<std::vector<CompiledVariant>> variants = compiler.finish();
  if (!variants)
    return variants.takeError();
  for (LibraryFunction &function : library.functions)
    readBlocks(function, *variants);
  std::string text = writeLibraryHeader(library);
  if (llvm::Error error =
          (*header)->getFile().write(0, llvm::arrayRefFromStringRef(text)))
    return error;
  if (llvm::Error error = timer.measure("link", [&] {
        return linkLibrary(library, *variants, options.output);
      }))
    return error;
  if (*weights)
    if (llvm::Error error = (*weights)->commit())
      return error;
  return (*header)->commit();
}
