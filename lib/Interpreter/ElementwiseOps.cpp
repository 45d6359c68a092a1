// Arithmetic of scalars, and of tensors element by element.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/TypeUtilities.h"
#include <cmath>
#include <cstring>
#include "Frame.h"

using namespace mlir;
using namespace tenon;

namespace {
/// What an op makes of its scalar operands; the result is rounded afterwards.
using Formula = std::function<Scalar(Operation *, const Scalar *)>;
using FormulaTable = llvm::DenseMap<TypeID, Formula>;
} // namespace

template <typename OpT>
static void addFloat(FormulaTable &table, double (*formula)(double)) {
  table[TypeID::get<OpT>()] = [=](Operation *, const Scalar *in) {
    return Scalar{0, formula(in[0].number)};
  };
}

template <typename OpT>
static void addFloats(FormulaTable &table, double (*formula)(double, double)) {
  table[TypeID::get<OpT>()] = [=](Operation *, const Scalar *in) {
    return Scalar{0, formula(in[0].number, in[1].number)};
  };
}

static unsigned getWidth(Type type) {
  type = getElementTypeOrSelf(type);
  return isa<IndexType>(type) ? 64 : type.getIntOrFloatBitWidth();
}

/// The number that the bits of an integer mean without, and with, a sign.
static uint64_t withoutSign(int64_t value, unsigned width) {
  return width >= 64 ? value : value & ((uint64_t(1) << width) - 1);
}
static int64_t withSign(int64_t value, unsigned width) {
  return width == 1 ? -value : value;
}

template <typename OpT>
static void addSigned(FormulaTable &table,
                      int64_t (*formula)(int64_t, int64_t)) {
  table[TypeID::get<OpT>()] = [=](Operation *op, const Scalar *in) {
    unsigned width = getWidth(op->getOperand(0).getType());
    return Scalar{
        formula(withSign(in[0].integer, width), withSign(in[1].integer, width)),
        0};
  };
}

template <typename OpT>
static void addUnsigned(FormulaTable &table,
                        uint64_t (*formula)(uint64_t, uint64_t)) {
  table[TypeID::get<OpT>()] = [=](Operation *op, const Scalar *in) {
    unsigned width = getWidth(op->getOperand(0).getType());
    return Scalar{
        static_cast<int64_t>(formula(withoutSign(in[0].integer, width),
                                     withoutSign(in[1].integer, width))),
        0};
  };
}

// Division by zero is undefined; it gives 0 here instead of a trap.
static int64_t divide(int64_t a, int64_t b) {
  if (b == 0 || (b == -1 && a == INT64_MIN))
    return 0;
  return a / b;
}
static int64_t remainder(int64_t a, int64_t b) {
  return b == 0 || b == -1 ? 0 : a % b;
}
static int64_t floorDivide(int64_t a, int64_t b) {
  return divide(a, b) - (remainder(a, b) != 0 && (a < 0) != (b < 0));
}
static int64_t ceilDivide(int64_t a, int64_t b) {
  return divide(a, b) + (remainder(a, b) != 0 && (a < 0) == (b < 0));
}

static void addIntegers(FormulaTable &t) {
  addUnsigned<arith::AddIOp>(t, [](uint64_t a, uint64_t b) { return a + b; });
  addUnsigned<arith::SubIOp>(t, [](uint64_t a, uint64_t b) { return a - b; });
  addUnsigned<arith::MulIOp>(t, [](uint64_t a, uint64_t b) { return a * b; });
  addUnsigned<arith::AndIOp>(t, [](uint64_t a, uint64_t b) { return a & b; });
  addUnsigned<arith::OrIOp>(t, [](uint64_t a, uint64_t b) { return a | b; });
  addUnsigned<arith::XOrIOp>(t, [](uint64_t a, uint64_t b) { return a ^ b; });
  addUnsigned<arith::DivUIOp>(
      t, [](uint64_t a, uint64_t b) { return b ? a / b : 0; });
  addUnsigned<arith::RemUIOp>(
      t, [](uint64_t a, uint64_t b) { return b ? a % b : 0; });
  addUnsigned<arith::CeilDivUIOp>(
      t, [](uint64_t a, uint64_t b) { return b ? a / b + (a % b != 0) : 0; });
  addUnsigned<arith::ShLIOp>(
      t, [](uint64_t a, uint64_t b) { return b < 64 ? a << b : 0; });
  addUnsigned<arith::ShRUIOp>(
      t, [](uint64_t a, uint64_t b) { return b < 64 ? a >> b : 0; });
  addUnsigned<arith::MaxUIOp>(
      t, [](uint64_t a, uint64_t b) { return std::max(a, b); });
  addUnsigned<arith::MinUIOp>(
      t, [](uint64_t a, uint64_t b) { return std::min(a, b); });
  addSigned<arith::DivSIOp>(t, divide);
  addSigned<arith::RemSIOp>(t, remainder);
  addSigned<arith::FloorDivSIOp>(t, floorDivide);
  addSigned<arith::CeilDivSIOp>(t, ceilDivide);
  addSigned<arith::ShRSIOp>(
      t, [](int64_t a, int64_t b) { return a >> std::min<uint64_t>(b, 63); });
  addSigned<arith::MaxSIOp>(
      t, [](int64_t a, int64_t b) { return std::max(a, b); });
  addSigned<arith::MinSIOp>(
      t, [](int64_t a, int64_t b) { return std::min(a, b); });
}

