// Executes a function of a module, and compares what it gives with the oracle.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/AllDialects.h"
#include "dialects/Tenon/Tenon.h"
#include "tenon/Conversion/Passes.h"
#include "tenon/Import/ModelSource.h"
#include "tenon/Interpreter/Engine.h"
#include "tenon/Interpreter/Npy.h"
#include "tenon/Interpreter/Tolerance.h"
#include "tenon/Pipelines/Pipelines.h"
#include "tenon/Support/InputFile.h"
#include "tenon/Support/Version.h"
#include "tenon/Testing/CompareSteps.h"
#include "tenon/Testing/KernelTrace.h"
#include "tenon/Testing/NativeFunction.h"
#include "tenon/Testing/RandomTensors.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "test/lib/TestPasses.h"

#include <cmath>
#include <new>
#include <unistd.h>

using namespace mlir;
using namespace tenon;
namespace cl = llvm::cl;

static cl::OptionCategory category("Options of tenon-run");
static cl::opt<std::string> file(cl::Positional, cl::Required,
                                 cl::cat(category), cl::desc("X.mlir"));
static cl::opt<std::string> entry("entry", cl::init("main"), cl::cat(category),
                                  cl::desc("function to run"));
static cl::list<std::string> inputs(
    "input", cl::cat(category),
    cl::desc(
        "one for each argument: seed:N, zeros, fill:X, iota:N, ints:1,2, "
        "floats:1,2.5, F.npy, or a part of --step: tokens, positions, "
        "slots, rows, types, blocks, cache, or what is not read: unwritten, "
        "logits; a suffix such as @8x64 gives a shape"));
static cl::list<int64_t> dims("dims", cl::CommaSeparated, cl::cat(category),
                              cl::desc("dynamic dimensions of inputs"));
static cl::list<std::string> steps(
    "step", cl::cat(category),
    cl::desc("a consistent step: tokens:5+2,start:3+0,slots:2,block:4,"
             "context:16,vocabulary:32,rows:last|all,seed:1, of which any may "
             "be left out; `+` joins sequences. Without --input the arguments "
             "are tokens, positions, slots, rows, blocks, then caches and "
             "logits. Engine native takes several, and so does "
             "--trace-kernels"));
static cl::opt<std::string>
    stepsFrom("steps-from", cl::cat(category),
              cl::desc("file with a step on each line, - for standard input; "
                       "each is answered with `ok` or `wrong: ...`. For "
                       "engine native"));
static cl::opt<std::string>
    weightSeed("weights", cl::init("seed:1"), cl::cat(category),
               cl::desc("random weights: seed:N, or stored:N, which are "
                        "those of engine native"));
static cl::list<std::string>
    listedWeights("weight", cl::cat(category),
                  cl::desc("values of one weight: NAME:1,2.5,3"));
static cl::opt<std::string>
    model("model", cl::cat(category),
          cl::desc("take weights from a Hugging Face folder, a GGUF or a "
                   "safetensors file"));
static cl::opt<std::string> engineName("engine", cl::init("interpret"),
                                       cl::cat(category),
                                       cl::desc("interpret, native"));
static cl::opt<std::string>
    traceFolder("trace-kernels", cl::cat(category),
                cl::desc("write what each kernel of the steps is given and "
                         "gives in the interpreter to this folder; the caches "
                         "of a step are those that the one before it left"));
static cl::opt<std::string>
    oracleName("compare", cl::cat(category),
               cl::desc("compare with an oracle: interpret"));
static cl::list<std::string>
    others("other", cl::cat(category),
           cl::desc("F.npy with the first result as something else computed "
                    "it, then the next ones: compared with the "
                    "interpreter's, which is the oracle"));
static cl::opt<std::string>
    before("before", cl::cat(category),
           cl::desc("module that the oracle runs; X.mlir by default"));
static cl::opt<std::string>
    beforeEntry("before-entry", cl::cat(category),
                cl::desc("function that the oracle runs; by default that "
                         "of --entry"));
static cl::opt<std::string>
    pipeline("pipeline", cl::cat(category),
             cl::desc("passes to run on X.mlir before the engine does; the "
                      "oracle runs what was there before them"));
