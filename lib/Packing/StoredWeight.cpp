// Finds the tensors that a weight consists of, and checks that they fit.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/StorageFormat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "StoredReader.h"

using namespace mlir;
using namespace tenon;

static std::string printShape(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << '[';
  llvm::interleaveComma(shape, stream);
  stream << ']';
  return text;
}

static std::string printFormat(FormatAttr format) {
  std::string text;
  llvm::raw_string_ostream(text) << format;
  return text;
}

static llvm::Expected<const TensorInfo *> findTensor(WeightOp op,
                                                     const TensorSource &source,
                                                     StringRef name,
                                                     ArrayRef<int64_t> shape) {
  const TensorInfo *info = source.find(name);
  if (!info)
    return makePackError("weight @" + op.getSymName() + " needs tensor '" +
                         name +
                         "', which the model does not have; complete the "
                         "model's files");
  if (!hasShape(*info, shape))
    return makePackError("weight @" + op.getSymName() + " needs tensor '" +
                         name + "' of shape " + printShape(shape) +
                         ", but it has " + printShape(info->shape) +
                         "; the model's files disagree with its configuration");
  return info;
}

/// Whether the factors of a weight lie where its type has them.
static llvm::Error checkFactors(WeightOp op, const TensorInfo &info) {
  bool hasOwn = hasOwnFactors(info.type);
  bool needs = op.getWeightType().getFormat().hasScale() && !hasOwn;
  if (needs == op.hasFactorTensors())
    return llvm::Error::success();
  return makePackError("tensor '" + info.name + "' has type " +
                       stringifyStorageType(info.type) +
                       (needs ? ", which has no scales, but weight @"
                              : ", which has its scales, but weight @") +
                       op.getSymName() +
                       (needs ? " names no tensors of factors; name them"
                              : " names tensors of factors; remove the names"));
}

/// Whether the codes of a weight are those of a tensor, or say the same.
static llvm::Error checkType(WeightOp op, const TensorInfo &info) {
  FormatAttr format = op.getWeightType().getFormat();
  SmallVector<int64_t, 2> block;
  if (format.hasScale())
    block = {format.getScaleRows(), format.getScaleCols()};
  FormatAttr stored = getStorageFormat(op.getContext(), info.type, block);
  if (Type code = getScaledCode(op.getContext(), info.type);
      code && format.hasScale() &&
      (code == format.getCode() ||
       (code.isInteger() && format.getCode().isInteger(8))))
    return llvm::Error::success();
  bool widensBlocks = stored && stored.getWidened() == format;
  bool widens = format.getCode().isF32() && (info.type == StorageType::F16 ||
                                             info.type == StorageType::BF16);
  if (stored != format && !widens && !widensBlocks)
    return makePackError(
        "tensor '" + info.name + "' has type " +
        stringifyStorageType(info.type) + ", which cannot become " +
        printFormat(format) + " of weight @" + op.getSymName() +
        (stored ? "; give the weight the format " + printFormat(stored) +
                      " and derive a cast"
                : std::string("; only numbers can be weights")));
  int64_t run = getBlockElements(info.type), row = info.shape.back();
  if (row % run != 0)
    return makePackError("tensor '" + info.name + "' has rows of " +
                         Twine(row) + " elements, but blocks of " +
                         stringifyStorageType(info.type) + " have " +
                         Twine(run) + "; convert the model again");
  return llvm::Error::success();
}

static llvm::Error checkSize(const TensorInfo &info, ArrayRef<uint8_t> bytes) {
  // What has an order was checked when it was given one.
  if (info.order)
    return llvm::Error::success();
  int64_t elements = 1;
  for (int64_t size : info.shape)
    elements *= size;
  uint64_t expected =
      elements / getBlockElements(info.type) * getBlockBytes(info.type);
  if (bytes.size() == expected)
    return llvm::Error::success();
  return makePackError("tensor '" + info.name + "' has " + Twine(bytes.size()) +
                       " bytes, but its shape and type need " +
                       Twine(expected) + "; load the model again");
}

