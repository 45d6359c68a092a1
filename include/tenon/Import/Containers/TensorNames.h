// The names of tensors without what a wrapper puts in front of them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CONTAINERS_TENSORNAMES_H
#define TENON_IMPORT_CONTAINERS_TENSORNAMES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace tenon {

struct ModelNames;

/// Translates the names of one checkpoint to canonical ones, in which the text
/// model is `model.` and its head `lm_head.`. What stands in front of the
/// embedding says what a checkpoint has there instead: nothing if the model was
/// saved without its head, `language_model.model.` or `model.language_model.`
/// if it is a part of another one, or what a trainer put there.
class TensorNames {
public:
  /// Looks at all names of a checkpoint of a `model_type`.
  explicit TensorNames(llvm::ArrayRef<llvm::StringRef> names,
                       llvm::StringRef modelType = "");

  std::string translate(llvm::StringRef name) const;

private:
  /// Set for models whose parts have names of their own.
  const ModelNames *own = nullptr;
  /// In front of the embedding, if a tensor is one.
  std::optional<std::string> prefix;
};

} // namespace tenon

#endif // TENON_IMPORT_CONTAINERS_TENSORNAMES_H
