// Verifiers of the ops that name and derive weights.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace tenon;

std::string tenon::getNameOfWeight(Value weight) {
  auto use = weight.getDefiningOp<WeightRefOp>();
  StringRef name = use ? use.getWeight() : "linear";
  // The prefix, a class of layers, is part of the function's name already.
  return (name.contains('.') ? name.split('.').second : name).str();
}

static constexpr StringLiteral kLayer = "{l}", kExpert = "{e}";

static std::string replaceAll(StringRef text, StringRef from, int64_t number) {
  std::string result;
  for (size_t at; (at = text.find(from)) != StringRef::npos;
       text = text.substr(at + from.size()))
    result += (text.take_front(at) + Twine(number)).str();
  return result + text.str();
}

bool WeightOp::isPerExpert(StringRef name) { return name.contains(kExpert); }

std::string WeightOp::expandName(StringRef name, int64_t layer,
                                 int64_t expert) {
  return replaceAll(replaceAll(name, kLayer, layer), kExpert, expert);
}

ArrayRef<int64_t> WeightOp::getTensorShape() {
  ArrayRef<int64_t> shape = getWeightType().getShape();
  size_t outer = !getLayers().empty() + isPerExpert(getSource());
  return shape.drop_front(std::min(outer, shape.size()));
}

/// Experts that have tensors of their own; 1 if they share one.
static int64_t countExperts(WeightOp op) {
  ArrayRef<int64_t> shape = op.getWeightType().getShape();
  size_t dim = op.getLayers().empty() ? 0 : 1;
  return WeightOp::isPerExpert(op.getSource()) && dim < shape.size()
             ? shape[dim]
             : 1;
}

int64_t WeightOp::getTensorCount() {
  return std::max<int64_t>(1, getLayers().size()) * countExperts(*this);
}

/// The tensor with a number in the stack that a name denotes.
static std::string expandAt(WeightOp op, StringRef name, int64_t index) {
  int64_t experts = countExperts(op);
  // Without layers the name has no {l}, and any number replaces nothing.
  int64_t layer = op.getLayers().empty() ? 0 : op.getLayers()[index / experts];
  return WeightOp::expandName(name, layer, index % experts);
}

std::string WeightOp::getTensorName(int64_t index) {
  return expandAt(*this, getSource(), index);
}

std::string WeightOp::getFactorTensorName(size_t factor, int64_t index) {
  return expandAt(*this, cast<StringAttr>((*getFactors())[factor]).getValue(),
                  index);
}

/// C3 and C4: the names of tensors of factors.
static LogicalResult verifyFactors(WeightOp op) {
  if (!op.hasFactorTensors())
    return success();
  size_t expected = op.getWeightType().getFormat().getFactors().size();
  if (op.getFactors()->size() != expected) // C3
    return op.emitOpError()
           << "expects a name for each of the " << expected
           << " factors of the format, but got " << op.getFactors()->size();
  for (StringAttr name : op.getFactors()->getAsRange<StringAttr>())
    for (StringRef mark : {kLayer, kExpert})
      if (name.getValue().contains(mark) != op.getSource().contains(mark)) // C4
        return op.emitOpError()
               << "expects " << mark
               << " in the name of factors exactly if it is in the source, but "
                  "got "
               << name << " and '" << op.getSource() << "'";
  return success();
}

LogicalResult WeightOp::verify() {
  bool perLayer = getSource().contains(kLayer);
  if (perLayer == getLayers().empty()) // C1
    return emitOpError() << "expects {l} in the source exactly if there are "
                            "layers, but got source '"
                         << getSource() << "' and " << getLayers().size()
                         << " layers";
  int64_t stack = getWeightType().getShape().front();
  if (perLayer && stack != static_cast<int64_t>(getLayers().size())) // C2
    return emitOpError() << "expects the first dimension of the type to be the "
                            "number of layers, but got "
                         << stack << " and " << getLayers().size();
  return verifyFactors(*this);
}

