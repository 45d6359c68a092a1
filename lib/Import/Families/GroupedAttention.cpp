// Reads and builds attention with grouped queries.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GroupedAttention.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

void GroupedAttention::read(ConfigReader &config, int64_t hidden,
                            int64_t defaultWidth) {
  heads = config.getCount("num_attention_heads");
  keyHeads = config.getCount("num_key_value_heads", heads);
  if (heads % keyHeads != 0)
    config.complain("num_attention_heads",
                    "expects a multiple of 'num_key_value_heads', but they "
                    "are " +
                        llvm::Twine(heads) + " and " + llvm::Twine(keyHeads));
  if (!defaultWidth && !config.has("head_dim") && hidden % heads != 0)
    config.complain("hidden_size",
                    "expects a multiple of 'num_attention_heads', but they "
                    "are " +
                        llvm::Twine(hidden) + " and " + llvm::Twine(heads) +
                        "; or add 'head_dim'");
  int64_t split = std::max(hidden / heads, int64_t(1));
  width = config.getSize("head_dim", defaultWidth ? defaultWidth : split);
  scale = 1 / std::sqrt(static_cast<double>(width));
}

int64_t GroupedAttention::readRotatedWidth(ConfigReader &config,
                                           double defaultPart) const {
  double part = config.getFloat("partial_rotary_factor", defaultPart);
  if (part <= 1)
    return std::llround(part * static_cast<double>(width));
  config.complain("partial_rotary_factor",
                  "expects at most 1, but got " + ConfigReader::print(part));
  return width;
}

Value GroupedAttention::project(BlockBuilder &block, Value x, StringRef name,
                                ArrayRef<int64_t> row) const {
  if (!joined)
    return block.linear(x, name, ("self_attn." + name + "_proj").str(), row,
                        inputBias);
  int64_t hidden = cast<RankedTensorType>(x.getType()).getShape().back();
  int64_t queries = heads * width, keys = keyHeads * width;
  Value all = block.weight("qkv", "self_attn.qkv_proj.weight",
                           {queries + 2 * keys, hidden}, WeightRole::Matrix);
  int64_t first = name == "q" ? 0 : name == "k" ? queries : queries + keys;
  int64_t rows = name == "q" ? queries : keys;
  return block.product(x, block.slice(name, all, first, {rows, hidden}), name,
                       row);
}

Value GroupedAttention::projectHeads(BlockBuilder &block, Value x,
                                     StringRef name, int64_t count) const {
  std::string normName = (name + "_norm").str();
  std::string normModule = "self_attn." + normName;
  if (jointNorm) {
    Value rows = project(block, x, name, count * width);
    rows = block.norm(rows, normName, normModule, count * width, *jointNorm);
    return block.splitHeads(rows, count);
  }
  Value rows = project(block, x, name, {count, width});
  if (headNorm)
    rows = block.norm(rows, normName, normModule, width, *headNorm);
  return rows;
}

Value GroupedAttention::clamp(BlockBuilder &block, Value rows) const {
  return clip ? block.pointwise(PointwiseFunction::Clamp, rows, *clip, "clip")
              : rows;
}

Value GroupedAttention::finishHeads(BlockBuilder &block, Value rows,
                                    RopeAttr rope) const {
  rows = clamp(block, rows);
  if (rope)
    rows = block.rope(rows, rope, RopeEnd::First);
  if (!rotatedNormEps)
    return rows;
  return block.norm(rows, "rotated_norm", /*module=*/"", width,
                    {*rotatedNormEps, NormOrder::ScaleThenCast});
}

Value GroupedAttention::temper(BlockBuilder &block, Value query) const {
  if (!temperature)
    return query;
  return TemperRowsOp::create(block.getBuilder(), block.getLoc("temperature"),
                              query, block.getStep().positions,
                              temperature->interval,
                              block.f32(temperature->slope));
}

Value GroupedAttention::build(BlockBuilder &block, Value x, RopeAttr rope,
                              std::optional<int64_t> window) const {
  int64_t hidden = cast<RankedTensorType>(x.getType()).getShape().back();
  auto turn = [&](StringRef name, int64_t count) {
    return finishHeads(block, projectHeads(block, x, name, count), rope);
  };
  Value query = temper(block, turn("q", heads));
  Value key = block.updateCache(0, turn("k", keyHeads));
  Value value = block.updateCache(
      1, clamp(block, project(block, x, "v", {keyHeads, width})));

  Value sinks;
  if (hasSinks)
    sinks = block.weight("sinks", "self_attn.sinks", heads, WeightRole::Vector);
  auto mask = MaskAttr::get(block.getBuilder().getContext(), MaskKind::Causal,
                            window, chunk);
  Value rows = block.attend(query, key, value, scale, mask, softcap, sinks);
  return block.linear(rows, "o", "self_attn.o_proj", hidden, outputBias);
}
