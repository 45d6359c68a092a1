// What is compiled: the module of one step, and where its weights come from.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CompilerInput.h"
#include "dialects/Tenon/Roles.h"
#include "tenon/Import/Tokenizer.h"
#include "tenon/Support/FirstDiagnostic.h"
#include "tenon/Support/InputFile.h"
#include "tenon/Support/Version.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "ChatFormat.h"
#include "ModulePhase.h"
#include "Warning.h"

using namespace mlir;
using namespace tenon;

/// A longer context is asked for: tables of rotations and the state of a
/// session grow with it, and few uses need all that a model can do.
static constexpr int64_t kDefaultContext = 4096;

bool tenon::isModuleFile(StringRef source) { return source.ends_with(".mlir"); }

/// The name of a value that the text has at a location, without its sigil.
static StringRef findName(StringRef text, FileLineColLoc loc) {
  for (unsigned line = 1; line < loc.getLine(); ++line)
    text = text.split('\n').second;
  text = text.split('\n').first.drop_front(
      std::min<size_t>(loc.getColumn() - 1, text.size()));
  if (!text.consume_front("%"))
    return {};
  return text.take_while(
      [](char c) { return llvm::isAlnum(c) || StringRef("_$.-").contains(c); });
}

/// Keeps the names that arguments have in the text, which no IR has.
static void nameArguments(func::FuncOp func, StringRef text) {
  for (BlockArgument argument : func.getArguments())
    if (auto loc = dyn_cast<FileLineColLoc>(argument.getLoc()))
      if (StringRef name = findName(text, loc); !name.empty())
        argument.setLoc(
            NameLoc::get(StringAttr::get(func.getContext(), name), loc));
}

llvm::Expected<OwningOpRef<ModuleOp>>
tenon::parseModule(MLIRContext &context, const CompileOptions &options) {
  if (!options.skipWeights && !options.stopAfter && !options.emit &&
      options.entries.empty() && options.model.empty())
    return llvm::createStringError(
        "'" + options.source +
        "' is a module and has no values of weights; say whose with --model, "
        "compile the model itself, or add --skip-weights");
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file =
      readModuleFile(options.source);
  if (!file)
    return file.takeError();
  FirstDiagnostic diagnostic(&context);
  auto module = parseSourceString<ModuleOp>(
      (*file)->getBuffer(), ParserConfig(&context), options.source);
  if (!module)
    return diagnostic.take("cannot parse '" + options.source + "'");
  if (llvm::Error error = checkPhaseOfModule(*module, options))
    return std::move(error);
  for (func::FuncOp func : module->getOps<func::FuncOp>())
    if (llvm::is_contained(options.entries, func.getName()))
      nameArguments(func, (*file)->getBuffer());
  return module;
}

static llvm::Expected<Library> selectLibrary(ModuleOp module,
                                             const CompileOptions &options) {
  llvm::Expected<Library> library = selectEntries(module, options.entries);
  if (library)
    return library;
  return llvm::createStringError("'" + options.source +
                                 "': " + llvm::toString(library.takeError()));
}

/// Reads what makes one vector of a text.
static llvm::Error readEmbedding(const ModelConfig &config, ModelFacts &facts) {
  llvm::Expected<std::string> pooling =
      config.getString("embedding_pooling", StringRef("mean"));
  if (!pooling)
    return pooling.takeError();
  facts.pooling =
      *pooling == "first" ? TENON_POOLING_FIRST : TENON_POOLING_MEAN;
  llvm::Expected<bool> normalizes =
      config.getBool("embedding_normalize", false);
  if (!normalizes)
    return normalizes.takeError();
  facts.normalizes = *normalizes;
  return llvm::Error::success();
}

