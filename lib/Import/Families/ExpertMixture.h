// A mixture of experts with a router and with experts that all tokens share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_EXPERTMIXTURE_H
#define TENON_LIB_IMPORT_FAMILIES_EXPERTMIXTURE_H

#include "BlockBuilder.h"
#include "ConfigReader.h"

namespace tenon {

/// What a family calls its experts in `config.json`.
struct ExpertKeys {
  llvm::StringLiteral count = "n_routed_experts";
  llvm::StringLiteral width = "moe_intermediate_size";
};

/// What a family calls the tensors of a layer with experts.
struct ExpertNames {
  llvm::StringLiteral router = "mlp.gate";
  /// One tensor of each expert, with `{e}`.
  llvm::StringLiteral gate = "mlp.experts.{e}.gate_proj";
  llvm::StringLiteral up = "mlp.experts.{e}.up_proj";
  llvm::StringLiteral down = "mlp.experts.{e}.down_proj";
  /// The experts of all tokens, which are one MLP.
  llvm::StringLiteral shared = "mlp.shared_experts";
  /// A vector whose product with a token goes through a sigmoid and scales what
  /// is shared; empty for none.
  llvm::StringLiteral sharedGate = "";
  /// One tensor of the gates and ups of all experts, and one of the downs.
  llvm::StringLiteral joined = "mlp.experts.gate_up_proj";
  llvm::StringLiteral joinedDown = "mlp.experts.down_proj";
};

struct ExpertMixture {
  int64_t experts = 1, top = 1, width = 1;
  /// Width of the shared experts, which are one MLP; 0 for none.
  int64_t sharedWidth = 0;
  Scoring scoring = Scoring::Softmax;
  int64_t groups = 1, keep = 1;
  GroupScore by = GroupScore::Max;
  std::optional<double> renorm;
  double scale = 1;
  GatedActivation activation = Activation::Silu;
  /// Whether the router and all projections have biases.
  bool hasBias = false;
  /// The order of rows where one tensor holds gates and projections up:
  /// interleaved ones are columns where they are not quantized.
  enum class JoinedRows { OneAfterOther, Interleaved };
  JoinedRows rows = JoinedRows::OneAfterOther;
  /// Whether the weight of its only expert scales what a token gives it, rather
  /// than what it gives back.
  bool scalesInput = false;
  /// Whether the matrices of joined experts are stored transposed.
  bool transposed = false;
  ExpertNames names;

  /// Reads the sizes. How experts are chosen is the family's matter.
  void read(ConfigReader &config, ExpertKeys keys = {});
  /// Reads the width of `n_shared_experts` that are one MLP.
  void readShared(ConfigReader &config);
  /// Reads how many groups of experts there are, and how many of them a token
  /// may choose from.
  void readGroups(ConfigReader &config, std::optional<int64_t> defaultGroups,
                  std::optional<int64_t> defaultKeep);
  /// Reads a router of DeepSeek-V3: sigmoids, groups, weights that are scaled
  /// and maybe normalized.
  void readSigmoidRouter(ConfigReader &config, int64_t defaultGroups,
                         int64_t defaultKeep, double defaultScale);
  /// Reads whether the weights of a softmax are normalized.
  void readSoftmaxRouter(ConfigReader &config);

  /// Whether a correction takes part in the choice of experts of a layer. The
  /// method of choice implies one, but a file may do without.
  static bool hasCorrection(const ModelSource &source, int64_t layer);

  /// `hasCorrection`: a correction takes part in the choice.
  mlir::Value build(BlockBuilder &block, mlir::Value x,
                    bool hasCorrection) const;

private:
  /// The projections of all experts, as stacks, or their biases.
  struct Stacks {
    mlir::Value gate, up, down;
  };
  Stacks buildStacks(BlockBuilder &block, int64_t hidden) const;
  Stacks buildInterleaved(BlockBuilder &block, int64_t hidden) const;
  Stacks buildBiases(BlockBuilder &block, int64_t hidden) const;
  Stacks buildJoined(BlockBuilder &block, int64_t hidden) const;
  mlir::Value buildShared(BlockBuilder &block, mlir::Value x) const;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_EXPERTMIXTURE_H
