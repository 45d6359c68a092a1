// Families with a norm before attention and one before the MLP: Llama's kin.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_PRENORMFAMILY_H
#define TENON_LIB_IMPORT_FAMILIES_PRENORMFAMILY_H

#include "Family.h"
#include "GroupedAttention.h"
#include "LayerWindows.h"

namespace tenon {

/// A family derives from this and says in `readDetails` what differs.
class PreNormFamily : public Family {
public:
  using Family::Family;

  LayerStructure getStructure(int64_t layer) const override;
  std::vector<llvm::SmallVector<int64_t>> getCacheRows() const override {
    return attention.getCacheRows();
  }
  mlir::Value buildLayer(BlockBuilder &block, LayerStructure structure,
                         mlir::Value x) const override;

protected:
  void readLayers(ConfigReader &config) override;
  virtual void readDetails(ConfigReader &config) = 0;
  /// Reads the windows of files that give one to all layers but the first few.
  /// Most of them name a window and do not use it.
  void readLateWindows(ConfigReader &config);

  GroupedAttention attention;
  LayerWindows windows;
  bool mlpBias = false;

private:
  RopeAttr rope;
  int64_t mlpWidth = 1;
  Activation activation = Activation::Silu;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_PRENORMFAMILY_H
