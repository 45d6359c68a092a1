// Each check of a manifest on its own, at both sides of its limit.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Runtime/Manifest.h"
#include "ToyArtifact.h"

#include <cstring>

using namespace tenon::runtime;
using namespace tenon::test;

static void doNothing(const tenon_step_context *, int64_t) {}

namespace {

/// The manifest of the toy model, parts of which a test changes.
class ManifestTest : public testing::Test {
protected:
  ManifestTest() {
    for (tenon_step_fn &step : steps)
      step = doNothing;
  }

  tenon_manifest &manifest() { return artifact.manifest(); }
  template <typename Entry>
  Entry &entry(tenon_table table, uint32_t index) {
    return artifact.entries<Entry>(table)[index];
  }

  /// Returns what is wrong with the manifest, whose hash is made right.
  std::string check(uint64_t available = ~uint64_t(0)) {
    artifact.sealManifest();
    return checkSealed(available);
  }
  std::string checkSealed(uint64_t available = ~uint64_t(0)) {
    tenon_model_export code = {&manifest(), steps, numSteps};
    bool fails = checkManifest("toy.so", code, available) != TENON_OK;
    return fails ? tenon_last_error() : "";
  }

  void expectDamaged(const std::string &part) {
    std::string message = check();
    EXPECT_NE(message.find(part), std::string::npos)
        << part << " is not in: " << message;
  }

  /// Sets a number to a value that is refused and to one that is not.
  template <typename Number>
  void expectLimit(Number &number, uint64_t wrong, uint64_t right,
                   const std::string &part) {
    Number before = number;
    number = static_cast<Number>(wrong);
    expectDamaged(part);
    number = static_cast<Number>(right);
    EXPECT_EQ(check(), "") << part;
    number = before;
  }

  ToyArtifact artifact;
  tenon_step_fn steps[TOY_VARIANTS * TOY_BUCKETS];
  uint64_t numSteps = TOY_VARIANTS * TOY_BUCKETS;
};

} // namespace

TEST_F(ManifestTest, Head) {
  const uint32_t size = manifest().size;
  EXPECT_EQ(check(), "");
  EXPECT_EQ(check(size), "");
  EXPECT_NE(check(size - 1).find("gives its size as"), std::string::npos);
  EXPECT_NE(check(offsetof(tenon_manifest, size) - 1).find("does not begin"),
            std::string::npos);
  for (char &byte : manifest().magic) {
    byte ^= 1;
    expectDamaged("does not begin with 'TENONMF1'");
    byte ^= 1;
  }
  for (uint32_t version : {0u, TENON_FORMAT_VERSION + 1}) {
    manifest().version = version;
    EXPECT_NE(check().find("has version " + std::to_string(version)),
              std::string::npos);
  }
  manifest().version = TENON_FORMAT_VERSION;
  // Shorter than its fixed part.
  manifest().size = sizeof(tenon_manifest) - 1;
  EXPECT_NE(checkSealed().find("gives its size as"), std::string::npos);
}

TEST_F(ManifestTest, Hash) {
  ++manifest().token_bytes;
  EXPECT_NE(checkSealed().find("and should have"), std::string::npos);
  EXPECT_EQ(check(), "");
}