static bool holds(arith::CmpIPredicate predicate, int64_t a, int64_t b,
                  unsigned width) {
  int64_t x = withSign(a, width), y = withSign(b, width);
  uint64_t u = withoutSign(a, width), v = withoutSign(b, width);
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return u == v;
  case arith::CmpIPredicate::ne:
    return u != v;
  case arith::CmpIPredicate::slt:
    return x < y;
  case arith::CmpIPredicate::sle:
    return x <= y;
  case arith::CmpIPredicate::sgt:
    return x > y;
  case arith::CmpIPredicate::sge:
    return x >= y;
  case arith::CmpIPredicate::ult:
    return u < v;
  case arith::CmpIPredicate::ule:
    return u <= v;
  case arith::CmpIPredicate::ugt:
    return u > v;
  case arith::CmpIPredicate::uge:
    return u >= v;
  }
  llvm_unreachable("all predicates are listed");
}

/// Whether one of the relations that a predicate lists holds.
static bool holds(arith::CmpFPredicate predicate, double a, double b) {
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case arith::CmpFPredicate::AlwaysFalse:
    return false;
  case arith::CmpFPredicate::OEQ:
    return a == b;
  case arith::CmpFPredicate::OGT:
    return a > b;
  case arith::CmpFPredicate::OGE:
    return a >= b;
  case arith::CmpFPredicate::OLT:
    return a < b;
  case arith::CmpFPredicate::OLE:
    return a <= b;
  case arith::CmpFPredicate::ONE:
    return a < b || a > b;
  case arith::CmpFPredicate::ORD:
    return !unordered;
  case arith::CmpFPredicate::UEQ:
    return unordered || a == b;
  case arith::CmpFPredicate::UGT:
    return unordered || a > b;
  case arith::CmpFPredicate::UGE:
    return unordered || a >= b;
  case arith::CmpFPredicate::ULT:
    return unordered || a < b;
  case arith::CmpFPredicate::ULE:
    return unordered || a <= b;
  case arith::CmpFPredicate::UNE:
    return a != b;
  case arith::CmpFPredicate::UNO:
    return unordered;
  case arith::CmpFPredicate::AlwaysTrue:
    return true;
  }
  llvm_unreachable("all predicates are listed");
}

static void addComparisons(FormulaTable &t) {
  t[TypeID::get<arith::CmpIOp>()] = [](Operation *op, const Scalar *in) {
    auto compare = cast<arith::CmpIOp>(op);
    return Scalar{holds(compare.getPredicate(), in[0].integer, in[1].integer,
                        getWidth(compare.getLhs().getType())),
                  0};
  };
  t[TypeID::get<arith::CmpFOp>()] = [](Operation *op, const Scalar *in) {
    auto compare = cast<arith::CmpFOp>(op);
    return Scalar{holds(compare.getPredicate(), in[0].number, in[1].number), 0};
  };
  t[TypeID::get<arith::SelectOp>()] = [](Operation *, const Scalar *in) {
    return in[0].integer ? in[1] : in[2];
  };
}

/// Bits of a float or an integer, and back.
static Scalar castBits(Operation *op, const Scalar *in) {
  Type from = getElementTypeOrSelf(op->getOperand(0).getType());
  Type to = getElementTypeOrSelf(op->getResult(0).getType());
  llvm::APInt bits(getWidth(from), in[0].integer, /*isSigned=*/true,
                   /*implicitTrunc=*/true);
  if (auto type = dyn_cast<FloatType>(from)) {
    llvm::APFloat number(in[0].number);
    bool losesInfo;
    number.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                   &losesInfo);
    bits = number.bitcastToAPInt();
  }
  auto type = dyn_cast<FloatType>(to);
  if (!type)
    return {static_cast<int64_t>(bits.getSExtValue()), 0};
  llvm::APFloat number(type.getFloatSemantics(), bits);
  bool losesInfo;
  number.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return {0, number.convertToDouble()};
}

/// The integer part of a float; out of range is undefined, and is 0 here.
static Scalar truncateToInteger(Operation *, const Scalar *in) {
  double whole = std::trunc(in[0].number);
  bool fits = whole >= -0x1p63 && whole < 0x1p63;
  return {fits ? static_cast<int64_t>(whole) : 0, 0};
}

