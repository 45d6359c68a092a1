// Reading the manifest of an artifact, and the proof that it can be read.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_MANIFEST_H
#define TENON_LIB_RUNTIME_MANIFEST_H

#include "tenon/Runtime/Format.h"
#include "tenon/Runtime/tenon.h"

namespace tenon::runtime {

/// The entries of a table of the manifest.
template <typename Entry>
struct Entries {
  const Entry *first;
  uint32_t count;

  const Entry *begin() const { return first; }
  const Entry *end() const { return first + count; }
  const Entry &operator[](uint32_t index) const { return first[index]; }
};

template <typename Entry>
Entries<Entry> entriesOf(const tenon_manifest *manifest, tenon_table table) {
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(manifest);
  return {reinterpret_cast<const Entry *>(bytes + table.offset), table.count};
}

/// The characters of a text, which no zero ends: print it with `%.*s`.
inline const char *charsOf(const tenon_manifest *manifest, tenon_text text) {
  return reinterpret_cast<const char *>(manifest) + text.offset;
}

/// Checks everything that this runtime and others who read the manifest rely
/// on: magic, version, size, hash, each offset and index. `available` is the
/// number of bytes that can be read from the manifest's beginning, and `path`
/// is for messages.
tenon_status checkManifest(const char *path, const tenon_model_export &code,
                           uint64_t available);

/// Fails because a file has another version of the format than this runtime.
tenon_status failOnVersion(const char *path, uint32_t version);

} // namespace tenon::runtime

#endif // TENON_LIB_RUNTIME_MANIFEST_H
