// From a published model to an artifact, or to the text of a phase on the way.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Compile.h"
#include "dialects/AllDialects.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Artifact/ArtifactWriter.h"
#include "tenon/Driver/UsageError.h"
#include "tenon/Packing/Packer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "BuildManifest.h"
#include "CompileLibrary.h"
#include "CompileVariants.h"
#include "CompilerInput.h"
#include "EmitPhase.h"
#include "ModulePhase.h"
#include "PhaseTimer.h"
#include "Phases.h"
#include "ProgressBar.h"
#include "RemarkPrinter.h"
#include "TempFiles.h"
#include "VerifyNumerics.h"

#include <atomic>

using namespace mlir;
using namespace tenon;

/// Set by the user, who waits no longer. The next interruption ends the
/// program.
static std::atomic<bool> isInterrupted{false};

static llvm::Error checkInterruption() {
  if (isInterrupted)
    return llvm::createStringError("interrupted; nothing was written");
  return llvm::Error::success();
}

/// Sorts the buckets and drops repetitions.
static llvm::Error orderBuckets(std::vector<int64_t> &buckets) {
  llvm::sort(buckets);
  buckets.erase(llvm::unique(buckets), buckets.end());
  if (buckets.empty())
    return makeUsageError("expects a bucket; write --buckets=1,8,64,1024");
  constexpr int64_t most = tile::BucketAttr::kMostTokens;
  for (int64_t bucket : buckets)
    if (bucket < 1 || bucket > most)
      return makeUsageError("expects buckets between 1 and " +
                            llvm::Twine(most) + ", but got " +
                            llvm::Twine(bucket));
  return llvm::Error::success();
}

static llvm::Expected<std::vector<uint64_t>>
writeWeights(CompilerInput &input, ArtifactWriter &writer, unsigned threads) {
  ModuleOp module = *input.module;
  llvm::Expected<std::unique_ptr<WeightsFile>> file =
      writer.createWeights(getPackedSize(module));
  if (!file)
    return file.takeError();
  ProgressBar bar("packing weights");
  PackOptions packing;
  packing.threads = threads;
  packing.progress = [&](uint64_t done, uint64_t all) {
    bar.update(done, all);
  };
  auto sink = [&](uint64_t offset, llvm::ArrayRef<uint8_t> bytes) {
    llvm::Error error = checkInterruption();
    return error ? std::move(error) : (*file)->write(offset, bytes);
  };
  if (llvm::Error error =
          packWeights(module, input.source->getTensors(), sink, packing))
    return std::move(error);
  return (*file)->finish();
}

/// Links code with its manifest and completes the artifact.
static llvm::Error finishArtifact(CompilerInput &input, ArtifactWriter &writer,
                                  llvm::ArrayRef<CompiledVariant> variants,
                                  llvm::ArrayRef<uint64_t> hashes,
                                  llvm::ArrayRef<uint8_t> tokenizer,
                                  llvm::StringRef chat) {
  llvm::Expected<std::vector<uint8_t>> manifest =
      buildManifest(input.facts, *input.module, variants, hashes);
  if (!manifest)
    return manifest.takeError();
  if (llvm::Error error = linkModel(variants, *manifest, writer.getCodePath()))
    return error;
  if (llvm::Error error = writer.sealCode())
    return error;
  if (!tokenizer.empty())
    if (llvm::Error error = writer.writeTokenizer(tokenizer))
      return error;
  if (!chat.empty())
    if (llvm::Error error = writer.writeChat(chat))
      return error;
  return writer.commit();
}

