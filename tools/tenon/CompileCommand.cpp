// tenon compile: the options of the compiler.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Compile.h"
#include "tenon/Driver/DescribeTargets.h"
#include "tenon/Driver/UsageError.h"
#include "llvm/ADT/STLExtras.h"
#include "Command.h"
#include "PassOptions.h"

using namespace tenon;
namespace cl = llvm::cl;

/// An option keeps no copy of its description.
static llvm::StringRef describeTargetOption() {
  static const std::string text =
      "Targets to generate code for (default: cpu, a level of this machine): " +
      listTargets() + ", or help: a table of them";
  return text;
}

namespace {
struct CompileCommand : Command {
  CompileCommand()
      : Command("compile", "Compile a published model into an artifact") {}

  llvm::Error run() const override;
  /// Fails for an option whose phase is over.
  llvm::Error checkDecided() const;

  cl::opt<std::string> source{
      cl::Positional, cl::sub(subCommand), cl::value_desc("SRC"),
      cl::desc("<Hugging Face directory, .gguf file or .mlir file>")};
  cl::opt<std::string> output{
      "o", cl::sub(subCommand), cl::value_desc("OUT"),
      cl::desc(
          "The artifact, or the file of --emit or --stop-after (default for "
          "these: standard output)")};
  cl::list<std::string> entries{
      "entry", cl::sub(subCommand), cl::CommaSeparated, cl::value_desc("F"),
      cl::desc("Functions of a .mlir file that become a library OUT.so for C "
               "programs, with a header")};
  cl::opt<std::string> model{
      "model", cl::sub(subCommand), cl::value_desc("M"),
      cl::desc("Where the weights of a .mlir file are: a model, or a "
               "safetensors file")};
  cl::opt<std::string> header{
      "header", cl::sub(subCommand), cl::value_desc("F.h"),
      cl::desc("The header of --entry (default: OUT.h)")};
  cl::list<std::string> targets{"target", cl::sub(subCommand),
                                cl::CommaSeparated, cl::value_desc("T"),
                                cl::desc(describeTargetOption())};
  cl::opt<WeightChoice> weights{
      "weights", cl::sub(subCommand), cl::init(WeightChoice::Keep),
      cl::desc("Storage type of weight matrices"),
      cl::values(clEnumValN(WeightChoice::Keep, "keep", "as stored (default)"),
                 clEnumValN(WeightChoice::F32, "f32", "as f32"),
                 clEnumValN(WeightChoice::BF16, "bf16", "as bf16"))};
  cl::opt<CacheType> cacheType{
      "cache-type", cl::sub(subCommand), cl::init(CacheType::F32),
      cl::desc("KV-cache element type (default: f32, or bf16 for cuda)"),
      cl::values(clEnumValN(CacheType::F32, "f32", "f32"),
                 clEnumValN(CacheType::BF16, "bf16", "bf16"))};
  cl::opt<ActivationType> activations{
      "activations", cl::sub(subCommand), cl::init(ActivationType::F32),
      cl::desc("Activation type of matrix products and attention (default: "
               "f32, or bf16 "
               "for cuda)"),
      cl::values(clEnumValN(ActivationType::F32, "f32", "f32"),
                 clEnumValN(ActivationType::BF16, "bf16",
                            "rounded to bf16; routers and indexers keep f32"))};
  cl::opt<MlaChoice> mla{
      "mla", cl::sub(subCommand), cl::init(MlaChoice::Auto),
      cl::desc("Form of multi-head latent attention (MLA)"),
      cl::values(
          clEnumValN(
              MlaChoice::Auto, "auto",
              "absorbed in buckets up to a bound of the target (default)"),
          clEnumValN(MlaChoice::Naive, "naive", "naive in every bucket"),
          clEnumValN(MlaChoice::Absorbed, "absorbed",
                     "absorbed in every bucket"))};
  cl::opt<int64_t> maxContext{
      "max-context", cl::sub(subCommand), cl::init(0), cl::value_desc("N"),
      cl::desc("Maximum context length in tokens (default: 4096, or the "
               "model's limit if that is smaller)")};
  cl::list<int64_t> buckets{
      "buckets", cl::sub(subCommand), cl::CommaSeparated, cl::value_desc("N"),
      cl::desc("Maximum numbers of tokens of the specialized steps (default: "
               "1,8,64,1024)")};
  cl::opt<bool> skipWeights{
      "skip-weights", cl::sub(subCommand),
      cl::desc(
          "Do not read or write weights; the artifact can only be inspected")};
  cl::opt<Phase> compileFrom{
      "compile-from", cl::sub(subCommand), cl::init(Phase::Import),
      cl::desc("SRC is what --stop-after wrote after this phase"),
      cl::values(
          clEnumValN(Phase::Import, "import", "import (default)"),
          clEnumValN(Phase::Simplify, "simplify", "simplification"),
          clEnumValN(Phase::Form, "form", "kernel formation"),
          clEnumValN(Phase::Tile, "tile", "tiling, or functions of a GPU"),
          clEnumValN(Phase::Bufferize, "bufferize", "bufferization"))};
  cl::opt<Phase> stopAfter{
      "stop-after", cl::sub(subCommand), cl::init(Phase::Codegen),
      cl::desc("Stop after this phase and print the IR"),
      cl::values(
          clEnumValN(Phase::Import, "import", "import"),
          clEnumValN(Phase::Simplify, "simplify", "simplification"),
          clEnumValN(Phase::Form, "form", "kernel formation"),
          clEnumValN(Phase::Tile, "tile", "tiling, or functions of a GPU"),
          clEnumValN(Phase::Bufferize, "bufferize", "bufferization"),
          clEnumValN(Phase::Codegen, "codegen", "code generation"))};
  cl::opt<EmitKind> emit{
      "emit", cl::sub(subCommand), cl::init(EmitKind::MLIR),
      cl::desc("Emit this instead of an artifact"),
      cl::values(clEnumValN(EmitKind::MLIR, "mlir", "the module"),
                 clEnumValN(EmitKind::LLVM, "llvm", "LLVM IR"),
                 clEnumValN(EmitKind::Assembly, "asm", "assembly"),
                 clEnumValN(EmitKind::Object, "obj", "an object file"),
                 clEnumValN(EmitKind::PTX, "ptx", "PTX of a GPU"))};
  cl::opt<unsigned> threads{
      "threads", cl::sub(subCommand), cl::init(0), cl::value_desc("N"),
      cl::desc("Number of compiler threads (default: one per core)")};
  cl::opt<std::string> remarks{
      "remarks", cl::sub(subCommand), cl::value_desc("REGEX"),
      cl::desc("Print remarks (passed, missed, analysis) of passes: all, or a "
               "regular expression that matches flags of passes")};
  cl::opt<std::string> remarksOutput{
      "remarks-output", cl::sub(subCommand), cl::value_desc("F.yaml"),
      cl::desc("Write remarks to a file, as YAML (default: lines on standard "
               "error)")};
  cl::opt<bool> verifyNumerics{
      "verify-numerics", cl::sub(subCommand),
      cl::desc("Execute steps in the interpreter after each phase, and fail if "
               "one changes results; slow for large models")};
  cl::opt<std::string> saveTemps{
      "save-temps", cl::sub(subCommand), cl::value_desc("DIR"),
      cl::desc("Keep the IR of each phase, LLVM IR, assembly and PTX here")};
  cl::opt<bool> timing{"timing", cl::sub(subCommand),
                       cl::desc("Print seconds and memory of each phase")};
  PassOptions passOptions{subCommand};
};
} // namespace