static void addConversions(FormulaTable &t) {
  auto keep = [](Operation *, const Scalar *in) { return in[0]; };
  auto signedInteger = [](Operation *op, const Scalar *in) {
    return Scalar{
        withSign(in[0].integer, getWidth(op->getOperand(0).getType())), 0};
  };
  auto unsignedInteger = [](Operation *op, const Scalar *in) {
    return Scalar{static_cast<int64_t>(withoutSign(
                      in[0].integer, getWidth(op->getOperand(0).getType()))),
                  0};
  };
  t[TypeID::get<arith::ExtFOp>()] = keep;
  t[TypeID::get<arith::TruncFOp>()] = keep;
  t[TypeID::get<arith::TruncIOp>()] = keep;
  t[TypeID::get<arith::ExtSIOp>()] = signedInteger;
  t[TypeID::get<arith::ExtUIOp>()] = unsignedInteger;
  t[TypeID::get<arith::IndexCastOp>()] = signedInteger;
  t[TypeID::get<arith::IndexCastUIOp>()] = unsignedInteger;
  t[TypeID::get<arith::FPToSIOp>()] = truncateToInteger;
  t[TypeID::get<arith::FPToUIOp>()] = truncateToInteger;
  t[TypeID::get<arith::BitcastOp>()] = castBits;
  t[TypeID::get<arith::SIToFPOp>()] = [=](Operation *op, const Scalar *in) {
    return Scalar{0, static_cast<double>(signedInteger(op, in).integer)};
  };
  t[TypeID::get<arith::UIToFPOp>()] = [=](Operation *op, const Scalar *in) {
    return Scalar{0, static_cast<double>(static_cast<uint64_t>(
                         unsignedInteger(op, in).integer))};
  };
}

/// The larger number, or NaN if either is; and the same but for the sign.
static double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return NAN;
  return a == b ? (std::signbit(a) ? b : a) : std::max(a, b);
}
static double minimum(double a, double b) { return -maximum(-a, -b); }

static void addFloatArithmetic(FormulaTable &t) {
  addFloats<arith::AddFOp>(t, [](double a, double b) { return a + b; });
  addFloats<arith::SubFOp>(t, [](double a, double b) { return a - b; });
  addFloats<arith::MulFOp>(t, [](double a, double b) { return a * b; });
  addFloats<arith::DivFOp>(t, [](double a, double b) { return a / b; });
  addFloats<arith::RemFOp>(t, std::fmod);
  addFloats<arith::MaximumFOp>(t, maximum);
  addFloats<arith::MinimumFOp>(t, minimum);
  addFloats<arith::MaxNumFOp>(t, std::fmax);
  addFloats<arith::MinNumFOp>(t, std::fmin);
  addFloat<arith::NegFOp>(t, [](double a) { return -a; });
}

static void addMath(FormulaTable &t) {
  addFloat<math::AbsFOp>(t, std::fabs);
  addFloat<math::CeilOp>(t, std::ceil);
  addFloat<math::FloorOp>(t, std::floor);
  addFloat<math::RoundOp>(t, std::round);
  addFloat<math::RoundEvenOp>(t, std::nearbyint);
  addFloat<math::TruncOp>(t, std::trunc);
  addFloat<math::CosOp>(t, std::cos);
  addFloat<math::SinOp>(t, std::sin);
  addFloat<math::TanOp>(t, std::tan);
  addFloat<math::TanhOp>(t, std::tanh);
  addFloat<math::AtanOp>(t, std::atan);
  addFloat<math::ErfOp>(t, std::erf);
  addFloat<math::ErfcOp>(t, std::erfc);
  addFloat<math::ExpOp>(t, std::exp);
  addFloat<math::Exp2Op>(t, std::exp2);
  addFloat<math::ExpM1Op>(t, std::expm1);
  addFloat<math::LogOp>(t, std::log);
  addFloat<math::Log2Op>(t, std::log2);
  addFloat<math::Log10Op>(t, std::log10);
  addFloat<math::Log1pOp>(t, std::log1p);
  addFloat<math::SqrtOp>(t, std::sqrt);
  addFloat<math::RsqrtOp>(t, [](double a) { return 1 / std::sqrt(a); });
  addFloats<math::PowFOp>(t, std::pow);
  addFloats<math::Atan2Op>(t, std::atan2);
  addFloats<math::CopySignOp>(t, std::copysign);
  t[TypeID::get<math::FmaOp>()] = [](Operation *, const Scalar *in) {
    return Scalar{0, std::fma(in[0].number, in[1].number, in[2].number)};
  };
  t[TypeID::get<math::FPowIOp>()] = [](Operation *, const Scalar *in) {
    return Scalar{0,
                  std::pow(in[0].number, static_cast<double>(in[1].integer))};
  };
  t[TypeID::get<math::AbsIOp>()] = [](Operation *, const Scalar *in) {
    return Scalar{in[0].integer < 0 ? -in[0].integer : in[0].integer, 0};
  };
}

