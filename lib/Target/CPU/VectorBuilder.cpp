// Builds loops, memory accesses and arithmetic of vector code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "VectorBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

int64_t tenon::getWidth(Value value) {
  auto vector = dyn_cast<VectorType>(value.getType());
  return vector ? vector.getNumElements() : 1;
}

static Type withWidth(Type element, int64_t width) {
  return width == 1 ? element : VectorType::get({width}, element);
}

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

//===----------------------------------------------------------------------===//
// Types and constants
//===----------------------------------------------------------------------===//

Type VectorBuilder::getFloats(int64_t width) {
  return withWidth(builder.getF32Type(), width);
}

Type VectorBuilder::getInts(int64_t width) {
  return withWidth(builder.getI32Type(), width);
}

/// A constant of a scalar type, or of a vector with it in all lanes.
static Value createConstant(VectorBuilder &b, Type type, TypedAttr scalar) {
  TypedAttr value = scalar;
  if (auto vector = dyn_cast<VectorType>(type))
    value = DenseElementsAttr::get(vector, Attribute(scalar));
  return arith::ConstantOp::create(b.builder, b.loc, value);
}

Value VectorBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value VectorBuilder::constant(Type type, double value) {
  return createConstant(*this, type, builder.getF32FloatAttr(value));
}

Value VectorBuilder::bits(Type type, uint32_t value) {
  return createConstant(*this, type,
                        builder.getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value VectorBuilder::iota(int64_t width) {
  auto numbers = llvm::to_vector(llvm::seq<int32_t>(0, width));
  return arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(VectorType::get({width}, builder.getI32Type()),
                             ArrayRef<int32_t>(numbers)));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value VectorBuilder::add(Value a, Value b) {
  if (isFloat(a))
    return arith::AddFOp::create(builder, loc, a, b);
  return arith::AddIOp::create(builder, loc, a, b);
}

Value VectorBuilder::sub(Value a, Value b) {
  if (isFloat(a))
    return arith::SubFOp::create(builder, loc, a, b);
  return arith::SubIOp::create(builder, loc, a, b);
}

Value VectorBuilder::mul(Value a, Value b) {
  if (isFloat(a))
    return arith::MulFOp::create(builder, loc, a, b);
  return arith::MulIOp::create(builder, loc, a, b);
}

Value VectorBuilder::div(Value a, int64_t b) {
  return b == 1 ? a : arith::DivUIOp::create(builder, loc, a, index(b));
}

Value VectorBuilder::remainder(Value a, int64_t b) {
  return arith::RemUIOp::create(builder, loc, a, index(b));
}

// Floats are compared and selected, which is one instruction. The minimum and
// maximum of arith take care of NaN, which is several.

Value VectorBuilder::min(Value a, Value b) {
  if (!isFloat(a))
    return arith::MinSIOp::create(builder, loc, a, b);
  return select(compare(arith::CmpFPredicate::OLT, a, b), a, b);
}

Value VectorBuilder::max(Value a, Value b) {
  if (!isFloat(a))
    return arith::MaxSIOp::create(builder, loc, a, b);
  return select(compare(arith::CmpFPredicate::OGT, a, b), a, b);
}

Value VectorBuilder::divide(Value a, Value b) {
  return arith::DivFOp::create(builder, loc, a, b);
}

Value VectorBuilder::negate(Value a) {
  return arith::NegFOp::create(builder, loc, a);
}

Value VectorBuilder::fma(Value a, Value b, Value c) {
  if (isa<VectorType>(a.getType()))
    return vector::FMAOp::create(builder, loc, a, b, c);
  return math::FmaOp::create(builder, loc, a, b, c);
}

Value VectorBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(builder, loc, condition, a, b);
}

Value VectorBuilder::compare(arith::CmpIPredicate predicate, Value a, Value b) {
  return arith::CmpIOp::create(builder, loc, predicate, a, b);
}

Value VectorBuilder::compare(arith::CmpFPredicate predicate, Value a, Value b) {
  return arith::CmpFOp::create(builder, loc, predicate, a, b);
}

Value VectorBuilder::bitAnd(Value a, Value b) {
  return arith::AndIOp::create(builder, loc, a, b);
}

Value VectorBuilder::bitOr(Value a, Value b) {
  return arith::OrIOp::create(builder, loc, a, b);
}

Value VectorBuilder::shiftLeft(Value a, unsigned count) {
  return count == 0
             ? a
             : arith::ShLIOp::create(builder, loc, a, bits(a.getType(), count));
}

Value VectorBuilder::shiftRight(Value a, unsigned count) {
  return count == 0 ? a
                    : arith::ShRSIOp::create(builder, loc, a,
                                             bits(a.getType(), count));
}

Value VectorBuilder::shiftRight(Value a, Value counts) {
  return arith::ShRSIOp::create(builder, loc, a, counts);
}

Value VectorBuilder::mask(Value a, uint32_t bitsKept) {
  return arith::AndIOp::create(builder, loc, a, bits(a.getType(), bitsKept));
}

Value VectorBuilder::bitXor(Value a, uint32_t bitsFlipped) {
  return arith::XOrIOp::create(builder, loc, a, bits(a.getType(), bitsFlipped));
}

Value VectorBuilder::toIndex(Value a) {
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), a);
}

