// Opens, checks and describes artifacts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Model.h"
#include "Cpu.h"
#include "Error.h"
#include "Options.h"
#include "Variant.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

using namespace tenon::runtime;

namespace {

/// The path of a file in an artifact.
class FilePath {
public:
  FilePath(const char *folder, const char *file)
      : fits(snprintf(text, sizeof(text), "%s/%s", folder, file) <
             static_cast<int>(sizeof(text))) {}
  const char *get() const { return text; }

private:
  char text[4096];

public:
  const bool fits;
};

/// Where an address lies in what the dynamic linker has mapped.
struct Mapping {
  uintptr_t address;
  uint64_t readable; // bytes from the address to the end of its segment
};

} // namespace

tenon_model::~tenon_model() {
  free(path);
  free(architecture);
  free(producer);
  free(variantName);
  free(bucketTokens);
  if (library)
    dlclose(library);
}

/// Compares model.so with the hash in its trailer.
static tenon_status checkCode(const char *path) {
  MappedFile file;
  if (tenon_status status = file.open(path, sizeof(tenon_code_trailer)))
    return status;
  tenon_code_trailer trailer;
  uint64_t size = file.size() - sizeof(trailer);
  memcpy(&trailer, file.data() + size, sizeof(trailer));
  if (memcmp(trailer.magic, TENON_CODE_MAGIC, sizeof(trailer.magic)))
    return failDamaged(path, "it does not end with the trailer '%s'",
                       TENON_CODE_MAGIC);
  if (trailer.size != size)
    return failDamaged(path, "it has %llu bytes of code and should have %llu",
                       static_cast<unsigned long long>(size),
                       static_cast<unsigned long long>(trailer.size));
  uint64_t hash = tenon_hash(file.data(), size);
  if (hash != trailer.hash)
    return failDamaged(path, "it has hash %016llx and should have %016llx",
                       static_cast<unsigned long long>(hash),
                       static_cast<unsigned long long>(trailer.hash));
  return TENON_OK;
}

static int findMapping(dl_phdr_info *info, size_t, void *result) {
  Mapping &mapping = *static_cast<Mapping *>(result);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) &segment = info->dlpi_phdr[i];
    // Of an address below the segment this is a huge number.
    uintptr_t offset = mapping.address - (info->dlpi_addr + segment.p_vaddr);
    if (segment.p_type != PT_LOAD || offset >= segment.p_memsz)
      continue;
    mapping.readable = segment.p_memsz - offset;
    return 1;
  }
  return 0;
}

/// The number of bytes that can be read from an address inside a library.
static uint64_t readableFrom(const void *address) {
  Mapping mapping = {reinterpret_cast<uintptr_t>(address), 0};
  dl_iterate_phdr(findMapping, &mapping);
  return mapping.readable;
}

static tenon_status loadCode(tenon_model &model, const char *path) {
  model.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!model.library) {
    const char *reason = dlerror();
    return fail(
        TENON_ERROR_ARTIFACT,
        "cannot load '%s': %s; compile the model again on a system like "
        "this one",
        path, reason ? reason : "the dynamic linker gives no reason");
  }
  model.code = static_cast<const tenon_model_export *>(
      dlsym(model.library, "tenon_model"));
  if (!model.code || readableFrom(model.code) < sizeof(tenon_model_export))
    return failDamaged(path, "it does not export 'tenon_model'");
  const tenon_model_export &code = *model.code;
  if (readableFrom(code.steps) / sizeof(tenon_step_fn) < code.num_steps)
    return failDamaged(path, "its table of %llu functions leaves the library",
                       static_cast<unsigned long long>(code.num_steps));
  if (tenon_status status =
          checkManifest(path, code, readableFrom(code.manifest)))
    return status;
  model.manifest = code.manifest;
  return TENON_OK;
}

