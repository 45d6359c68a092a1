// Chooses a code variant by the features of the CPU or by name.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Variant.h"
#include "Cpu.h"
#include "Error.h"

#include <cstdio>
#include <cstring>

namespace tenon::runtime {

static constexpr char kPrefix[] = "x86-64-";
static constexpr size_t kPrefixLength = sizeof(kPrefix) - 1;
static constexpr size_t kMostFeatureText = 128;

static bool isCalled(const tenon_manifest *manifest,
                     const tenon_variant &variant, const char *asked) {
  const char *name = charsOf(manifest, variant.name);
  size_t size = variant.name.size, length = strlen(asked);
  if (size == length && memcmp(name, asked, size) == 0)
    return true;
  return size == length + kPrefixLength &&
         memcmp(name, kPrefix, kPrefixLength) == 0 &&
         memcmp(name + kPrefixLength, asked, length) == 0;
}

namespace {

/// The variants of an artifact as a message lists them.
class VariantList {
public:
  explicit VariantList(const tenon_manifest *manifest) {
    size_t length = 0;
    for (const tenon_variant &variant :
         entriesOf<tenon_variant>(manifest, manifest->variants)) {
      char needs[kMostFeatureText];
      nameFeatures(variant.features, needs, sizeof(needs));
      length +=
          snprintf(text + length, sizeof(text) - length, "%s%.*s (needs %s)",
                   length ? ", " : "", static_cast<int>(variant.name.size),
                   charsOf(manifest, variant.name), needs);
      if (length >= sizeof(text))
        break;
    }
    if (!length)
      snprintf(text, sizeof(text), "no code for a CPU");
  }
  const char *get() const { return text; }

private:
  char text[512];
};

} // namespace

tenon_status chooseVariant(const char *path, const tenon_manifest *manifest,
                           const char *asked, uint32_t features,
                           const tenon_variant *&chosen) {
  char have[kMostFeatureText];
  nameFeatures(features, have, sizeof(have));
  for (const tenon_variant &variant :
       entriesOf<tenon_variant>(manifest, manifest->variants)) {
    if (asked && !isCalled(manifest, variant, asked))
      continue;
    bool runs = (variant.features & ~features) == 0;
    if (runs) {
      chosen = &variant;
      return TENON_OK;
    }
    if (!asked)
      continue;
    char needs[kMostFeatureText];
    nameFeatures(variant.features, needs, sizeof(needs));
    return fail(
        TENON_ERROR_CPU,
        "variant '%s' of '%s' needs %s, but this CPU and system have %s; "
        "choose another variant or none",
        asked, path, needs, have);
  }
  VariantList list(manifest);
  if (asked)
    return fail(
        TENON_ERROR_CPU,
        "'%s' has no variant '%s'; it has %s; choose one of them or none", path,
        asked, list.get());
  return fail(
      TENON_ERROR_CPU,
      "no code in '%s' runs here: it has %s, and this CPU and system have "
      "%s; compile the model for this CPU",
      path, list.get(), have);
}

} // namespace tenon::runtime
