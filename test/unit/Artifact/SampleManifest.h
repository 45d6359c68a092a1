// The manifest of a made-up model, to be written and to be opened.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_ARTIFACT_SAMPLEMANIFEST_H
#define TENON_TEST_UNIT_ARTIFACT_SAMPLEMANIFEST_H

#include "tenon/Artifact/ManifestBuilder.h"

namespace tenon::test {

/// Bytes of data: two chunks and a part of a third.
constexpr uint64_t kSampleBytes = 2 * uint64_t(TENON_HASH_CHUNK_BYTES) + 12345;

/// Where the second of two weights begins; the gap before it is zero.
constexpr uint64_t kSecondOffset = TENON_HASH_CHUNK_BYTES + 4096;
constexpr uint64_t kFirstBytes = TENON_HASH_CHUNK_BYTES + 1000;

/// A byte of the data.
inline uint8_t getSampleByte(uint64_t offset) {
  bool isGap = offset >= kFirstBytes && offset < kSecondOffset;
  return isGap ? 0 : static_cast<uint8_t>(offset * 7 + offset / 1000 + 3);
}

/// The manifest, with the hashes of the data or without.
std::vector<uint8_t> makeSampleManifest(bool hasWeights);

} // namespace tenon::test

#endif // TENON_TEST_UNIT_ARTIFACT_SAMPLEMANIFEST_H
