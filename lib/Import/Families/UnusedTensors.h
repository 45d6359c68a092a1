// Tensors of the layers that a module does not read.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_UNUSEDTENSORS_H
#define TENON_LIB_IMPORT_FAMILIES_UNUSEDTENSORS_H

#include "tenon/Import/ModelSource.h"
#include "mlir/IR/BuiltinOps.h"

namespace tenon {

/// Warns when a source has tensors in the first `layers` layers that no weight
/// of the module names: a configuration that leaves out, say, biases which the
/// file has is another model than the one that was trained. Layers that predict
/// further tokens, and what lies beside the text model, are nobody's business.
void warnOfUnusedTensors(mlir::ModuleOp module, const ModelSource &source,
                         int64_t layers);

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_UNUSEDTENSORS_H
