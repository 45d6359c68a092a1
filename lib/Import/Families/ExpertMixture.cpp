// Reads and builds a mixture of experts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ExpertMixture.h"

using namespace mlir;
using namespace tenon;

void ExpertMixture::read(ConfigReader &config) {
  experts = config.getCount("n_routed_experts");
  top = config.getCount("num_experts_per_tok");
  width = config.getSize("moe_intermediate_size");
  sharedWidth =
      width * config.getInt("n_shared_experts", 0, {0, ConfigReader::maxCount});
  if (top > experts)
    config.complain("num_experts_per_tok",
                    "expects at most 'n_routed_experts', but they are " +
                        llvm::Twine(top) + " and " + llvm::Twine(experts));
}

void ExpertMixture::readGroups(ConfigReader &config,
                               std::optional<int64_t> defaultGroups,
                               std::optional<int64_t> defaultKeep) {
  groups = config.getCount("n_group", defaultGroups);
  keep = config.getCount("topk_group", defaultKeep);
  if (config.failed())
    return;
  if (experts % groups != 0) {
    config.complain("n_routed_experts",
                    "expects a multiple of 'n_group', but they are " +
                        llvm::Twine(experts) + " and " + llvm::Twine(groups));
    return;
  }
  if (keep > groups)
    config.complain("topk_group", "expects at most 'n_group', but they are " +
                                      llvm::Twine(keep) + " and " +
                                      llvm::Twine(groups));
  int64_t kept = experts / groups * keep;
  if (top > kept)
    config.complain("num_experts_per_tok",
                    "expects at most the " + llvm::Twine(kept) +
                        " experts of " + llvm::Twine(keep) +
                        " groups, but got " + llvm::Twine(top));
  // The two best experts of a group of one are that one.
  if (experts == groups)
    by = GroupScore::Max;
}

Value ExpertMixture::build(BlockBuilder &block, Value x, bool hasBias) const {
  int64_t hidden = cast<RankedTensorType>(x.getType()).getShape().back();
  Value logits = block.linear(x, "router", "mlp.gate", experts,
                              /*hasBias=*/false, WeightRole::PlainMatrix);
  Value bias;
  if (hasBias)
    bias = block.weight("router_bias", "mlp.gate.e_score_correction_bias",
                        experts, WeightRole::ExactVector);
  OpBuilder &builder = block.getBuilder();
  auto router = RouterOp::create(
      builder, block.getLoc("router"), block.getRows(top, builder.getI32Type()),
      block.getRows(top), scoring, logits, bias, groups, keep, by, top,
      renorm ? block.f32(*renorm) : FloatAttr(), block.f32(scale));

  auto stack = [&](StringRef name, int64_t rows, int64_t cols) {
    return block.weight(name,
                        ("mlp.experts.{e}." + name + "_proj.weight").str(),
                        {experts, rows, cols}, WeightRole::Matrix);
  };
  Value gate = stack("gate", width, hidden);
  Value up = stack("up", width, hidden);
  Value down = stack("down", hidden, width);
  Value result = ExpertsOp::create(builder, block.getLoc("experts"), activation,
                                   x, router.getChoice(), router.getWeights(),
                                   gate, up, down);
  if (sharedWidth == 0)
    return result;
  return block.add(result, block.gatedMlp(x, "shared_", "mlp.shared_experts",
                                          sharedWidth, activation));
}
