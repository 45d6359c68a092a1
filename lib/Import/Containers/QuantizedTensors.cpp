// Presents the tensors of quantized modules as matrices with scales and offsets.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/HuggingFace.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace tenon;
using llvm::support::endian::read32le;
using llvm::support::endian::read64le;

static int64_t divideUp(int64_t count, int64_t size) {
  return static_cast<int64_t>(llvm::divideCeil(count, size));
}

/// The columns that share a scale where a whole row does: the number is repeated,
/// so that kernels step over columns as with any other block.
static constexpr int64_t kRepeatedCols = 128;

namespace {
/// Whole numbers in words of 32 bits, with scales and zero points of groups of
/// columns.
struct PackedModule {
  /// As they are stored; zeros and indices may be null.
  const TensorInfo *codes = nullptr;
  const TensorInfo *scales = nullptr;
  const TensorInfo *zeros = nullptr;
  const TensorInfo *indices = nullptr;
  int64_t rows = 0, cols = 0, bits = 0;
  int64_t groups = 0, groupCols = 0;
  ElementOrder codeOrder, scaleOrder, zeroOrder;
  /// The zero point that every group has where zeros are null.
  int64_t zero = 0;
};

class Presentation {
public:
  Presentation(llvm::StringRef path, const ModelConfig &config,
               MappedTensors &tensors)
      : path(path), config(config), tensors(tensors) {}

  llvm::Error presentMethod(llvm::StringRef method);

private:
  std::vector<std::string> listModules(llvm::StringRef suffix) const;
  llvm::Expected<const TensorInfo *>
  require(const llvm::Twine &name, llvm::ArrayRef<StorageType> types) const;
  llvm::Error fail(const TensorInfo &tensor, const llvm::Twine &text) const;
  llvm::Expected<int64_t> getGroupSize() const;

  llvm::Error readGptq();
  llvm::Error readAwq();
  llvm::Error readCompressed();
  llvm::Error presentGptq(const std::string &module);
  llvm::Error presentAwq(const std::string &module);
  llvm::Error presentWords(const std::string &module);
  llvm::Error presentScaled(const std::string &module, llvm::StringRef suffix);
  llvm::Error presentPacked(const std::string &module, PackedModule packed);
  llvm::Error findTensors(const std::string &module,
                          PackedModule &packed) const;
  llvm::Error findGroups(PackedModule &packed) const;
  llvm::Error findUniformZero(PackedModule &packed) const;
  llvm::Error checkBits(const PackedModule &packed) const;
  llvm::Error presentAs(const TensorInfo &stored, const std::string &name,
                        StorageType type, int64_t rows, int64_t cols,
                        ElementOrder order);

  llvm::StringRef path;
  const ModelConfig &config;
  MappedTensors &tensors;
  llvm::StringSet<> hidden;
  /// Added to zero points of GPTQ, which older files store less 1.
  int64_t zeroShift = 0;
};
} // namespace

static constexpr StorageType floatTypes[] = {StorageType::F32, StorageType::F16,
                                             StorageType::BF16};

/// The type of whole numbers in words.
static std::optional<StorageType> getWordType(int64_t bits) {
  switch (bits) {
  case 2:
    return StorageType::U2;
  case 4:
    return StorageType::U4;
  case 8:
    return StorageType::U8;
  default:
    return std::nullopt;
  }
}

/// The modules that have a tensor of this name.
std::vector<std::string>
Presentation::listModules(llvm::StringRef suffix) const {
  std::vector<std::string> modules;
  for (const TensorInfo &tensor : tensors.getTensors())
    if (llvm::StringRef name = tensor.name; name.consume_back(suffix))
      modules.push_back(name.str());
  return modules;
}

llvm::Error Presentation::fail(const TensorInfo &tensor,
                               const llvm::Twine &text) const {
  return makeImportError(quote(path) + ": tensor " + quote(tensor.name) +
                         " of shape " + stringifyShape(tensor.shape) + " " +
                         text);
}

