// What was said about a model is what its manifest says, field by field.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Artifact/ManifestBuilder.h"
#include "llvm/Support/xxhash.h"
#include <cstring>
#include "gtest/gtest.h"
#include "lib/Runtime/Manifest.h"

using namespace tenon;
using runtime::Entries;

namespace {

/// A manifest that was built, read as the runtime reads it.
class Reader {
public:
  explicit Reader(const ManifestBuilder &builder)
      : bytes(llvm::cantFail(builder.build())) {}

  const tenon_manifest &head() const {
    return *reinterpret_cast<const tenon_manifest *>(bytes.data());
  }
  std::string textOf(tenon_text text) const {
    return std::string(runtime::charsOf(&head(), text), text.size);
  }
  template <typename Entry>
  Entries<Entry> entries(tenon_table table) const {
    EXPECT_EQ(table.offset % 8, 0u);
    EXPECT_LE(table.offset + table.count * sizeof(Entry), bytes.size());
    return runtime::entriesOf<Entry>(&head(), table);
  }
  /// Whether the runtime finds anything wrong with it.
  std::string check(uint64_t numSteps) const {
    std::vector<tenon_step_fn> steps(numSteps, [](const auto *, int64_t) {});
    tenon_model_export code = {&head(), steps.data(), numSteps};
    bool fails = runtime::checkManifest("made", code, bytes.size());
    return fails ? tenon_last_error() : "";
  }

  const std::vector<uint8_t> bytes;
};

} // namespace

/// Every number of it is another one.
static ManifestBuilder makeBuilder() {
  ModelFacts facts = {"deepseek", "tenon 9", 101, 102, 103, 104, 105ull << 32};
  ManifestBuilder builder(facts);
  builder.addBucket({1, 2, 3ull << 33, 4ull << 33});
  builder.addBucket({11, 12, 13, 14});
  builder.addState("keys", 21, 22, TENON_ELEMENT_BF16);
  builder.addState("values", 23, 24, TENON_ELEMENT_F32);
  builder.addVariant("v4", 31, 2);
  builder.addVariant("v3", 32, 0);
  builder.addWeight("a", "type a", "source a", 41, 42);
  builder.addWeight("b", "type b", "source b", 43, 44ull << 33);
  builder.addKernel("k", 1, 0);
  builder.addKernel("l", 0, 1);
  builder.addImage("cuda:sm_80", "ptx", "image of 80");
  builder.addImage("cuda:sm_90a", "cubin", "image");
  builder.setWeights(45ull << 33, {51, 52, 53});
  return builder;
}

TEST(Builder, Head) {
  Reader reader(makeBuilder());
  const tenon_manifest &head = reader.head();
  EXPECT_EQ(memcmp(head.magic, TENON_MANIFEST_MAGIC, 8), 0);
  EXPECT_EQ(head.version, TENON_FORMAT_VERSION);
  EXPECT_EQ(head.size, reader.bytes.size());
  EXPECT_EQ(head.vocabulary, 101u);
  EXPECT_EQ(head.hidden, 102u);
  EXPECT_EQ(head.layers, 103u);
  EXPECT_EQ(head.max_context, 104u);
  EXPECT_EQ(head.token_bytes, 105ull << 32);
  EXPECT_EQ(head.weights_size, 45ull << 33);
  EXPECT_EQ(reader.textOf(head.architecture), "deepseek");
  EXPECT_EQ(reader.textOf(head.producer), "tenon 9");
  const uint64_t hashes[] = {51, 52, 53};
  EXPECT_EQ(head.weights_id, tenon_hash(hashes, sizeof(hashes)));
  ASSERT_EQ(head.chunk_hashes.count, 3u);
  EXPECT_EQ(memcmp(reader.entries<uint64_t>(head.chunk_hashes).first, hashes,
                   sizeof(hashes)),
            0);
}

// Numbers that nobody gives are zero.
TEST(Builder, FactsThatAreNotGiven) {
  Reader reader(ManifestBuilder(ModelFacts{}));
  const tenon_manifest &head = reader.head();
  EXPECT_EQ(head.vocabulary, 0u);
  EXPECT_EQ(head.hidden, 0u);
  EXPECT_EQ(head.layers, 0u);
  EXPECT_EQ(head.max_context, 0u);
  EXPECT_EQ(head.token_bytes, 0u);
  EXPECT_EQ(head.weights_size, 0u);
  EXPECT_EQ(reader.textOf(head.architecture), "");
}

TEST(Builder, BucketsStatesAndVariants) {
  Reader reader(makeBuilder());
  auto buckets = reader.entries<tenon_bucket>(reader.head().buckets);
  ASSERT_EQ(buckets.count, 2u);
  EXPECT_EQ(buckets[0].max_tokens, 1u);
  EXPECT_EQ(buckets[0].block_rows, 2u);
  EXPECT_EQ(buckets[0].arena_bytes, 3ull << 33);
  EXPECT_EQ(buckets[0].scratch_bytes, 4ull << 33);
  EXPECT_EQ(buckets[1].max_tokens, 11u);
  auto states = reader.entries<tenon_state>(reader.head().states);
  ASSERT_EQ(states.count, 2u);
  EXPECT_EQ(reader.textOf(states[0].name), "keys");
  EXPECT_EQ(states[0].layers, 21u);
  EXPECT_EQ(states[0].width, 22u);
  EXPECT_EQ(states[0].element, uint32_t(TENON_ELEMENT_BF16));
  EXPECT_EQ(states[0].reserved, 0u);
  EXPECT_EQ(reader.textOf(states[1].name), "values");
  EXPECT_EQ(states[1].element, uint32_t(TENON_ELEMENT_F32));
  auto variants = reader.entries<tenon_variant>(reader.head().variants);
  ASSERT_EQ(variants.count, 2u);
  EXPECT_EQ(reader.textOf(variants[0].name), "v4");
  EXPECT_EQ(variants[0].features, 31u);
  EXPECT_EQ(variants[0].first_step, 2u);
  EXPECT_EQ(reader.textOf(variants[1].name), "v3");
}