static cl::opt<double> toleranceScale(
    "tolerance-scale", cl::init(1), cl::cat(category),
    cl::desc("factor of the tolerance that follows from types and sums"));
static cl::opt<double> relativeError(
    "relative-error", cl::init(std::numeric_limits<double>::infinity()),
    cl::cat(category),
    cl::desc("largest relative error of any element of a kernel's result, "
             "for engine native"));
static cl::opt<int64_t>
    times("time", cl::init(0), cl::value_desc("N"), cl::cat(category),
          cl::desc("run the function N times, and print the seconds of the run "
                   "in the middle; for engine native without --compare"));
static cl::opt<int64_t>
    workers("workers", cl::init(1), cl::value_desc("N"), cl::cat(category),
            cl::desc("threads that run the function (default: 1); for engine "
                     "native without --compare"));
static cl::opt<bool> print("print", cl::cat(category),
                           cl::desc("print results"));
static cl::opt<int> digits("digits", cl::init(6), cl::cat(category),
                           cl::desc("significant digits of --print"));
static cl::list<std::string>
    outputs("output", cl::cat(category),
            cl::desc("F.npy for the first result, then the next ones"));
static cl::opt<bool>
    exact("exact", cl::cat(category),
          cl::desc("keep f32 results as doubles: formulas, not rounding"));
static cl::opt<uint64_t>
    shuffle("shuffle", cl::init(1), cl::cat(category),
            cl::desc("seed of the order in which parallel iterations run"));

static llvm::Expected<OwningOpRef<ModuleOp>> parse(MLIRContext &context,
                                                   StringRef path) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> text =
      readModuleFile(path);
  if (!text)
    return text.takeError();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(
      (*text)->getBuffer(), ParserConfig(&context), path);
  if (!module)
    return llvm::createStringError("cannot read a module from '" + path + "'");
  return std::move(module);
}

static llvm::Error runPipeline(ModuleOp module) {
  PassManager manager(module.getContext());
  FailureOr<OpPassManager> passes = parsePassPipeline(pipeline);
  if (failed(passes))
    return llvm::createStringError("cannot read the pipeline '" +
                                   pipeline.getValue() + "'");
  static_cast<OpPassManager &>(manager) = *passes;
  if (failed(manager.run(module)))
    return llvm::createStringError("the pipeline failed on '" +
                                   file.getValue() + "'");
  return llvm::Error::success();
}

/// The options that say what arguments are made from.
static FunctionInputs collectInputs() {
  return {{inputs.begin(), inputs.end()}, {dims.begin(), dims.end()}};
}

static llvm::Expected<std::vector<Tensor>>
makeInputs(ModuleOp module, StringRef entry, StringRef step) {
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  if (!function)
    return llvm::createStringError("'" + file.getValue() +
                                   "' has no function '" + entry +
                                   "'; name one with --entry");
  llvm::Expected<StepPlan> plan = StepPlan::parse(step);
  if (!plan)
    return plan.takeError();
  FunctionInputs made = collectInputs();
  if (made.texts.empty() && steps.empty() && function.getNumArguments())
    return llvm::createStringError(
        "expects " + Twine(function.getNumArguments()) + " inputs for '" +
        entry + "', but got 0; give one --input for each, or --step");
  return made.make(function, *plan);
}

namespace {
/// Everything that weights may come from.
struct WeightSources {
  std::unique_ptr<ModelSource> source;
  std::unique_ptr<RandomTensors> tensors;
  std::unique_ptr<WeightProvider> random, base;
  std::unique_ptr<ListedWeights> listed;

  /// `before` is the module that passes made `module` of.
  llvm::Error open(ModuleOp module, ModuleOp before);
  /// Stored tensors, as code needs them to be packed, or null.
  const TensorSource *getTensors() const {
    return source ? &source->getTensors() : tensors.get();
  }
};
} // namespace

