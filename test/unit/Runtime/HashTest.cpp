// The hash of the format.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Runtime/Format.h"

#include "llvm/Support/xxhash.h"
#include <vector>
#include "gtest/gtest.h"

TEST(Hash, OfNothing) {
  // Published with the algorithm.
  EXPECT_EQ(tenon_hash(nullptr, 0), 0xEF46DB3751D8E999u);
  EXPECT_EQ(tenon_hash("a", 1), 0xD24EC4F1A98C6E5Bu);
}

TEST(Hash, AgreesWithLlvm) {
  std::vector<uint8_t> bytes(1031);
  uint32_t state = 1;
  for (uint8_t &byte : bytes)
    byte = (state = state * 1664525 + 1013904223) >> 24;
  // All lengths, and so all paths of the rest, at all alignments.
  for (size_t size = 0; size + 8 <= bytes.size(); ++size)
    for (size_t offset = 0; offset != 8; ++offset)
      ASSERT_EQ(tenon_hash(bytes.data() + offset, size),
                llvm::xxHash64(llvm::ArrayRef(bytes).slice(offset, size)))
          << size << " bytes at " << offset;
}