TEST(Builder, WeightsKernelsAndImages) {
  Reader reader(makeBuilder());
  auto weights = reader.entries<tenon_weight>(reader.head().weights);
  ASSERT_EQ(weights.count, 2u);
  EXPECT_EQ(reader.textOf(weights[1].name), "b");
  EXPECT_EQ(reader.textOf(weights[1].type), "type b");
  EXPECT_EQ(reader.textOf(weights[1].source), "source b");
  EXPECT_EQ(weights[1].offset, 43u);
  EXPECT_EQ(weights[1].size, 44ull << 33);
  EXPECT_EQ(reader.textOf(weights[0].name), "a");
  auto kernels = reader.entries<tenon_kernel>(reader.head().kernels);
  ASSERT_EQ(kernels.count, 2u);
  EXPECT_EQ(reader.textOf(kernels[0].name), "k");
  EXPECT_EQ(kernels[0].bucket, 1u);
  EXPECT_EQ(kernels[0].variant, 0u);
  EXPECT_EQ(reader.textOf(kernels[1].name), "l");
  auto images = reader.entries<tenon_image>(reader.head().images);
  ASSERT_EQ(images.count, 2u);
  EXPECT_EQ(reader.textOf(images[0].target), "cuda:sm_80");
  EXPECT_EQ(reader.textOf(images[0].kind), "ptx");
  EXPECT_EQ(reader.textOf({images[0].offset, images[0].size}), "image of 80");
  EXPECT_EQ(reader.textOf(images[1].target), "cuda:sm_90a");
  EXPECT_EQ(reader.textOf({images[1].offset, images[1].size}), "image");
}

// Each number differs alone once, so that no field is left out.
TEST(Builder, OtherFactsGiveOtherBytes) {
  auto bytesOf = [](ModelFacts facts) {
    return llvm::cantFail(ManifestBuilder(std::move(facts)).build());
  };
  const ModelFacts facts = {"a", "p", 1, 2, 3, 4, 5};
  const std::vector<uint8_t> original = bytesOf(facts);
  EXPECT_EQ(bytesOf(facts), original);
  for (uint32_t ModelFacts::*number :
       {&ModelFacts::vocabulary, &ModelFacts::hidden, &ModelFacts::layers,
        &ModelFacts::maxContext}) {
    ModelFacts other = facts;
    ++(other.*number);
    EXPECT_NE(bytesOf(other), original);
  }
}

// Readers of PTX look for a zero behind an image. It has a place of its own:
// zeros of the padding, or of what comes next, are no promise.
TEST(Builder, AZeroBehindEveryImage) {
  for (size_t size = 0; size <= 130; ++size) {
    ManifestBuilder builder({"a", "p", 1, 1, 1, 1, 0});
    builder.addBucket({1, 1, 0, 0});
    for (char c : {'x', 'y', 'z'})
      builder.addImage("cuda", "ptx", std::string(size, c));
    builder.setWeights(0, {});
    Reader reader(builder);
    EXPECT_EQ(reader.check(0), "");
    auto images = reader.entries<tenon_image>(reader.head().images);
    ASSERT_EQ(images.count, 3u);
    for (uint32_t i = 0; i != 3; ++i) {
      uint32_t end = images[i].offset + images[i].size;
      EXPECT_EQ(images[i].offset % 64, 0u);
      EXPECT_EQ(reader.textOf({images[i].offset, images[i].size}),
                std::string(size, char('x' + i)));
      ASSERT_LT(end,
                i == 2 ? reader.head().images.offset : images[i + 1].offset)
          << "image " << i << " of " << size << " bytes";
      EXPECT_EQ(reader.bytes[end], 0);
    }
  }
}

// Tables are aligned whatever the length of the texts before them, and equal
// texts lie in one place.
TEST(Builder, TextsOfAnyLength) {
  for (size_t length = 0; length <= 17; ++length) {
    std::string text(length, 't');
    ManifestBuilder builder({text, text, 1, 1, 1, 1, 0});
    builder.addBucket({1, 1, 0, 0});
    builder.addState(text, 1, 1, TENON_ELEMENT_F32);
    builder.addVariant(text + "u", 0, 0);
    builder.addWeight(text, text, text, 0, 0);
    builder.addKernel(text, 0, 0);
    builder.setWeights(0, {});
    Reader reader(builder);
    EXPECT_EQ(reader.check(1), "") << length;
    EXPECT_EQ(reader.textOf(reader.head().producer), text);
    EXPECT_EQ(reader.head().producer.offset, reader.head().architecture.offset);
    auto variants = reader.entries<tenon_variant>(reader.head().variants);
    EXPECT_EQ(reader.textOf(variants[0].name), text + "u");
  }
}

// The hash covers all of the manifest, with its own field as zero.
TEST(Builder, HashOfTheManifest) {
  Reader reader(makeBuilder());
  std::vector<uint8_t> bytes = reader.bytes;
  memset(&bytes[offsetof(tenon_manifest, hash)], 0, sizeof(uint64_t));
  EXPECT_EQ(reader.head().hash, tenon_hash(bytes.data(), bytes.size()));
}