/// Opens a tensor of factors of a type, and the one that its numbers are
/// multiplied by.
static llvm::Expected<StoredNumbers>
openNumbers(WeightOp op, const TensorSource &source, StringRef name,
            ArrayRef<int64_t> shape, Type factor) {
  llvm::Expected<const TensorInfo *> info = findTensor(op, source, name, shape);
  if (!info)
    return info.takeError();
  StorageType type = (*info)->type;
  bool isPower = type == StorageType::F8E8M0;
  bool isFloat = type == StorageType::F32 || type == StorageType::F16 ||
                 type == StorageType::BF16;
  bool isProduct = (*info)->order && !(*info)->order->multiplier.empty();
  // Powers of two may be kept in the wider type.
  if (!isPower && !isProduct && !(isFloat && !isa<Float8E8M0FNUType>(factor)))
    return makePackError(
        "tensor '" + (*info)->name + "' has type " +
        stringifyStorageType(type) + ", but scales are " +
        (isa<Float8E8M0FNUType>(factor) ? "F8_E8M0" : "F32, F16 or BF16") +
        "; convert the model again");
  llvm::Expected<ArrayRef<uint8_t>> bytes = source.read(**info);
  if (!bytes)
    return bytes.takeError();
  if (llvm::Error error = checkSize(**info, *bytes))
    return error;
  StoredNumbers numbers = {*info, *bytes};
  if (isProduct) {
    llvm::Expected<StoredNumbers> other =
        openNumbers(op, source, (*info)->order->multiplier, shape, factor);
    if (!other)
      return other.takeError();
    numbers.multiplier = std::make_shared<StoredNumbers>(std::move(*other));
  }
  return numbers;
}

/// Finds the tensor of a factor that belongs to a tensor of codes.
static llvm::Expected<StoredNumbers> openFactor(WeightOp op,
                                                const TensorSource &source,
                                                size_t number, int64_t index) {
  FormatFactor factor = op.getWeightType().getFormat().getFactors()[number];
  SmallVector<int64_t, 4> shape(op.getTensorShape());
  int64_t &rows = shape[shape.size() - 2], &cols = shape.back();
  rows = llvm::divideCeil(rows, factor.rows);
  cols = llvm::divideCeil(cols, factor.cols);
  return openNumbers(op, source, op.getFactorTensorName(number, index), shape,
                     factor.type);
}

/// Finds the tensor of codes of a number in the stack, and those of its factors.
static llvm::Expected<StoredPart>
openPart(WeightOp op, const TensorSource &source, int64_t index) {
  llvm::Expected<const TensorInfo *> info =
      findTensor(op, source, op.getTensorName(index), op.getTensorShape());
  if (!info)
    return info.takeError();
  if (llvm::Error error = checkType(op, **info))
    return error;
  if (llvm::Error error = checkFactors(op, **info))
    return error;
  llvm::Expected<ArrayRef<uint8_t>> bytes = source.read(**info);
  if (!bytes)
    return bytes.takeError();
  if (llvm::Error error = checkSize(**info, *bytes))
    return error;
  StoredPart part = {{*info, *bytes}, {}};
  size_t factors = op.hasFactorTensors() ? op.getFactors()->size() : 0;
  for (size_t number = 0; number < factors; ++number) {
    llvm::Expected<StoredNumbers> factor =
        openFactor(op, source, number, index);
    if (!factor)
      return factor.takeError();
    part.factors.push_back(*factor);
  }
  return part;
}

llvm::Expected<std::unique_ptr<StoredReader>>
tenon::openStoredWeight(WeightSymbolOpInterface weight,
                        const TensorSource &source) {
  auto op = cast<WeightOp>(weight.getOperation());
  ArrayRef<int64_t> inner = op.getTensorShape();
  bool hasScale = op.getWeightType().getFormat().hasScale();
  if (inner.empty() || (hasScale && inner.size() < 2))
    return makePackError("weight @" + op.getSymName() + " leaves shape " +
                         printShape(inner) + " for each of its tensors, but " +
                         (hasScale ? "a scale needs matrices"
                                   : "a tensor has at least one dimension") +
                         "; correct its type or its source");
  std::vector<StoredPart> parts;
  for (int64_t i = 0, e = op.getTensorCount(); i < e; ++i) {
    llvm::Expected<StoredPart> part = openPart(op, source, i);
    if (!part)
      return part.takeError();
    parts.push_back(std::move(*part));
  }
  return std::make_unique<StoredReader>(op.getWeightType(), source,
                                        std::move(parts));
}