static llvm::Error writeArtifact(CompilerInput &input, ArtifactWriter &writer,
                                 const CompileOptions &options,
                                 llvm::ArrayRef<TargetName> targets,
                                 PhaseTimer &timer, RemarkPrinter &remarks,
                                 const TempFiles &temps) {
  llvm::Expected<std::vector<uint8_t>> tokenizer = compileTokenizer(input);
  if (!tokenizer)
    return tokenizer.takeError();
  llvm::Expected<std::string> chat = compileChatFormat(input);
  if (!chat)
    return chat.takeError();
  if (options.compileFrom < Phase::Simplify)
    if (llvm::Error error = simplify(*input.module, timer, temps))
      return error;
  if (llvm::Error error = layOut(*input.module, options, targets,
                                 input.facts.maxContext, timer))
    return error;

  // Code and weights depend on nothing of each other. Remarks have an order.
  VariantCompiler compiler(
      *input.module, targets, EntryKind::Steps,
      remarks.isOn() || options.keepsOrder ? 1 : getThreads(options), timer,
      remarks, temps);
  std::vector<uint64_t> hashes;
  if (!options.skipWeights) {
    llvm::Error error = timer.measure("pack weights", [&]() -> llvm::Error {
      llvm::Expected<std::vector<uint64_t>> written =
          writeWeights(input, writer, getThreads(options));
      if (!written)
        return written.takeError();
      hashes = std::move(*written);
      return llvm::Error::success();
    });
    if (error)
      return error;
  }
  llvm::Expected<std::vector<CompiledVariant>> variants = compiler.finish();
  if (!variants)
    return variants.takeError();
  if (llvm::Error error = checkInterruption())
    return error;
  return timer.measure("link", [&] {
    return finishArtifact(input, writer, *variants, hashes, *tokenizer, *chat);
  });
}

/// Whether two names are those of one file or folder, which need not be there.
static bool isSame(StringRef a, StringRef b) {
  namespace fs = llvm::sys::fs;
  llvm::SmallString<256> names[] = {a, b};
  bool isOneFile = false;
  (void)fs::equivalent(a, b, isOneFile);
  for (llvm::SmallString<256> &name : names) {
    (void)fs::make_absolute(name);
    llvm::sys::path::remove_dots(name, /*remove_dot_dot=*/true);
  }
  return isOneFile || names[0] == names[1];
}

/// An artifact replaces what is in its place.
static llvm::Error checkTempFolder(const CompileOptions &options) {
  StringRef folder = options.saveTemps;
  if (folder.empty() || options.output.empty() ||
      !isSame(folder, options.output))
    return llvm::Error::success();
  return makeUsageError("--save-temps expects a folder of its own, but '" +
                        folder + "' is the output; choose another name");
}

/// Ends a compilation on a terminal: what was written, how large it is, and for
/// which targets.
static void printWritten(const CompileOptions &options,
                         llvm::ArrayRef<TargetName> targets) {
  if (!llvm::sys::Process::StandardErrIsDisplayed())
    return;
  namespace fs = llvm::sys::fs;
  double bytes = 0;
  std::error_code code;
  for (fs::directory_iterator file(options.output, code), end;
       file != end && !code; file.increment(code))
    if (llvm::ErrorOr<fs::basic_file_status> status = file->status())
      bytes += static_cast<double>(status->getSize());
  llvm::errs() << options.output << llvm::format(": %.1f MB for ", bytes * 1e-6)
               << llvm::join(llvm::map_range(targets,
                                             [](const TargetName &target) {
                                               return target.getSpelling();
                                             }),
                             ", ")
               << "\n";
}

/// Remarks must not replace what is compiled, nor be replaced with the output.
static llvm::Error checkRemarksFile(const CompileOptions &options) {
  std::string file = options.remarksOutput;
  if (file.empty())
    return llvm::Error::success();
  StringRef folder = llvm::sys::path::parent_path(file);
  bool isOfSource =
      isSame(file, options.source) ||
      (isSame(folder, options.source) && llvm::sys::fs::exists(file));
  bool isOfOutput = !options.output.empty() && (isSame(file, options.output) ||
                                                isSame(folder, options.output));
  if (!isOfSource && !isOfOutput)
    return llvm::Error::success();
  return makeUsageError("--remarks-output expects a file of its own, but '" +
                        file + "' belongs to '" +
                        (isOfSource ? options.source : options.output) +
                        "'; choose another name");
}

