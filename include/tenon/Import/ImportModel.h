// From a published model to a module that computes one step of it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_IMPORTMODEL_H
#define TENON_IMPORT_IMPORTMODEL_H

#include "tenon/Import/ModelSource.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tenon {

/// How matrices are kept. Vectors always keep the type of the source.
enum class WeightChoice { Keep, F32, BF16 };
/// The element type of caches.
enum class CacheType { F32, BF16 };

struct ImportOptions {
  /// Positions that a sequence may have; 0 for all that the model can do, but
  /// no more than `usualContext`.
  int64_t maxContext = 0;
  CacheType cacheType = CacheType::F32;
  WeightChoice weights = WeightChoice::Keep;
  /// 0 for no such limit.
  int64_t usualContext = 0;
};

/// Builds the module of a model: its weights by name, a public function @step,
/// and a private function for each kind of layer.
///
///   func.func @step(%tok: tensor<?xi32>, %pos: tensor<?xi32>,
///                   %slot: tensor<?xi32>, %rows: tensor<?xi32>,
///                   %blocks: tensor<?x4xi32>, %cache: tensor<LxSxCx...>, ...)
///       -> (tensor<?xVxf32>, tensor<LxSxCx...>, ...)
///
/// A step of an encoder has `types` in front of `blocks`, embeddings and, with a
/// pooler, pooled rows for logits, and caches of one layer.
///
/// The module says what it is in `tenon.model = {family, context}`. Every
/// tensor in use is checked to exist in the right shape, unless the source does
/// not know its tensors; then storage types follow the configuration. Dialects
/// are loaded into the context as needed.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importModel(mlir::MLIRContext &context, const ModelSource &source,
            const ImportOptions &options = {});

} // namespace tenon

#endif // TENON_IMPORT_IMPORTMODEL_H
