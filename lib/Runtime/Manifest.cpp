// Checks a manifest before anything else reads it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Manifest.h"
#include "Error.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace tenon::runtime {

namespace {

/// The checks, in the order in which each one relies on those before it.
class Checker {
public:
  Checker(const char *path, const tenon_model_export &code)
      : path(path), code(code), manifest(code.manifest) {}

  tenon_status checkHead(uint64_t available);
  tenon_status checkHash();
  tenon_status checkTables();
  tenon_status checkShapes();
  tenon_status checkBuckets();
  tenon_status checkStates();
  tenon_status checkVariants();
  tenon_status checkWeights();
  tenon_status checkKernels();
  tenon_status checkImages();
  tenon_status checkChunks();

private:
  tenon_status checkTable(const char *name, tenon_table table,
                          uint64_t entryBytes);
  tenon_status checkText(const char *name, uint32_t index, tenon_text text);

  template <typename Entry>
  Entries<Entry> entries(tenon_table table) {
    return entriesOf<Entry>(manifest, table);
  }

  const char *path;
  const tenon_model_export &code;
  const tenon_manifest *manifest;
};

} // namespace

/// Returns at the first failed check.
#define TENON_TRY(check)                                                       \
  do {                                                                         \
    if (tenon_status status = (check))                                         \
      return status;                                                           \
  } while (false)

static bool isInside(uint64_t offset, uint64_t size, uint64_t whole) {
  return offset <= whole && size <= whole - offset;
}

tenon_status failOnVersion(const char *path, uint32_t version) {
  return fail(
      TENON_ERROR_ARTIFACT,
      "'%s' has version %u of the format, but this runtime reads version "
      "%u; compile the model again with the tenon of this runtime",
      path, version, TENON_FORMAT_VERSION);
}

tenon_status Checker::checkHead(uint64_t available) {
  if (available < offsetof(tenon_manifest, size) ||
      memcmp(manifest->magic, TENON_MANIFEST_MAGIC, sizeof(manifest->magic)))
    return failDamaged(path, "its manifest does not begin with '%s'",
                       TENON_MANIFEST_MAGIC);
  // Whatever follows may differ in another version.
  if (manifest->version != TENON_FORMAT_VERSION)
    return failOnVersion(path, manifest->version);
  if (available < sizeof(tenon_manifest) ||
      manifest->size < sizeof(tenon_manifest) || manifest->size > available)
    return failDamaged(path,
                       "its manifest gives its size as %u bytes, but %llu "
                       "can be read and at least %zu are needed",
                       manifest->size,
                       static_cast<unsigned long long>(available),
                       sizeof(tenon_manifest));
  return TENON_OK;
}

tenon_status Checker::checkHash() {
  // The hash covers a manifest whose field `hash` is 0, and this one is
  // read-only.
  tenon_manifest *copy = static_cast<tenon_manifest *>(malloc(manifest->size));
  if (!copy)
    return fail(TENON_ERROR_SYSTEM,
                "cannot allocate %u bytes to check the manifest of '%s'; free "
                "memory",
                manifest->size, path);
  memcpy(copy, manifest, manifest->size);
  copy->hash = 0;
  uint64_t hash = tenon_hash(copy, manifest->size);
  free(copy);
  if (hash != manifest->hash)
    return failDamaged(path,
                       "its manifest has hash %016llx and should have "
                       "%016llx",
                       static_cast<unsigned long long>(hash),
                       static_cast<unsigned long long>(manifest->hash));
  return TENON_OK;
}

tenon_status Checker::checkTable(const char *name, tenon_table table,
                                 uint64_t entryBytes) {
  bool aligned = table.offset % 8 == 0;
  if (aligned &&
      isInside(table.offset, table.count * entryBytes, manifest->size))
    return TENON_OK;
  return failDamaged(path,
                     "its table of %s, %u entries from %u, is misaligned "
                     "or leaves the manifest of %u bytes",
                     name, table.count, table.offset, manifest->size);
}