Value VectorBuilder::toInt(Value a) {
  return arith::IndexCastOp::create(builder, loc, builder.getI32Type(), a);
}

Value VectorBuilder::asFloats(Value a) {
  return arith::BitcastOp::create(builder, loc, getFloats(getWidth(a)), a);
}

Value VectorBuilder::asInts(Value a) {
  return arith::BitcastOp::create(builder, loc, getInts(getWidth(a)), a);
}

Value VectorBuilder::bitcast(Value vector, Type element) {
  int64_t bytes = getWidth(vector) *
                  getElementTypeOrSelf(vector).getIntOrFloatBitWidth() / 8;
  int64_t width = bytes * 8 / element.getIntOrFloatBitWidth();
  return vector::BitCastOp::create(builder, loc,
                                   VectorType::get({width}, element), vector);
}

Value VectorBuilder::byteToTop(Value a, int64_t byte) {
  if (byte == 3)
    return mask(a, 0xff000000);
  if (!isa<VectorType>(a.getType()))
    return mask(shiftLeft(a, 24 - 8 * byte), 0xff000000);
  // A shuffle moves the byte and clears the others at once, where a shift needs
  // a mask beside it.
  Value bytes = bitcast(a, builder.getI8Type());
  Value zeros = arith::ConstantOp::create(builder, loc,
                                          builder.getZeroAttr(bytes.getType()));
  int64_t count = getWidth(bytes);
  SmallVector<int64_t> order(count, count);
  for (int64_t lane = 0; lane < count; lane += 4)
    order[lane + 3] = lane + byte;
  return bitcast(shuffle(bytes, zeros, order), builder.getI32Type());
}

Value VectorBuilder::sortBytes(Value vector, int64_t size) {
  Value pieces = bitcast(vector, builder.getIntegerType(8 * size));
  int64_t perLane = 4 / size;
  SmallVector<int64_t> order;
  for (int64_t piece : llvm::seq<int64_t>(0, perLane))
    for (int64_t lane : llvm::seq<int64_t>(0, getWidth(vector)))
      order.push_back(lane * perLane + piece);
  return bitcast(shuffle(pieces, pieces, order), getElementTypeOrSelf(vector));
}

Value VectorBuilder::slice(Value vector, int64_t first, int64_t count) {
  auto lanes = llvm::to_vector(llvm::seq<int64_t>(first, first + count));
  return shuffle(vector, vector, lanes);
}

Value VectorBuilder::broadcast(Value scalar, int64_t width) {
  if (width == 1)
    return scalar;
  return vector::BroadcastOp::create(
      builder, loc, withWidth(scalar.getType(), width), scalar);
}

Value VectorBuilder::extract(Value vector, int64_t lane) {
  if (!isa<VectorType>(vector.getType()))
    return vector;
  return vector::ExtractOp::create(builder, loc, vector, lane);
}

