// Canonical names of the tensors of GGUF files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"

#include "llvm/ADT/StringExtras.h"
#include <tuple>

using namespace tenon;

static constexpr GgufName modelNames[] = {
    {"token_embd", "model.embed_tokens"},
    {"position_embd", "model.embed_positions"},
    {"token_types", "model.token_types"},
    {"token_embd_norm", "model.embed_norm"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

static constexpr GgufName layerNames[] = {
    {"attn_norm", "input_layernorm"},    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},      {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"}, {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"}, {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},           {"ffn_down", "mlp.down_proj"},
};

static const GgufName *lookUp(llvm::ArrayRef<GgufName> names,
                              llvm::StringRef name) {
  const GgufName *found = llvm::find_if(
      names, [&](const GgufName &entry) { return entry.gguf == name; });
  return found == names.end() ? nullptr : found;
}

namespace {
/// A name of a file in its parts.
struct Parts {
  bool isOfLayer = false;
  llvm::StringRef number;
  /// `attn_q` and `weight`.
  llvm::StringRef stem, suffix;
  const GgufName *entry = nullptr;
};
} // namespace

/// Looks up a name. Without a canonical form, `entry` is null.
static Parts parse(llvm::StringRef name, const GgufArchitecture &architecture) {
  Parts parts;
  llvm::StringRef whole = name;
  parts.isOfLayer = whole.consume_front("blk.");
  if (parts.isOfLayer)
    std::tie(parts.number, whole) = whole.split('.');
  std::tie(parts.stem, parts.suffix) = whole.rsplit('.');
  if (parts.suffix != "weight" && parts.suffix != "bias")
    return parts;
  if (!parts.isOfLayer) {
    parts.entry = lookUp(modelNames, parts.stem);
    return parts;
  }
  unsigned layer = 0;
  // Only the one spelling of a number, or two names would become one.
  if (parts.number.getAsInteger(10, layer) ||
      llvm::utostr(layer) != parts.number)
    return parts;
  parts.entry = lookUp(architecture.names, whole);
  if (!parts.entry)
    parts.entry = lookUp(architecture.names, parts.stem);
  if (!parts.entry)
    parts.entry = lookUp(layerNames, parts.stem);
  return parts;
}

static std::string print(const Parts &parts) {
  std::string result;
  if (parts.isOfLayer)
    result = ("model.layers." + parts.number + ".").str();
  result += parts.entry->canonical;
  if (!parts.entry->gguf.contains('.'))
    result += ("." + parts.suffix).str();
  return result;
}

std::string tenon::getCanonicalGgufName(llvm::StringRef name,
                                        const GgufArchitecture &architecture) {
  Parts parts = parse(name, architecture);
  return parts.entry ? print(parts) : name.str();
}

void tenon::canonicalizeGgufTensor(TensorInfo &tensor,
                                   const GgufArchitecture &architecture) {
  Parts parts = parse(tensor.name, architecture);
  if (!parts.entry)
    return;
  if (parts.entry->isRow && tensor.shape.size() == 1)
    tensor.shape.insert(tensor.shape.begin(), 1);
  tensor.name = print(parts);
}