static const Formula *findFormula(Operation *op) {
  static const FormulaTable table = [] {
    FormulaTable t;
    addIntegers(t);
    addComparisons(t);
    addConversions(t);
    addFloatArithmetic(t);
    addMath(t);
    return t;
  }();
  auto found = table.find(op->getName().getTypeID());
  return found == table.end() ? nullptr : &found->second;
}

static Scalar roundResult(const Frame &frame, Type type, Scalar value) {
  if (isa<FloatType>(type))
    return {0, frame.round(type, value.number)};
  return {wrapTo(type, value.integer), 0};
}

static LogicalResult executeOnTensors(Frame &frame, Operation *op,
                                      const Formula &formula) {
  // An operand is a tensor, or a scalar that all elements share.
  SmallVector<const Tensor *> tensors;
  SmallVector<Scalar> in(op->getNumOperands());
  const Tensor *shaped = nullptr;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    tensors.push_back(std::get_if<Tensor>(&frame.get(operand)));
    if (!tensors.back())
      in[index] = frame.scalar(operand);
    else if (!shaped)
      shaped = tensors.back();
    else if (shaped->getShape() != tensors.back()->getShape())
      return op->emitOpError() << "expects operands to agree on their shape";
  }
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  Tensor result(type, shaped->getShape());
  for (int64_t i = 0, e = result.getNumElements(); i < e; ++i) {
    for (auto [index, tensor] : llvm::enumerate(tensors)) {
      if (!tensor)
        continue;
      if (tensor->isFloat())
        in[index].number = tensor->floats()[i];
      else
        in[index].integer = tensor->ints()[i];
    }
    Scalar value = roundResult(frame, type, formula(op, in.data()));
    if (result.isFloat())
      result.mutableFloats()[i] = value.number;
    else
      result.mutableInts()[i] = value.integer;
  }
  if (result.isFloat() && !isa<arith::SelectOp>(op))
    frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult executeConstant(Frame &frame, arith::ConstantOp op) {
  Attribute value = op.getValue();
  if (auto number = dyn_cast<FloatAttr>(value)) {
    frame.set(op, Scalar{0, number.getValueAsDouble()});
    return success();
  }
  if (auto number = dyn_cast<IntegerAttr>(value)) {
    frame.set(
        op, Scalar{wrapTo(op.getType(), number.getValue().getSExtValue()), 0});
    return success();
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!dense || !type || !type.getElementType().isIntOrIndexOrFloat())
    return op.emitOpError() << "expects a number or a tensor of numbers";
  if (failed(frame.resolveShape(op, type, {})))
    return failure();
  Tensor tensor(type.getElementType(), type.getShape());
  if (tensor.isFloat())
    for (auto [i, number] : llvm::enumerate(dense.getValues<FloatAttr>()))
      tensor.mutableFloats()[i] = number.getValueAsDouble();
  else
    for (auto [i, number] : llvm::enumerate(dense.getValues<APInt>()))
      tensor.mutableInts()[i] =
          wrapTo(type.getElementType(), number.getSExtValue());
  frame.set(op, std::move(tensor));
  return success();
}

/// A value that nothing may depend on: the pattern of unwritten elements.
static LogicalResult executePoison(Frame &frame, ub::PoisonOp op) {
  if (auto type = dyn_cast<RankedTensorType>(op.getType());
      type && type.hasStaticShape()) {
    if (failed(frame.resolveShape(op, type, {})))
      return failure();
    frame.set(op, Tensor(type.getElementType(), type.getShape()));
    return success();
  }
  if (!op.getType().isIntOrIndexOrFloat())
    return op.emitOpError() << "expects a number or a static tensor";
  Tensor pattern(op.getType(), {});
  frame.set(op, pattern.isFloat() ? Scalar{0, pattern.floats()[0]}
                                  : Scalar{pattern.ints()[0], 0});
  return success();
}

std::optional<LogicalResult> tenon::executeElementwise(Frame &frame,
                                                       Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return executeConstant(frame, constant);
  if (auto poison = dyn_cast<ub::PoisonOp>(op))
    return executePoison(frame, poison);
  const Formula *formula = findFormula(op);
  if (!formula)
    return std::nullopt;
  Type type = op->getResult(0).getType();
  if (isa<RankedTensorType>(type))
    return executeOnTensors(frame, op, *formula);
  if (!type.isIntOrIndexOrFloat())
    return std::nullopt;
  SmallVector<Scalar> in;
  for (Value operand : op->getOperands())
    in.push_back(frame.scalar(operand));
  frame.set(op->getResult(0),
            roundResult(frame, type, (*formula)(op, in.data())));
  return success();
}