llvm::Error CompileCommand::checkDecided() const {
  if (compileFrom < Phase::Form)
    return llvm::Error::success();
  // A list has an operator & of its own.
  const cl::Option *decided[] = {&activations, &mla, &maxContext,
                                 std::addressof(buckets)};
  for (const cl::Option *option : decided)
    if (option->getNumOccurrences())
      return makeUsageError("--" + option->ArgStr +
                            " is decided before phase form, whose result '" +
                            source + "' is; leave it out");
  return llvm::Error::success();
}

llvm::Error CompileCommand::run() const {
  if (llvm::is_contained(targets, "help"))
    return printTargets();
  if (source.empty())
    return makeUsageError("compile expects a model; write tenon compile SRC -o "
                          "OUT.tenon");
  if (llvm::Error error = checkDecided())
    return error;
  CompileOptions options;
  options.source = source;
  options.output = output;
  options.entries.assign(entries.begin(), entries.end());
  options.model = model;
  options.header = header;
  if (!targets.empty())
    options.targets.emplace(targets.begin(), targets.end());
  options.weights = weights;
  if (cacheType.getNumOccurrences())
    options.cacheType = cacheType;
  if (activations.getNumOccurrences())
    options.activations = activations;
  options.mla = mla;
  options.maxContext = maxContext;
  if (!buckets.empty())
    options.buckets.assign(buckets.begin(), buckets.end());
  options.skipWeights = skipWeights;
  options.compileFrom = compileFrom;
  if (stopAfter.getNumOccurrences())
    options.stopAfter = stopAfter;
  if (emit.getNumOccurrences())
    options.emit = emit;
  options.threads = threads;
  options.remarks = remarks;
  options.remarksOutput = remarksOutput;
  options.verifyNumerics = verifyNumerics;
  options.saveTemps = saveTemps;
  options.timing = timing;
  options.keepsOrder = passOptions.areGiven();
  if (llvm::Error error = passOptions.apply())
    return error;
  if (options.output.empty() && !options.stopAfter && !options.emit)
    return makeUsageError("compile expects a name for the artifact; add -o "
                          "OUT.tenon");
  return compileModel(options);
}

std::unique_ptr<Command> tenon::createCompileCommand() {
  return std::make_unique<CompileCommand>();
}
