// Scales of matrices that are too wide for one buffer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "llvm/Support/FormatVariadic.h"
#include "PackFixture.h"

using namespace tenon;
using namespace tenon::test;

// 16 rows of so many columns are packed in two parts, and the second one begins
// with the scales of a block inside the row.
TEST_F(PackTest, BlocksOfScalesInParts) {
  constexpr int64_t rows = 19, cols = 40001, across = 313;
  source.addRandom("w.weight", StorageType::F8E4M3, {rows, cols});
  source.addRandom("w.weight_scale_inv", StorageType::F32, {2, across});
  std::string text =
      llvm::formatv("tenon.weight @w \"w.weight\" factors "
                    "[\"w.weight_scale_inv\"] : !tenon.weight<{0}x{1}, "
                    "<f8E4M3FN, scale f32 per 16x128>, <16x4>> at 0",
                    rows, cols);
  Unpacked w = unpack(pack(text), "w");
  for (int64_t i = 0; i < rows * cols; ++i) {
    int64_t scale = i / cols / 16 * across + i % cols / 128;
    ASSERT_EQ(w.scales[i], source.getValue("w.weight_scale_inv", scale))
        << "row " << i / cols << ", column " << i % cols;
    ASSERT_EQ(w.values[i], source.getValue("w.weight", i) * w.scales[i]);
  }
}