TEST_F(ManifestTest, Tables) {
  struct Place {
    const char *name;
    tenon_table *table;
    uint64_t entryBytes;
  };
  tenon_manifest &m = manifest();
  for (Place place :
       {Place{"buckets", &m.buckets, sizeof(tenon_bucket)},
        Place{"states", &m.states, sizeof(tenon_state)},
        Place{"variants", &m.variants, sizeof(tenon_variant)},
        Place{"weights", &m.weights, sizeof(tenon_weight)},
        Place{"kernels", &m.kernels, sizeof(tenon_kernel)},
        Place{"images", &m.images, sizeof(tenon_image)},
        Place{"chunk hashes", &m.chunk_hashes, sizeof(uint64_t)}}) {
    const tenon_table before = *place.table;
    std::string finding = std::string("its table of ") + place.name + ", ";
    place.table->offset += 4;
    expectDamaged(finding);
    place.table->offset = before.offset;
    // As many entries as there is room for, whatever they say, and one more.
    place.table->count = (m.size - before.offset) / place.entryBytes;
    EXPECT_EQ(check().find("its table of"), std::string::npos) << place.name;
    ++place.table->count;
    expectDamaged(finding);
    place.table->count = ~0u;
    expectDamaged(finding);
    // No entries at the end of the manifest, and behind it.
    place.table->count = 0;
    place.table->offset = m.size / 8 * 8;
    EXPECT_EQ(check().find("its table of"), std::string::npos) << place.name;
    place.table->offset += 8;
    expectDamaged(finding);
    *place.table = before;
  }
}

TEST_F(ManifestTest, Texts) {
  struct Place {
    const char *owner;
    tenon_text *text;
  };
  tenon_manifest &m = manifest();
  tenon_weight &weight = entry<tenon_weight>(m.weights, 1);
  tenon_image &image = entry<tenon_image>(m.images, 1);
  for (Place place :
       {Place{"architecture 0", &m.architecture},
        Place{"producer 0", &m.producer},
        Place{"state 1", &entry<tenon_state>(m.states, 1).name},
        Place{"variant 2", &entry<tenon_variant>(m.variants, 2).name},
        Place{"weight 1", &weight.name}, Place{"weight 1", &weight.type},
        Place{"weight 1", &weight.source},
        Place{"kernel 1", &entry<tenon_kernel>(m.kernels, 1).name},
        Place{"image 1", &image.target}, Place{"image 1", &image.kind}}) {
    std::string finding = std::string("text of ") + place.owner + ", ";
    expectLimit(place.text->size, m.size - place.text->offset + 1,
                m.size - place.text->offset, finding);
    expectLimit(place.text->offset, m.size - place.text->size + 1,
                m.size - place.text->size, finding);
    expectLimit(place.text->offset, ~0u, 0, finding);
  }
}

TEST_F(ManifestTest, Shapes) {
  constexpr uint64_t most = INT32_MAX;
  expectLimit(manifest().vocabulary, 0, 1, "its vocabulary of 0");
  expectLimit(manifest().vocabulary, most + 1, most, "its vocabulary of 2147");
  expectLimit(manifest().max_context, 0, 1, "its max_context of 0");
  expectLimit(manifest().max_context, most + 1, most,
              "its max_context of 2147");
  expectLimit(manifest().pooling, TENON_POOLING_POOLER + 1,
              TENON_POOLING_POOLER, "its pooling of 3");
}

TEST_F(ManifestTest, Buckets) {
  auto bucket = [&](uint32_t index) -> tenon_bucket & {
    return entry<tenon_bucket>(manifest().buckets, index);
  };
  expectLimit(bucket(0).max_tokens, 0, 1, "bucket 0 holds 0 tokens");
  expectLimit(bucket(1).max_tokens, 1, 2, "bucket 1 holds 1 tokens");
  expectLimit(bucket(2).max_tokens, 4, 5, "bucket 2 holds 4 tokens");
  expectLimit(bucket(2).max_tokens, uint64_t(INT32_MAX) + 1, INT32_MAX,
              "bucket 2 holds 2147483648 tokens");
  constexpr uint64_t most = uint64_t(1) << 46;
  for (uint32_t i = 0; i != TOY_BUCKETS; ++i) {
    std::string name = "bucket " + std::to_string(i);
    expectLimit(bucket(i).block_rows, 0, 1, name + " holds");
    expectLimit(bucket(i).arena_bytes, most + 1, most, name + " needs");
    expectLimit(bucket(i).scratch_bytes, most + 1, most, name + " needs");
  }
  manifest().buckets.count = 0;
  expectDamaged("it has no bucket");
}

