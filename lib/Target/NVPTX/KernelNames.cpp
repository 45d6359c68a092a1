// Names that tell the kernels of a module apart.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelNames.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

std::vector<std::pair<tile::KernelOp, std::string>>
tenon::nvptx::nameKernels(ModuleOp module) {
  llvm::StringSet<> taken;
  // Device code, which is made of the kernels, does not change their names.
  for (auto symbol : module.getOps<SymbolOpInterface>())
    if (!isa<gpu::GPUModuleOp>(symbol))
      taken.insert(symbol.getName());
  std::vector<std::pair<tile::KernelOp, std::string>> kernels;
  unsigned counter = 0;
  module.walk([&](tile::KernelOp kernel) {
    SmallString<64> name(kernel.getName());
    if (taken.contains(name))
      name = SymbolTable::generateSymbolName<64>(
          kernel.getName(),
          [&](StringRef other) { return taken.contains(other); }, counter);
    taken.insert(name);
    kernels.push_back({kernel, name.str().str()});
  });
  return kernels;
}

std::string tenon::nvptx::getSymbol(StringRef name) {
  // A `$` of a name is written as one that no name of ours has.
  std::string symbol;
  for (char letter : name) {
    if (llvm::isAlnum(letter) || letter == '_')
      symbol += letter;
    else
      symbol += letter == '.' ? "$" : "$$" + llvm::utohexstr(uint8_t(letter));
  }
  return symbol;
}