/// A matrix, or a vector of 32-bit indices.
llvm::Expected<const TensorInfo *>
Presentation::require(const llvm::Twine &name,
                      llvm::ArrayRef<StorageType> types) const {
  std::string key = name.str();
  const TensorInfo *tensor = tensors.find(key);
  if (!tensor)
    return makeImportError(quote(path) + ": tensor " + quote(key) +
                           " is missing; a quantized module needs it");
  if (!llvm::is_contained(types, tensor->type))
    return fail(*tensor, "has type " + stringifyStorageType(tensor->type) +
                             ", but such a tensor has " +
                             (types.size() > 1
                                  ? std::string("F32, F16 or BF16")
                                  : stringifyStorageType(types.front()).str()));
  if (tensor->shape.size() != 2 || tensor->shape[0] < 1 || tensor->shape[1] < 1)
    return fail(*tensor, "expects rows and columns");
  return tensor;
}

//===----------------------------------------------------------------------===//
// Whole numbers in words
//===----------------------------------------------------------------------===//

/// Bits that the configuration announces are those of the tensors.
llvm::Error Presentation::checkBits(const PackedModule &packed) const {
  for (llvm::StringRef key :
       {"quantization_config.bits", "quantization_config.w_bit"}) {
    if (!config.has(key))
      continue;
    llvm::Expected<int64_t> said = config.getInt(key);
    if (!said)
      return said.takeError();
    if (*said != packed.bits)
      return config.makeError(key, "is " + llvm::Twine(*said) +
                                       ", but tensor " +
                                       quote(packed.codes->name) + " has " +
                                       llvm::Twine(packed.bits) + " bits");
  }
  if (!getWordType(packed.bits))
    return fail(*packed.codes, "has weights of " + llvm::Twine(packed.bits) +
                                   " bits; known: 2, 4 and 8");
  return llvm::Error::success();
}

/// Columns of a group that the configuration announces; 0 if it does not.
llvm::Expected<int64_t> Presentation::getGroupSize() const {
  for (llvm::StringRef key :
       {"quantization_config.group_size", "quantization_config.q_group_size"})
    if (config.has(key)) {
      llvm::Expected<int64_t> size =
          config.getInt(key, std::nullopt, {-1, IntRange::positive().max});
      return size ? llvm::Expected<int64_t>(std::max<int64_t>(*size, 0))
                  : std::move(size);
    }
  return 0;
}

/// Finds the group of each column: in order, or by a list, which then says where
/// the numbers of each column are.
llvm::Error Presentation::findGroups(PackedModule &packed) const {
  llvm::Expected<int64_t> said = getGroupSize();
  if (!said)
    return said.takeError();
  int64_t &size = packed.groupCols;
  size = packed.groups == 1 ? packed.cols : *said;
  if (size == 0 || divideUp(packed.cols, size) != packed.groups)
    size = divideUp(packed.cols, packed.groups);
  std::vector<int32_t> columns;
  if (packed.indices) {
    llvm::Expected<llvm::ArrayRef<uint8_t>> bytes =
        tensors.read(*packed.indices);
    if (!bytes)
      return bytes.takeError();
    if (packed.indices->type != StorageType::I32 ||
        static_cast<int64_t>(bytes->size()) != 4 * packed.cols)
      return fail(*packed.indices, "expects a group for each of " +
                                       llvm::Twine(packed.cols) + " columns");
    for (int64_t k = 0; k < packed.cols; ++k)
      columns.push_back(static_cast<int32_t>(read32le(&(*bytes)[4 * k])));
    // Without an order of its own, a list may be left empty.
    if (llvm::all_of(columns, [](int32_t group) { return group < 0; }))
      columns.clear();
    for (int32_t group : columns)
      if (group < 0 || group >= packed.groups)
        return fail(*packed.indices, "has group " + llvm::Twine(group) +
                                         ", but there are " +
                                         llvm::Twine(packed.groups));
    if (!columns.empty() && packed.groups > 1)
      size = std::max<int64_t>(1, llvm::count(columns, columns.front()));
  }
  bool inOrder = true;
  for (auto [k, group] : llvm::enumerate(columns))
    inOrder &= group == static_cast<int64_t>(k) / size;
  if (inOrder && divideUp(packed.cols, size) != packed.groups)
    return fail(*packed.scales, "has " + llvm::Twine(packed.groups) +
                                    " groups, which are not those of " +
                                    llvm::Twine(packed.cols) + " columns");
  if (!inOrder) {
    size = 1;
    packed.scaleOrder.columns = columns;
    packed.zeroOrder.columns = std::move(columns);
  } else if (packed.groups == 1) {
    size = kRepeatedCols;
    packed.scaleOrder.colStride = packed.zeroOrder.colStride = 0;
  }
  return llvm::Error::success();
}

