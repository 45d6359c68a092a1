// Names that tell the kernels of a module apart.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelNames.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
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
  auto add = [&](tile::KernelOp kernel) {
    SmallString<64> name(kernel.getName());
    if (taken.contains(name))
      name = SymbolTable::generateSymbolName<64>(
          kernel.getName(),
          [&](StringRef other) { return taken.contains(other); }, counter);
    taken.insert(name);
    kernels.push_back({kernel, name.str().str()});
  };
  // Those of nested modules are not of this one.
  for (auto func : module.getOps<func::FuncOp>())
    func.walk(add);
  return kernels;
}

std::string tenon::nvptx::getSymbol(StringRef name) {
  // A `$` of a name is written as one that no name of ours has.
  std::string symbol;
  // PTX has no name that begins with a digit or is `_`, and the shared memory of
  // the module has one of its own.
  bool isTaken = name == "_" || name == kSharedMemoryName;
  for (auto [i, letter] : llvm::enumerate(name)) {
    bool isFree = llvm::isAlnum(letter) || letter == '_';
    if (isFree && !(i == 0 && (isTaken || llvm::isDigit(letter))))
      symbol += letter;
    else
      symbol += letter == '.' ? "$" : "$$" + llvm::utohexstr(uint8_t(letter));
  }
  return symbol;
}
