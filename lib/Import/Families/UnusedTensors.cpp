// Tensors of the layers that a module does not read.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "UnusedTensors.h"
#include "dialects/Tenon/Tenon.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace tenon;

/// Whether a tensor belongs to one of the first layers. Frequencies of the
/// rotary embedding, which older files store, follow from the configuration.
static bool isOfLayers(llvm::StringRef name, int64_t layers) {
  if (name.ends_with(".rotary_emb.inv_freq") ||
      !name.consume_front("model.layers."))
    return false;
  int64_t layer;
  return !name.split('.').first.getAsInteger(10, layer) && layer < layers;
}

void tenon::warnOfUnusedTensors(ModuleOp module, const ModelSource &source,
                                int64_t layers) {
  if (!source.knowsTensors())
    return;
  llvm::StringSet<> used;
  for (WeightOp weight : module.getOps<WeightOp>())
    for (int64_t i = 0, count = weight.getTensorCount(); i < count; ++i) {
      used.insert(weight.getTensorName(i));
      size_t factors =
          weight.hasFactorTensors() ? weight.getFactors()->size() : 0;
      for (size_t factor = 0; factor < factors; ++factor)
        used.insert(weight.getFactorTensorName(factor, i));
    }
  llvm::StringRef first;
  int64_t unused = 0;
  for (const TensorInfo &tensor : source.getTensors().getTensors())
    if (isOfLayers(tensor.name, layers) && !used.contains(tensor.name) &&
        unused++ == 0)
      first = tensor.name;
  if (unused)
    emitWarning(module.getLoc())
        << unused << (unused == 1 ? " tensor" : " tensors") << " of the layers "
        << (unused == 1 ? "is" : "are") << " not used, first '" << first
        << "'; check that config.json describes this model";
}
