// Prints what a model source says, or its tensors and their hashes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/ModelSource.h"
#include "tenon/Import/Tokenizer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace tenon;

static void printFacts(const ModelSource &source) {
  llvm::outs() << "architecture " << source.getArchitecture() << '\n'
               << "norms include one: "
               << (source.normsIncludeOne() ? "yes" : "no") << '\n'
               << "query and key rows: "
               << (source.queryKeyRows() == RowOrder::HalfSplit ? "half split"
                                                                : "interleaved")
               << '\n'
               << "tokenizer: "
               << (source.getEmbeddedMetadata() ? "embedded" : "in the folder")
               << '\n';
  if (!source.getRopeDivisors().empty()) {
    llvm::outs() << "rope divisors: ";
    llvm::interleaveComma(source.getRopeDivisors(), llvm::outs());
    llvm::outs() << '\n';
  }
  // An object prints its keys in order.
  llvm::json::Object values(source.getConfig().getValues());
  llvm::outs() << llvm::formatv("{0:2}\n",
                                llvm::json::Value(std::move(values)));
}

static int printTensors(const TensorSource &tensors, bool withData) {
  for (const TensorInfo &tensor : tensors.getTensors()) {
    llvm::outs() << tensor.name << ' ' << stringifyStorageType(tensor.type)
                 << " [";
    llvm::interleaveComma(tensor.shape, llvm::outs());
    llvm::outs() << ']';
    if (withData) {
      llvm::Expected<llvm::ArrayRef<uint8_t>> bytes = tensors.read(tensor);
      if (!bytes) {
        llvm::errs() << "error: " << llvm::toString(bytes.takeError()) << '\n';
        return 1;
      }
      llvm::outs() << ' '
                   << llvm::toHex(llvm::SHA256::hash(*bytes),
                                  /*LowerCase=*/true);
      tensors.release(tensor);
    }
    llvm::outs() << '\n';
  }
  return 0;
}

int main(int argc, char **argv) {
  llvm::ArrayRef<char *> arguments(argv + 1, argc - 1);
  bool skipWeights = false;
  bool tensorsOnly = false;
  llvm::StringRef path;
  for (llvm::StringRef argument : arguments) {
    if (argument == "--skip-weights")
      skipWeights = true;
    else if (argument == "--tensors")
      tensorsOnly = true;
    else
      path = argument;
  }
  llvm::Expected<std::unique_ptr<ModelSource>> source =
      openModelSource(path, skipWeights);
  if (!source) {
    llvm::errs() << "error: " << llvm::toString(source.takeError()) << '\n';
    return 1;
  }
  if (!tensorsOnly)
    printFacts(**source);
  if (!(*source)->knowsTensors())
    llvm::outs() << "tensors are unknown\n";
  return printTensors((*source)->getTensors(), tensorsOnly);
}
