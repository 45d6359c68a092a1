// Formats of weights, from tensors or from what a configuration announces.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "WeightStacks.h"
#include "dialects/Tenon/StorageFormat.h"
#include "tenon/Support/PanelLayout.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Remarks.h"
#include "ConfigReader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;

static llvm::Error makeError(const llvm::Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

/// The tensor of the scales of a tensor of 8-bit floats, in checkpoints of
/// Hugging Face.
static std::string getScaleName(llvm::StringRef tensor) {
  return (tensor + "_scale_inv").str();
}

/// What the tensors of MXFP4 end in: codes, and the powers of two of each 32.
static constexpr llvm::StringLiteral kBlocks = "_blocks", kScales = "_scales";
static constexpr int64_t kMicroscaledBlock[] = {1, 32};

static bool isBlocksOfMxfp4(llvm::StringRef tensor) {
  return tensor.ends_with(kBlocks);
}

static std::string getScalesOfBlocks(llvm::StringRef tensor) {
  tensor.consume_back(kBlocks);
  return (tensor + kScales).str();
}

static bool isMatrix(WeightRole role) {
  return role == WeightRole::Matrix || role == WeightRole::PlainMatrix;
}

llvm::Error WeightFormats::read() {
  ConfigReader config(source.getConfig());
  static constexpr StorageType types[] = {StorageType::F32, StorageType::F16,
                                          StorageType::BF16};
  // A file that says nothing was written before there was another type.
  if (!source.knowsTensors())
    declared = types[config.getChoice("dtype", llvm::StringRef("float32"),
                                      {"float32", "float16", "bfloat16"})];
  if (!config.failed() && config.has("quantization_config"))
    if (llvm::Error error = readMethod())
      return error;
  if (config.has("quantization_config.weight_block_size")) {
    std::vector<int64_t> block = config.getIntList(
        "quantization_config.weight_block_size", {1, ConfigReader::maxSize});
    if (!config.failed() && block.size() != 2)
      config.complain("quantization_config.weight_block_size",
                      "expects rows and columns of a block, but got " +
                          llvm::Twine(block.size()) + " numbers");
    scaleBlock.assign(block.begin(), block.end());
    keptModules =
        config.getStringList("quantization_config.modules_to_not_convert");
  }
  return config.takeError();
}

/// Refuses quantizations that are not read under their names.
llvm::Error WeightFormats::readMethod() {
  constexpr llvm::StringLiteral key = "quantization_config.quant_method";
  static constexpr llvm::StringRef methods[] = {
      "fp8",  "fbgemm_fp8", "modelopt FP8", "compressed-tensors",
      "gptq", "awq",        "mxfp4"};
  ConfigReader config(source.getConfig());
  method = methods[config.getChoice(key, std::nullopt, methods)];
  if (!config.failed() && method == "compressed-tensors") {
    config.getChoice("quantization_config.format", "dense",
                     {"dense", "pack-quantized", "int-quantized",
                      "float-quantized", "naive-quantized", "mixed-precision"});
    config.getChoice("quantization_config.sparsity_config.format", "dense",
                     {"dense"});
  }
  if (config.failed() || source.knowsTensors())
    return config.takeError();
  if (method != "fp8" && method != "mxfp4")
    config.complain(key, "is '" + method +
                             "', of which tensors tell the formats; import "
                             "the model with its weights");
  else if (method == "fp8" &&
           !config.has("quantization_config.weight_block_size"))
    config.complain(key, "is 'fp8' without 'weight_block_size', which is "
                         "one scale for each tensor; import the model with "
                         "its weights");
  return config.takeError();
}

StoredAs WeightFormats::getExpected(const WeightSpec &spec,
                                    int64_t layer) const {
  if (spec.role == WeightRole::ExactVector)
    return {getStorageFormat(context, StorageType::F32), {}};
  std::string name = WeightOp::expandName(spec.source, layer, /*expert=*/0);
  bool kept = llvm::any_of(keptModules, [&](llvm::StringRef module) {
    return llvm::StringRef(name).contains(module);
  });
  if (isBlocksOfMxfp4(spec.source))
    return {getStorageFormat(context, StorageType::F4E2M1, kMicroscaledBlock),
            {getScalesOfBlocks(spec.source)}};
  if (method == "fp8" && spec.role == WeightRole::Matrix && !kept)
    return {getStorageFormat(context, StorageType::F8E4M3, scaleBlock),
            {getScaleName(spec.source)}};
  return {getStorageFormat(context, declared), {}};
}

/// A tensor whose blocks have their scales in another tensor.
llvm::Expected<StoredAs>
WeightFormats::getBlockScaled(const TensorInfo &tensor,
                              const WeightSpec &spec) const {
  if (scaleBlock.size() != 2)
    return source.getConfig().makeError(
        "quantization_config.weight_block_size",
        "is missing; tensor '" + tensor.name +
            "' is stored as F8_E4M3 and needs it");
  // One tensor of all experts has the blocks of each.
  SmallVector<int64_t, 4> grid(tensor.shape);
  for (auto [size, block] :
       llvm::zip_equal(MutableArrayRef<int64_t>(grid).take_back(2), scaleBlock))
    size = llvm::divideCeil(size, block);
  static constexpr StorageType scaleTypes[] = {
      StorageType::F32, StorageType::F16, StorageType::BF16};
  llvm::Expected<const TensorInfo *> scales =
      source.requireTensor(getScaleName(tensor.name), grid, scaleTypes);
  if (!scales)
    return scales.takeError();
  return StoredAs{getStorageFormat(context, StorageType::F8E4M3, scaleBlock),
                  {getScaleName(spec.source)}};
}

/// A tensor of halves of bytes, whose powers of two lie in another tensor.
llvm::Expected<StoredAs>
WeightFormats::getMicroscaled(const TensorInfo &tensor,
                              const WeightSpec &spec) const {
  SmallVector<int64_t, 4> grid(tensor.shape);
  grid.back() = llvm::divideCeil(grid.back(), kMicroscaledBlock[1]);
  llvm::Expected<const TensorInfo *> scales = source.requireTensor(
      getScalesOfBlocks(tensor.name), grid, StorageType::F8E8M0);
  if (!scales)
    return scales.takeError();
  return StoredAs{
      getStorageFormat(context, StorageType::F4E2M1, kMicroscaledBlock),
      {getScalesOfBlocks(spec.source)}};
}

/// A matrix whose scales, and perhaps offsets, are matrices of their own.
llvm::Expected<StoredAs>
WeightFormats::getScaled(const TensorInfo &tensor, const TensorInfo &scales,
                         const WeightSpec &spec) const {
  Type code = getScaledCode(context, tensor.type);
  if (!code || !isMatrix(spec.role))
    return makeError("'" + source.getPath() + "': tensor '" + tensor.name +
                     "' is quantized, but a weight of this kind cannot be");
  const ElementOrder &order = *scales.order;
  // Kernels read scales of small floats as f32, and others as they are.
  Type f32 = Float32Type::get(context);
  Type number = isa<FloatType>(code)
                    ? f32
                    : getStorageFormat(context, scales.type).getCode();
  SmallVector<FormatFactor, 2> factors = {
      {FactorRole::Scale, number, order.blockRows, order.blockCols}};
  StoredAs stored;
  stored.factors.push_back(spec.source + "_scale");
  if (source.getTensors().find(tensor.name + "_offset")) {
    factors.push_back(
        {FactorRole::Offset, f32, order.blockRows, order.blockCols});
    stored.factors.push_back(spec.source + "_offset");
  }
  stored.format = FormatAttr::get(
      context, code, tensor.order ? tensor.order->bias : 0, factors);
  return stored;
}

llvm::Expected<StoredAs>
WeightFormats::getStored(llvm::StringRef name, const WeightSpec &spec) const {
  static constexpr StorageType plainTypes[] = {
      StorageType::F32, StorageType::F16, StorageType::BF16};
  ArrayRef<int64_t> shape(spec.shape);
  bool ofExperts = WeightOp::isPerExpert(spec.source);
  bool matrix = isMatrix(spec.role);
  // The container knows blocks by their powers of two.
  const TensorInfo *bytes = source.getTensors().find(name);
  if (bytes && bytes->type == StorageType::U8 && isBlocksOfMxfp4(name))
    return makeError("'" + source.getPath() + "': tensor '" + name +
                     "' expects a power of two for each block of 16 bytes in "
                     "tensor '" +
                     getScalesOfBlocks(name) +
                     "'; complete the files of the model");
  llvm::Expected<const TensorInfo *> tensor = source.requireTensor(
      name, ofExperts ? shape.drop_front() : shape,
      matrix ? llvm::ArrayRef<StorageType>() : llvm::ArrayRef(plainTypes));
  if (!tensor)
    return tensor.takeError();
  const TensorInfo *scales = source.getTensors().find((name + "_scale").str());
  if (scales && scales->order)
    return getScaled(**tensor, *scales, spec);
  if ((*tensor)->type == StorageType::F8E4M3)
    return getBlockScaled(**tensor, spec);
  if ((*tensor)->type == StorageType::F4E2M1)
    return getMicroscaled(**tensor, spec);
  if (FormatAttr format = getStorageFormat(context, (*tensor)->type))
    return StoredAs{format, {}};
  return makeError("'" + source.getPath() + "': tensor '" + name +
                   "' is stored as " + stringifyStorageType((*tensor)->type) +
                   ", which no weight can have; expects a type of numbers");
}

llvm::Expected<StoredAs> WeightFormats::getStored(const WeightSpec &spec,
                                                  int64_t layer) const {
  if (!source.knowsTensors())
    return getExpected(spec, layer);
  bool ofExperts = WeightOp::isPerExpert(spec.source);
  StoredAs first;
  for (int64_t e = 0, count = ofExperts ? spec.shape.front() : 1; e < count;
       ++e) {
    std::string one = WeightOp::expandName(spec.source, layer, e);
    llvm::Expected<StoredAs> stored = getStored(one, spec);
    if (!stored)
      return stored.takeError();
    if (first.format && !(*stored == first))
      return makeError("'" + source.getPath() + "': tensor '" + one +
                       "' is not stored like that of expert 0; expects the "
                       "same type for all experts of a layer");
    first = std::move(*stored);
  }
  return first;
}

bool WeightFormats::knows(llvm::StringRef tensor, int64_t layer) const {
  if (!source.knowsTensors())
    return method == "mxfp4" && isBlocksOfMxfp4(tensor);
  return source.getTensors().find(
      WeightOp::expandName(tensor, layer, /*expert=*/0));
}

FormatAttr WeightFormats::getUsed(const WeightSpec &spec,
                                  FormatAttr stored) const {
  // Vectors are small, and casting them would only lose what they say.
  if (!isMatrix(spec.role))
    return stored;
  if (choice == WeightChoice::Keep)
    return stored.fitsPanel(spec.shape.back(),
                            getPanelDepth(stored.getCodeBits()))
               ? stored
               : getStorageFormat(context, StorageType::F32);
  bool toF32 = choice == WeightChoice::F32;
  return getStorageFormat(context,
                          toF32 ? StorageType::F32 : StorageType::BF16);
}

/// Whether a tensor belongs to one of the first layers. Frequencies of the
/// rotary embedding, which older files store, follow from the configuration.
static bool isOfLayers(llvm::StringRef name, int64_t layers) {
  if (name.ends_with(".rotary_emb.inv_freq") ||
      !name.consume_front("model.layers."))
    return false;
  int64_t layer;
  return !name.split('.').first.getAsInteger(10, layer) && layer < layers;
}

void tenon::warnOfUnusedTensors(ModuleOp module, const ModelSource &source,
                                int64_t layers) {
  if (!source.knowsTensors())
    return;
  llvm::StringSet<> used;
  for (WeightOp weight : module.getOps<WeightOp>())
    for (int64_t i = 0, count = weight.getTensorCount(); i < count; ++i) {
      used.insert(weight.getTensorName(i));
      size_t factors =
          weight.hasFactorTensors() ? weight.getFactors()->size() : 0;
      for (size_t factor = 0; factor < factors; ++factor)
        used.insert(weight.getFactorTensorName(factor, i));
    }
  llvm::StringRef first;
  int64_t unused = 0;
  for (const TensorInfo &tensor : source.getTensors().getTensors())
    if (isOfLayers(tensor.name, layers) && !used.contains(tensor.name) &&
        unused++ == 0)
      first = tensor.name;
  if (unused)
    emitWarning(module.getLoc())
        << unused << (unused == 1 ? " tensor" : " tensors") << " of the layers "
        << (unused == 1 ? "is" : "are") << " not used, first '"
        << source.getStoredName(first) << "'; check that "
        << (source.getEmbeddedMetadata() ? "the metadata" : "config.json")
        << " describes this model";
}

llvm::Error tenon::createWeight(OpBuilder &builder, const WeightStack &weight,
                                ArrayRef<int64_t> layers,
                                const WeightFormats &formats) {
  // Offsets into the weights of an artifact have 64 bits.
  constexpr int64_t maxElements = int64_t(1) << 48;
  SmallVector<int64_t> shape(weight.spec.shape);
  if (!layers.empty())
    shape.insert(shape.begin(), layers.size());
  int64_t elements = 1;
  for (int64_t dim : shape)
    if (llvm::MulOverflow(elements, dim, elements) || elements > maxElements)
      return makeError("weight '" + weight.spec.source + "' has " +
                       llvm::join(llvm::map_range(shape,
                                                  [](int64_t size) {
                                                    return std::to_string(size);
                                                  }),
                                  " x ") +
                       " elements in all layers; expects at most 2^48");

  MLIRContext *context = builder.getContext();
  FormatAttr format = weight.stored.format;
  FormatAttr used = formats.getUsed(weight.spec, format);
  bool casts = used != format;
  ArrayAttr factors;
  if (!weight.stored.factors.empty())
    factors = builder.getStrArrayAttr(
        llvm::to_vector_of<StringRef>(weight.stored.factors));
  std::string stored = weight.symbol + (casts ? ".stored" : "");
  Location loc = NameLoc::get(builder.getStringAttr(weight.symbol));
  WeightOp::create(builder, loc, stored, weight.spec.source, factors, layers,
                   WeightType::get(context, shape, format, nullptr),
                   /*offset=*/nullptr);
  if (casts && formats.keeps())
    mlir::remark::analysis(
        loc, mlir::remark::RemarkOpts::name("WidenWeight").category("import"))
        << mlir::remark::metric("Weight", weight.symbol)
        << mlir::remark::metric("From", format)
        << mlir::remark::metric("To", used);
  if (casts)
    DeriveOp::create(
        builder, loc, weight.symbol, Derivation::Cast,
        builder.getArrayAttr(FlatSymbolRefAttr::get(context, stored)),
        /*first=*/0, /*count=*/0,
        WeightType::get(context, shape, used, nullptr), /*offset=*/nullptr);
  return llvm::Error::success();
}

void tenon::createView(OpBuilder &builder, const WeightView &view,
                       int64_t layers) {
  SmallVector<int64_t> shape{layers};
  shape.append(view.shape.begin(), view.shape.end());
  MLIRContext *context = builder.getContext();
  SmallVector<Attribute> from;
  for (const std::string &symbol : view.from)
    from.push_back(FlatSymbolRefAttr::get(context, symbol));
  DeriveOp::create(builder, NameLoc::get(builder.getStringAttr(view.symbol)),
                   view.symbol, view.derivation, builder.getArrayAttr(from),
                   view.first, view.count,
                   WeightType::get(context, shape, view.format, nullptr),
                   /*offset=*/nullptr, view.step);
}
