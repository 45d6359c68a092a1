// How attention is cut into tiles that fit into a machine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "Attention.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

static CacheCopy getCopy(Type type, int64_t keySize, int64_t valueSize) {
  int64_t bytes = getBytes(type);
  if (keySize * bytes % 16 != 0 || valueSize * bytes % 16 != 0)
    return CacheCopy::Direct;
  return type.isF32() ? CacheCopy::Single : CacheCopy::Ahead;
}

AttentionTiling::AttentionTiling(const CacheAttention &op) {
  RankedTensorType key = op.key.getType();
  heads = op.query.getType().getDimSize(1);
  groups = key.getRank() == 5 ? key.getDimSize(3) : 1;
  headsOfGroup = heads / groups;
  keySize = key.getShape().back();
  valueSize = op.result.getType().getDimSize(2);
  keyPadded = llvm::alignTo(keySize, 16);
  sharesValue = !op.value;
  queryType = op.query.getType().getElementType();
  cacheType = key.getElementType();
  probabilityType = op.probabilities;
  copy = getCopy(cacheType, keySize, sharesValue ? keySize : valueSize);
}

void AttentionTiling::set(AttentionAttr config) {
  keys = config.getKeys();
  rowTiles = config.getRows() / 16;
  splits = config.getSplits();
  valuePadded = llvm::alignTo(valueSize, 16 * splits);
}

int64_t AttentionTiling::getTileBytes() const {
  int64_t values = sharesValue ? 0 : getValueStride();
  return keys * (getKeyStride() + values);
}

int64_t AttentionTiling::getSharedBytes() const {
  int64_t powers = splits > 1 ? getRows() * (getPowerStride() + splits * 4) : 0;
  return getRows() * getQueryStride() + getBuffers() * getTileBytes() + powers;
}

bool AttentionTiling::fitsRegisters(int64_t count) const {
  // Of 16 rows a lane has a number for each two columns, its scores, and the
  // words of all powers.
  constexpr int64_t most = 160;
  int64_t columns = llvm::alignTo(valueSize, 16 * count) / count;
  int64_t scores = keys / count / 2;
  return columns / 2 + scores + keys / 4 * countParts(probabilityType) <= most;
}

bool AttentionTiling::canSplit(int64_t count) const {
  int64_t padded = llvm::alignTo(valueSize, 16 * count);
  return keys % (16 * count) == 0 && padded < valueSize + 16 * count &&
         valueSize > 16 * (count - 1) && (!sharesValue || padded <= keyPadded);
}

Refusal AttentionTiling::check() const {
  if (!fitsRegisters(splits))
    return llvm::formatv("the sums of {0} columns of values and the powers of "
                         "{1} keys do not fit into the registers of {2} warps",
                         valueSize, keys, splits)
        .str();
  if (!canSplit(splits))
    return llvm::formatv("{0} warps do not share {1} keys and {2} columns of "
                         "values",
                         splits, keys, valueSize)
        .str();
  return std::nullopt;
}

/// Splits columns until a warp's sums fit into its registers, and further while
/// there are few warps; fails if keys cannot be split so often.
bool AttentionTiling::chooseSplits() {
  splits = 1;
  while (!fitsRegisters(splits))
    splits *= 2;
  while (splits * rowTiles < 4 && canSplit(splits * 2))
    splits *= 2;
  valuePadded = llvm::alignTo(valueSize, 16 * splits);
  return canSplit(splits);
}

FailureOr<AttentionAttr>
tenon::nvptx::chooseAttention(const CacheAttention &op, int64_t tokens,
                              machine::GpuAttr machine) {
  AttentionTiling t(op);
  int64_t blockTokens = op.selected ? 1 : machine.getBlockRows(tokens);
  int64_t rows = blockTokens * t.headsOfGroup;
  int64_t wanted = !op.selected && tokens <= 16 && rows < 64 ? 1 : 4;
  // The heads of a token that has keys of its own are all the rows there are.
  while (op.selected && wanted > 1 && 8 * wanted >= rows)
    wanted /= 2;
  auto fits = [&] {
    return t.chooseSplits() && t.getSharedBytes() <= machine.getShared();
  };
  // The tile of keys must not depend on the bucket.
  for (t.keys = 64; t.keys >= 16; t.keys /= 2) {
    t.rowTiles = 2;
    if (!fits())
      continue;
    for (t.rowTiles = wanted; t.rowTiles > 0; t.rowTiles /= 2)
      if (fits())
        return AttentionAttr::get(machine.getContext(), blockTokens,
                                  t.getRows(), t.keys, t.splits);
  }
  return failure();
}
