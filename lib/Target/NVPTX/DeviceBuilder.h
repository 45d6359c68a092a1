// Builds device code: short names for the ops that kernels are made of.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_DEVICEBUILDER_H
#define TENON_LIB_TARGET_NVPTX_DEVICEBUILDER_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tenon::nvptx {

using Values = llvm::SmallVector<mlir::Value>;

/// Bytes of an element.
int64_t getBytes(mlir::Type type);
/// How many `bf16`, of 8 significant bits each, add up to any number of a type.
int64_t countParts(mlir::Type type);

/// At most one argument of a call may create ops; the others need names, since
/// compilers evaluate arguments in different orders.
///
/// Integers are `i32` inside a block of threads and `i64` in global memory;
/// they are unsigned unless a name says otherwise. Constants are folded, so
/// that code that depends on static sizes alone costs nothing.
class DeviceBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using mlir::ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Value i32(int64_t value);
  Value i64(int64_t value);
  Value f32(double value);
  /// A constant of the type of `like`.
  Value like(Value like, int64_t value);
  Value zext64(Value value);
  Value trunc32(Value value);

  /// Of integers or of floats.
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value min(Value a, Value b);
  Value max(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, like(a, b)); }
  Value sub(Value a, int64_t b) { return sub(a, like(a, b)); }
  Value mul(Value a, int64_t b) { return mul(a, like(a, b)); }
  Value min(Value a, int64_t b) { return min(a, like(a, b)); }
  Value div(Value a, int64_t b);
  Value rem(Value a, int64_t b);
  Value div(Value a, Value b);
  Value rem(Value a, Value b);
  Value ceilDiv(Value a, int64_t b);
  Value bitAnd(Value a, int64_t b);
  Value bitAnd(Value a, Value b);
  Value bitOr(Value a, Value b);
  Value bitXor(Value a, Value b);
  Value shl(Value a, int64_t b);
  Value shr(Value a, int64_t b);
  Value both(Value a, Value b);

  Value less(Value a, Value b);
  Value less(Value a, int64_t b) { return less(a, like(a, b)); }
  Value lessSigned(Value a, Value b);
  Value equal(Value a, Value b);
  Value equal(Value a, int64_t b) { return equal(a, like(a, b)); }
  Value select(Value condition, Value yes, Value no);

  Value fma(Value a, Value b, Value c);
  /// 2 ^ x, 1 / x and 1 / sqrt(x), as the special function unit gives them.
  Value exp2(Value x);
  Value reciprocal(Value x);
  Value rsqrt(Value x);
  Value divide(Value a, Value b);
  Value tanh(Value x);

  /// Two floats rounded to nearest even, the first one in the low half.
  Value packBF16(Value low, Value high);
  /// Words of two `bf16`, the first one of `low`: the sum of all parts is a
  /// float, exactly, if `countParts` says that its type has so many.
  Values splitBF16(Value low, Value high, int64_t parts);
  /// A float as another type, rounded to nearest even if it is narrower.
  Value convert(mlir::Type type, Value value);
  /// The halves of a word of two `f16`.
  std::pair<Value, Value> unpackF16(Value word);
  /// The bytes of `a`, 0 to 3, and `b`, 4 to 7, that the digits of `selector`
  /// name.
  Value permute(Value a, Value b, int64_t selector);
  Value bitcast(mlir::Type type, Value value);

  /// A pointer plus `bytes`.
  Value offset(Value pointer, Value bytes);
  Value load(mlir::Type type, Value pointer, int64_t alignment);
  void store(Value value, Value pointer, int64_t alignment);
  /// `count` values of one type, side by side and aligned to their size.
  Values loadVector(mlir::Type type, int64_t count, Value pointer);
  void storeVector(mlir::ValueRange values, Value pointer);
  /// The same for floats in memory of a type, from an element of `base` on;
  /// values are f32.
  Values loadFloats(mlir::Type type, int64_t count, Value base, Value element);
  void storeFloats(mlir::Type type, mlir::ValueRange values, Value base,
                   Value element);
  /// Shared memory of the block, from a byte on.
  Value shared(Value bytes);

  /// Copies 16 bytes to shared memory; zeros unless `valid`, which may be null.
  void copyAsync(Value target, Value source, Value valid);
  void commitCopies();
  void waitForCopies(int64_t pending);
  void syncBlock();
  void syncWarp();
  /// The value of the lane whose number differs in the bits of `mask`.
  Value shuffleXor(Value value, int64_t mask);
  /// A bit for each lane of the warp where `condition` holds.
  Value ballot(Value condition);
  /// The bits of the lanes before one.
  Value lanesBefore(Value lane);
  Value countBits(Value bits);

  /// Four matrices of 8 x 8 halves; each lane gives the address of a row.
  Values loadMatrices(Value pointer, bool transpose);
  /// c + A B for a tile of 16 x 8 with 16 summands, of `bf16`.
  Values multiplyTile(mlir::ValueRange a, mlir::ValueRange b,
                      mlir::ValueRange c);
  /// Adds the product to `sums` for operands that are sums of parts, as
  /// `splitBF16` gives them. Products that are less than 2^-22 of the largest
  /// are left out, which is less than one addition rounds away.
  void addProduct(llvm::MutableArrayRef<Value> sums, llvm::ArrayRef<Values> a,
                  llvm::ArrayRef<Values> b);

  using LoopBody = llvm::function_ref<Values(Value, mlir::ValueRange)>;
  Values loop(Value lower, Value upper, Value step, mlir::ValueRange init,
              LoopBody body);
  void loop(Value lower, Value upper, Value step,
            llvm::function_ref<void(Value)> body);
  void loop(Value lower, int64_t upper, int64_t step,
            llvm::function_ref<void(Value)> body);
  void when(Value condition, llvm::function_ref<void()> body);
  Values choose(Value condition, llvm::function_ref<Values()> yes,
                llvm::function_ref<Values()> no);

private:
  Value callIntrinsic(llvm::StringRef name, mlir::Type type,
                      mlir::ValueRange operands);
};

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_DEVICEBUILDER_H
