// Bytes of what a kernel is given.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelArguments.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace tenon;

int64_t tenon::getElementBytes(Type type) {
  return type.isIndex() ? 8 : llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

void tenon::toBytes(const Tensor &tensor, uint8_t *memory) {
  Type type = tensor.getElementType();
  int64_t bytes = getElementBytes(type), count = tensor.getNumElements();
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits;
    if (auto format = dyn_cast<FloatType>(type)) {
      llvm::APFloat number(tensor.floats()[i]);
      bool losesInfo;
      number.convert(format.getFloatSemantics(),
                     llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      bits = number.bitcastToAPInt().getZExtValue();
    } else {
      bits = tensor.ints()[i];
    }
    std::memcpy(memory + i * bytes, &bits, bytes);
  }
}

void tenon::fromBytes(const uint8_t *memory, Tensor &tensor) {
  Type type = tensor.getElementType();
  int64_t bytes = getElementBytes(type), count = tensor.getNumElements();
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, memory + i * bytes, bytes);
    if (auto format = dyn_cast<FloatType>(type)) {
      llvm::APFloat number(format.getFloatSemantics(),
                           llvm::APInt(format.getWidth(), bits));
      tensor.mutableFloats()[i] = number.convertToDouble();
    } else {
      tensor.mutableInts()[i] = llvm::SignExtend64(bits, 8 * bytes);
    }
  }
}

PackedPart tenon::findPackedPart(WeightType type, const WeightValue &weight) {
  uint64_t offset = *cast<WeightSymbolOpInterface>(weight.symbol).getOffset();
  int64_t rows = type.getRank() == 1 ? 1 : type.getMatrices() * type.getRows();
  uint64_t size = type.getPackedBytes();
  return {offset + weight.firstRow / rows * size, size};
}