Value VectorBuilder::shuffle(Value a, Value b, ArrayRef<int64_t> lanes) {
  return vector::ShuffleOp::create(builder, loc, a, b, lanes);
}

Value VectorBuilder::permute(Value vector, Value indices) {
  int64_t width = getWidth(vector);
  assert((width == 8 || width == 16) && "instructions of 256 and 512 bits");
  return LLVM::CallIntrinsicOp::create(
             builder, loc, vector.getType(),
             builder.getStringAttr(width == 8
                                       ? "llvm.x86.avx2.permps"
                                       : "llvm.x86.avx512.permvar.sf.512"),
             ValueRange{vector, indices})
      .getResult(0);
}

Value VectorBuilder::lookUpBytes(Value words, ArrayRef<int8_t> table) {
  // One word is the first of a small vector.
  if (!isa<VectorType>(words.getType()))
    return extract(lookUpBytes(broadcast(words, 4), table), 0);
  int64_t width = getWidth(words);
  assert((width == 4 || width == 8 || width == 16) &&
         "instructions of 128, 256 and 512 bits");
  Value indices = bitcast(words, builder.getI8Type());
  // The instructions look up in each 16 bytes.
  SmallVector<int8_t> repeated(4 * width);
  for (auto [i, byte] : llvm::enumerate(repeated))
    byte = i % 16 < table.size() ? table[i % 16] : 0;
  auto type = cast<VectorType>(indices.getType());
  Value bytes = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type, ArrayRef<int8_t>(repeated)));
  StringRef name = width == 4   ? "llvm.x86.ssse3.pshuf.b.128"
                   : width == 8 ? "llvm.x86.avx2.pshuf.b"
                                : "llvm.x86.avx512.pshuf.b.512";
  Value found = LLVM::CallIntrinsicOp::create(builder, loc, type,
                                              builder.getStringAttr(name),
                                              ValueRange{bytes, indices})
                    .getResult(0);
  return bitcast(found, builder.getI32Type());
}

/// Adds the halves of every group of `size` lanes of two vectors: the result
/// has a group of half the size for each group of `a`, then for each of `b`.
static Value addHalves(VectorBuilder &b, Value x, Value y, int64_t size) {
  int64_t all = 2 * getWidth(x);
  SmallVector<int64_t> low, high;
  for (int64_t group = 0; group < all; group += size)
    for (int64_t i : llvm::seq<int64_t>(0, size / 2)) {
      low.push_back(group + i);
      high.push_back(group + size / 2 + i);
    }
  Value first = b.shuffle(x, y, low), second = b.shuffle(x, y, high);
  return b.add(first, second);
}

/// As above, for one vector.
static Value addOwnHalves(VectorBuilder &b, Value x, int64_t size) {
  SmallVector<int64_t> low, high;
  for (int64_t group = 0; group < getWidth(x); group += size)
    for (int64_t i : llvm::seq<int64_t>(0, size / 2)) {
      low.push_back(group + i);
      high.push_back(group + size / 2 + i);
    }
  Value first = b.shuffle(x, x, low), second = b.shuffle(x, x, high);
  return b.add(first, second);
}

Value VectorBuilder::reduceAdd(Value vector) {
  return extract(reduceAddEach({vector}).front(), 0);
}

Values VectorBuilder::reduceAddEach(ArrayRef<Value> vectors) {
  // Two vectors become one with half as many lanes for each, so that several
  // sums share their instructions. The tree of each sum is the same.
  Values level(vectors);
  int64_t size = getWidth(vectors.front());
  for (; size > 1; size /= 2) {
    Values next;
    if (level.size() == 1)
      next.push_back(addOwnHalves(*this, level.back(), size));
    else if (level.size() % 2)
      // All vectors of a level have one width; what is twice there is last.
      level.push_back(level.back());
    for (size_t i = 0; i + 1 < level.size(); i += 2)
      next.push_back(addHalves(*this, level[i], level[i + 1], size));
    level = next;
  }
  return level;
}