std::string WeightOp::describeSource() {
  std::string text = getSource().str();
  llvm::raw_string_ostream stream(text);
  if (!getLayers().empty())
    stream << " of layers ";
  llvm::interleaveComma(getLayers(), stream);
  return text;
}

std::string DeriveOp::describeSource() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << stringifyDerivation(getDerivation()) << ' ';
  llvm::interleaveComma(getFrom(), stream);
  return text;
}

std::string RopeTableOp::describeSource() {
  std::string text;
  llvm::raw_string_ostream(text) << getRope();
  return text;
}

/// The weight that a symbol names, or null.
static WeightSymbolOpInterface lookupWeight(SymbolTableCollection &tables,
                                            Operation *from,
                                            FlatSymbolRefAttr symbol) {
  return dyn_cast_or_null<WeightSymbolOpInterface>(
      tables.lookupNearestSymbolFrom(from, symbol));
}

LogicalResult DeriveOp::verify() {
  if (getFrom().empty() || (getDerivation() != Derivation::ConcatRows &&
                            getFrom().size() != 1)) // C1
    return emitOpError() << "expects one weight, or several for concat_rows, "
                            "but got "
                         << getFrom().size();
  return success();
}

/// Whether two weights differ in their rows alone, and may be joined.
static bool areJoinable(WeightType a, WeightType b) {
  return a.getRank() == b.getRank() && a.getCols() == b.getCols() &&
         a.getShape().drop_back(2) == b.getShape().drop_back(2);
}

/// The shape that the formula of a derivation gives, or an empty one.
static SmallVector<int64_t> getDerivedShape(DeriveOp op,
                                            ArrayRef<WeightType> from) {
  SmallVector<int64_t> shape(from.front().getShape());
  if (op.getDerivation() == Derivation::Cast)
    return shape;
  if (shape.size() < 2)
    return {};
  int64_t &rows = shape[shape.size() - 2];
  switch (op.getDerivation()) {
  case Derivation::ConcatRows:
    for (WeightType type : from.drop_front()) {
      if (!areJoinable(from.front(), type))
        return {};
      rows += type.getRows();
    }
    return shape;
  case Derivation::SplitRows: {
    if (op.getCount() < 1 || rows % op.getCount() != 0)
      return {};
    int64_t parts = rows / op.getCount();
    rows = op.getCount();
    shape.insert(shape.end() - 2, parts);
    return shape;
  }
  case Derivation::SliceRows: {
    int64_t count = op.getWeightType().getRows();
    int64_t first = op.getFirst(), step = op.getStep();
    if (first < 0 || first >= rows || step < 1 ||
        (rows - 1 - first) / step < count - 1)
      return {};
    rows = count;
    return shape;
  }
  case Derivation::Transpose:
    std::swap(shape[shape.size() - 2], shape.back());
    return shape;
  case Derivation::Cast:
    return shape;
  }
  llvm_unreachable("all derivations are listed");
}

/// C3 and C4: what happens to the format.
static LogicalResult verifyFormats(DeriveOp op, ArrayRef<WeightType> from) {
  FormatAttr format = op.getWeightType().getFormat();
  if (op.getDerivation() == Derivation::Cast)
    return success();
  int64_t block = format.hasScale() ? format.getScaleRows() : 1;
  for (auto [index, type] : llvm::enumerate(from)) {
    if (type.getFormat() != format) // C3
      return op.emitOpError()
             << "expects the format " << format << " to be kept, but got "
             << type.getFormat() << "; cast it first";
    bool isLast = index + 1 == from.size();
    if (op.getDerivation() == Derivation::ConcatRows && !isLast &&
        type.getRows() % block != 0) // C4
      return op.emitOpError() << "expects rows to be joined at a multiple of "
                                 "the scale's block of "
                              << block << ", but got " << type.getRows();
  }
  if (op.getDerivation() == Derivation::SliceRows && op.getStep() > 1 &&
      block != 1) // C4
    return op.emitOpError() << "expects blocks of scales of one row for a "
                               "slice with a step, but got "
                            << block << " rows";
  bool splits = op.getDerivation() == Derivation::SplitRows;
  int64_t cut = splits ? op.getCount() : op.getFirst();
  if ((splits || op.getDerivation() == Derivation::SliceRows) &&
      cut % block != 0) // C4
    return op.emitOpError() << "expects rows to be cut at a multiple of the "
                               "scale's block of "
                            << block << ", but got " << cut;
  if (op.getDerivation() == Derivation::Transpose && format.hasScale() &&
      format.getScaleRows() != format.getScaleCols()) // C3
    return op.emitOpError() << "expects a format without a scale or with a "
                               "square block, but got "
                            << format;
  return success();
}

