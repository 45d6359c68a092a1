// What the manifest says about variants that differ in what they need.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Driver/BuildManifest.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"
#include "lib/Runtime/Manifest.h"

using namespace tenon;
using runtime::Entries;

namespace {

/// A manifest, and what is read from it.
class Described {
public:
  explicit Described(llvm::ArrayRef<CompiledVariant> variants) {
    mlir::MLIRContext context;
    mlir::OwningOpRef<mlir::ModuleOp> module(
        mlir::ModuleOp::create(mlir::UnknownLoc::get(&context)));
    bytes = llvm::cantFail(
        buildManifest({"a", "p", 1, 2, 3, 4, 0}, *module, variants, {}));
  }

  const tenon_manifest &head() const {
    return *reinterpret_cast<const tenon_manifest *>(bytes.data());
  }
  template <typename Entry>
  Entries<Entry> entries(tenon_table table) const {
    return runtime::entriesOf<Entry>(&head(), table);
  }
  std::string textOf(tenon_text text) const {
    return std::string(runtime::charsOf(&head(), text), text.size);
  }

private:
  std::vector<uint8_t> bytes;
};

} // namespace

/// Three variants of two steps, all of whose numbers are small.
static std::vector<CompiledVariant> makeVariants() {
  std::vector<CompiledVariant> variants(3);
  for (size_t v = 0; v < variants.size(); ++v) {
    variants[v].name = "v" + std::to_string(v);
    variants[v].features = 1u << v;
    for (int64_t tokens : {1, 8}) {
      CompiledStep step;
      step.maxTokens = tokens;
      step.blockRows = 32;
      step.arenaBytes = step.scratchBytes = 64;
      step.kernels = {variants[v].name + ".t" + std::to_string(tokens)};
      variants[v].steps.push_back(step);
    }
    CompiledState keys = {"keys", 5, 6, true}, values = {"values", 7, 8, false};
    variants[v].states = {keys, values};
  }
  return variants;
}

// Each variant once needs the most of each, and takes the shortest blocks: what
// holds for all of them is what the runtime gets to know.
TEST(BuildManifest, JoinsStepsOfAllVariants) {
  for (size_t v = 0; v < 3; ++v)
    for (size_t number = 0; number < 2; ++number) {
      std::vector<CompiledVariant> variants = makeVariants();
      variants[v].steps[number].arenaBytes = 1000;
      variants[(v + 1) % 3].steps[number].scratchBytes = 2000;
      variants[(v + 2) % 3].steps[number].blockRows = 4;
      Described described(variants);
      auto buckets = described.entries<tenon_bucket>(described.head().buckets);
      ASSERT_EQ(buckets.count, 2u);
      EXPECT_EQ(buckets[0].max_tokens, 1u);
      EXPECT_EQ(buckets[1].max_tokens, 8u);
      EXPECT_EQ(buckets[number].arena_bytes, 1000u);
      EXPECT_EQ(buckets[number].scratch_bytes, 2000u);
      EXPECT_EQ(buckets[number].block_rows, 4u);
      EXPECT_EQ(buckets[1 - number].arena_bytes, 64u);
      EXPECT_EQ(buckets[1 - number].scratch_bytes, 64u);
      EXPECT_EQ(buckets[1 - number].block_rows, 32u);
    }
}

TEST(BuildManifest, VariantsKernelsAndStates) {
  Described described(makeVariants());
  auto variants = described.entries<tenon_variant>(described.head().variants);
  auto kernels = described.entries<tenon_kernel>(described.head().kernels);
  ASSERT_EQ(variants.count, 3u);
  ASSERT_EQ(kernels.count, 6u);
  for (uint32_t v = 0; v != 3; ++v) {
    EXPECT_EQ(described.textOf(variants[v].name), "v" + std::to_string(v));
    EXPECT_EQ(variants[v].features, 1u << v);
    EXPECT_EQ(variants[v].first_step, 2 * v);
    for (uint32_t bucket = 0; bucket != 2; ++bucket) {
      const tenon_kernel &kernel = kernels[2 * v + bucket];
      EXPECT_EQ(described.textOf(kernel.name),
                "v" + std::to_string(v) + (bucket ? ".t8" : ".t1"));
      EXPECT_EQ(kernel.bucket, bucket);
      EXPECT_EQ(kernel.variant, v);
    }
  }
  auto states = described.entries<tenon_state>(described.head().states);
  ASSERT_EQ(states.count, 2u);
  EXPECT_EQ(described.textOf(states[0].name), "keys");
  EXPECT_EQ(states[0].layers, 5u);
  EXPECT_EQ(states[0].width, 6u);
  EXPECT_EQ(states[0].element, uint32_t(TENON_ELEMENT_BF16));
  EXPECT_EQ(states[1].layers, 7u);
  EXPECT_EQ(states[1].width, 8u);
  EXPECT_EQ(states[1].element, uint32_t(TENON_ELEMENT_F32));
}