Value VectorBuilder::reduceMax(Value vector) {
  for (int64_t size = getWidth(vector); size > 1; size /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i : llvm::seq<int64_t>(0, size / 2)) {
      low.push_back(i);
      high.push_back(size / 2 + i);
    }
    Value lower = shuffle(vector, vector, low);
    vector = max(lower, shuffle(vector, vector, high));
  }
  return extract(vector, 0);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static Type getElement(Value memref) {
  return cast<MemRefType>(memref.getType()).getElementType();
}

/// Widens narrow floats to f32.
static Value widen(VectorBuilder &b, Value value) {
  auto type = dyn_cast<FloatType>(getElementTypeOrSelf(value.getType()));
  if (!type || type.isF32())
    return value;
  return arith::ExtFOp::create(b.builder, b.loc, b.getFloats(getWidth(value)),
                               value);
}

Value VectorBuilder::load(Value memref, ValueRange at, int64_t width) {
  if (width == 1)
    return widen(*this, memref::LoadOp::create(builder, loc, memref, at));
  auto type = VectorType::get({width}, getElement(memref));
  return widen(*this, vector::LoadOp::create(builder, loc, type, memref, at));
}

Value VectorBuilder::maskedLoad(Value memref, ValueRange at, int64_t width,
                                Value count) {
  auto type = VectorType::get({width}, getElement(memref));
  auto maskType = VectorType::get({width}, builder.getI1Type());
  Value mask = vector::CreateMaskOp::create(builder, loc, maskType, count);
  Value zeros =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return widen(*this, vector::MaskedLoadOp::create(builder, loc, type, memref,
                                                   at, mask, zeros));
}

/// Rounds f32 to bf16. Few processors have an instruction for it, and where one
/// is absent LLVM calls a function that generated code does not have.
static Value roundToBf16(VectorBuilder &b, Value value) {
  int64_t width = getWidth(value);
  Value bits = b.asInts(value);
  // Half a unit less one, and the unit's lowest bit: ties go to even.
  Value isOdd = b.mask(b.shiftRight(bits, 16), 1);
  Value half = b.add(isOdd, b.bits(bits.getType(), 0x7fff));
  // The sum would carry a NaN into infinity; its quiet bit survives instead.
  Value isNan = b.compare(arith::CmpFPredicate::UNO, value, value);
  Value quiet = arith::OrIOp::create(b.builder, b.loc, bits,
                                     b.bits(bits.getType(), 0x400000));
  Value high = b.shiftRight(b.select(isNan, quiet, b.add(bits, half)), 16);
  Value low = arith::TruncIOp::create(
      b.builder, b.loc, withWidth(b.builder.getI16Type(), width), high);
  return arith::BitcastOp::create(
      b.builder, b.loc, withWidth(b.builder.getBF16Type(), width), low);
}

Value VectorBuilder::round(Value value, Type type) {
  int64_t width = getWidth(value);
  Value rounded = type.isBF16()
                      ? roundToBf16(*this, value)
                      : arith::TruncFOp::create(builder, loc,
                                                withWidth(type, width), value);
  return widen(*this, rounded);
}

void VectorBuilder::store(Value value, Value memref, ValueRange at) {
  Type element = getElement(memref);
  Type given = getElementTypeOrSelf(value.getType());
  if (element != given && element.isBF16() && given.isF32())
    value = roundToBf16(*this, value);
  else if (element != given && isFloat(value))
    value = arith::TruncFOp::create(builder, loc,
                                    withWidth(element, getWidth(value)), value);
  if (isa<VectorType>(value.getType()))
    vector::StoreOp::create(builder, loc, value, memref, at);
  else
    memref::StoreOp::create(builder, loc, value, memref, at);
}

void VectorBuilder::prefetch(Value memref, ValueRange at) {
  memref::PrefetchOp::create(builder, loc, memref, at, /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

Value VectorBuilder::dim(Value memref, int64_t i) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(i))
    return index(type.getDimSize(i));
  return memref::DimOp::create(builder, loc, memref, i);
}