llvm::Error WeightSources::open(ModuleOp module, ModuleOp before) {
  uint64_t seed;
  StringRef text = weightSeed;
  bool isStored = text.consume_front("stored:");
  if ((!isStored && !text.consume_front("seed:")) ||
      text.getAsInteger(10, seed))
    return llvm::createStringError(
        "expects --weights=seed:N or stored:N, but got '" +
        weightSeed.getValue() + "'");
  random = std::make_unique<RandomWeights>(seed);
  base = std::make_unique<DeclaredWeights>(before, *random);
  if (!model.empty()) {
    llvm::Expected<std::unique_ptr<ModelSource>> opened =
        openWeightSource(model);
    if (!opened)
      return opened.takeError();
    source = std::move(*opened);
  } else if (isStored || engineName == "native" || !traceFolder.empty()) {
    auto drawn = RandomTensors::create(module, seed);
    if (!drawn)
      return drawn.takeError();
    tensors = std::move(*drawn);
  }
  if (const TensorSource *stored = getTensors())
    base = std::make_unique<SourceWeights>(*stored);
  listed = std::make_unique<ListedWeights>(*base);
  for (StringRef weight : listedWeights) {
    auto [name, rest] = weight.split(':');
    if (!isa_and_nonnull<WeightSymbolOpInterface>(before.lookupSymbol(name)))
      return llvm::createStringError("the module has no tenon.weight @" + name +
                                     ", which --weight names");
    SmallVector<StringRef> parts;
    rest.split(parts, ',');
    std::vector<double> values;
    for (StringRef part : parts)
      if (part.getAsDouble(values.emplace_back()))
        return llvm::createStringError("cannot read the number '" + part +
                                       "' of --weight=" + name);
    listed->add(name, std::move(values));
  }
  return llvm::Error::success();
}

/// Prints how far each result is from the oracle's, and whether all are near.
static bool report(ArrayRef<Tensor> results, ArrayRef<Tensor> oracles) {
  if (results.size() != oracles.size()) {
    llvm::outs() << "expects " << oracles.size() << " results, but got "
                 << results.size() << "\n";
    return false;
  }
  bool isGood = true;
  for (auto [index, result, oracle] : llvm::enumerate(results, oracles)) {
    llvm::outs() << "result " << index << ": ";
    llvm::Expected<Deviation> deviation =
        compare(result, oracle, toleranceScale);
    if (!deviation) {
      llvm::outs() << llvm::toString(deviation.takeError()) << "\n";
      isGood = false;
      continue;
    }
    llvm::outs() << llvm::format("error %.3g of %.3g allowed", deviation->error,
                                 deviation->tolerance)
                 << " at element " << deviation->element
                 << llvm::format(", ratio %.3g\n", deviation->ratio);
    isGood &= deviation->ratio < 1;
  }
  return isGood;
}

