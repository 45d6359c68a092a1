// Which layers of a model see a window only.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_LAYERWINDOWS_H
#define TENON_LIB_IMPORT_FAMILIES_LAYERWINDOWS_H

#include "Family.h"

namespace tenon {

/// Layers are `local` with a window and `global` without; where no layer has a
/// window they are `dense`.
class LayerWindows {
public:
  /// Reads `sliding_window`, and from `layer_types` who has it. Where the file
  /// has no such list, `isLocal` tells.
  void read(ConfigReader &config, int64_t layers,
            llvm::function_ref<bool(int64_t)> isLocal);

  /// Reads `sliding_window`, which all layers have or none.
  void readForAll(ConfigReader &config, int64_t layers);

  LayerStructure getStructure(int64_t layer) const;
  std::optional<int64_t> getWindow(LayerStructure structure) const;
  static bool isLocal(LayerStructure structure) {
    return structure.name == localName;
  }
  /// The name of layers with a window.
  static constexpr llvm::StringLiteral localName = "local";

private:
  int64_t window = 1;
  /// Empty when no layer has one.
  llvm::SmallVector<bool> local;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_LAYERWINDOWS_H
