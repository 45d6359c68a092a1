// Inputs of functions under test: random tensors, lists, files and steps.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/TestInputs.h"
#include "tenon/Interpreter/Npy.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <limits>
#include <numeric>
#include <random>

using namespace mlir;
using namespace tenon;

static bool parseNumbers(StringRef text, StringRef separator,
                         SmallVectorImpl<int64_t> &numbers) {
  numbers.clear();
  SmallVector<StringRef> parts;
  text.split(parts, separator);
  for (StringRef part : parts)
    if (part.getAsInteger(10, numbers.emplace_back()))
      return false;
  return true;
}

int64_t StepPlan::countTokens() const {
  return std::accumulate(tokens.begin(), tokens.end(), int64_t(0));
}

/// Fills in what the text left out.
static void complete(StepPlan &plan, StringRef rows) {
  int64_t sequences = plan.tokens.size(), longest = 0, row = 0;
  plan.start.resize(std::max<int64_t>(sequences, plan.start.size()), 0);
  if (!plan.slots && plan.slot.empty())
    plan.slots = sequences;
  for (int64_t slot : plan.slot)
    plan.slots = std::max(plan.slots, slot + 1);
  for (int64_t s = plan.slot.size(); s < sequences; ++s)
    plan.slot.push_back(plan.slots - 1 - s);
  for (auto [count, first] : llvm::zip(plan.tokens, plan.start)) {
    longest = std::max(longest, first + count);
    for (int64_t i = 0; i < count; ++i, ++row)
      if (rows == "all" || (rows == "last" && i + 1 == count))
        plan.rows.push_back(row);
  }
  plan.context = plan.context ? plan.context : longest + 3;
}

/// What is wrong with a plan, or nothing.
static llvm::Error check(const StepPlan &plan) {
  size_t sequences = plan.tokens.size();
  int64_t longest = 0, count = plan.countTokens();
  for (auto [tokens, first] : llvm::zip(plan.tokens, plan.start))
    longest = std::max(longest, first + tokens);
  llvm::SmallDenseSet<int64_t> slots(plan.slot.begin(), plan.slot.end());
  bool hasSlots = plan.slot.size() == sequences && slots.size() == sequences &&
                  llvm::all_of(slots, [&](int64_t slot) {
                    return slot >= 0 && slot < plan.slots;
                  });
  if (!hasSlots || plan.start.size() != sequences || plan.context < longest ||
      plan.block < 1 || plan.vocabulary < 1)
    return llvm::createStringError(
        "expects a start and a slot of its own for each of " +
        Twine(sequences) + " sequences, a context of at least " +
        Twine(longest) + ", and a positive block and vocabulary");
  if (!plan.ids.empty() && static_cast<int64_t>(plan.ids.size()) != count)
    return llvm::createStringError("expects ids of " + Twine(count) +
                                   " tokens, but got " +
                                   Twine(plan.ids.size()));
  for (int64_t row : plan.rows)
    if (row >= count)
      return llvm::createStringError("expects rows below the " + Twine(count) +
                                     " tokens of the step, but got " +
                                     Twine(row));
  return llvm::Error::success();
}

/// Where a key keeps its list, or null.
static SmallVector<int64_t> *findList(StepPlan &plan, StringRef key) {
  return llvm::StringSwitch<SmallVector<int64_t> *>(key)
      .Case("tokens", &plan.tokens)
      .Case("start", &plan.start)
      .Case("slot", &plan.slot)
      .Case("rows", &plan.rows)
      .Case("ids", &plan.ids)
      .Default(nullptr);
}

/// Where a key keeps its number, or null.
static int64_t *findNumber(StepPlan &plan, StringRef key) {
  return llvm::StringSwitch<int64_t *>(key)
      .Case("slots", &plan.slots)
      .Case("block", &plan.block)
      .Case("context", &plan.context)
      .Case("vocabulary", &plan.vocabulary)
      .Case("seed", &plan.seed)
      .Default(nullptr);
}

