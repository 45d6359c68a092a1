// The loop over ops: executes each, checks what it gives, and keeps its values.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/Interpreter.h"
#include "tenon/Interpreter/Engine.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/TypeUtilities.h"
#include "Frame.h"

using namespace mlir;
using namespace tenon;

LogicalResult tenon::checkInside(Operation *op, StringRef what, int64_t number,
                                 int64_t end) {
  if (number >= 0 && number < end)
    return success();
  return op->emitOpError() << "expects " << what << " from 0 to " << end - 1
                           << ", but got " << number;
}

LogicalResult tenon::checkEqual(Operation *op, StringRef what, int64_t first,
                                int64_t second) {
  if (first == second)
    return success();
  return op->emitOpError() << "expects operands to agree on " << what
                           << ", but got " << first << " and " << second;
}

Machine::Machine(ModuleOp module, WeightProvider &provider,
                 InterpreterOptions options)
    : weights(module, provider), options(options),
      shuffle(options.shuffleSeed) {
  addStructureHandlers(handlers);
  addTensorHandlers(handlers);
  addLinearHandlers(handlers);
  addRowHandlers(handlers);
  addAttentionHandlers(handlers);
  addExpertHandlers(handlers);
  addTileHandlers(handlers);
  addAttendHandlers(handlers);
}

//===----------------------------------------------------------------------===//
// Frame
//===----------------------------------------------------------------------===//

RuntimeValue Frame::take(OpOperand &operand) {
  Value value = operand.get();
  if (value.hasOneUse() &&
      value.getParentBlock() == operand.getOwner()->getBlock())
    return std::move(values.find(value)->second);
  return get(value);
}

double Frame::round(Type type, double value) const {
  if (type.isF32() && (keepsDoubles || machine.options.exact))
    return value;
  return roundTo(type, value);
}

double Frame::roundInside(std::optional<Type> type, double value) {
  if (!type)
    return value;
  roundoff = std::max(roundoff, getUnitRoundoff(*type));
  return round(*type, value);
}

FailureOr<SmallVector<int64_t>>
Frame::resolveShape(Operation *op, RankedTensorType type,
                    ArrayRef<int64_t> dynamicDims) const {
  SmallVector<int64_t> shape(type.getShape());
  for (int64_t &dim : shape) {
    if (!ShapedType::isDynamic(dim))
      continue;
    dim = dynamicDims.front();
    dynamicDims = dynamicDims.drop_front();
  }
  if (isInterpretable(shape))
    return shape;
  InFlightDiagnostic diagnostic = op->emitOpError();
  diagnostic << "expects dimensions that are not negative, and at most 2^28 "
                "elements, but got the shape [";
  llvm::interleaveComma(shape, diagnostic);
  diagnostic << "]";
  return diagnostic;
}

LogicalResult Frame::readRow(Operation *op, Value value, int64_t row,
                             MutableArrayRef<double> out) {
  const WeightValue &part = weight(value);
  llvm::Error error =
      machine.weights.readRow(part.symbol, part.firstRow + row, out);
  if (!error)
    return success();
  return op->emitOpError() << llvm::toString(std::move(error));
}

FailureOr<std::vector<double>> Frame::readVector(Operation *op, Value value) {
  if (!value)
    return std::vector<double>();
  std::vector<double> vector(cast<WeightType>(value.getType()).getCols());
  if (failed(readRow(op, value, 0, vector)))
    return failure();
  return vector;
}

LogicalResult Frame::runBlock(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(execute(&op)))
      return failure();
  return success();
}

void Frame::leaveBlock(Block &block) {
  for (BlockArgument argument : block.getArguments())
    values.erase(argument);
  for (Operation &op : block)
    for (Value result : op.getResults())
      values.erase(result);
}

LogicalResult Frame::dispatch(Operation *op) {
  if (const Handler *handler = machine.handlers.find(op))
    return (*handler)(*this, op);
  if (std::optional<LogicalResult> done = executeElementwise(*this, op))
    return *done;
  if (std::optional<LogicalResult> done = executeLinalg(*this, op))
    return *done;
  return op->emitOpError()
         << "is unknown to the interpreter, which runs tensors "
            "down to the tile dialect; interpret the module "
            "before it is lowered further";
}

LogicalResult Frame::execute(Operation *op) {
  History operands;
  for (Value operand : op->getOperands())
    if (const auto *tensor = std::get_if<Tensor>(&get(operand)))
      operands.merge(tensor->history);
  int64_t outer = std::exchange(sum, 0);
  double outerRoundoff = std::exchange(roundoff, 0);
  LogicalResult result = dispatch(op);
  int64_t terms = std::exchange(sum, outer);
  operands.roundoff =
      std::max(operands.roundoff, std::exchange(roundoff, outerRoundoff));
  if (failed(result))
    return failure();
  return checkResults(op, operands, terms);
}

