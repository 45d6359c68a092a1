// What the manifest of an artifact says about code and weights.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_BUILDMANIFEST_H
#define TENON_LIB_DRIVER_BUILDMANIFEST_H

#include "tenon/Artifact/ManifestBuilder.h"
#include "tenon/Target/Target.h"

namespace tenon {

/// The manifest of variants that were compiled from one module. Without hashes
/// the artifact has no weights.
llvm::Expected<std::vector<uint8_t>>
buildManifest(ModelFacts facts, mlir::ModuleOp laidOut,
              llvm::ArrayRef<CompiledVariant> variants,
              llvm::ArrayRef<uint64_t> chunkHashes);

} // namespace tenon

#endif // TENON_LIB_DRIVER_BUILDMANIFEST_H
