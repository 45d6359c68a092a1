// The names of tensors without what a wrapper puts in front of them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/TensorNames.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

using namespace tenon;

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

TensorNames::TensorNames(llvm::ArrayRef<llvm::StringRef> names) {
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
  if (!prefix || *prefix == "model.")
    return name.str();
  llvm::StringRef rest = name;
  if (rest.consume_front(*prefix)) {
    // Without a prefix, only parts of the text model are told by their names.
    bool isPart = !prefix->empty() || rest.starts_with("embed_tokens.") ||
                  rest.starts_with("layers.") || rest.starts_with("norm.");
    return ((isPart ? "model." : "") + rest).str();
  }
  // The head stands beside the text model, or further out.
  size_t head = name.find("lm_head.");
  if (head != llvm::StringRef::npos &&
      llvm::StringRef(*prefix).starts_with(name.take_front(head)))
    return name.drop_front(head).str();
  return name.str();
}
