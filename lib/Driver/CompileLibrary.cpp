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

#include <thread>

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

llvm::Error tenon::checkLibraryOptions(const CompileOptions &options) {
  bool isText = options.stopAfter || options.emit;
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
  return llvm::Error::success();
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

  unsigned threads = options.threads
                         ? options.threads
                         : std::max(1u, std::thread::hardware_concurrency());
  VariantCompiler compiler(module, targets, EntryKind::Functions,
                           remarks.isOn() ? 1 : threads, timer, remarks, temps);
  llvm::Expected<std::vector<CompiledVariant>> variants = compiler.finish();
  if (!variants)
    return variants.takeError();
  std::string text = writeLibraryHeader(library);
  if (llvm::Error error =
          (*header)->getFile().write(0, llvm::arrayRefFromStringRef(text)))
    return error;
  if (llvm::Error error = timer.measure("link", [&] {
        return linkLibrary(library, *variants, options.output);
      }))
    return error;
  return (*header)->commit();
}