/// The importer chooses types of caches and weights; a module has them.
static llvm::Error checkModuleChoices(const CompileOptions &asked) {
  if (!isModuleFile(asked.source))
    return llvm::Error::success();
  const char *option = asked.cacheType                       ? "--cache-type"
                       : asked.weights != WeightChoice::Keep ? "--weights"
                                                             : nullptr;
  if (!option)
    return llvm::Error::success();
  return makeUsageError(llvm::Twine(option) +
                        " chooses a type when a model is imported, but '" +
                        asked.source +
                        "' is a module, which has its types; leave it out, or "
                        "compile the model itself");
}

/// Types that the user has not chosen are those that all targets prefer.
static void chooseTypes(CompileOptions &options,
                        llvm::ArrayRef<TargetName> targets) {
  bool isNarrow = llvm::all_of(targets, [](const TargetName &target) {
    return target.backend->prefersBF16();
  });
  if (!options.cacheType)
    options.cacheType = isNarrow ? CacheType::BF16 : CacheType::F32;
  if (!options.activations)
    options.activations = isNarrow ? ActivationType::BF16 : ActivationType::F32;
}

/// Begins an artifact, which an interruption ends without a trace.
static llvm::Expected<std::unique_ptr<ArtifactWriter>>
createWriter(const CompileOptions &options) {
  StringRef name = llvm::sys::path::filename(options.output);
  if (name == "." || name == "..")
    return makeUsageError("expects a name for the artifact, but got '" +
                          options.output + "'; write -o OUT.tenon");
  llvm::Expected<std::unique_ptr<ArtifactWriter>> writer =
      ArtifactWriter::create(options.output);
  if (writer)
    llvm::sys::SetInterruptFunction([] { isInterrupted = true; });
  return writer;
}

/// Fails if options contradict one another, whatever the targets are.
static llvm::Error checkOptions(const CompileOptions &options) {
  for (auto *check : {checkModuleChoices, checkCompileFrom, checkLibraryOptions,
                      checkTempFolder, checkRemarksFile})
    if (llvm::Error error = check(options))
      return error;
  return llvm::Error::success();
}

llvm::Error tenon::compileModel(const CompileOptions &asked) {
  CompileOptions options = asked;
  if (llvm::Error error = orderBuckets(options.buckets))
    return error;
  if (llvm::Error error = checkOptions(options))
    return error;
  llvm::Expected<std::vector<TargetName>> targets = chooseTargets(options);
  if (!targets)
    return targets.takeError();
  if (llvm::Error error = checkEmission(options, *targets))
    return error;
  chooseTypes(options, *targets);

  bool isText = options.stopAfter || options.emit;
  bool isArtifact = !isText && options.entries.empty();
  std::unique_ptr<ArtifactWriter> writer;
  if (isArtifact) {
    llvm::Expected<std::unique_ptr<ArtifactWriter>> created =
        createWriter(options);
    if (!created)
      return created.takeError();
    writer = std::move(*created);
  }
  llvm::Expected<std::unique_ptr<RemarkPrinter>> remarks =
      RemarkPrinter::create(options.remarks, options.remarksOutput);
  if (!remarks)
    return remarks.takeError();
  llvm::Expected<TempFiles> temps = TempFiles::create(options.saveTemps);
  if (!temps)
    return temps.takeError();
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  (*remarks)->listenTo(context);
  PhaseTimer timer(options.timing);
  CompilerInput input;
  llvm::Error error = timer.measure("import", [&]() -> llvm::Error {
    llvm::Expected<CompilerInput> opened = openInput(context, options);
    if (!opened)
      return opened.takeError();
    input = std::move(*opened);
    return llvm::Error::success();
  });
  if (!error && options.verifyNumerics)
    error = verifyNumerics(input, options, *targets, timer);
  if (!error && options.compileFrom == Phase::Import)
    error = temps->save(*input.module, Phase::Import);
  if (!error && isText)
    error = emitPhase(input, options, *targets, timer, *temps);
  else if (!error && isArtifact)
    error = writeArtifact(input, *writer, options, *targets, timer, **remarks,
                          *temps);
  else if (!error)
    error = writeLibrary(input, options, *targets, timer, **remarks, *temps);
  timer.print();
  if (!error && isArtifact)
    printWritten(options, *targets);
  return error ? std::move(error) : (*remarks)->finish();
}