tenon_status Checker::checkText(const char *name, uint32_t index,
                                tenon_text text) {
  if (isInside(text.offset, text.size, manifest->size))
    return TENON_OK;
  return failDamaged(path,
                     "text of %s %u, %u bytes from %u, leaves the manifest "
                     "of %u bytes",
                     name, index, text.size, text.offset, manifest->size);
}

tenon_status Checker::checkTables() {
  const tenon_manifest &m = *manifest;
  TENON_TRY(checkTable("buckets", m.buckets, sizeof(tenon_bucket)));
  TENON_TRY(checkTable("states", m.states, sizeof(tenon_state)));
  TENON_TRY(checkTable("variants", m.variants, sizeof(tenon_variant)));
  TENON_TRY(checkTable("weights", m.weights, sizeof(tenon_weight)));
  TENON_TRY(checkTable("kernels", m.kernels, sizeof(tenon_kernel)));
  TENON_TRY(checkTable("images", m.images, sizeof(tenon_image)));
  return checkTable("chunk hashes", m.chunk_hashes, sizeof(uint64_t));
}

tenon_status Checker::checkShapes() {
  TENON_TRY(checkText("architecture", 0, manifest->architecture));
  TENON_TRY(checkText("producer", 0, manifest->producer));
  // Tokens and positions are int32_t.
  if (manifest->vocabulary == 0 || manifest->vocabulary > INT32_MAX)
    return failDamaged(path, "its vocabulary of %u is not in 1 to %d",
                       manifest->vocabulary, INT32_MAX);
  if (manifest->max_context == 0 || manifest->max_context > INT32_MAX)
    return failDamaged(path, "its max_context of %u is not in 1 to %d",
                       manifest->max_context, INT32_MAX);
  if (manifest->pooling > TENON_POOLING_POOLER)
    return failDamaged(path, "its pooling of %u is unknown", manifest->pooling);
  return TENON_OK;
}

tenon_status Checker::checkBuckets() {
  // No single buffer comes near this, so that sums of a few do not overflow.
  constexpr uint64_t kMostBytes = 1ull << 46;
  uint32_t index = 0, last = 0;
  for (const tenon_bucket &bucket : entries<tenon_bucket>(manifest->buckets)) {
    if (bucket.max_tokens <= last || bucket.max_tokens > INT32_MAX ||
        bucket.block_rows == 0)
      return failDamaged(path,
                         "bucket %u holds %u tokens in blocks of %u rows, "
                         "but buckets ascend and blocks are not empty",
                         index, bucket.max_tokens, bucket.block_rows);
    if (bucket.arena_bytes > kMostBytes || bucket.scratch_bytes > kMostBytes)
      return failDamaged(path,
                         "bucket %u needs %llu bytes of arena and %llu of "
                         "scratch, more than there can be",
                         index,
                         static_cast<unsigned long long>(bucket.arena_bytes),
                         static_cast<unsigned long long>(bucket.scratch_bytes));
    last = bucket.max_tokens;
    ++index;
  }
  return index ? TENON_OK : failDamaged(path, "it has no bucket");
}

tenon_status Checker::checkStates() {
  uint32_t index = 0;
  for (const tenon_state &state : entries<tenon_state>(manifest->states)) {
    TENON_TRY(checkText("state", index, state.name));
    if (state.element != TENON_ELEMENT_F32 &&
        state.element != TENON_ELEMENT_BF16)
      return failDamaged(path, "state %u has elements of unknown kind %u",
                         index, state.element);
    ++index;
  }
  return TENON_OK;
}

tenon_status Checker::checkVariants() {
  uint32_t index = 0;
  for (const tenon_variant &variant :
       entries<tenon_variant>(manifest->variants)) {
    TENON_TRY(checkText("variant", index, variant.name));
    if (!isInside(variant.first_step, manifest->buckets.count, code.num_steps))
      return failDamaged(path,
                         "variant %u has %u functions from number %u, but "
                         "there are %llu",
                         index, manifest->buckets.count, variant.first_step,
                         static_cast<unsigned long long>(code.num_steps));
    for (uint32_t bucket = 0; bucket != manifest->buckets.count; ++bucket)
      if (!code.steps[variant.first_step + bucket])
        return failDamaged(path, "variant %u has no function for bucket %u",
                           index, bucket);
    ++index;
  }
  return TENON_OK;
}

