// What is packed does not depend on what was in the buffer before.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"
#include "lib/Packing/TilePacker.h"

using namespace mlir;
using namespace tenon;

namespace {
/// A matrix whose codes have all bits set and whose factors are zero.
class Ones : public MatrixReader {
public:
  using MatrixReader::MatrixReader;

  llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                        int64_t stride) const override {
    for (int64_t row = 0; row < region.rows; ++row)
      memset(codes + row * stride, (1 << getFormat().getCodeBits()) - 1,
             region.cols);
    return llvm::Error::success();
  }
  llvm::Error readFactor(size_t number, const Rectangle &blocks,
                         uint8_t *numbers) const override {
    memset(numbers, 0, blocks.rows * blocks.cols * getFactorBytes(number));
    return llvm::Error::success();
  }
};
} // namespace

// A period of 5-bit codes has a line of the fifth bits of 32 columns, and four of
// the others. Of the latter, 8 columns fill one.
TEST(PartialPeriodTest, LinesWithoutColumnsAreZero) {
  MLIRContext context;
  context.loadDialect<TenonDialect>();
  auto type = cast<WeightType>(parseType(
      "!tenon.weight<3x8, <ui5, zero 16, scale f16 per 1x32>, <16x4>>",
      &context));
  PanelLayout layout = type.getPanelLayout();
  std::vector<uint8_t> expected(layout.getPanelBytes());
  for (int64_t row = 0; row < 3; ++row)
    for (int64_t column = 0; column < 8; ++column)
      for (const PanelField &plane : layout.getPlanes())
        for (int64_t i = 0; i < plane.bits; ++i) {
          int64_t bit = layout.getBit(plane, row, column) + i;
          expected[bit / 8] |= 1 << bit % 8;
        }

  Ones reader(type);
  TilePacker packer(reader, /*offset=*/0, /*tileBytes=*/1 << 16);
  PackBuffers buffers;
  buffers.packed.assign(expected.size(), 0xff);
  std::vector<uint8_t> packed;
  llvm::Expected<uint64_t> bytes =
      packer.pack(0, buffers, [&](uint64_t, llvm::ArrayRef<uint8_t> written) {
        packed = written.vec();
        return llvm::Error::success();
      });
  ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
  EXPECT_EQ(packed, expected);
}
