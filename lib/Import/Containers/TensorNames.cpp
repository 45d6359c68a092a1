// The names of tensors without what a wrapper puts in front of them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/TensorNames.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

using namespace tenon;

namespace {
/// The beginning of a name, and what it is called here.
struct Renaming {
  llvm::StringLiteral from, to;
};
} // namespace

/// The names of a model whose parts are not called as in most others. Whatever
/// is not listed keeps its name.
struct tenon::ModelNames {
  llvm::StringLiteral modelType;
  /// In front of all parts, or of none.
  llvm::StringLiteral prefix;
  llvm::ArrayRef<Renaming> parts;
};

static constexpr Renaming gpt2Parts[] = {
    {"wte.", "model.embed_tokens."},
    {"wpe.", "model.embed_positions."},
    {"h.", "model.layers."},
    {"ln_f.", "model.norm."},
};

static constexpr Renaming bertParts[] = {
    {"embeddings.word_embeddings.", "model.embed_tokens."},
    {"embeddings.position_embeddings.", "model.embed_positions."},
    {"embeddings.token_type_embeddings.", "model.token_types."},
    {"embeddings.LayerNorm.", "model.embed_norm."},
    {"encoder.layer.", "model.layers."},
    {"pooler.dense.", "model.pooler."},
};

static constexpr ModelNames ownNames[] = {
    {"bert", "bert.", bertParts},
    {"gpt2", "transformer.", gpt2Parts},
};

/// Constants that old files store along with the weights: masks, and what stands for
/// minus infinity in them.
static bool isConstant(llvm::StringRef name) {
  return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias");
}

static std::string translateOwn(const ModelNames &own, llvm::StringRef name) {
  llvm::StringRef rest = name;
  rest.consume_front(own.prefix);
  const Renaming *part =
      llvm::find_if(own.parts, [&](const Renaming &renaming) {
        return rest.starts_with(renaming.from);
      });
  if (isConstant(rest) || part == own.parts.end())
    return name.str();
  rest = rest.drop_front(part->from.size());
  // Norms have older names for their two vectors.
  if (rest.consume_back("gamma"))
    return (part->to + rest + "weight").str();
  if (rest.consume_back("beta"))
    return (part->to + rest + "bias").str();
  return (part->to + rest).str();
}

/// The better of two prefixes: a text model inside of another model, then the
/// canonical one, then the shorter. Layers that predict further tokens have
/// embeddings too.
static bool isBetter(llvm::StringRef prefix, llvm::StringRef than) {
  static constexpr llvm::StringLiteral known[] = {
      "language_model.model.", "model.language_model.", "model."};
  const auto *rank = llvm::find(known, prefix);
  const auto *otherRank = llvm::find(known, than);
  return rank != otherRank ? rank < otherRank : prefix.size() < than.size();
}

TensorNames::TensorNames(llvm::ArrayRef<llvm::StringRef> names,
                         llvm::StringRef modelType) {
  const ModelNames *found =
      llvm::find_if(ownNames, [&](const ModelNames &entry) {
        return entry.modelType == modelType;
      });
  if (found != std::end(ownNames)) {
    own = found;
    return;
  }
  // A model whose embedding is its head has no tensor of that name.
  for (llvm::StringRef anchor :
       {"embed_tokens.weight", "layers.0.input_layernorm.weight"}) {
    for (llvm::StringRef name : names) {
      llvm::StringRef front = name;
      if (!front.consume_back(anchor) ||
          (!front.empty() && !front.ends_with(".")))
        continue;
      if (!prefix || isBetter(front, *prefix))
        prefix = front.str();
    }
    if (prefix)
      return;
  }
  // Only parts of a model, none of which tells the prefix by itself.
  for (llvm::StringRef wrapper :
       {"language_model.model.", "language_model.", "model.language_model."})
    if (llvm::any_of(names, [&](llvm::StringRef name) {
          return name.starts_with(wrapper);
        })) {
      prefix = wrapper == "language_model." ? "language_model.model."
                                            : wrapper.str();
      return;
    }
}

std::string TensorNames::translate(llvm::StringRef name) const {
  if (own)
    return translateOwn(*own, name);
  if (!prefix || *prefix == "model.")
    return name.str();
  llvm::StringRef rest = name;
  if (rest.consume_front(*prefix)) {
    // Without a prefix, only parts of the text model are told by their names.
    bool isPart = !prefix->empty() || rest.starts_with("embed_tokens.") ||
                  rest.starts_with("layers.") || rest.starts_with("norm.");
    return ((isPart ? "model." : "") + rest).str();
  }
  // The head is a sibling of the text model, or further out.
  size_t head = name.find("lm_head.");
  if (head != llvm::StringRef::npos &&
      llvm::StringRef(*prefix).starts_with(name.take_front(head)))
    return name.drop_front(head).str();
  return name.str();
}
