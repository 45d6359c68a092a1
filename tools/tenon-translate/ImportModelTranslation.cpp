// tenon-translate --import-model: a published model as a module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ImportModelTranslation.h"
#include "dialects/AllDialects.h"
#include "tenon/Import/ImportModel.h"
#include "mlir/Tools/mlir-translate/Translation.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace tenon;
namespace cl = llvm::cl;

namespace {
struct ImportFlags {
  cl::OptionCategory category{"Options of --import-model"};
  cl::opt<int64_t> maxContext{
      "max-context", cl::cat(category), cl::init(0),
      cl::desc("Maximum sequence length (default: the limit of the model)")};
  cl::opt<WeightChoice> weights{
      "weights", cl::cat(category), cl::init(WeightChoice::Keep),
      cl::desc("Storage type of weight matrices"),
      cl::values(clEnumValN(WeightChoice::Keep, "keep", "as stored"),
                 clEnumValN(WeightChoice::F32, "f32", "as f32"),
                 clEnumValN(WeightChoice::BF16, "bf16", "as bf16"))};
  cl::opt<CacheType> cacheType{
      "cache-type", cl::cat(category), cl::init(CacheType::F32),
      cl::desc("KV-cache element type"),
      cl::values(clEnumValN(CacheType::F32, "f32", "f32"),
                 clEnumValN(CacheType::BF16, "bf16", "bf16"))};
  cl::opt<bool> skipWeights{"skip-weights", cl::cat(category),
                            cl::desc("Read only config.json, not the weights")};
};
} // namespace

static OwningOpRef<Operation *>
import(llvm::StringRef path, const ImportFlags &flags, MLIRContext *context) {
  auto report = [&](llvm::Error error) {
    llvm::WithColor::error(llvm::errs(), "tenon-translate")
        << llvm::toString(std::move(error)) << '\n';
    return nullptr;
  };
  llvm::Expected<std::unique_ptr<ModelSource>> source =
      openModelSource(path, flags.skipWeights);
  if (!source)
    return report(source.takeError());
  ImportOptions options{flags.maxContext, flags.cacheType, flags.weights};
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      importModel(*context, **source, options);
  if (!module)
    return report(module.takeError());
  return OwningOpRef<Operation *>(module->release());
}

void tenon::registerImportModelTranslation() {
  static ImportFlags flags;
  TranslateToMLIRRegistration registration(
      "import-model", "import a Hugging Face folder or a GGUF file",
      [](const std::shared_ptr<llvm::SourceMgr> &manager,
         MLIRContext *context) -> OwningOpRef<Operation *> {
        // The tool has opened a file; of a folder, that is its configuration.
        llvm::StringRef path =
            manager->getMemoryBuffer(manager->getMainFileID())
                ->getBufferIdentifier();
        if (llvm::sys::path::filename(path) == "config.json")
          path = llvm::sys::path::parent_path(path);
        return import(path.empty() ? "." : path, flags, context);
      },
      [](DialectRegistry &registry) { registerAllDialects(registry); });
}

std::string tenon::getFileOfModel(llvm::StringRef argument) {
  llvm::SmallString<256> config(argument);
  llvm::sys::path::append(config, "config.json");
  if (argument.starts_with("-") || !llvm::sys::fs::exists(config))
    return argument.str();
  return config.str().str();
}
