// Builds device code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DeviceBuilder.h"
#include "tenon/Support/Log2E.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace tenon::nvptx;

//===----------------------------------------------------------------------===//
// Constants and integers
//===----------------------------------------------------------------------===//

Value DeviceBuilder::i32(int64_t value) {
  return arith::ConstantIntOp::create(*this, getI32Type(), value);
}

Value DeviceBuilder::i64(int64_t value) {
  return arith::ConstantIntOp::create(*this, getI64Type(), value);
}

Value DeviceBuilder::f32(double value) {
  return arith::ConstantOp::create(*this, getF32FloatAttr(value));
}

Value DeviceBuilder::like(Value like, int64_t value) {
  return arith::ConstantIntOp::create(*this, like.getType(), value);
}

Value DeviceBuilder::zext64(Value value) {
  if (value.getType().isInteger(64))
    return value;
  return createOrFold<arith::ExtUIOp>(getI64Type(), value);
}

Value DeviceBuilder::trunc32(Value value) {
  if (value.getType().isInteger(32))
    return value;
  return createOrFold<arith::TruncIOp>(getI32Type(), value);
}

Value DeviceBuilder::add(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return createOrFold<arith::AddFOp>(a, b);
  return createOrFold<arith::AddIOp>(a, b);
}

Value DeviceBuilder::sub(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return createOrFold<arith::SubFOp>(a, b);
  return createOrFold<arith::SubIOp>(a, b);
}

Value DeviceBuilder::mul(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return createOrFold<arith::MulFOp>(a, b);
  return createOrFold<arith::MulIOp>(a, b);
}

Value DeviceBuilder::min(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return createOrFold<arith::MinNumFOp>(a, b);
  return createOrFold<arith::MinSIOp>(a, b);
}

Value DeviceBuilder::max(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return createOrFold<arith::MaxNumFOp>(a, b);
  return createOrFold<arith::MaxSIOp>(a, b);
}

Value DeviceBuilder::div(Value a, Value b) {
  return createOrFold<arith::DivUIOp>(a, b);
}

Value DeviceBuilder::rem(Value a, Value b) {
  return createOrFold<arith::RemUIOp>(a, b);
}

Value DeviceBuilder::div(Value a, int64_t b) { return div(a, like(a, b)); }

Value DeviceBuilder::rem(Value a, int64_t b) {
  return b == 1 ? like(a, 0) : rem(a, like(a, b));
}

Value DeviceBuilder::ceilDiv(Value a, int64_t b) {
  return div(add(a, b - 1), b);
}

Value DeviceBuilder::bitAnd(Value a, int64_t b) {
  return createOrFold<arith::AndIOp>(a, like(a, b));
}

Value DeviceBuilder::bitAnd(Value a, Value b) {
  return createOrFold<arith::AndIOp>(a, b);
}

Value DeviceBuilder::bitOr(Value a, Value b) {
  return createOrFold<arith::OrIOp>(a, b);
}

Value DeviceBuilder::bitXor(Value a, Value b) {
  return createOrFold<arith::XOrIOp>(a, b);
}

Value DeviceBuilder::shl(Value a, int64_t b) {
  return createOrFold<arith::ShLIOp>(a, like(a, b));
}

Value DeviceBuilder::shr(Value a, int64_t b) {
  return createOrFold<arith::ShRUIOp>(a, like(a, b));
}

Value DeviceBuilder::both(Value a, Value b) {
  return createOrFold<arith::AndIOp>(a, b);
}

Value DeviceBuilder::less(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, a, b);
}

Value DeviceBuilder::lessSigned(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, a, b);
}

Value DeviceBuilder::equal(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, a, b);
}

