// Names of phases and of what is written.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/Phase.h"
#include "llvm/Support/ErrorHandling.h"

using namespace tenon;

llvm::StringRef tenon::getName(Phase phase) {
  switch (phase) {
  case Phase::Import:
    return "import";
  case Phase::Simplify:
    return "simplify";
  case Phase::Form:
    return "form";
  case Phase::Tile:
    return "tile";
  case Phase::Bufferize:
    return "bufferize";
  case Phase::Codegen:
    return "codegen";
  }
  llvm_unreachable("no other phases");
}

llvm::StringRef tenon::getName(EmitKind kind) {
  switch (kind) {
  case EmitKind::MLIR:
    return "mlir";
  case EmitKind::LLVM:
    return "llvm";
  case EmitKind::Assembly:
    return "asm";
  case EmitKind::Object:
    return "obj";
  case EmitKind::PTX:
    return "ptx";
  }
  llvm_unreachable("no other kinds");
}