/// Whether a weight is derived from itself, by way of others.
static bool isCircular(DeriveOp op, SymbolTableCollection &tables) {
  SmallVector<DeriveOp> left = {op};
  llvm::SmallPtrSet<Operation *, 8> seen;
  while (!left.empty()) {
    DeriveOp derived = left.pop_back_val();
    for (Attribute symbol : derived.getFrom()) {
      auto from = dyn_cast_or_null<DeriveOp>(tables.lookupNearestSymbolFrom(
          derived, cast<FlatSymbolRefAttr>(symbol)));
      if (from == op)
        return true;
      if (from && seen.insert(from).second)
        left.push_back(from);
    }
  }
  return false;
}

LogicalResult DeriveOp::verifySymbolUses(SymbolTableCollection &tables) {
  SmallVector<WeightType> from;
  for (Attribute symbol : getFrom()) {
    auto name = cast<FlatSymbolRefAttr>(symbol);
    WeightSymbolOpInterface weight = lookupWeight(tables, *this, name);
    if (!weight || !weight.hasFreeLayout()) // C1
      return emitOpError() << "expects " << symbol
                           << " to name a tenon.weight or a tenon.derive";
    from.push_back(weight.getWeightType());
  }
  if (isCircular(*this, tables)) // C5
    return emitOpError() << "expects not to be derived from itself";
  SmallVector<int64_t> shape = getDerivedShape(*this, from);
  if (ArrayRef<int64_t>(shape) != getWeightType().getShape()) { // C2
    InFlightDiagnostic diagnostic =
        emitOpError() << "expects a result that "
                      << stringifyDerivation(getDerivation())
                      << " gives, but got " << getType() << " from ";
    llvm::interleaveComma(from, diagnostic);
    return diagnostic;
  }
  return verifyFormats(*this, from);
}

SmallVector<int64_t> RopeTableOp::getShapeFor(RopeAttr rope,
                                              int64_t positions) {
  int64_t coarse = llvm::divideCeil(positions, kSpan);
  return {coarse + kSpan, rope.getDims()};
}

LogicalResult RopeTableOp::verify() {
  WeightType type = getWeightType();
  SmallVector<int64_t> shape = getShapeFor(getRope(), getPositions());
  if (getPositions() < 1) // C2
    return emitOpError() << "expects positions to be positive, but got "
                         << getPositions();
  if (type.getShape() != ArrayRef<int64_t>(shape) ||
      !type.getFormat().getCode().isF32() || type.getLayout()) // C1
    return emitOpError() << "expects an f32 matrix of " << shape[0] << "x"
                         << shape[1] << ", but got " << type;
  return success();
}

LogicalResult WeightRefOp::verifySymbolUses(SymbolTableCollection &tables) {
  WeightSymbolOpInterface weight = lookupWeight(tables, *this, getWeightAttr());
  if (!weight) // C1
    return emitOpError() << "expects @" << getWeight()
                         << " to name a tenon.weight, tenon.derive or "
                            "tenon.rope_table";
  WeightType type = weight.getWeightType();
  WeightType result = getType();
  // The type with a dimension less need not exist: a panel needs a matrix.
  bool agrees =
      result.getShape() == type.getShape().drop_front(getIndex() ? 1 : 0) &&
      result.getFormat() == type.getFormat() &&
      result.getLayout() == type.getLayout();
  if (!agrees) // C2
    return emitOpError() << "expects the type of @" << getWeight()
                         << (getIndex() ? " without its first dimension" : "")
                         << ", " << type << ", but got " << result;
  return success();
}
