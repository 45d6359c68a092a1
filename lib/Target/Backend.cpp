// The list of back ends.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/Backend.h"
#include "tenon/Target/CPU/CpuBackend.h"
#include "tenon/Target/NVPTX/NvptxBackend.h"

using namespace tenon;

llvm::ArrayRef<const Backend *> tenon::getBackends() {
  static const Backend *const backends[] = {&getCpuBackend(),
                                            &getNvptxBackend()};
  return backends;
}

llvm::Expected<CompiledVariant> Backend::compile(mlir::ModuleOp,
                                                 EntryKind) const {
  return llvm::createStringError("an artifact holds no code of target '" +
                                 getName() + "'");
}