TEST_F(ManifestTest, StatesVariantsAndKernels) {
  for (uint32_t i : {0, 1})
    expectLimit(entry<tenon_state>(manifest().states, i).element, 2, 1,
                "state " + std::to_string(i) + " has elements of");
  for (uint32_t i = 0; i != TOY_VARIANTS; ++i)
    expectLimit(entry<tenon_variant>(manifest().variants, i).first_step, 7, 6,
                "variant " + std::to_string(i) + " has 3 functions from");
  for (uint32_t i : {0, 1}) {
    tenon_kernel &kernel = entry<tenon_kernel>(manifest().kernels, i);
    std::string finding = "kernel " + std::to_string(i) + " belongs";
    expectLimit(kernel.bucket, TOY_BUCKETS, TOY_BUCKETS - 1, finding);
    expectLimit(kernel.variant, TOY_VARIANTS, TOY_VARIANTS - 1, finding);
  }
}

TEST_F(ManifestTest, FunctionsOfVariants) {
  for (uint32_t i = 0; i != TOY_VARIANTS * TOY_BUCKETS; ++i) {
    steps[i] = nullptr;
    expectDamaged("variant " + std::to_string(i / TOY_BUCKETS) +
                  " has no function for bucket " +
                  std::to_string(i % TOY_BUCKETS));
    steps[i] = doNothing;
  }
  --numSteps;
  expectDamaged("variant 2 has 3 functions from number 6");
}

TEST_F(ManifestTest, WeightsAndImages) {
  for (uint32_t i : {0, 1}) {
    tenon_weight &weight = entry<tenon_weight>(manifest().weights, i);
    std::string finding = i ? "weight 'second'" : "weight 'first'";
    expectLimit(weight.size, TOY_WEIGHTS_BYTES - weight.offset + 1,
                TOY_WEIGHTS_BYTES - weight.offset, finding);
    expectLimit(weight.offset, TOY_WEIGHTS_BYTES - weight.size + 1,
                TOY_WEIGHTS_BYTES - weight.size, finding);
    expectLimit(weight.offset, ~uint64_t(0), 0, finding);
  }
  for (uint32_t i : {0, 1}) {
    tenon_image &image = entry<tenon_image>(manifest().images, i);
    std::string finding = "image " + std::to_string(i) + ", ";
    expectLimit(image.size, manifest().size - image.offset + 1,
                manifest().size - image.offset, finding);
    expectLimit(image.offset, manifest().size - image.size + 1,
                manifest().size - image.size, finding);
  }
}

// So many bytes have so many chunks of 16 MiB, the last of which may be short.
TEST_F(ManifestTest, Chunks) {
  tenon_manifest &m = manifest();
  entry<tenon_weight>(m.weights, 0).size = 0;
  entry<tenon_weight>(m.weights, 1) = entry<tenon_weight>(m.weights, 0);
  const uint64_t *hashes = artifact.entries<uint64_t>(m.chunk_hashes);
  constexpr uint64_t chunk = TENON_HASH_CHUNK_BYTES;
  for (uint64_t size : {uint64_t(0), uint64_t(1), chunk - 1, chunk, chunk + 1,
                        2 * chunk, 2 * chunk + 1})
    for (uint32_t count : {1, 2}) {
      m.weights_size = size;
      m.chunk_hashes.count = count;
      m.weights_id = tenon_hash(hashes, count * sizeof(uint64_t));
      bool right = size > (count - 1) * chunk && size <= count * chunk;
      EXPECT_EQ(check().empty(), right) << size << " bytes, " << count;
    }
  // Without any, the weights have been left out.
  m.chunk_hashes.count = 0;
  m.weights_id = tenon_hash(nullptr, 0);
  EXPECT_EQ(check(), "");
  m.weights_id ^= 1;
  expectDamaged("its hashes of chunks have hash");
}
