// The manifest of a made-up model, to be written and to be opened.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "SampleManifest.h"
#include "llvm/Support/xxhash.h"

using namespace tenon;

std::vector<uint8_t> tenon::test::makeSampleManifest(bool hasWeights) {
  std::vector<uint64_t> hashes;
  for (uint64_t begin = 0; hasWeights && begin < kSampleBytes;
       begin += TENON_HASH_CHUNK_BYTES) {
    std::vector<uint8_t> chunk;
    for (uint64_t at = begin;
         at < std::min(begin + TENON_HASH_CHUNK_BYTES, kSampleBytes); ++at)
      chunk.push_back(getSampleByte(at));
    hashes.push_back(llvm::xxHash64(chunk));
  }
  ManifestBuilder builder({"sample", "tenon test", 1000, 64, 3, 4096});
  builder.addBucket({1, 1, 256, 64});
  builder.addBucket({8, 4, 1024, 128});
  builder.addState("keys", 3, 64, TENON_ELEMENT_BF16);
  builder.addVariant("x86-64-v3", TENON_CPU_AVX2, 2);
  builder.addVariant("x86-64", 0, 0);
  builder.addWeight("first", "!tenon.weight<3x5, <bf16>>", "first of layers 0",
                    0, kFirstBytes);
  builder.addWeight("second", "!tenon.weight<3x5, <bf16>>", "second",
                    kSecondOffset, kSampleBytes - kSecondOffset);
  builder.addKernel("mlp.t8", 1, 0);
  builder.addImage("cuda:sm_90a", "ptx", ".version 8.0");
  builder.setWeights(kSampleBytes, hashes);
  return llvm::cantFail(builder.build());
}