Value VectorBuilder::scratch(ArrayRef<int64_t> shape, Type element) {
  MemRefType type = MemRefType::get(shape, element);
  for (Value memory : pool)
    if (memory.getType() == type && !llvm::is_contained(taken, memory))
      return taken.emplace_back(memory);
  OpBuilder::InsertionGuard guard(builder);
  Operation *around = builder.getInsertionBlock()->getParentOp();
  auto func = dyn_cast<func::FuncOp>(around);
  if (!func)
    func = around->getParentOfType<func::FuncOp>();
  builder.setInsertionPointToStart(&func.front());
  Value memory = memref::AllocaOp::create(builder, loc, type,
                                          builder.getI64IntegerAttr(64));
  pool.push_back(memory);
  return taken.emplace_back(memory);
}

int64_t VectorBuilder::widthFor(ArrayRef<Value> memrefs) const {
  for (Value memref : memrefs) {
    auto type = cast<MemRefType>(memref.getType());
    if (type.getRank() == 0 || !type.isLastDimUnitStride())
      return 1;
  }
  return lanes;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

Values VectorBuilder::loop(Value lower, Value upper, int64_t step,
                           ValueRange init, CarryBody body) {
  auto loop = scf::ForOp::create(
      builder, loc, lower, upper, index(step), init,
      [&](OpBuilder &, Location, Value i, ValueRange carried) {
        scf::YieldOp::create(builder, loc, body(i, carried));
      });
  return Values(loop.getResults());
}

Values VectorBuilder::loop(int64_t lower, int64_t upper, int64_t step,
                           ValueRange init, CarryBody body) {
  if (lower >= upper)
    return Values(init);
  if (lower + step >= upper)
    return body(index(lower), init);
  Value begin = index(lower);
  return loop(begin, index(upper), step, init, body);
}

void VectorBuilder::loop(Value lower, Value upper, int64_t step, Body body) {
  loop(lower, upper, step, ValueRange(), [&](Value i, ValueRange) {
    body(i);
    return Values();
  });
}

void VectorBuilder::loop(int64_t lower, int64_t upper, int64_t step,
                         Body body) {
  loop(lower, upper, step, ValueRange(), [&](Value i, ValueRange) {
    body(i);
    return Values();
  });
}

void VectorBuilder::ifThen(Value condition, function_ref<void()> then,
                           function_ref<void()> otherwise) {
  auto build = [&](function_ref<void()> body) {
    return [this, body](OpBuilder &, Location) {
      body();
      scf::YieldOp::create(builder, loc);
    };
  };
  if (otherwise)
    scf::IfOp::create(builder, loc, condition, build(then), build(otherwise));
  else
    scf::IfOp::create(builder, loc, condition, build(then));
}

void VectorBuilder::loopOver(Value memref, int64_t count,
                             function_ref<void(ValueRange)> body) {
  auto type = cast<MemRefType>(memref.getType());
  Values at;
  std::function<void()> nest = [&] {
    int64_t depth = at.size();
    if (depth == count)
      return body(at);
    auto step = [&](Value i) {
      at.push_back(i);
      nest();
      at.pop_back();
    };
    if (!type.isDynamicDim(depth))
      return loop(0, type.getDimSize(depth), 1, step);
    Value begin = index(0);
    loop(begin, dim(memref, depth), 1, step);
  };
  nest();
}

void VectorBuilder::loopColumns(Value columns, int64_t width,
                                function_ref<void(Value, int64_t)> body) {
  std::optional<int64_t> known = getConstantIntValue(columns);
  if (known)
    return loopColumns(*known, width, body);
  Value whole = mul(div(columns, width), width);
  loop(index(0), whole, width, [&](Value i) { body(i, width); });
  if (width > 1)
    loop(whole, columns, 1, [&](Value i) { body(i, 1); });
}

void VectorBuilder::loopColumns(int64_t columns, int64_t width,
                                function_ref<void(Value, int64_t)> body) {
  int64_t whole = columns / width * width;
  loop(0, whole, width, [&](Value i) { body(i, width); });
  if (width > 1)
    loop(whole, columns, 1, [&](Value i) { body(i, 1); });
}