static tenon_status checkWeightsHeader(const char *path, const MappedFile &file,
                                       const tenon_manifest &manifest) {
  tenon_weights_header header;
  memcpy(&header, file.data(), sizeof(header));
  if (memcmp(header.magic, TENON_WEIGHTS_MAGIC, sizeof(header.magic)))
    return failDamaged(path, "it does not begin with '%s'",
                       TENON_WEIGHTS_MAGIC);
  if (header.version != TENON_FORMAT_VERSION)
    return failOnVersion(path, header.version);
  bool reserved = header.reserved != 0;
  for (uint64_t at = sizeof(header); at != TENON_WEIGHTS_HEADER_BYTES; ++at)
    reserved |= file.data()[at] != 0;
  if (reserved)
    return failDamaged(path, "reserved bytes of its header are not 0");
  if (header.size != file.size() - TENON_WEIGHTS_HEADER_BYTES)
    return failDamaged(path, "it has %llu bytes of data and should have %llu",
                       static_cast<unsigned long long>(
                           file.size() - TENON_WEIGHTS_HEADER_BYTES),
                       static_cast<unsigned long long>(header.size));
  if (header.size != manifest.weights_size || header.id != manifest.weights_id)
    return fail(TENON_ERROR_ARTIFACT,
                "'%s' does not belong to the model.so beside it: it has %llu "
                "bytes with id %016llx, but model.so expects %llu with id "
                "%016llx; copy both files from the same artifact",
                path, static_cast<unsigned long long>(header.size),
                static_cast<unsigned long long>(header.id),
                static_cast<unsigned long long>(manifest.weights_size),
                static_cast<unsigned long long>(manifest.weights_id));
  return TENON_OK;
}

static tenon_status openWeights(tenon_model &model, const char *path,
                                const tenon_model_options &options) {
  bool isElided =
      model.manifest->weights_size && !model.manifest->chunk_hashes.count;
  if (options.inspect && (isElided || access(path, F_OK) != 0))
    return TENON_OK;
  if (isElided)
    return fail(TENON_ERROR_ARTIFACT,
                "'%s' was compiled without its weights and can only be "
                "inspected; compile the model again without --skip-weights",
                model.path);
  if (tenon_status status =
          model.weights.open(path, TENON_WEIGHTS_HEADER_BYTES))
    return status;
  if (tenon_status status =
          checkWeightsHeader(path, model.weights, *model.manifest))
    return status;
  if (options.preload)
    model.weights.preload();
  return TENON_OK;
}

static char *copyText(const tenon_manifest *manifest, tenon_text text) {
  return strndup(charsOf(manifest, text), text.size);
}

/// Makes the copies that tenon_model_get_info hands out.
static tenon_status copyInfo(tenon_model &model) {
  const tenon_manifest *manifest = model.manifest;
  model.architecture = copyText(manifest, manifest->architecture);
  model.producer = copyText(manifest, manifest->producer);
  model.variantName =
      model.variant ? copyText(manifest, model.variant->name) : strdup("");
  Entries<tenon_bucket> buckets = model.buckets();
  model.bucketTokens =
      static_cast<uint32_t *>(calloc(buckets.count, sizeof(uint32_t)));
  if (!model.architecture || !model.producer || !model.variantName ||
      !model.bucketTokens)
    return fail(TENON_ERROR_SYSTEM,
                "cannot allocate memory to open '%s'; free memory", model.path);
  for (uint32_t i = 0; i != buckets.count; ++i)
    model.bucketTokens[i] = buckets[i].max_tokens;
  return TENON_OK;
}

/// What the caller, or else the environment, wants to run; null for no wish.
static const char *askedVariant(const tenon_model_options &options) {
  const char *asked = options.cpu ? options.cpu : getenv("TENON_CPU");
  return asked && *asked ? asked : nullptr;
}

static tenon_status openParts(tenon_model &model,
                              const tenon_model_options &options) {
  FilePath code(model.path, "model.so"), weights(model.path, "weights.bin");
  if (!code.fits || !weights.fits)
    return fail(TENON_ERROR_ARGUMENT,
                "path of %zu characters is too long; move the artifact",
                strlen(model.path));
  if (tenon_status status = checkCode(code.get()))
    return status;
  if (tenon_status status = loadCode(model, code.get()))
    return status;
  if (!options.inspect)
    if (tenon_status status =
            chooseVariant(model.path, model.manifest, askedVariant(options),
                          featuresOf(readCpuWords()), model.variant))
      return status;
  if (tenon_status status = openWeights(model, weights.get(), options))
    return status;
  return copyInfo(model);
}