/// What an op gave must fit its type; its history follows from its operands'.
LogicalResult Frame::checkResults(Operation *op, const History &operands,
                                  int64_t terms) {
  for (OpResult result : op->getResults()) {
    Tensor *tensor = std::get_if<Tensor>(&values[result]);
    if (!tensor)
      continue;
    auto type = cast<RankedTensorType>(result.getType());
    if (failed(verifyCompatibleShape(type.getShape(), tensor->getShape()))) {
      InFlightDiagnostic diagnostic = op->emitOpError();
      diagnostic << "gives " << type << ", but its value has the shape [";
      llvm::interleaveComma(tensor->getShape(), diagnostic);
      return diagnostic << "]";
    }
    if (!tensor->isFloat())
      continue;
    tensor->history.merge(operands);
    bool changesType = llvm::any_of(op->getOperandTypes(), [&](Type operand) {
      Type element = getElementTypeOrSelf(operand);
      return isa<FloatType>(element) && element != type.getElementType();
    });
    if (terms == 0 && !changesType)
      continue;
    ++tensor->history.chain;
    tensor->history.longestSum = std::max(tensor->history.longestSum, terms);
    tensor->history.roundoff = std::max(tensor->history.roundoff,
                                        getUnitRoundoff(type.getElementType()));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Functions from outside
//===----------------------------------------------------------------------===//

Interpreter::Interpreter(ModuleOp module, WeightProvider &weights,
                         InterpreterOptions options)
    : module(module), weights(weights), options(options) {}

static LogicalResult checkArguments(func::FuncOp function,
                                    ArrayRef<Tensor> inputs) {
  if (function.getNumArguments() != inputs.size())
    return function.emitOpError() << "expects " << function.getNumArguments()
                                  << " inputs, but got " << inputs.size();
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
    const Tensor &input = inputs[index];
    auto tensor = dyn_cast<RankedTensorType>(type);
    bool isScalar = type.isIntOrIndexOrFloat();
    if (!tensor && !isScalar)
      return function.emitOpError() << "expects tensors and scalars, but input "
                                    << index << " has type " << type;
    ArrayRef<int64_t> shape = tensor ? tensor.getShape() : ArrayRef<int64_t>();
    if (getElementTypeOrSelf(type) != input.getElementType() ||
        failed(verifyCompatibleShape(shape, input.getShape())))
      return function.emitOpError()
             << "expects input " << index << " to have type " << type
             << ", but got "
             << RankedTensorType::get(input.getShape(), input.getElementType());
  }
  return success();
}

static RuntimeValue enter(Type type, const Tensor &input) {
  if (isa<RankedTensorType>(type))
    return input;
  if (input.isFloat())
    return Scalar{0, input.floats()[0]};
  return Scalar{input.ints()[0], 0};
}

static Tensor leave(Type type, const RuntimeValue &value) {
  if (const auto *tensor = std::get_if<Tensor>(&value))
    return *tensor;
  Tensor result(type, {});
  if (result.isFloat())
    result.mutableFloats()[0] = std::get<Scalar>(value).number;
  else
    result.mutableInts()[0] = std::get<Scalar>(value).integer;
  return result;
}

FailureOr<std::vector<Tensor>> Interpreter::run(StringRef entry,
                                                ArrayRef<Tensor> inputs) {
  Machine machine(module, weights, options);
  auto function = dyn_cast_or_null<func::FuncOp>(machine.weights.lookup(entry));
  if (!function || function.isExternal())
    return module.emitError() << "expects a function '" << entry
                              << "' with a body; name one with --entry";
  if (failed(checkArguments(function, inputs)))
    return failure();
  for (Type type : function.getResultTypes())
    if (!isa<RankedTensorType>(type) && !type.isIntOrIndexOrFloat())
      return function.emitOpError()
             << "expects tensors and scalars as results, but got " << type;
  if (!function.getBody().hasOneBlock())
    return function.emitOpError() << "expects one block, but got several";
  Frame frame(machine);
  Block &body = function.getBody().front();
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), inputs))
    frame.set(argument, enter(argument.getType(), input));
  if (failed(frame.runBlock(body)))
    return failure();
  std::vector<Tensor> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(leave(value.getType(), frame.get(value)));
  return results;
}

FailureOr<SmallVector<RuntimeValue>>
Interpreter::call(func::FuncOp callee, ArrayRef<RuntimeValue> operands) {
  Machine machine(module, weights, options);
  Frame frame(machine);
  Block &body = callee.getBody().front();
  for (auto [argument, operand] :
       llvm::zip_equal(body.getArguments(), operands))
    frame.set(argument, operand);
  if (failed(frame.runBlock(body)))
    return failure();
  return llvm::map_to_vector(
      body.getTerminator()->getOperands(),
      [&](Value value) -> RuntimeValue { return frame.get(value); });
}

CallHandler::~CallHandler() = default;
Engine::~Engine() = default;

llvm::Expected<std::vector<Tensor>>
InterpretEngine::run(ModuleOp module, StringRef entry,
                     ArrayRef<Tensor> inputs) {
  std::string message;
  ScopedDiagnosticHandler handler(
      module.getContext(), [&](Diagnostic &diagnostic) {
        if (!message.empty() ||
            diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return success();
        llvm::raw_string_ostream os(message);
        os << diagnostic.getLocation() << ": " << diagnostic;
        return success();
      });
  FailureOr<std::vector<Tensor>> results =
      Interpreter(module, weights, options).run(entry, inputs);
  if (failed(results))
    return llvm::createStringError(message);
  return std::move(*results);
}