/// Zero points that are all half of the codes are one number of the format.
llvm::Error Presentation::findUniformZero(PackedModule &packed) const {
  packed.zero = packed.bits == 8 ? 128 : 0;
  int64_t half = int64_t(1) << (packed.bits - 1);
  if (!packed.zeros) {
    packed.zero = half;
    return llvm::Error::success();
  }
  llvm::Expected<llvm::ArrayRef<uint8_t>> bytes = tensors.read(*packed.zeros);
  if (!bytes)
    return bytes.takeError();
  uint8_t pattern = 0;
  for (int64_t bit = 0; bit < 8; bit += packed.bits)
    pattern |= static_cast<uint8_t>((half - zeroShift) << bit);
  if (packed.zeros->type != StorageType::I32 ||
      llvm::any_of(*bytes, [&](uint8_t byte) { return byte != pattern; }))
    return llvm::Error::success();
  packed.zero = half;
  packed.zeros = nullptr;
  return llvm::Error::success();
}

llvm::Error Presentation::presentAs(const TensorInfo &stored,
                                    const std::string &name, StorageType type,
                                    int64_t rows, int64_t cols,
                                    ElementOrder order) {
  std::string from = stored.name;
  if (from != name && tensors.find(name))
    return fail(stored, "is another form of " + quote(name) +
                            ", which is there too; remove one of the two");
  tensors.present(from, {name,
                         type,
                         {rows, cols},
                         std::make_shared<ElementOrder>(std::move(order))});
  return llvm::Error::success();
}

llvm::Error Presentation::presentPacked(const std::string &module,
                                        PackedModule packed) {
  if (llvm::Error error = checkBits(packed))
    return error;
  if (llvm::Error error = findGroups(packed))
    return error;
  if (packed.indices)
    hidden.insert(packed.indices->name);
  const TensorInfo *zeros = packed.zeros;
  if (llvm::Error error = findUniformZero(packed))
    return error;
  if (zeros && !packed.zeros)
    hidden.insert(zeros->name);
  StorageType type = *getWordType(packed.bits);
  int64_t blocks = divideUp(packed.cols, packed.groupCols);
  std::string scaleName = module + ".weight_scale";
  if (packed.zeros) {
    ElementOrder &order = packed.zeroOrder;
    order.shift = zeroShift;
    order.bias = packed.zero;
    order.negated = true;
    order.multiplier = scaleName;
    order.blockCols = packed.groupCols;
    if (llvm::Error error =
            presentAs(*packed.zeros, module + ".weight_offset", type,
                      packed.rows, blocks, std::move(order)))
      return error;
  }
  packed.scaleOrder.blockCols = packed.groupCols;
  if (llvm::Error error =
          presentAs(*packed.scales, scaleName, packed.scales->type, packed.rows,
                    blocks, std::move(packed.scaleOrder)))
    return error;
  packed.codeOrder.bias = packed.zero;
  return presentAs(*packed.codes, module + ".weight", type, packed.rows,
                   packed.cols, std::move(packed.codeOrder));
}

//===----------------------------------------------------------------------===//
// GPTQ and AWQ: inputs are rows, outputs are columns
//===----------------------------------------------------------------------===//