tenon_status tenon_model_open(const char *path,
                              const tenon_model_options *options,
                              tenon_model **model) {
  if (!path || !model)
    return fail(TENON_ERROR_ARGUMENT,
                "path and model must not be null in tenon_model_open");
  tenon_model_options known = {};
  if (tenon_status status = readOptions("tenon_model_options", options, known))
    return status;
  tenon_model *opened = create<tenon_model>();
  if (opened)
    opened->path = strdup(path);
  if (!opened || !opened->path) {
    tenon_model_close(opened);
    return fail(TENON_ERROR_SYSTEM,
                "cannot allocate memory to open '%s'; free memory", path);
  }
  if (tenon_status status = openParts(*opened, known)) {
    tenon_model_close(opened);
    return status;
  }
  *model = opened;
  return TENON_OK;
}

void tenon_model_close(tenon_model *model) { destroy(model); }

/// Fails because of chunk number `index`, naming the first weight in it.
static tenon_status failOnChunk(const tenon_model &model, const char *path,
                                uint64_t begin, uint64_t end) {
  const tenon_manifest *manifest = model.manifest;
  for (const tenon_weight &weight :
       entriesOf<tenon_weight>(manifest, manifest->weights)) {
    if (weight.offset >= end || weight.offset + weight.size <= begin)
      continue;
    return failDamaged(path,
                       "bytes %llu to %llu of the data, where weight '%.*s' "
                       "lies, do not have their hash",
                       static_cast<unsigned long long>(begin),
                       static_cast<unsigned long long>(end - 1),
                       static_cast<int>(weight.name.size),
                       charsOf(manifest, weight.name));
  }
  return failDamaged(path,
                     "bytes %llu to %llu of the data do not have their hash",
                     static_cast<unsigned long long>(begin),
                     static_cast<unsigned long long>(end - 1));
}

tenon_status tenon_model_check(const tenon_model *model) {
  if (!model)
    return fail(TENON_ERROR_ARGUMENT,
                "model must not be null in tenon_model_check");
  if (model->manifest->weights_size && !model->manifest->chunk_hashes.count)
    return fail(TENON_ERROR_ARTIFACT,
                "'%s' was compiled without its weights, so there is nothing to "
                "check; compile the model again without --skip-weights",
                model->path);
  FilePath path(model->path, "weights.bin");
  if (!model->weights.data())
    return fail(TENON_ERROR_FILE,
                "cannot check '%s': no such file; copy it from the artifact",
                path.get());
  const uint8_t *data = model->weights.data() + TENON_WEIGHTS_HEADER_BYTES;
  uint64_t begin = 0, size = model->manifest->weights_size;
  for (uint64_t expected :
       entriesOf<uint64_t>(model->manifest, model->manifest->chunk_hashes)) {
    uint64_t left = size - begin;
    uint64_t length =
        left < TENON_HASH_CHUNK_BYTES ? left : TENON_HASH_CHUNK_BYTES;
    if (tenon_hash(data + begin, length) != expected)
      return failOnChunk(*model, path.get(), begin, begin + length);
    begin += length;
  }
  return TENON_OK;
}

tenon_status tenon_model_get_info(const tenon_model *model,
                                  tenon_model_info *info) {
  if (!model || !info)
    return fail(TENON_ERROR_ARGUMENT,
                "model and info must not be null in tenon_model_get_info");
  tenon_model_info all = {};
  all.architecture = model->architecture;
  all.producer = model->producer;
  all.variant = model->variantName;
  all.vocabulary = model->manifest->vocabulary;
  all.hidden = model->manifest->hidden;
  all.layers = model->manifest->layers;
  all.max_context = model->manifest->max_context;
  all.num_buckets = model->manifest->buckets.count;
  all.buckets = model->bucketTokens;
  all.weights_bytes = model->manifest->weights_size;
  all.segments = model->manifest->segments;
  all.pooled = model->manifest->pooled;
  all.pooling = model->manifest->pooling;
  all.normalizes = model->manifest->normalizes;
  return writeInfo("tenon_model_info", all, *info);
}

const tenon_manifest *tenon_model_get_manifest(const tenon_model *model) {
  return model ? model->manifest : nullptr;
}
