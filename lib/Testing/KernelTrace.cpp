// Writes down what each kernel of a step is given and gives in the interpreter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/KernelTrace.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Interpreter/Engine.h"
#include "tenon/Interpreter/Tolerance.h"
#include "tenon/Packing/Packer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include "KernelArguments.h"

using namespace mlir;
using namespace tenon;
namespace json = llvm::json;

/// Where values begin in data.bin.
static constexpr uint64_t kValueAlignment = 64;

static std::string print(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static std::string print(Attribute attribute) {
  std::string text;
  llvm::raw_string_ostream(text) << attribute;
  return text;
}

static json::Array toJson(ArrayRef<int64_t> numbers) {
  json::Array array;
  for (int64_t number : numbers)
    array.push_back(number);
  return array;
}

/// Whether nothing has written an element of a tensor.
static bool isUnwritten(const Tensor &tensor) {
  if (tensor.isFloat())
    return llvm::all_of(tensor.floats(),
                        [](double x) { return std::isnan(x); });
  Tensor fresh(tensor.getElementType(), {1});
  return llvm::all_of(tensor.ints(),
                      [&](int64_t x) { return x == fresh.ints().front(); });
}

/// What tells tensors apart: those with the same elements in memory are one
/// value. Null for one without elements.
static const void *getIdentity(const Tensor &tensor) {
  if (tensor.isFloat())
    return tensor.floats().data();
  return tensor.ints().data();
}

namespace {
/// The files of a trace.
class TraceFolder {
public:
  llvm::Error open(StringRef folder);
  llvm::Error writeWeights(ModuleOp module, const TensorSource *source) const;
  void writeLine(json::Object line) {
    lines << json::Value(std::move(line)) << "\n";
  }
  /// Writes the elements of a tensor, and returns where they begin.
  uint64_t writeElements(const Tensor &tensor);
  llvm::Error close();

private:
  std::unique_ptr<llvm::raw_fd_ostream> openFile(StringRef name,
                                                 std::error_code &code) const {
    return std::make_unique<llvm::raw_fd_ostream>(getPath(name), code);
  }
  std::string getPath(StringRef name) const {
    SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }

  std::string folder, text;
  llvm::raw_string_ostream lines{text};
  std::unique_ptr<llvm::raw_fd_ostream> data;
};

/// Executes kernels in the interpreter and writes each call to a folder.
class KernelTrace : public CallHandler {
public:
  KernelTrace(ModuleOp module, WeightProvider &weights,
              InterpreterOptions options, double scale, TraceFolder &folder)
      : interpreter(module, weights, options), scale(scale), folder(folder) {}

  bool handles(func::FuncOp callee) const override;
  FailureOr<SmallVector<RuntimeValue>>
  call(func::FuncOp callee, ArrayRef<RuntimeValue> operands) override;

  /// Gives a tensor a number, and writes its elements if there are any.
  json::Object addValue(const Tensor &tensor);
  /// The number of a tensor, if it has one.
  json::Value findValue(const Tensor &tensor) const;

private:
  FailureOr<json::Object> describe(func::FuncOp callee, unsigned index,
                                   const RuntimeValue &operand) const;
  json::Object describeResult(const Tensor &result, const History &before);

  Interpreter interpreter;
  double scale;
  TraceFolder &folder;
  llvm::DenseMap<const void *, int64_t> numbers;
  /// Keeps the memory of every value, so that no other one comes to lie there.
  std::vector<Tensor> values;
};
} // namespace

//===----------------------------------------------------------------------===//
// TraceFolder
//===----------------------------------------------------------------------===//

static llvm::Error complain(StringRef path, std::error_code code) {
  return llvm::createStringError(code, "cannot write '" + path +
                                           "': " + code.message());
}

llvm::Error TraceFolder::open(StringRef path) {
  folder = path.str();
  if (std::error_code code = llvm::sys::fs::create_directories(path))
    return complain(path, code);
  std::error_code code;
  data = openFile("data.bin", code);
  return code ? complain(getPath("data.bin"), code) : llvm::Error::success();
}

llvm::Error TraceFolder::writeWeights(ModuleOp module,
                                      const TensorSource *source) const {
  uint64_t size = getPackedSize(module);
  if (size && !source)
    return llvm::createStringError(
        "a trace has packed weights; say whose with --model");
  std::vector<uint8_t> packed(size, 0); // zero between weights, as in artifacts
  auto sink = [&](uint64_t offset, ArrayRef<uint8_t> bytes) {
    llvm::copy(bytes, packed.begin() + offset);
    return llvm::Error::success();
  };
  PackOptions options;
  options.threads = 1;
  if (size)
    if (llvm::Error error = packWeights(module, *source, sink, options))
      return error;
  std::error_code code;
  std::unique_ptr<llvm::raw_fd_ostream> file = openFile("weights.bin", code);
  if (!code) {
    file->write(reinterpret_cast<const char *>(packed.data()), packed.size());
    file->close();
    code = file->error();
    file->clear_error();
  }
  return code ? complain(getPath("weights.bin"), code) : llvm::Error::success();
}

uint64_t TraceFolder::writeElements(const Tensor &tensor) {
  uint64_t at = data->tell();
  std::vector<uint8_t> bytes(llvm::alignTo(
      tensor.getNumElements() * getElementBytes(tensor.getElementType()),
      kValueAlignment));
  toBytes(tensor, bytes.data());
  data->write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  return at;
}

/// The lines come last, so that a folder with lines is whole.
llvm::Error TraceFolder::close() {
  data->close();
  std::error_code code = data->error();
  data->clear_error();
  if (code)
    return complain(getPath("data.bin"), code);
  std::unique_ptr<llvm::raw_fd_ostream> file = openFile("trace.jsonl", code);
  if (!code) {
    *file << text;
    file->close();
    code = file->error();
    file->clear_error();
  }
  return code ? complain(getPath("trace.jsonl"), code) : llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// KernelTrace
//===----------------------------------------------------------------------===//

bool KernelTrace::handles(func::FuncOp callee) const {
  if (!tile::getBucketTokens(callee))
    return false;
  WalkResult walk =
      callee.walk([](func::CallOp) { return WalkResult::interrupt(); });
  return !walk.wasInterrupted();
}

json::Object KernelTrace::addValue(const Tensor &tensor) {
  int64_t number = values.size();
  values.push_back(tensor);
  // A tensor that an op has not changed has a new number for its next writer.
  if (const void *identity = getIdentity(tensor))
    numbers[identity] = number;
  json::Object value{{"value", number},
                     {"type", print(tensor.getElementType())},
                     {"shape", toJson(tensor.getShape())},
                     {"at", nullptr}};
  if (!isUnwritten(tensor))
    value["at"] = folder.writeElements(tensor);
  return value;
}

json::Value KernelTrace::findValue(const Tensor &tensor) const {
  auto found = numbers.find(getIdentity(tensor));
  return found == numbers.end() ? json::Value(nullptr) : found->second;
}

/// Sizes of the dimensions that a type leaves open.
static json::Array listDynamicSizes(Type type, const Tensor &tensor) {
  json::Array sizes;
  for (auto [dim, size] :
       llvm::enumerate(cast<RankedTensorType>(type).getShape()))
    if (ShapedType::isDynamic(size))
      sizes.push_back(tensor.getDim(dim));
  return sizes;
}

FailureOr<json::Object>
KernelTrace::describe(func::FuncOp callee, unsigned index,
                      const RuntimeValue &operand) const {
  if (const auto *scalar = std::get_if<Scalar>(&operand))
    return json::Object{{"index", scalar->integer}};
  if (const auto *weight = std::get_if<WeightValue>(&operand)) {
    auto type = cast<WeightType>(callee.getArgumentTypes()[index]);
    PackedPart part = findPackedPart(type, *weight);
    StringRef name = SymbolTable::getSymbolName(weight->symbol).getValue();
    return json::Object{
        {"weight", name}, {"at", part.offset}, {"bytes", part.size}};
  }
  const auto &tensor = std::get<Tensor>(operand);
  json::Object value{
      {"shape", toJson(tensor.getShape())},
      {"sizes", listDynamicSizes(callee.getArgumentTypes()[index], tensor)}};
  json::Value number = findValue(tensor);
  if (!number.getAsNull()) {
    value["value"] = std::move(number);
    return value;
  }
  if (isUnwritten(tensor)) {
    value["empty"] = print(tensor.getElementType());
    return value;
  }
  return callee.emitError()
         << "operand " << index
         << " was made between kernels, where only views are allowed";
}

/// What a result may differ by. Histories of operands pass on what the path to
/// them allows.
json::Object KernelTrace::describeResult(const Tensor &result,
                                         const History &before) {
  json::Object value = addValue(result);
  if (!result.isFloat())
    return value;
  ElementTolerance alone = getElementTolerance(result, scale);
  Tensor whole = result;
  whole.history.merge(before);
  whole.history.chain = before.chain + result.history.chain;
  value["relative"] = alone.relative;
  value["path"] = getElementTolerance(whole, scale).relative;
  value["usual"] = alone.usual;
  return value;
}

/// Number of the argument that a value is, or null.
static json::Value getArgumentNumber(Value value) {
  auto argument = dyn_cast_or_null<BlockArgument>(value);
  return argument ? json::Value(argument.getArgNumber()) : nullptr;
}

static json::Array describeRouters(func::FuncOp callee) {
  json::Array routers;
  Operation *end = callee.getBody().front().getTerminator();
  callee.walk([&](RouterOp op) {
    json::Value choice = nullptr;
    for (OpOperand &result : end->getOpOperands())
      if (result.get() == op.getChoice())
        choice = result.getOperandNumber();
    routers.push_back(
        json::Object{{"logits", getArgumentNumber(op.getLogits())},
                     {"bias", getArgumentNumber(op.getBias())},
                     {"choice", choice},
                     {"scoring", stringifyScoring(op.getScoring())},
                     {"groups", op.getGroups()},
                     {"keep", op.getKeep()},
                     {"by", stringifyGroupScore(op.getBy())},
                     {"top", op.getTop()}});
  });
  return routers;
}

FailureOr<SmallVector<RuntimeValue>>
KernelTrace::call(func::FuncOp callee, ArrayRef<RuntimeValue> operands) {
  json::Array given, gave;
  History before;
  SmallVector<RuntimeValue> plain(operands);
  for (auto [index, operand] : llvm::enumerate(plain)) {
    FailureOr<json::Object> text = describe(callee, index, operand);
    if (failed(text))
      return failure();
    given.push_back(std::move(*text));
    // The tolerance of a kernel follows from that kernel alone.
    if (auto *tensor = std::get_if<Tensor>(&operand))
      before.merge(std::exchange(tensor->history, History()));
  }
  auto results = interpreter.call(callee, plain);
  if (failed(results))
    return failure();
  size_t first = operands.size() - results->size();
  for (auto [index, value] : llvm::enumerate(*results)) {
    auto &result = std::get<Tensor>(value);
    json::Object text = describeResult(result, before);
    text["operand"] = first + index;
    gave.push_back(std::move(text));
    int64_t chain = before.chain + result.history.chain;
    result.history.merge(before);
    result.history.chain = chain;
  }
  json::Object line{{"launch", callee.getName()},
                    {"operands", std::move(given)},
                    {"results", std::move(gave)},
                    {"routers", describeRouters(callee)}};
  if (Attribute config = callee->getAttr(tile::TileDialect::kKernelName))
    line["config"] = print(config);
  folder.writeLine(std::move(line));
  return results;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// The function named, or the smallest bucket with room for a step.
static func::FuncOp findEntry(ModuleOp module, StringRef entry,
                              int64_t needed) {
  if (auto function = module.lookupSymbol<func::FuncOp>(entry))
    return function;
  func::FuncOp best;
  for (auto function : module.getOps<func::FuncOp>()) {
    int64_t tokens = tile::getBucketTokens(function);
    StringRef name = function.getName();
    if (tokens >= needed && tokens && name.consume_front(entry) &&
        name.consume_front(".t") && !name.contains('.') &&
        (!best || tokens < tile::getBucketTokens(best)))
      best = function;
  }
  return best;
}

namespace {
/// What one step leaves to the next.
struct StepRun {
  const TracedSteps &traced;
  const FunctionInputs &inputs;
  InterpretEngine engine;
  KernelTrace &trace;
  TraceFolder &folder;
  std::vector<Tensor> caches = {};

  llvm::Error run(ModuleOp module, StringRef step);
  llvm::Expected<std::vector<Tensor>> makeOperands(func::FuncOp function,
                                                   const StepPlan &plan);
  void writeBegin(StringRef step, func::FuncOp function,
                  ArrayRef<Tensor> operands);
  llvm::Error writeEnd(StringRef step, func::FuncOp function,
                       ArrayRef<Tensor> results);
};
} // namespace

static bool isCache(func::FuncOp function, unsigned index) {
  return getRole(function, index) == Role::Cache;
}

/// Operands of a step, with the caches that the last step left.
llvm::Expected<std::vector<Tensor>>
StepRun::makeOperands(func::FuncOp function, const StepPlan &plan) {
  auto operands = inputs.make(function, plan);
  if (!operands)
    return operands.takeError();
  bool isFirst = caches.empty();
  size_t next = 0;
  for (auto [index, operand] : llvm::enumerate(*operands)) {
    if (!isCache(function, index))
      continue;
    if (isFirst)
      caches.emplace_back(operand.getElementType(), operand.getShape());
    if (next >= caches.size() || caches[next].getShape() != operand.getShape())
      return llvm::createStringError(
          "expects all steps to agree on slots and context, and to have the "
          "same caches; give slots and context in each --step");
    operand = caches[next++];
  }
  return operands;
}

void StepRun::writeBegin(StringRef step, func::FuncOp function,
                         ArrayRef<Tensor> operands) {
  json::Object values;
  json::Array cacheValues;
  for (auto [index, operand] : llvm::enumerate(operands)) {
    std::optional<Role> role = getRole(function, index);
    json::Value known = trace.findValue(operand);
    if (isCache(function, index))
      cacheValues.push_back(known.getAsNull()
                                ? json::Value(trace.addValue(operand))
                                : json::Object{{"value", std::move(known)}});
    else if (!isUnwritten(operand))
      values[role ? stringifyRole(*role).str() : std::to_string(index)] =
          trace.addValue(operand);
  }
  folder.writeLine(json::Object{{"begin", step},
                                {"function", function.getName()},
                                {"operands", std::move(values)},
                                {"caches", std::move(cacheValues)}});
}

/// Caches are the results that are no logits, in the order of the operands.
llvm::Error StepRun::writeEnd(StringRef step, func::FuncOp function,
                              ArrayRef<Tensor> results) {
  json::Object line{{"end", step}, {"logits", nullptr}};
  json::Array cacheValues;
  std::vector<Tensor> left;
  for (auto [index, result] : llvm::enumerate(results)) {
    json::Value number = trace.findValue(result);
    std::optional<Role> role = getResultRole(function, index);
    if (role == Role::Logits)
      line["logits"] = std::move(number);
    if (isOutput(role))
      continue;
    if (number.getAsNull() && result.getNumElements())
      return llvm::createStringError("result " + Twine(index) + " of '" +
                                     function.getName() +
                                     "' is not the result of a kernel");
    cacheValues.push_back(std::move(number));
    left.push_back(result);
  }
  caches = std::move(left);
  line["caches"] = std::move(cacheValues);
  folder.writeLine(std::move(line));
  return llvm::Error::success();
}

llvm::Error StepRun::run(ModuleOp module, StringRef step) {
  llvm::Expected<StepPlan> plan = StepPlan::parse(step);
  if (!plan)
    return plan.takeError();
  func::FuncOp function = findEntry(module, traced.entry, plan->countTokens());
  if (!function)
    return llvm::createStringError("no function '" + traced.entry +
                                   "', and no bucket of it with room for " +
                                   Twine(plan->countTokens()) + " tokens");
  auto operands = makeOperands(function, *plan);
  if (!operands)
    return operands.takeError();
  writeBegin(step, function, *operands);
  auto results = engine.run(module, function.getName(), *operands);
  if (!results)
    return llvm::createStringError("step " + step + " in @" +
                                   function.getName() + ": " +
                                   llvm::toString(results.takeError()));
  return writeEnd(step, function, *results);
}

llvm::Error tenon::traceSteps(ModuleOp module, const TracedSteps &traced,
                              const FunctionInputs &inputs,
                              WeightProvider &weights,
                              const TensorSource *source,
                              InterpreterOptions options, StringRef path) {
  TraceFolder folder;
  if (llvm::Error error = folder.open(path))
    return error;
  if (llvm::Error error = folder.writeWeights(module, source))
    return error;
  KernelTrace trace(module, weights, options, traced.toleranceScale, folder);
  options.calls = &trace;
  StepRun run{traced, inputs, InterpretEngine(weights, options), trace, folder};
  for (const std::string &step : traced.steps)
    if (llvm::Error error = run.run(module, step))
      return error;
  return folder.close();
}
