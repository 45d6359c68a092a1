// Reads and builds a mixture of experts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ExpertMixture.h"

using namespace mlir;
using namespace tenon;

void ExpertMixture::read(ConfigReader &config, ExpertKeys keys) {
  experts = config.getCount(keys.count);
  top = config.getCount("num_experts_per_tok");
  width = config.getSize(keys.width);
  if (top > experts)
    config.complain("num_experts_per_tok",
                    "expects at most '" + keys.count + "', but they are " +
                        llvm::Twine(top) + " and " + llvm::Twine(experts));
}

void ExpertMixture::readShared(ConfigReader &config) {
  sharedWidth =
      width * config.getInt("n_shared_experts", 0, {0, ConfigReader::maxCount});
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

void ExpertMixture::readSigmoidRouter(ConfigReader &config,
                                      int64_t defaultGroups,
                                      int64_t defaultKeep,
                                      double defaultScale) {
  config.getChoice("scoring_func", llvm::StringRef("sigmoid"), {"sigmoid"});
  config.getChoice("topk_method", llvm::StringRef("noaux_tc"), {"noaux_tc"});
  scoring = Scoring::Sigmoid;
  by = GroupScore::Top2Sum;
  readGroups(config, defaultGroups, defaultKeep);
  if (config.getBool("norm_topk_prob", true))
    renorm = 1e-20;
  scale = config.getFloat("routed_scaling_factor", defaultScale);
}

void ExpertMixture::readSoftmaxRouter(ConfigReader &config) {
  if (config.getBool("norm_topk_prob", false))
    renorm = 0;
}

bool ExpertMixture::hasCorrection(const ModelSource &source, int64_t layer) {
  if (!source.knowsTensors())
    return true;
  std::string name = ("model.layers." + llvm::Twine(layer) +
                      ".mlp.gate.e_score_correction_bias")
                         .str();
  return source.getTensors().find(name) != nullptr;
}

/// Gates and ups of all experts are one tensor. Some files hold its matrices,
/// and those of the downs, transposed.
ExpertMixture::Stacks ExpertMixture::buildJoined(BlockBuilder &block,
                                                 int64_t hidden) const {
  auto stack = [&](StringRef name, StringRef tensor, int64_t rows,
                   int64_t cols) {
    if (!transposed)
      return block.weight(name, tensor, {experts, rows, cols},
                          WeightRole::Matrix);
    Value stored = block.weight((name + "_columns").str(), tensor,
                                {experts, cols, rows}, WeightRole::Matrix);
    return block.transpose(name, stored);
  };
  Value both = stack("gate_up", names.joined, 2 * width, hidden);
  // GGUF names it like any other matrix.
  StringRef down = "mlp.experts.down_proj.weight";
  if (!block.knows(down))
    down = names.joinedDown;
  SmallVector<int64_t> half{experts, width, hidden};
  return {block.slice("gate", both, 0, half),
          block.slice("up", both, width, half),
          stack("down", down, hidden, width)};
}

/// Most files have a tensor of each expert. Some have one of all experts, and
/// some of those join the rows of gates and ups.
ExpertMixture::Stacks ExpertMixture::buildStacks(BlockBuilder &block,
                                                 int64_t hidden) const {
  auto stack = [&](StringRef name, const llvm::Twine &tensor, int64_t rows,
                   int64_t cols) {
    return block.weight(name, tensor.str(), {experts, rows, cols},
                        WeightRole::Matrix);
  };
  bool isStacked = block.knows("mlp.experts.gate_proj.weight");
  // A family whose files are all like that is so without a file, too.
  if (rows == JoinedRows::Interleaved && !isStacked)
    return buildInterleaved(block, hidden);
  if (block.knows(names.joined) || (transposed && !isStacked))
    return buildJoined(block, hidden);
  if (isStacked)
    return {stack("gate", "mlp.experts.gate_proj.weight", width, hidden),
            stack("up", "mlp.experts.up_proj.weight", width, hidden),
            stack("down", "mlp.experts.down_proj.weight", hidden, width)};
  return {stack("gate", names.gate + ".weight", width, hidden),
          stack("up", names.up + ".weight", width, hidden),
          stack("down", names.down + ".weight", hidden, width)};
}

/// Gates in the even rows, projections up in the odd ones. A file has them in
/// blocks, or transposed.
ExpertMixture::Stacks ExpertMixture::buildInterleaved(BlockBuilder &block,
                                                      int64_t hidden) const {
  auto stack = [&](StringRef name, StringRef tensor, int64_t rows,
                   int64_t cols) {
    std::string blocks = (tensor + "_blocks").str();
    if (block.knows(blocks))
      return block.weight(name, blocks, {experts, rows, cols},
                          WeightRole::Matrix);
    return block.transpose(name, block.weight((name + "_columns").str(), tensor,
                                              {experts, cols, rows},
                                              WeightRole::Matrix));
  };
  Value both =
      stack("gate_up_rows", "mlp.experts.gate_up_proj", 2 * width, hidden);
  SmallVector<int64_t> half{experts, width, hidden};
  return {block.slice("gate", both, 0, half, /*step=*/2),
          block.slice("up", both, 1, half, /*step=*/2),
          stack("down", "mlp.experts.down_proj", hidden, width)};
}

/// The biases of all experts are columns, in the order of the rows.
ExpertMixture::Stacks ExpertMixture::buildBiases(BlockBuilder &block,
                                                 int64_t hidden) const {
  if (!hasBias)
    return {};
  auto stack = [&](StringRef name, StringRef tensor, int64_t rows) {
    return block.weight(name, tensor, {experts, rows, 1}, WeightRole::Vector);
  };
  if (block.knows("mlp.experts.gate_proj.bias"))
    return {stack("gate_bias", "mlp.experts.gate_proj.bias", width),
            stack("up_bias", "mlp.experts.up_proj.bias", width),
            stack("down_bias", "mlp.experts.down_proj.bias", hidden)};
  Value both =
      stack("gate_up_rows_bias", "mlp.experts.gate_up_proj_bias", 2 * width);
  SmallVector<int64_t> half{experts, width, 1};
  return {block.slice("gate_bias", both, 0, half, /*step=*/2),
          block.slice("up_bias", both, 1, half, /*step=*/2),
          stack("down_bias", "mlp.experts.down_proj_bias", hidden)};
}

/// A shared expert with a gate is one expert that is always chosen, whose
/// weight is a sigmoid.
Value ExpertMixture::buildShared(BlockBuilder &block, Value x) const {
  if (names.sharedGate.empty())
    return block.gatedMlp(x, "shared_", names.shared, sharedWidth,
                          activation.function);
  int64_t hidden = cast<RankedTensorType>(x.getType()).getShape().back();
  Value logit = block.linear(x, "shared_router", names.sharedGate, 1,
                             /*hasBias=*/false, WeightRole::PlainMatrix);
  OpBuilder &builder = block.getBuilder();
  auto router =
      RouterOp::create(builder, block.getLoc("shared_router"),
                       block.getRows(1, builder.getI32Type()), block.getRows(1),
                       Scoring::Sigmoid, logit, /*bias=*/Value(), /*groups=*/1,
                       /*keep=*/1, GroupScore::Max, /*top=*/1,
                       /*renorm=*/FloatAttr(), block.f32(1));
  auto stack = [&](StringRef name, int64_t rows, int64_t cols) {
    Value matrix =
        block.weight(("shared_" + name + "_rows").str(),
                     (names.shared + "." + name + "_proj.weight").str(),
                     {rows, cols}, WeightRole::Matrix);
    return block.stackOfOne(("shared_" + name).str(), matrix);
  };
  Value gate = stack("gate", sharedWidth, hidden);
  Value up = stack("up", sharedWidth, hidden);
  Value down = stack("down", hidden, sharedWidth);
  return ExpertsOp::create(builder, block.getLoc("shared"), activation, x,
                           router.getChoice(), router.getWeights(), gate, up,
                           down, /*gateBias=*/Value(), /*upBias=*/Value(),
                           /*downBias=*/Value());
}

Value ExpertMixture::build(BlockBuilder &block, Value x,
                           bool hasCorrection) const {
  int64_t hidden = cast<RankedTensorType>(x.getType()).getShape().back();
  // Files with joined experts have the common name of a router, too.
  StringRef gate = block.knows("mlp.gate.weight") ? "mlp.gate" : names.router;
  Value logits = block.linear(x, "router", gate, experts, hasBias,
                              WeightRole::PlainMatrix);
  Value bias;
  if (hasCorrection)
    bias = block.weight("router_bias", "mlp.gate.e_score_correction_bias",
                        experts, WeightRole::ExactVector);
  OpBuilder &builder = block.getBuilder();
  auto router = RouterOp::create(
      builder, block.getLoc("router"), block.getRows(top, builder.getI32Type()),
      block.getRows(top), scoring, logits, bias, groups, keep, by, top,
      renorm ? block.f32(*renorm) : FloatAttr(), block.f32(scale));
  Stacks stacks = buildStacks(block, hidden);
  Stacks biases = buildBiases(block, hidden);
  Value result = ExpertsOp::create(
      builder, block.getLoc("experts"), activation, x, router.getChoice(),
      router.getWeights(), stacks.gate, stacks.up, stacks.down, biases.gate,
      biases.up, biases.down, scalesInput);
  return sharedWidth == 0 ? result : block.add(result, buildShared(block, x));
}
