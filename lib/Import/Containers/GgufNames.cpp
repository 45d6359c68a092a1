// What architectures of GGUF mean, and canonical names of their tensors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/ADT/StringExtras.h"

using namespace tenon;

// Files of `llama` hold query and key rows for a rotation of neighbors; those
// of the others keep the order of the checkpoint. The norms of Gemma multiply
// by 1 + weight, and the writers of its files add the 1. llama.cpp reads all
// three so: test/e2e/llamacpp.test holds its logits.
static constexpr GgufArchitecture architectures[] = {
    {"llama", "llama", /*normsIncludeOne=*/false, RowOrder::Interleaved},
    {"qwen2", "qwen2", /*normsIncludeOne=*/false, RowOrder::HalfSplit},
    {"gemma3", "gemma3_text", /*normsIncludeOne=*/true, RowOrder::HalfSplit},
};

namespace {
struct Renaming {
  llvm::StringLiteral gguf;
  llvm::StringLiteral canonical;
};
} // namespace

static constexpr Renaming modelNames[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

static constexpr Renaming layerNames[] = {
    {"attn_norm", "input_layernorm"},    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},      {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"}, {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"}, {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},           {"ffn_down", "mlp.down_proj"},
};

// The norms after attention differ: where each half of a layer has a norm on
// both sides, the one before the MLP has a name of its own.
static constexpr Renaming twoNormNames[] = {
    {"ffn_norm", "post_attention_layernorm"},
};
static constexpr Renaming fourNormNames[] = {
    {"post_attention_norm", "post_attention_layernorm"},
    {"ffn_norm", "pre_feedforward_layernorm"},
    {"post_ffw_norm", "post_feedforward_layernorm"},
};

static llvm::StringRef lookUp(llvm::ArrayRef<Renaming> names,
                              llvm::StringRef name) {
  for (const Renaming &renaming : names)
    if (renaming.gguf == name)
      return renaming.canonical;
  return {};
}

llvm::Expected<const GgufArchitecture *>
tenon::getGgufArchitecture(const GgufMetadata &metadata) {
  std::optional<llvm::StringRef> name =
      metadata.getString("general.architecture");
  if (!name)
    return makeImportError(metadata.getFile() +
                           ": the string 'general.architecture' is missing");
  std::string known;
  for (const GgufArchitecture &architecture : architectures) {
    if (architecture.name == *name)
      return &architecture;
    known += (known.empty() ? "" : ", ") + architecture.name.str();
  }
  return makeImportError(metadata.getFile() + ": unknown architecture " +
                         quote(*name) + "; known architectures: " + known);
}

std::string tenon::getCanonicalGgufName(llvm::StringRef name,
                                        const GgufArchitecture &architecture) {
  auto [stem, suffix] = name.rsplit('.');
  if (suffix != "weight" && suffix != "bias")
    return name.str();
  llvm::StringRef rest = stem;
  if (!rest.consume_front("blk.")) {
    llvm::StringRef canonical = lookUp(modelNames, stem);
    return canonical.empty() ? name.str() : (canonical + "." + suffix).str();
  }
  auto [number, part] = rest.split('.');
  llvm::StringRef canonical = lookUp(layerNames, part);
  if (canonical.empty())
    canonical = architecture.modelType == "gemma3_text"
                    ? lookUp(fourNormNames, part)
                    : lookUp(twoNormNames, part);
  unsigned layer = 0;
  // Only the one spelling of a number, or two names would become one.
  if (canonical.empty() || number.getAsInteger(10, layer) ||
      llvm::utostr(layer) != number)
    return name.str();
  return ("model.layers." + number + "." + canonical + "." + suffix).str();
}