static llvm::Error importSource(MLIRContext &context,
                                const CompileOptions &options,
                                CompilerInput &input) {
  llvm::Expected<std::unique_ptr<ModelSource>> source =
      openModelSource(options.source, options.skipWeights);
  if (!source)
    return source.takeError();
  input.source = std::move(*source);
  for (const std::string &warning : input.source->getWarnings())
    printWarning(warning);
  ScopedDiagnosticHandler printer(&context, [](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Warning)
      return failure();
    printWarning(diagnostic.str());
    return success();
  });
  ImportOptions choices{options.maxContext,
                        options.cacheType.value_or(CacheType::F32),
                        options.weights, kDefaultContext};
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      importModel(context, *input.source, choices);
  if (!module)
    return module.takeError();
  input.module = std::move(*module);
  return readEmbedding(input.source->getConfig(), input.facts);
}

/// Reads what the module says about itself, and limits the context if nobody
/// has asked for one.
static llvm::Error readModelAttribute(ModuleOp module, int64_t asked,
                                      StringRef source, ModelFacts &facts) {
  // A module that was parsed may not contain anything of the dialect.
  module.getContext()->loadDialect<TenonDialect>();
  auto model = module->getAttrOfType<ModelAttr>(TenonDialect::kModelName);
  int64_t length = model ? model.getContextLength() : kDefaultContext;
  if (model && asked > length)
    return llvm::createStringError(
        "'" + source + "': '" + TenonDialect::kModelName +
        "' has a context_length of " + Twine(length) +
        " positions, but a context of " + Twine(asked) +
        " was asked for; ask for at most " + Twine(length));
  facts.maxContext = asked ? asked : std::min(length, kDefaultContext);
  facts.architecture = model ? model.getFamily().str() : "module";
  module->setAttr(TenonDialect::kModelName,
                  ModelAttr::get(module.getContext(), facts.architecture,
                                 facts.maxContext));
  return llvm::Error::success();
}

/// The rows of the table that an operand of a step is looked up in, or 0.
static int64_t getTableRows(func::FuncOp step, Role role) {
  if (BlockArgument operand = getOperand(step, role))
    for (Operation *user : operand.getUsers())
      if (auto op = dyn_cast<EmbeddingOp>(user))
        return op.getTable().getType().getRows();
  return 0;
}

/// Reads what the results of a step are; the embeddings of an encoder do not say
/// how many tokens there are.
static void readOutputs(func::FuncOp step, ModelFacts &facts) {
  for (unsigned i = 0; i < step.getNumResults(); ++i) {
    auto type = dyn_cast<RankedTensorType>(step.getResultTypes()[i]);
    std::optional<Role> role = getResultRole(step, i);
    if (role == Role::Logits)
      facts.vocabulary = type.getDimSize(1);
    facts.hasPooler |= role == Role::Pooled;
    if (role != Role::Embeddings)
      continue;
    facts.segments = getTableRows(step, Role::Types);
    facts.vocabulary = facts.segments ? getTableRows(step, Role::Tokens) : 0;
  }
}

/// Reads sizes off the types of the step.
static llvm::Error readSizes(ModuleOp module, StringRef source,
                             ModelFacts &facts) {
  RankedTensorType rows, cache;
  for (func::FuncOp step : module.getOps<func::FuncOp>()) {
    if (!isStep(step))
      continue;
    readOutputs(step, facts);
    if (BlockArgument state = getOperand(step, Role::Cache))
      cache = dyn_cast<RankedTensorType>(state.getType());
  }
  module.walk([&](EmbeddingOp op) { rows = op.getResult().getType(); });
  if (!facts.vocabulary || !rows || !cache)
    return llvm::createStringError(
        "'" + source +
        "' has no step: a function whose arguments and results say by "
        "tenon.role that they are tokens, caches and logits or embeddings; see "
        "what "
        "--stop-after=import prints for a model");
  facts.hidden = rows.getDimSize(1);
  facts.layers = cache.getDimSize(0);
  // An encoder has caches of one layer.
  module.walk([&](WeightOp weight) {
    for (int64_t layer : weight.getLayers())
      facts.layers = std::max(facts.layers, uint32_t(layer + 1));
  });
  return llvm::Error::success();
}

