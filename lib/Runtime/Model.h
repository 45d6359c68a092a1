// An opened artifact.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_MODEL_H
#define TENON_LIB_RUNTIME_MODEL_H

#include "Manifest.h"
#include "Memory.h"

/// What tenon_model_open builds and no one changes afterwards.
struct tenon_model {
  char *path = nullptr; // the folder
  void *library = nullptr;
  const tenon_model_export *code = nullptr;
  const tenon_manifest *manifest = nullptr;
  /// Null when the model was opened to be inspected.
  const tenon_variant *variant = nullptr;
  /// Without data when the model was opened to be inspected and the file is
  /// absent.
  tenon::runtime::MappedFile weights;

  /// Copies for tenon_model_info: texts of the manifest have no zero at their
  /// end.
  char *architecture = nullptr;
  char *producer = nullptr;
  char *variantName = nullptr;
  uint32_t *bucketTokens = nullptr;

  ~tenon_model();

  tenon::runtime::Entries<tenon_bucket> buckets() const {
    return tenon::runtime::entriesOf<tenon_bucket>(manifest, manifest->buckets);
  }
  tenon::runtime::Entries<tenon_state> states() const {
    return tenon::runtime::entriesOf<tenon_state>(manifest, manifest->states);
  }
};

#endif // TENON_LIB_RUNTIME_MODEL_H