llvm::Expected<StepPlan> StepPlan::parse(StringRef text) {
  StepPlan plan;
  StringRef rows = "last";
  SmallVector<StringRef> entries;
  text.split(entries, ',', -1, /*KeepEmpty=*/false);
  for (StringRef entry : entries) {
    auto [key, value] = entry.split(':');
    if (key == "rows" &&
        (value == "last" || value == "all" || value == "none")) {
      rows = value;
      continue;
    }
    SmallVector<int64_t> numbers;
    SmallVector<int64_t> *list = findList(plan, key);
    int64_t *number = findNumber(plan, key);
    // Sums and products of these fit into 64 bits, and lists into memory.
    int64_t most = key == "seed"  ? std::numeric_limits<int64_t>::max()
                   : key == "ids" ? std::numeric_limits<int32_t>::max()
                                  : int64_t(1) << 24;
    bool isGood =
        parseNumbers(value, "+", numbers) &&
        llvm::all_of(numbers, [&](int64_t n) { return n >= 0 && n <= most; }) &&
        (list || (number && numbers.size() == 1));
    if (!isGood)
      return llvm::createStringError(
          "cannot read '" + entry +
          "' of a step; known keys: tokens, start, slot, slots, block, "
          "context, vocabulary, rows, ids, seed; numbers are at most 2^24");
    if (key == "rows")
      rows = "listed";
    if (list)
      *list = numbers;
    else
      *number = numbers.front();
  }
  complete(plan, rows);
  if (llvm::Error error = check(plan))
    return std::move(error);
  return plan;
}

/// Rows of one part of a step, one after the other.
static std::vector<int64_t> listPart(StringRef part, const StepPlan &step) {
  if (part == "rows")
    return {step.rows.begin(), step.rows.end()};
  if (part == "tokens" && !step.ids.empty())
    return {step.ids.begin(), step.ids.end()};
  std::vector<int64_t> list;
  std::mt19937_64 random(step.seed);
  int64_t row = 0;
  for (auto [sequence, count] : llvm::enumerate(step.tokens)) {
    int64_t slot = step.slot[sequence], start = step.start[sequence];
    for (int64_t i = 0; i < count; ++i) {
      int64_t token = random() % step.vocabulary;
      // The second half of a sequence is another segment.
      if (part == "types")
        list.push_back(2 * i >= count);
      if (part == "tokens")
        list.push_back(token);
      if (part == "positions")
        list.push_back(start + i);
      if (part == "slots")
        list.push_back(slot);
      if (part == "blocks" && i % step.block == 0)
        list.insert(list.end(), {row + i, std::min(step.block, count - i), slot,
                                 start + i});
    }
    row += count;
  }
  return list;
}

namespace {
/// The text of an input, taken apart.
struct InputText {
  StringRef kind, value;
  SmallVector<int64_t> shape;
  bool hasShape = false;
};
} // namespace

static llvm::Expected<InputText> parseInput(StringRef text) {
  InputText input;
  if (text.ends_with(".npy"))
    return InputText{"npy", text, {}, false};
  auto [front, shape] = text.split('@');
  std::tie(input.kind, input.value) = front.split(':');
  input.hasShape = text.contains('@');
  if (input.hasShape && !shape.empty() &&
      !parseNumbers(shape, "x", input.shape))
    return llvm::createStringError("cannot read the shape '" + shape +
                                   "' of an input; write it as @8x64");
  if (llvm::any_of(input.shape,
                   [](int64_t dim) { return dim < 0 || dim > (1 << 24); }))
    return llvm::createStringError(
        "expects dimensions from 0 to 2^24 for an input, but got '" + shape +
        "'");
  return input;
}

/// The shape of an input with `count` elements, or with any number for -1.
static SmallVector<int64_t> findShape(const InputText &input, Type type,
                                      int64_t count, ArrayRef<int64_t> dims) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (input.hasShape || !tensor)
    return input.shape;
  SmallVector<int64_t> shape(tensor.getShape());
  if (count >= 0 && tensor.getNumDynamicDims() == 1) {
    int64_t others = 1;
    for (int64_t dim : shape)
      others *= ShapedType::isDynamic(dim) ? 1 : dim;
    dims = {};
    for (int64_t &dim : shape)
      if (ShapedType::isDynamic(dim))
        dim = others ? count / others : 0;
  }
  for (int64_t &dim : shape) {
    if (!ShapedType::isDynamic(dim))
      continue;
    dim = dims.empty() ? 1 : dims.front();
    if (dims.size() > 1)
      dims = dims.drop_front();
  }
  return shape;
}

static llvm::Expected<Tensor> fill(Tensor tensor, ArrayRef<double> numbers) {
  int64_t count = tensor.getNumElements();
  if (static_cast<int64_t>(numbers.size()) != count)
    return llvm::createStringError("expects an input of " + Twine(count) +
                                   " elements, but got " +
                                   Twine(numbers.size()));
  for (int64_t i = 0; i < count; ++i) {
    if (tensor.isFloat())
      tensor.mutableFloats()[i] = roundTo(tensor.getElementType(), numbers[i]);
    else
      tensor.mutableInts()[i] =
          wrapTo(tensor.getElementType(), static_cast<int64_t>(numbers[i]));
  }
  return tensor;
}

