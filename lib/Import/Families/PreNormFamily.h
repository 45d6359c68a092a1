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
  /// What a layer sees, how it rotates (null: not at all), and its MLP.
  virtual std::optional<int64_t> getWindow(LayerStructure structure) const {
    return windows.getWindow(structure);
  }
  virtual RopeAttr getRope(LayerStructure structure) const { return rope; }
  virtual const GroupedAttention &getAttention(LayerStructure structure) const {
    return attention;
  }
  virtual mlir::Value buildMlp(BlockBuilder &block, LayerStructure structure,
                               mlir::Value x) const;
  /// What a file means that does not say how fast, or how much of a head,
  /// rotates.
  virtual double getDefaultTheta() const { return 1e4; }
  virtual double getDefaultRotatedPart() const { return 1; }
  /// Reads the windows of files that give one to all layers but the first few.
  /// Most of them name a window and do not use it.
  void readLateWindows(ConfigReader &config);

  GroupedAttention attention;
  LayerWindows windows;
  RopeAttr rope;
  bool mlpBias = false;
  Activation activation = Activation::Silu;
  int64_t mlpWidth = 1;
  /// What is added to the rows of a layer is multiplied by this.
  std::optional<double> residualScale;

private:
  mlir::Value addScaled(BlockBuilder &block, mlir::Value x,
                        mlir::Value h) const;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_PRENORMFAMILY_H