/// Opens the weights that a module is compiled with, if it is to have any.
static llvm::Error openWeights(const CompileOptions &options,
                               CompilerInput &input) {
  if (options.model.empty() || options.skipWeights)
    return llvm::Error::success();
  llvm::Expected<std::unique_ptr<ModelSource>> source =
      openWeightSource(options.model);
  if (!source)
    return source.takeError();
  input.source = std::move(*source);
  return llvm::Error::success();
}

llvm::Expected<CompilerInput> tenon::openInput(MLIRContext &context,
                                               const CompileOptions &options) {
  CompilerInput input;
  if (isModuleFile(options.source)) {
    llvm::Expected<OwningOpRef<ModuleOp>> module =
        parseModule(context, options);
    if (!module)
      return module.takeError();
    input.module = std::move(*module);
    if (options.compileFrom >= Phase::Form)
      return input;
    if (llvm::Error error = openWeights(options, input))
      return std::move(error);
  } else if (llvm::Error error = importSource(context, options, input)) {
    return std::move(error);
  }
  input.facts.producer = ("tenon " + getVersion()).str();
  if (llvm::Error error = readModelAttribute(*input.module, options.maxContext,
                                             options.source, input.facts))
    return std::move(error);
  if (!options.entries.empty()) {
    llvm::Expected<Library> library = selectLibrary(*input.module, options);
    if (!library)
      return library.takeError();
    input.library = std::move(*library);
  } else if (llvm::Error error =
                 readSizes(*input.module, options.source, input.facts)) {
    return std::move(error);
  }
  return input;
}

static llvm::Expected<std::vector<uint8_t>>
compileAnyTokenizer(const ModelSource &source,
                    std::vector<std::string> &warnings) {
  if (const GgufMetadataView *metadata = source.getEmbeddedMetadata()) {
    constexpr llvm::StringLiteral key = "tokenizer.ggml.model";
    StringRef model = metadata->getString(key).value_or("");
    // Files without a vocabulary either say nothing or say so.
    if (!metadata->has(key) || model == "no_vocab" || model == "none")
      return std::vector<uint8_t>();
    return compileTokenizerGguf(*metadata, &warnings);
  }
  if (!hasTokenizer(source.getPath()))
    return std::vector<uint8_t>();
  return compileTokenizerJson(source.getPath(), &warnings);
}

/// Why an artifact knows no text, and what to do about it.
static std::string describeAbsence(const ModelSource &source) {
  std::string path = source.getPath().str();
  if (source.getEmbeddedMetadata())
    return "'" + path + "' has no tokenizer; the artifact runs on tokens alone";
  return "'" + path +
         "' has neither tokenizer.json nor tokenizer.model nor vocab.json with "
         "merges.txt, so that the artifact runs on tokens alone; "
         "save_pretrained of a tokenizer of transformers writes one";
}

llvm::Expected<std::vector<uint8_t>>
tenon::compileTokenizer(const CompilerInput &input) {
  if (!input.source)
    return std::vector<uint8_t>();
  std::vector<std::string> warnings;
  llvm::Expected<std::vector<uint8_t>> bytes =
      compileAnyTokenizer(*input.source, warnings);
  for (const std::string &warning : warnings)
    printWarning(warning);
  if (bytes && bytes->empty())
    printWarning(describeAbsence(*input.source));
  return bytes;
}

llvm::Expected<std::string>
tenon::compileChatFormat(const CompilerInput &input) {
  if (!input.source)
    return "";
  std::vector<std::string> warnings;
  llvm::Expected<ChatTemplate> chat = ChatTemplate();
  if (const GgufMetadataView *metadata = input.source->getEmbeddedMetadata())
    chat = readChatTemplate(*metadata);
  else
    chat = readChatTemplate(input.source->getPath(), warnings);
  if (!chat)
    return chat.takeError();
  std::string text = writeChatFormat(*chat, warnings);
  for (const std::string &warning : warnings)
    printWarning(warning);
  return text;
}