/// Compares the files of --other with the first results.
static llvm::Expected<bool> reportOthers(ArrayRef<Tensor> results) {
  if (others.size() > results.size())
    return llvm::createStringError("expects at most " + Twine(results.size()) +
                                   " files of --other, but got " +
                                   Twine(others.size()));
  std::vector<Tensor> tensors;
  for (auto [path, result] : llvm::zip(others, results)) {
    llvm::Expected<Tensor> tensor = readNpy(path, result.getElementType());
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  return report(tensors, results.take_front(others.size()));
}

static llvm::Error show(ArrayRef<Tensor> results, bool prints, int numDigits,
                        ArrayRef<std::string> files) {
  for (auto [index, result] : llvm::enumerate(results)) {
    if (prints) {
      llvm::outs() << "result " << index << ": ";
      for (int64_t dim : result.getShape())
        llvm::outs() << dim << "x";
      llvm::outs() << result.getElementType() << " = ";
      result.print(llvm::outs(), numDigits);
      llvm::outs() << "\n";
    }
    if (index < files.size())
      if (llvm::Error error = writeNpy(files[index], result))
        return error;
  }
  return llvm::Error::success();
}

static llvm::Error outlineKernels(ModuleOp module) {
  PassManager manager(module.getContext());
  manager.addPass(createOutlineKernels());
  if (failed(manager.run(module)))
    return llvm::createStringError("cannot make functions of kernels");
  return llvm::Error::success();
}

/// Runs all steps in the interpreter, and writes each call of a kernel.
static llvm::Error runTraced(ModuleOp module, WeightSources &weights) {
  if (llvm::Error error = outlineKernels(module))
    return error;
  TracedSteps traced{entry, {steps.begin(), steps.end()}, toleranceScale};
  if (traced.steps.empty())
    traced.steps.push_back("");
  return traceSteps(module, traced, collectInputs(), *weights.listed,
                    weights.getTensors(), {shuffle, exact}, traceFolder);
}

/// Runs all steps with native kernels, and compares each call.
static llvm::Expected<bool> runNative(ModuleOp module, WeightSources &weights) {
  if (llvm::Error error = outlineKernels(module))
    return std::move(error);
  // The linker forgets all options of the process, so they are read before.
  std::vector<std::string> texts(steps.begin(), steps.end());
  std::string lines = stepsFrom;
  if (texts.empty() && lines.empty())
    texts.push_back("");
  auto comparison = StepComparison::create(
      module, entry, collectInputs(), *weights.listed, weights.getTensors(),
      {shuffle, exact}, {toleranceScale, relativeError});
  if (!comparison)
    return comparison.takeError();
  for (const std::string &step : texts)
    if (llvm::Error error = (*comparison)->run(step))
      return std::move(error);
  if (!lines.empty())
    if (llvm::Error error = (*comparison)->runLines(lines))
      return std::move(error);
  return (*comparison)->report(llvm::outs());
}

/// Runs a function as native code, and shows what it gives.
static llvm::Error runFunction(ModuleOp module, WeightSources &weights) {
  auto tensors = makeInputs(module, entry, steps.empty() ? "" : steps.front());
  if (!tensors)
    return tensors.takeError();
  // The linker forgets all options of the process, so they are read before.
  NativeRun run{workers, times};
  bool prints = print;
  int numDigits = digits;
  std::vector<std::string> files(outputs.begin(), outputs.end());
  auto native =
      runNativeFunction(module, entry, *tensors, weights.getTensors(), run);
  if (!native)
    return native.takeError();
  if (llvm::Error error = show(native->results, prints, numDigits, files))
    return error;
  if (run.times)
    llvm::outs() << llvm::format(
        "time: %.4g us, the middle of %lld runs by %lld workers; %llu bytes of "
        "arguments, results and weights, %.3g GB/s\n",
        1e6 * native->seconds, static_cast<long long>(run.times),
        static_cast<long long>(run.workers),
        static_cast<unsigned long long>(native->bytes),
        1e-9 * native->bytes / native->seconds);
  return llvm::Error::success();
}

/// Runs everything; the result says whether it was near the oracle's.
static llvm::Expected<bool> run(MLIRContext &context) {
  auto module = parse(context, file);
  if (!module)
    return module.takeError();
  OwningOpRef<ModuleOp> oracleModule = (*module)->clone();
  if (!before.empty()) {
    auto other = parse(context, before);
    if (!other)
      return other.takeError();
    oracleModule = std::move(*other);
  }
  if (!pipeline.empty())
    if (llvm::Error error = runPipeline(**module))
      return error;
  WeightSources weights;
  if (llvm::Error error = weights.open(**module, *oracleModule))
    return error;
  if (engineName == "native" && !oracleName.empty())
    return runNative(**module, weights);
  if (engineName == "native") {
    if (llvm::Error error = runFunction(**module, weights))
      return std::move(error);
    return true;
  }
  if (!traceFolder.empty()) {
    if (llvm::Error error = runTraced(**module, weights))
      return std::move(error);
    return true;
  }
  auto tensors =
      makeInputs(**module, entry, steps.empty() ? "" : steps.front());
  if (!tensors)
    return tensors.takeError();
  InterpretEngine engine(*weights.listed, {shuffle, exact});
  auto results = engine.run(**module, entry, *tensors);
  if (!results)
    return results.takeError();
  if (llvm::Error error =
          show(*results, print, digits,
               std::vector<std::string>(outputs.begin(), outputs.end())))
    return error;
  if (!others.empty())
    return reportOthers(*results);
  if (oracleName.empty())
    return true;
  InterpretEngine oracle(*weights.listed, {/*shuffleSeed=*/1, exact});
  StringRef oracleEntry = beforeEntry.empty() ? entry : beforeEntry;
  // A pass may append operands that results are written to.
  ArrayRef<Tensor> oracleInputs = *tensors;
  auto function = oracleModule->lookupSymbol<func::FuncOp>(oracleEntry);
  if (function && function.getNumArguments() < oracleInputs.size())
    oracleInputs = oracleInputs.take_front(function.getNumArguments());
  auto expected = oracle.run(*oracleModule, oracleEntry, oracleInputs);
  if (!expected)
    return expected.takeError();
  return report(*results, *expected);
}

/// Engine native compares all kernels of steps, or runs one function.
static llvm::Error checkNativeOptions() {
  if (!listedWeights.empty())
    return llvm::createStringError(
        "engine native reads packed weights; give --model or --weights, and no "
        "--weight");
  if (!oracleName.empty()) {
    if (times || workers != 1 || print || !outputs.empty())
      return llvm::createStringError(
          "engine native compares kernels with the interpreter's and shows no "
          "result; leave out --compare, or --print, --output, --time and "
          "--workers");
    return llvm::Error::success();
  }
  if (steps.size() > 1 || !stepsFrom.empty() || !others.empty() ||
      std::isfinite(relativeError))
    return llvm::createStringError(
        "engine native runs a function once; several steps, --steps-from, "
        "--other and --relative-error need --compare=interpret or the "
        "interpreter");
  if (times < 0 || workers < 1 || workers > 256)
    return llvm::createStringError("expects --time to be at least 0 and "
                                   "--workers from 1 to 256, but got " +
                                   Twine(times) + " and " + Twine(workers));
  return llvm::Error::success();
}

static llvm::Error checkOptions() {
  if (!traceFolder.empty() &&
      (engineName != "interpret" || !oracleName.empty() || !others.empty() ||
       !listedWeights.empty()))
    return llvm::createStringError(
        "--trace-kernels runs steps in the interpreter alone; give no "
        "--engine, --compare, --other or --weight");
  if (engineName == "native")
    return checkNativeOptions();
  if (times || workers != 1)
    return llvm::createStringError(
        "--time and --workers expect --engine=native");
  if (!stepsFrom.empty())
    return llvm::createStringError(
        "--steps-from expects --engine=native; give one --step");
  if (steps.size() > 1 && traceFolder.empty())
    return llvm::createStringError("expects one --step, but got " +
                                   Twine(steps.size()) +
                                   "; engine native takes several");
  if (engineName != "interpret")
    return llvm::createStringError("unknown engine '" + engineName.getValue() +
                                   "'; known engines: interpret, native");
  if (!oracleName.empty() && oracleName != "interpret")
    return llvm::createStringError("unknown oracle '" + oracleName.getValue() +
                                   "'; known oracles: interpret");
  if (!oracleName.empty() && before.empty() && pipeline.empty())
    return llvm::createStringError(
        "nothing to compare: the interpreter would run the same module twice; "
        "give --pipeline or --before");
  return llvm::Error::success();
}

static int fail(llvm::Error error, int code) {
  llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
  return code;
}

/// Sizes that pass every check may still be more than this machine has.
static void exitOutOfMemory() {
  constexpr llvm::StringLiteral line = "error: out of memory\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(1);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  identifyTool("tenon-run");
  std::set_new_handler(exitOutOfMemory);
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  tenon::registerConversionPasses();
  tenon::registerPipelines();
  tenon::registerTransformsPasses();
  tenon::test::registerTestPasses();
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "runs a function of a module\n");
  if (llvm::Error error = checkOptions())
    return fail(std::move(error), 2);
  DialectRegistry registry;
  registerAllDialects(registry);
  registry.insert<linalg::LinalgDialect>();
  MLIRContext context(registry);
  llvm::Expected<bool> isGood = run(context);
  if (!isGood)
    return fail(isGood.takeError(), 1);
  return *isGood ? 0 : 1;
}
