// What Gemma 2 and 3 share: four norms in a layer, and windows in some.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_GEMMAFAMILY_H
#define TENON_LIB_IMPORT_FAMILIES_GEMMAFAMILY_H

#include "Family.h"
#include "GroupedAttention.h"
#include "LayerWindows.h"

namespace tenon {

/// A version derives from this and says in `readDetails` what differs.
class GemmaFamily : public Family {
public:
  using Family::Family;

  LayerStructure getStructure(int64_t layer) const override {
    return windows.getStructure(layer);
  }
  std::vector<llvm::SmallVector<int64_t>> getCacheRows() const override {
    return attention.getCacheRows();
  }
  mlir::Value buildLayer(BlockBuilder &block, LayerStructure structure,
                         mlir::Value x) const override;

protected:
  void readLayers(ConfigReader &config) override;
  bool isTiedByDefault() const override { return true; }
  /// Reads rotations and windows. `rotated` is the width that rotates.
  virtual void readDetails(ConfigReader &config, int64_t rotated) = 0;
  virtual double getDefaultTheta() const = 0;

  GroupedAttention attention;
  LayerWindows windows;
  RopeAttr globalRope, localRope;

private:
  int64_t mlpWidth = 1;
  Activation activation = Activation::GeluTanh;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_GEMMAFAMILY_H