tenon_status Checker::checkWeights() {
  uint32_t index = 0;
  for (const tenon_weight &weight : entries<tenon_weight>(manifest->weights)) {
    TENON_TRY(checkText("weight", index, weight.name));
    TENON_TRY(checkText("weight", index, weight.type));
    TENON_TRY(checkText("weight", index, weight.source));
    if (!isInside(weight.offset, weight.size, manifest->weights_size))
      return failDamaged(
          path,
          "weight '%.*s', %llu bytes from %llu, leaves the "
          "%llu bytes of weights",
          static_cast<int>(weight.name.size), charsOf(manifest, weight.name),
          static_cast<unsigned long long>(weight.size),
          static_cast<unsigned long long>(weight.offset),
          static_cast<unsigned long long>(manifest->weights_size));
    ++index;
  }
  return TENON_OK;
}

tenon_status Checker::checkKernels() {
  uint32_t index = 0;
  for (const tenon_kernel &kernel : entries<tenon_kernel>(manifest->kernels)) {
    TENON_TRY(checkText("kernel", index, kernel.name));
    if (kernel.bucket >= manifest->buckets.count ||
        kernel.variant >= manifest->variants.count)
      return failDamaged(path,
                         "kernel %u belongs to bucket %u of variant %u, but "
                         "there are %u and %u",
                         index, kernel.bucket, kernel.variant,
                         manifest->buckets.count, manifest->variants.count);
    ++index;
  }
  return TENON_OK;
}

tenon_status Checker::checkImages() {
  uint32_t index = 0;
  for (const tenon_image &image : entries<tenon_image>(manifest->images)) {
    TENON_TRY(checkText("image", index, image.target));
    TENON_TRY(checkText("image", index, image.kind));
    if (!isInside(image.offset, image.size, manifest->size))
      return failDamaged(path,
                         "image %u, %u bytes from %u, leaves the manifest "
                         "of %u bytes",
                         index, image.size, image.offset, manifest->size);
    ++index;
  }
  return TENON_OK;
}

tenon_status Checker::checkChunks() {
  uint64_t size = manifest->weights_size;
  uint64_t chunks =
      size / TENON_HASH_CHUNK_BYTES + (size % TENON_HASH_CHUNK_BYTES != 0);
  tenon_table table = manifest->chunk_hashes;
  // An artifact without its weights has none.
  if (table.count && chunks != table.count)
    return failDamaged(path, "it has %u hashes for %llu chunks of weights",
                       table.count, static_cast<unsigned long long>(chunks));
  uint64_t id = tenon_hash(entries<uint64_t>(table).first,
                           table.count * sizeof(uint64_t));
  if (id != manifest->weights_id)
    return failDamaged(path,
                       "its hashes of chunks have hash %016llx and should "
                       "have %016llx",
                       static_cast<unsigned long long>(id),
                       static_cast<unsigned long long>(manifest->weights_id));
  return TENON_OK;
}

tenon_status checkManifest(const char *path, const tenon_model_export &code,
                           uint64_t available) {
  Checker checker(path, code);
  TENON_TRY(checker.checkHead(available));
  TENON_TRY(checker.checkHash());
  TENON_TRY(checker.checkTables());
  TENON_TRY(checker.checkShapes());
  TENON_TRY(checker.checkBuckets());
  TENON_TRY(checker.checkStates());
  TENON_TRY(checker.checkVariants());
  TENON_TRY(checker.checkWeights());
  TENON_TRY(checker.checkKernels());
  TENON_TRY(checker.checkImages());
  return checker.checkChunks();
}

} // namespace tenon::runtime