/// Finds what GPTQ and AWQ store alike: words of codes and of zero points, and a
/// row of scales for each group.
llvm::Error Presentation::findTensors(const std::string &module,
                                      PackedModule &packed) const {
  for (auto [tensor, suffix] : {std::pair{&packed.codes, ".qweight"},
                                std::pair{&packed.zeros, ".qzeros"}}) {
    llvm::Expected<const TensorInfo *> found =
        require(module + suffix, StorageType::I32);
    if (!found)
      return found.takeError();
    *tensor = *found;
  }
  llvm::Expected<const TensorInfo *> scales =
      require(module + ".scales", floatTypes);
  if (!scales)
    return scales.takeError();
  packed.scales = *scales;
  packed.groups = packed.scales->shape[0];
  return llvm::Error::success();
}

llvm::Error Presentation::presentGptq(const std::string &module) {
  PackedModule packed;
  if (llvm::Error error = findTensors(module, packed))
    return error;
  packed.indices = tensors.find(module + ".g_idx");
  packed.rows = packed.codes->shape[1];
  int64_t zeroWords = packed.zeros->shape[1];
  packed.bits = 32 * zeroWords / packed.rows;
  if (packed.scales->shape[1] != packed.rows ||
      packed.zeros->shape[0] != packed.groups ||
      packed.bits * packed.rows != 32 * zeroWords || packed.bits == 0)
    return fail(*packed.zeros, "has not the groups or columns of " +
                                   quote(packed.scales->name) +
                                   ", whose shape is " +
                                   stringifyShape(packed.scales->shape));
  packed.cols = packed.codes->shape[0] * 32 / packed.bits;
  packed.codeOrder.rowStride = packed.scaleOrder.rowStride =
      packed.zeroOrder.rowStride = 1;
  packed.codeOrder.colStride = packed.scaleOrder.colStride = packed.rows;
  packed.codeOrder.words = ElementOrder::Words::OfRow;
  packed.zeroOrder.colStride = zeroWords;
  packed.zeroOrder.words = ElementOrder::Words::OfColumn;
  return presentPacked(module, std::move(packed));
}

llvm::Error Presentation::presentAwq(const std::string &module) {
  PackedModule packed;
  if (llvm::Error error = findTensors(module, packed))
    return error;
  packed.bits = 4;
  int64_t words = packed.codes->shape[1];
  packed.rows = 8 * words;
  packed.cols = packed.codes->shape[0];
  if (packed.scales->shape[1] != packed.rows ||
      packed.zeros->shape[0] != packed.groups ||
      packed.zeros->shape[1] != words)
    return fail(*packed.zeros, "has not the groups or columns of " +
                                   quote(packed.codes->name) + " and " +
                                   quote(packed.scales->name));
  packed.codeOrder.rowStride = packed.scaleOrder.rowStride =
      packed.zeroOrder.rowStride = 1;
  packed.scaleOrder.colStride = packed.rows;
  for (ElementOrder *order : {&packed.codeOrder, &packed.zeroOrder}) {
    order->colStride = words;
    order->words = ElementOrder::Words::OfColumn;
    order->alternates = true;
  }
  return presentPacked(module, std::move(packed));
}

llvm::Error Presentation::readGptq() {
  for (llvm::StringRef key : {"quantization_config.checkpoint_format",
                              "quantization_config.format"}) {
    llvm::Expected<std::string> format = config.getString(key, "gptq");
    if (!format)
      return format.takeError();
    if (*format != "gptq" && *format != "gptq_v2")
      return config.makeError(key, "is " + quote(*format) +
                                       "; known: gptq, gptq_v2");
    // Of two keys, the first one that is there counts.
    zeroShift = *format == "gptq" ? 1 : 0;
    if (config.has(key))
      break;
  }
  for (const std::string &module : listModules(".qweight"))
    if (llvm::Error error = presentGptq(module))
      return error;
  return llvm::Error::success();
}

