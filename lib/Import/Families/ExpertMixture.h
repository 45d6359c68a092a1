// A mixture of experts behind a router, with experts that all tokens share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_EXPERTMIXTURE_H
#define TENON_LIB_IMPORT_FAMILIES_EXPERTMIXTURE_H

#include "BlockBuilder.h"
#include "ConfigReader.h"

namespace tenon {

struct ExpertMixture {
  int64_t experts = 1, top = 1, width = 1;
  /// Width of the shared experts, which are one MLP; 0 for none.
  int64_t sharedWidth = 0;
  Scoring scoring = Scoring::Softmax;
  int64_t groups = 1, keep = 1;
  GroupScore by = GroupScore::Max;
  std::optional<double> renorm;
  double scale = 1;
  Activation activation = Activation::Silu;

  /// Reads the sizes. How experts are chosen is the family's matter.
  void read(ConfigReader &config);
  /// Reads how many groups of experts there are, and how many of them a token
  /// may choose from.
  void readGroups(ConfigReader &config, std::optional<int64_t> defaultGroups,
                  std::optional<int64_t> defaultKeep);

  /// `hasBias`: a correction takes part in the choice.
  mlir::Value build(BlockBuilder &block, mlir::Value x, bool hasBias) const;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_EXPERTMIXTURE_H