static bool parseList(StringRef text, std::vector<double> &numbers) {
  SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts)
    if (part.getAsDouble(numbers.emplace_back()))
      return false;
  return true;
}

static std::vector<double> draw(uint64_t seed, int64_t count) {
  std::mt19937_64 random(seed);
  std::vector<double> numbers(count);
  for (double &number : numbers)
    number = std::ldexp(static_cast<double>(random() >> 11), -52) - 1;
  return numbers;
}

/// A tensor of unwritten elements, if it is not too large.
static llvm::Expected<Tensor> makeTensor(Type element,
                                         ArrayRef<int64_t> shape) {
  if (isInterpretable(shape))
    return Tensor(element, shape);
  std::string text = llvm::join(
      llvm::map_range(shape, [](int64_t dim) { return std::to_string(dim); }),
      "x");
  return llvm::createStringError(
      "expects an input of at most 2^28 elements, but got the shape " + text);
}

/// Fills a tensor that could be made with as many numbers as are asked for.
static llvm::Expected<Tensor>
fillFrom(llvm::Expected<Tensor> tensor,
         llvm::function_ref<std::vector<double>(int64_t)> numbers) {
  if (!tensor)
    return tensor.takeError();
  return fill(*tensor, numbers(tensor->getNumElements()));
}

/// A cache of random numbers, so that what lies beyond a sequence shows if it
/// is read.
static llvm::Expected<Tensor> makeCache(RankedTensorType type, uint64_t seed,
                                        const StepPlan &step) {
  SmallVector<int64_t> shape(type.getShape());
  int64_t defaults[] = {1, step.slots, step.context};
  for (auto [dim, size] : llvm::enumerate(shape))
    if (ShapedType::isDynamic(size))
      size = dim < 3 ? defaults[dim] : 1;
  return fillFrom(makeTensor(type.getElementType(), shape),
                  [&](int64_t count) { return draw(seed, count); });
}

llvm::Expected<Tensor> tenon::makeInput(StringRef text, Type type,
                                        ArrayRef<int64_t> dims,
                                        const StepPlan &step) {
  llvm::Expected<InputText> input = parseInput(text);
  if (!input)
    return input.takeError();
  StringRef kind = input->kind;
  Type element = getElementTypeOrSelf(type);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (kind == "npy")
    return readNpy(text, element);
  auto make = [&](int64_t count) {
    return makeTensor(element, findShape(*input, type, count, dims));
  };
  uint64_t seed = step.seed;
  bool hasSeed = !input->value.getAsInteger(10, seed);
  if (kind == "cache" && tensor && tensor.getRank() >= 3)
    return makeCache(tensor, seed, step);
  if (kind == "seed" && hasSeed && isa<FloatType>(element))
    return fillFrom(make(-1), [&](int64_t count) { return draw(seed, count); });
  if (kind == "unwritten")
    return make(-1);
  if (kind == "logits" || kind == "embeddings" || kind == "pooled")
    return make(listPart("rows", step).size() *
                (tensor ? std::max<int64_t>(tensor.getShape().back(), 0) : 0));
  std::vector<double> numbers;
  auto list = [&](int64_t) { return numbers; };
  if (kind == "iota" && hasSeed && seed <= (1 << 24)) {
    numbers.resize(seed);
    std::iota(numbers.begin(), numbers.end(), 0);
    return fillFrom(make(numbers.size()), list);
  }
  if (kind == "zeros" || kind == "fill") {
    double number = 0;
    if (kind == "zeros" || !input->value.getAsDouble(number))
      return fillFrom(make(-1), [&](int64_t count) {
        return std::vector<double>(count, number);
      });
  }
  if (((kind == "ints" && !isa<FloatType>(element)) || kind == "floats") &&
      parseList(input->value, numbers))
    return fillFrom(make(numbers.size()), list);
  if (llvm::is_contained(
          {"tokens", "positions", "slots", "rows", "types", "blocks"}, kind)) {
    for (int64_t number : listPart(kind, step))
      numbers.push_back(static_cast<double>(number));
    return fillFrom(make(numbers.size()), list);
  }
  std::string typeText;
  llvm::raw_string_ostream(typeText) << type;
  return llvm::createStringError(
      "cannot make an input of type " + typeText + " from '" + text +
      "'; known kinds: seed:N (floats), zeros, fill:X, iota:N, ints:..., "
      "floats:..., F.npy, unwritten, tokens, positions, slots, rows, types, "
      "blocks, cache, logits, embeddings, pooled");
}