llvm::Error Presentation::readAwq() {
  constexpr llvm::StringLiteral key = "quantization_config.version";
  llvm::Expected<std::string> version = config.getString(key, "gemm");
  if (!version)
    return version.takeError();
  if (!llvm::StringRef(*version).equals_insensitive("gemm"))
    return config.makeError(key, "is " + quote(*version) + "; known: gemm");
  for (const std::string &module : listModules(".qweight"))
    if (llvm::Error error = presentAwq(module))
      return error;
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// compressed-tensors
//===----------------------------------------------------------------------===//

/// Words of consecutive columns; zero points in words of consecutive rows.
llvm::Error Presentation::presentWords(const std::string &module) {
  PackedModule packed;
  llvm::Expected<const TensorInfo *> codes =
      require(module + ".weight_packed", StorageType::I32);
  if (!codes)
    return codes.takeError();
  llvm::Expected<const TensorInfo *> scales =
      require(module + ".weight_scale", floatTypes);
  if (!scales)
    return scales.takeError();
  std::string shapeName = module + ".weight_shape";
  const TensorInfo *shape = tensors.find(shapeName);
  if (!shape || shape->type != StorageType::I64)
    return makeImportError(quote(path) + ": tensor " + quote(shapeName) +
                           " of I64 is missing; a packed module needs it");
  llvm::Expected<llvm::ArrayRef<uint8_t>> sizes = tensors.read(*shape);
  if (!sizes)
    return sizes.takeError();
  packed.codes = *codes;
  packed.scales = *scales;
  packed.zeros = tensors.find(module + ".weight_zero_point");
  packed.indices = tensors.find(module + ".weight_g_idx");
  packed.rows = packed.codes->shape[0];
  int64_t words = packed.codes->shape[1];
  if (sizes->size() != 16 ||
      static_cast<int64_t>(read64le(sizes->data())) != packed.rows)
    return fail(*shape, "does not say the rows of " +
                            quote(packed.codes->name) + " of shape " +
                            stringifyShape(packed.codes->shape));
  packed.cols = static_cast<int64_t>(read64le(sizes->data() + 8));
  for (int64_t bits : {2, 4, 8})
    if (packed.cols > 0 && packed.cols <= 16 * words &&
        divideUp(packed.cols, 32 / bits) == words)
      packed.bits = bits;
  packed.groups = packed.scales->shape[1];
  if (packed.bits == 0 || packed.scales->shape[0] != packed.rows ||
      packed.groups > packed.cols)
    return fail(*packed.codes, "has not the columns of " + quote(shapeName) +
                                   " in 2, 4 or 8 bits, or not the rows of " +
                                   quote(packed.scales->name));
  int64_t perWord = 32 / packed.bits;
  if (packed.zeros && (packed.zeros->type != StorageType::I32 ||
                       llvm::ArrayRef(packed.zeros->shape) !=
                           llvm::ArrayRef<int64_t>{
                               divideUp(packed.rows, perWord), packed.groups}))
    return fail(*packed.zeros, "expects a zero point in I32 for each of " +
                                   quote(packed.scales->name));
  packed.codeOrder.rowStride = words;
  packed.scaleOrder.rowStride = packed.zeroOrder.rowStride = packed.groups;
  packed.codeOrder.colStride = packed.scaleOrder.colStride =
      packed.zeroOrder.colStride = 1;
  packed.codeOrder.words = ElementOrder::Words::OfRow;
  packed.zeroOrder.words = ElementOrder::Words::OfColumn;
  hidden.insert(shapeName);
  return presentPacked(module, std::move(packed));
}

/// Bytes of one element each, whole numbers or floats, with a scale for the
/// tensor, each row, or each block.
llvm::Error Presentation::presentScaled(const std::string &module,
                                        llvm::StringRef suffix) {
  const TensorInfo *codes = tensors.find(module + ".weight");
  const TensorInfo *scales = tensors.find(module + suffix.str());
  bool isInteger = codes && codes->type == StorageType::I8;
  if (!codes || codes->shape.size() != 2 ||
      (!isInteger && codes->type != StorageType::F8E4M3))
    return llvm::Error::success();
  if (!llvm::is_contained(floatTypes, scales->type))
    return fail(*scales, "has type " + stringifyStorageType(scales->type) +
                             ", but scales are F32, F16 or BF16");
  int64_t rows = codes->shape[0], cols = codes->shape[1], count = 1;
  for (int64_t size : scales->shape)
    count *= size;
  ElementOrder order;
  order.blockCols = kRepeatedCols;
  int64_t down = rows, across = divideUp(cols, kRepeatedCols);
  if (count == rows && count > 1) {
    order.rowStride = 1;
  } else if (count != 1) {
    if (scales->shape.size() != 2 || count == 0)
      return fail(*scales, "expects one scale, one for each row, or a grid");
    down = scales->shape[0];
    across = scales->shape[1];
    order.rowStride = across;
    order.colStride = 1;
    order.blockRows = divideUp(rows, down);
    order.blockCols = divideUp(cols, across);
    // Blocks of which the last is cut.
    llvm::Expected<std::vector<int64_t>> block = config.getIntList(
        "quantization_config.weight_block_size", /*required=*/false);
    if (!block)
      return block.takeError();
    if (block->size() == 2 && (*block)[0] > 0 && (*block)[1] > 0) {
      order.blockRows = (*block)[0];
      order.blockCols = (*block)[1];
    }
    if (divideUp(rows, order.blockRows) != down ||
        divideUp(cols, order.blockCols) != across)
      return fail(*scales, "is no grid of blocks of " + quote(codes->name) +
                               " of shape " + stringifyShape(codes->shape));
  }
  std::string zeroName = module + ".weight_zero_point";
  if (const TensorInfo *zeros = tensors.find(zeroName); zeros && isInteger) {
    if (zeros->type != StorageType::I8 || zeros->shape != scales->shape)
      return fail(*zeros, "expects a zero point in I8 for each of " +
                              quote(scales->name));
    ElementOrder minus = order;
    minus.negated = true;
    minus.multiplier = module + ".weight_scale";
    if (llvm::Error error =
            presentAs(*zeros, module + ".weight_offset", StorageType::I8, down,
                      across, std::move(minus)))
      return error;
  } else if (zeros) {
    hidden.insert(zeroName);
  }
  return presentAs(*scales, module + ".weight_scale", scales->type, down,
                   across, std::move(order));
}

llvm::Error Presentation::readCompressed() {
  for (const std::string &module : listModules(".weight_packed"))
    if (llvm::Error error = presentWords(module))
      return error;
  for (const std::string &module : listModules(".weight_scale"))
    if (llvm::Error error = presentScaled(module, ".weight_scale"))
      return error;
  // Scales of all blocks are read as they are; one of a tensor is not a block's.
  for (const std::string &module : listModules(".weight_scale_inv")) {
    const TensorInfo *scale = tensors.find(module + ".weight_scale_inv");
    if (scale->shape.size() == 2 &&
        scale->shape != llvm::ArrayRef<int64_t>{1, 1})
      continue;
    if (scale->shape.size() <= 2)
      if (llvm::Error error = presentScaled(module, ".weight_scale_inv"))
        return error;
  }
  return llvm::Error::success();
}

llvm::Error Presentation::presentMethod(llvm::StringRef method) {
  auto read = [&]() -> llvm::Error {
    if (method == "gptq")
      return readGptq();
    if (method == "awq")
      return readAwq();
    if (method == "compressed-tensors" || method == "fp8" ||
        method == "fbgemm_fp8" || method == "modelopt FP8")
      return readCompressed();
    return llvm::Error::success();
  };
  if (llvm::Error error = read())
    return error;
  // Scales of activations, which are not quantized here.
  for (llvm::StringRef suffix : {".input_scale", ".output_scale",
                                 ".activation_scale", ".input_zero_point"})
    for (const std::string &module : listModules(suffix))
      if (const TensorInfo *weight = tensors.find(module + ".weight");
          weight && tensors.find(module + ".weight_scale"))
        hidden.insert(module + suffix.str());
  if (!hidden.empty())
    tensors.hide(hidden);
  return llvm::Error::success();
}

llvm::Error tenon::presentQuantized(llvm::StringRef path,
                                    const ModelConfig &config,
                                    MappedTensors &tensors) {
  constexpr llvm::StringLiteral key = "quantization_config.quant_method";
  if (!config.has(key))
    return llvm::Error::success();
  llvm::Expected<std::string> method = config.getString(key);
  if (!method)
    return method.takeError();
  return Presentation(path, config, tensors).presentMethod(*method);
}
