// MLIR's options that print, time and reproduce passes, for a subcommand.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PassOptions.h"
#include "tenon/Conversion/Passes.h"
#include "tenon/Pipelines/RunPasses.h"
#include "tenon/Target/Backend.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Support/Timing.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace tenon;
namespace cl = llvm::cl;

/// An option that names a pass knows those that are registered before it.
static void registerPasses() {
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::bufferization::registerBufferizationPasses();
  registerConversionPasses();
  for (const Backend *backend : getBackends())
    backend->registerPasses();
  registerTransformsPasses();
}

PassOptions::PassOptions(cl::SubCommand &subCommand) {
  registerPasses();
  const auto &registered = cl::getRegisteredOptions();
  llvm::SmallPtrSet<cl::Option *, 32> others;
  for (const auto &entry : registered)
    others.insert(entry.second);
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  for (const auto &entry : registered)
    if (!others.contains(entry.second))
      options.push_back(entry.second);
  // MLIR registers them for a tool without subcommands.
  for (cl::Option *option : options) {
    option->removeArgument();
    option->addSubCommand(subCommand);
    option->setHiddenFlag(cl::Hidden);
    option->addArgument();
  }
}

bool PassOptions::areGiven() const {
  return llvm::any_of(options, [](const cl::Option *option) {
    return option->getNumOccurrences() != 0;
  });
}

llvm::Error PassOptions::apply() const {
  if (!areGiven())
    return llvm::Error::success();
  auto *found = llvm::find_if(options, [](const cl::Option *option) {
    return option->ArgStr == "mlir-print-ir-tree-dir";
  });
  auto &tree = *static_cast<cl::opt<std::string> *>(*found);
  // MLIR makes only the last folder of a path.
  if (!tree.empty())
    if (std::error_code code = llvm::sys::fs::create_directories(tree))
      return llvm::createStringError(
          "cannot create '" + tree +
          "': " + llvm::StringRef(code.message()).lower() +
          "; choose another folder with --mlir-print-ir-tree-dir");
  watchPasses([&tree, root = tree.getValue()](mlir::PassManager &manager,
                                              llvm::StringRef pipeline) {
    // Files are numbered from 0 in each pipeline, which gets a folder of its
    // own.
    if (!root.empty()) {
      llvm::SmallString<256> folder(root);
      std::string name = pipeline.str();
      llvm::replace(name, ' ', '.');
      llvm::sys::path::append(folder, name);
      tree.setValue(folder.str().str());
    }
    mlir::applyDefaultTimingPassManagerCLOptions(manager);
    return mlir::applyPassManagerCLOptions(manager);
  });
  return llvm::Error::success();
}