Value DeviceBuilder::select(Value condition, Value yes, Value no) {
  return createOrFold<arith::SelectOp>(condition, yes, no);
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

Value DeviceBuilder::callIntrinsic(StringRef name, Type type,
                                   ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(*this, type, getStringAttr(name),
                                       operands)
      .getResults();
}

Value DeviceBuilder::fma(Value a, Value b, Value c) {
  return LLVM::FMAOp::create(*this, a, b, c);
}

Value DeviceBuilder::exp2(Value x) {
  return callIntrinsic("llvm.nvvm.ex2.approx.ftz.f32", getF32Type(), x);
}

Value DeviceBuilder::reciprocal(Value x) {
  return callIntrinsic("llvm.nvvm.rcp.approx.ftz.f", getF32Type(), x);
}

Value DeviceBuilder::rsqrt(Value x) {
  return callIntrinsic("llvm.nvvm.rsqrt.approx.f", getF32Type(), x);
}

Value DeviceBuilder::divide(Value a, Value b) {
  return arith::DivFOp::create(*this, a, b);
}

Value DeviceBuilder::tanh(Value x) {
  // 1 - 2 / (1 + e^2x) saturates correctly at both ends.
  Value power = exp2(mul(x, f32(2.0 * kLog2E)));
  Value factor = f32(-2.0), inverse = reciprocal(add(power, f32(1.0)));
  return fma(factor, inverse, f32(1.0));
}

Value DeviceBuilder::bitcast(Type type, Value value) {
  if (value.getType() == type)
    return value;
  return LLVM::BitcastOp::create(*this, type, value);
}

Value DeviceBuilder::packBF16(Value low, Value high) {
  auto wide = VectorType::get(2, getF32Type());
  Value pair = LLVM::PoisonOp::create(*this, wide);
  pair = LLVM::InsertElementOp::create(*this, pair, low, i32(0));
  pair = LLVM::InsertElementOp::create(*this, pair, high, i32(1));
  pair =
      LLVM::FPTruncOp::create(*this, VectorType::get(2, getBF16Type()), pair);
  return bitcast(getI32Type(), pair);
}

int64_t tenon::nvptx::getBytes(Type type) {
  return type.getIntOrFloatBitWidth() / 8;
}

int64_t tenon::nvptx::countParts(Type type) {
  return llvm::divideCeil(cast<FloatType>(type).getFPMantissaWidth(), 8);
}

Values DeviceBuilder::splitBF16(Value low, Value high, int64_t parts) {
  Values words;
  for (int64_t i = 0; i < parts; ++i) {
    // The upper halves are a part; what is left has its last bits alone.
    Value lowBits = bitcast(getI32Type(), low);
    Value highBits = bitcast(getI32Type(), high);
    words.push_back(permute(lowBits, highBits, 0x7632));
    if (i + 1 == parts)
      break;
    low = sub(low, bitcast(getF32Type(), bitAnd(lowBits, 0xffff0000)));
    high = sub(high, bitcast(getF32Type(), bitAnd(highBits, 0xffff0000)));
  }
  return words;
}

Value DeviceBuilder::convert(Type type, Value value) {
  if (value.getType() == type)
    return value;
  if (type.isF32())
    return LLVM::FPExtOp::create(*this, type, value);
  return LLVM::FPTruncOp::create(*this, type, value);
}

std::pair<Value, Value> DeviceBuilder::unpackF16(Value word) {
  Value pair = bitcast(VectorType::get(2, getF16Type()), word);
  pair = LLVM::FPExtOp::create(*this, VectorType::get(2, getF32Type()), pair);
  return {LLVM::ExtractElementOp::create(*this, pair, i32(0)),
          LLVM::ExtractElementOp::create(*this, pair, i32(1))};
}

Value DeviceBuilder::permute(Value a, Value b, int64_t selector) {
  return callIntrinsic("llvm.nvvm.prmt", getI32Type(), {a, b, i32(selector)});
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value DeviceBuilder::offset(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(*this, pointer.getType(), getI8Type(), pointer,
                             bytes);
}

Value DeviceBuilder::load(Type type, Value pointer, int64_t alignment) {
  return LLVM::LoadOp::create(*this, type, pointer, alignment);
}

void DeviceBuilder::store(Value value, Value pointer, int64_t alignment) {
  LLVM::StoreOp::create(*this, value, pointer, alignment);
}

Values DeviceBuilder::loadVector(Type type, int64_t count, Value pointer) {
  int64_t bytes = getBytes(type);
  if (count == 1)
    return {load(type, pointer, bytes)};
  Value vector = load(VectorType::get(count, type), pointer, count * bytes);
  Values values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(LLVM::ExtractElementOp::create(*this, vector, i32(i)));
  return values;
}

void DeviceBuilder::storeVector(ValueRange values, Value pointer) {
  Type type = values.front().getType();
  int64_t count = values.size(), bytes = getBytes(type);
  if (count == 1)
    return store(values.front(), pointer, bytes);
  Value vector = LLVM::PoisonOp::create(*this, VectorType::get(count, type));
  for (int64_t i = 0; i < count; ++i)
    vector = LLVM::InsertElementOp::create(*this, vector, values[i], i32(i));
  store(vector, pointer, count * bytes);
}

Values DeviceBuilder::loadFloats(Type type, int64_t count, Value base,
                                 Value element) {
  Value pointer = offset(base, mul(element, getBytes(type)));
  Values values = loadVector(type, count, pointer);
  for (Value &value : values)
    value = convert(getF32Type(), value);
  return values;
}

void DeviceBuilder::storeFloats(Type type, ValueRange values, Value base,
                                Value element) {
  Values stored;
  for (Value value : values)
    stored.push_back(convert(type, value));
  storeVector(stored, offset(base, mul(element, getBytes(type))));
}

Value DeviceBuilder::shared(Value bytes) {
  auto type = LLVM::LLVMPointerType::get(getContext(), 3);
  Value base = LLVM::AddressOfOp::create(*this, type, kSharedMemoryName);
  return offset(base, bytes);
}

void DeviceBuilder::copyAsync(Value target, Value source, Value valid) {
  Value bytes;
  if (valid) {
    Value all = i32(16);
    bytes = select(valid, all, i32(0));
  }
  NVVM::CpAsyncOp::create(*this, target, source, 16,
                          NVVM::LoadCacheModifierKind::CG, bytes);
}

void DeviceBuilder::commitCopies() {
  NVVM::CpAsyncCommitGroupOp::create(*this);
}

void DeviceBuilder::waitForCopies(int64_t pending) {
  NVVM::CpAsyncWaitGroupOp::create(*this, pending);
}

void DeviceBuilder::syncBlock() { NVVM::Barrier0Op::create(*this); }

void DeviceBuilder::syncWarp() { NVVM::SyncWarpOp::create(*this, i32(-1)); }

Value DeviceBuilder::shuffleXor(Value value, int64_t mask) {
  Value threads = i32(-1), bits = i32(mask);
  return NVVM::ShflOp::create(*this, value.getType(), threads, value, bits,
                              i32(31), NVVM::ShflKind::bfly, UnitAttr());
}

Value DeviceBuilder::ballot(Value condition) {
  return NVVM::VoteSyncOp::create(*this, getI32Type(), i32(-1), condition,
                                  NVVM::VoteSyncKind::ballot);
}

Value DeviceBuilder::lanesBefore(Value lane) {
  return sub(createOrFold<arith::ShLIOp>(i32(1), lane), 1);
}

Value DeviceBuilder::countBits(Value bits) {
  return LLVM::CtPopOp::create(*this, bits);
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

Values DeviceBuilder::loadMatrices(Value pointer, bool transpose) {
  SmallVector<Type> words(4, getI32Type());
  auto type = LLVM::LLVMStructType::getLiteral(getContext(), words);
  auto shape = NVVM::LdStMatrixShapeAttr::get(getContext(), 8, 8);
  Value all = NVVM::LdMatrixOp::create(*this, type, pointer, 4,
                                       transpose ? NVVM::MMALayout::col
                                                 : NVVM::MMALayout::row,
                                       shape, NVVM::LdStMatrixEltType::B16);
  Values matrices;
  for (int64_t i = 0; i < 4; ++i)
    matrices.push_back(LLVM::ExtractValueOp::create(*this, all, i));
  return matrices;
}

Values DeviceBuilder::multiplyTile(ValueRange a, ValueRange b, ValueRange c) {
  SmallVector<Type> floats(4, getF32Type());
  auto type = LLVM::LLVMStructType::getLiteral(getContext(), floats);
  std::array<NVVM::MMATypes, 2> types = {NVVM::MMATypes::bf16,
                                         NVVM::MMATypes::bf16};
  std::array<NVVM::MMALayout, 2> layouts = {NVVM::MMALayout::row,
                                            NVVM::MMALayout::col};
  Value all =
      NVVM::MmaOp::create(*this, type, a, b, c, ArrayRef<int64_t>{16, 8, 16},
                          std::nullopt, std::nullopt, types, layouts);
  Values sums;
  for (int64_t i = 0; i < 4; ++i)
    sums.push_back(LLVM::ExtractValueOp::create(*this, all, i));
  return sums;
}

void DeviceBuilder::addProduct(MutableArrayRef<Value> sums, ArrayRef<Values> a,
                               ArrayRef<Values> b) {
  constexpr size_t orders = 3;
  for (auto [i, left] : llvm::enumerate(a))
    for (auto [j, right] : llvm::enumerate(b))
      if (i + j < orders)
        llvm::copy(multiplyTile(left, right, sums), sums.begin());
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

Values DeviceBuilder::loop(Value lower, Value upper, Value step,
                           ValueRange init, LoopBody body) {
  auto loop = scf::ForOp::create(*this, lower, upper, step, init);
  InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  Values results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!init.empty())
    scf::YieldOp::create(*this, results);
  return llvm::to_vector(ValueRange(loop.getResults()));
}

void DeviceBuilder::loop(Value lower, Value upper, Value step,
                         function_ref<void(Value)> body) {
  loop(lower, upper, step, ValueRange(), [&](Value index, ValueRange) {
    body(index);
    return Values();
  });
}

void DeviceBuilder::loop(Value lower, int64_t upper, int64_t step,
                         function_ref<void(Value)> body) {
  Value end = i32(upper);
  loop(lower, end, i32(step), body);
}

void DeviceBuilder::when(Value condition, function_ref<void()> body) {
  auto branch = scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
  InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  body();
}

Values DeviceBuilder::choose(Value condition, function_ref<Values()> yes,
                             function_ref<Values()> no) {
  // The types of the results are known when one branch has been built.
  Block *scratch = new Block;
  Values first;
  {
    InsertionGuard guard(*this);
    setInsertionPointToStart(scratch);
    first = yes();
  }
  auto branch = scf::IfOp::create(*this, ValueRange(first).getTypes(),
                                  condition, /*withElseRegion=*/true);
  InsertionGuard guard(*this);
  branch.thenBlock()->getOperations().splice(branch.thenBlock()->end(),
                                             scratch->getOperations());
  setInsertionPointToEnd(branch.thenBlock());
  scf::YieldOp::create(*this, first);
  setInsertionPointToEnd(branch.elseBlock());
  scf::YieldOp::create(*this, no());
  delete scratch;
  return llvm::to_vector(ValueRange(branch.getResults()));
}
