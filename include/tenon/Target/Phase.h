// The phases of a compilation, and what the last one can write.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_PHASE_H
#define TENON_TARGET_PHASE_H

#include "llvm/ADT/StringRef.h"

namespace tenon {

/// In their order. Those from `Form` on belong to a back end, which may lack
/// some.
enum class Phase { Import, Simplify, Form, Tile, Bufferize, Codegen };

/// What can be written after the last phase.
enum class EmitKind { MLIR, LLVM, Assembly, Object, PTX };

/// As the command line spells them.
llvm::StringRef getName(Phase phase);
llvm::StringRef getName(EmitKind kind);

} // namespace tenon

#endif // TENON_TARGET_PHASE_H
