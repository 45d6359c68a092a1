// Tables of cosines and sines of rotary embeddings.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cmath>
#include "DerivedReaders.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Rows of every kSpan-th position, then rows of the positions in between; the
/// first half of a row are cosines, the second sines.
class RopeTableReader : public MatrixReader {
public:
  explicit RopeTableReader(RopeTableOp op)
      : MatrixReader(op.getWeightType()),
        frequencies(op.getRope().getFrequencies()),
        coarse(getRows() - RopeTableOp::kSpan) {}

  llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                        int64_t stride) const override {
    for (int64_t i = 0; i < region.rows; ++i)
      for (int64_t j = 0; j < region.cols; ++j) {
        float value = compute(region.row + i, region.col + j);
        memcpy(codes + i * stride + j * sizeof(float), &value, sizeof(float));
      }
    return llvm::Error::success();
  }
  llvm::Error readFactor(size_t, const Rectangle &, uint8_t *) const override {
    llvm_unreachable("a table has no factors");
  }

private:
  float compute(int64_t row, int64_t col) const {
    int64_t position = row < coarse ? RopeTableOp::kSpan * row : row - coarse;
    int64_t half = getCols() / 2;
    double angle = static_cast<double>(position) * frequencies[col % half];
    return static_cast<float>(col < half ? std::cos(angle) : std::sin(angle));
  }

  SmallVector<double> frequencies;
  int64_t coarse;
};

} // namespace

std::unique_ptr<MatrixReader>
tenon::makeRopeTableReader(WeightSymbolOpInterface weight) {
  auto op = dyn_cast<RopeTableOp>(weight.getOperation());
  return op ? std::make_unique<RopeTableReader>(op) : nullptr;
}
