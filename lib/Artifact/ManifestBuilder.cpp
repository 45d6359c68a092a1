// Collects what an artifact says about itself, and makes the manifest of it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Artifact/ManifestBuilder.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"
#include <cstring>
#include <limits>

using namespace tenon;
using llvm::ArrayRef;
using llvm::StringRef;

namespace {

/// Bytes of a manifest that grow after its head. Offsets may wrap when there
/// are more than 4 GiB; the size tells, and such a manifest is thrown away.
class Blob {
public:
  Blob() : bytes(sizeof(tenon_manifest)) {}

  template <typename Entry>
  tenon_table addTable(ArrayRef<Entry> entries) {
    bytes.resize(llvm::alignTo(bytes.size(), 8));
    tenon_table table = {static_cast<uint32_t>(bytes.size()),
                         static_cast<uint32_t>(entries.size())};
    append(entries.data(), entries.size() * sizeof(Entry));
    return table;
  }

  /// Equal texts are stored once.
  tenon_text addText(StringRef text) {
    auto [entry, isNew] =
        texts.try_emplace(text, static_cast<uint32_t>(bytes.size()));
    if (isNew)
      append(text.data(), text.size());
    return {entry->second, static_cast<uint32_t>(text.size())};
  }

  /// A byte of zero follows, because readers of PTX look for one.
  uint32_t addImage(StringRef image) {
    bytes.resize(llvm::alignTo(bytes.size(), 64));
    uint32_t offset = static_cast<uint32_t>(bytes.size());
    append(image.data(), image.size());
    bytes.push_back(0);
    return offset;
  }

  std::vector<uint8_t> bytes;

private:
  void append(const void *data, size_t size) {
    const uint8_t *begin = static_cast<const uint8_t *>(data);
    if (size)
      bytes.insert(bytes.end(), begin, begin + size);
  }

  llvm::StringMap<uint32_t> texts;
};

} // namespace

void ManifestBuilder::addState(StringRef name, uint32_t layers, uint32_t width,
                               uint32_t element) {
  states.push_back({name.str(), layers, width, element});
}

void ManifestBuilder::addVariant(StringRef name, uint32_t features,
                                 uint32_t firstStep) {
  variants.push_back({name.str(), features, firstStep});
}

void ManifestBuilder::addWeight(StringRef name, StringRef type,
                                StringRef source, uint64_t offset,
                                uint64_t size) {
  weights.push_back({name.str(), type.str(), source.str(), offset, size});
}

void ManifestBuilder::addKernel(StringRef name, uint32_t bucket,
                                uint32_t variant) {
  kernels.push_back({name.str(), bucket, variant});
}

void ManifestBuilder::addImage(StringRef target, StringRef kind,
                               StringRef bytes) {
  images.push_back({target.str(), kind.str(), bytes.str()});
}

void ManifestBuilder::setWeights(uint64_t size, ArrayRef<uint64_t> hashes) {
  weightsSize = size;
  chunkHashes.assign(hashes.begin(), hashes.end());
}

static uint64_t hashOf(const void *data, size_t size) {
  return llvm::xxHash64(
      ArrayRef<uint8_t>(static_cast<const uint8_t *>(data), size));
}

/// Makes the entries of a table, whose texts go into the blob before it.
template <typename Entry, typename Item, typename Make>
static tenon_table addEntries(Blob &blob, const std::vector<Item> &items,
                              Make make) {
  std::vector<Entry> entries;
  for (const Item &item : items)
    entries.push_back(make(item));
  return blob.addTable(ArrayRef<Entry>(entries));
}

llvm::Expected<std::vector<uint8_t>> ManifestBuilder::build() const {
  Blob blob;
  tenon_manifest head = {};
  memcpy(head.magic, TENON_MANIFEST_MAGIC, sizeof(head.magic));
  head.version = TENON_FORMAT_VERSION;
  head.weights_size = weightsSize;
  head.weights_id =
      hashOf(chunkHashes.data(), chunkHashes.size() * sizeof(uint64_t));
  head.vocabulary = facts.vocabulary;
  head.hidden = facts.hidden;
  head.layers = facts.layers;
  head.max_context = facts.maxContext;
  head.token_bytes = facts.tokenBytes;
  head.segments = facts.segments;
  head.pooled = facts.hasPooler;
  head.pooling = facts.pooling;
  head.normalizes = facts.normalizes;
  head.architecture = blob.addText(facts.architecture);
  head.producer = blob.addText(facts.producer);
  head.buckets = blob.addTable(ArrayRef<tenon_bucket>(buckets));
  head.states = addEntries<tenon_state>(blob, states, [&](const State &s) {
    return tenon_state{blob.addText(s.name), s.layers, s.width, s.element, 0};
  });
  head.variants =
      addEntries<tenon_variant>(blob, variants, [&](const Variant &v) {
        return tenon_variant{blob.addText(v.name), v.features, v.firstStep};
      });
  head.weights = addEntries<tenon_weight>(blob, weights, [&](const Weight &w) {
    return tenon_weight{blob.addText(w.name), blob.addText(w.type),
                        blob.addText(w.source), w.offset, w.size};
  });
  head.kernels = addEntries<tenon_kernel>(blob, kernels, [&](const Kernel &k) {
    return tenon_kernel{blob.addText(k.name), k.bucket, k.variant};
  });
  head.images = addEntries<tenon_image>(blob, images, [&](const Image &i) {
    return tenon_image{blob.addText(i.target), blob.addText(i.kind),
                       blob.addImage(i.bytes),
                       static_cast<uint32_t>(i.bytes.size())};
  });
  head.chunk_hashes = blob.addTable(ArrayRef<uint64_t>(chunkHashes));

  if (blob.bytes.size() > std::numeric_limits<uint32_t>::max())
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        "the manifest has %zu bytes, but at most %u are possible; compile for "
        "fewer targets",
        blob.bytes.size(), std::numeric_limits<uint32_t>::max());
  head.size = static_cast<uint32_t>(blob.bytes.size());
  memcpy(blob.bytes.data(), &head, sizeof(head));
  head.hash = hashOf(blob.bytes.data(), blob.bytes.size());
  memcpy(blob.bytes.data(), &head, sizeof(head));
  return std::move(blob.bytes);
}
