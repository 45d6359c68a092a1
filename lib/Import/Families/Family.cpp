// Reads what all families have in common.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Family.h"
#include "RotaryEmbedding.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Remarks.h"

#include <cmath>

using namespace tenon;

llvm::Error Family::read(int64_t maxContext) {
  ConfigReader config(source.getConfig());
  layers = config.getCount("num_hidden_layers");
  hidden = config.getSize("hidden_size");
  vocabulary = config.getSize("vocab_size");
  contextLength = readContextLength(config);
  positions =
      maxContext > 0 ? std::min(maxContext, contextLength) : contextLength;
  norm.eps = config.getFloat(getEpsKey(), getDefaultEps());
  if (!std::isnormal(static_cast<float>(norm.eps)))
    config.complain(getEpsKey(), "expects a number that is normal in f32, "
                                 "but got " +
                                     ConfigReader::print(norm.eps));
  if (config.has("tie_word_embeddings"))
    tied = config.getBool("tie_word_embeddings");
  else
    tied = isTiedByDefault() || (source.knowsTensors() &&
                                 !source.getTensors().find("lm_head.weight"));
  if (!config.failed())
    readLayers(config);
  if (llvm::Error error = config.takeError())
    return error;
  return resolveHead();
}

/// Whether two tensors are stored alike, byte for byte.
static llvm::Expected<bool> areEqual(const TensorSource &tensors,
                                     const TensorInfo &first,
                                     const TensorInfo &second) {
  if (first.type != second.type || first.shape != second.shape)
    return false;
  llvm::Expected<llvm::ArrayRef<uint8_t>> bytes = tensors.read(first);
  if (!bytes)
    return bytes.takeError();
  llvm::Expected<llvm::ArrayRef<uint8_t>> others = tensors.read(second);
  if (!others)
    return others.takeError();
  return *bytes == *others;
}

/// A configuration ties the head to the embedding, and yet the file may have a
/// head: what is stored counts, as in the published classes. Where the two are
/// equal, or one of them is missing, one tensor is both.
llvm::Error Family::resolveHead() {
  static constexpr llvm::StringLiteral headTensor = "lm_head.weight";
  const TensorSource &tensors = source.getTensors();
  const TensorInfo *head =
      tied && source.knowsTensors() ? tensors.find(headTensor) : nullptr;
  if (!head)
    return llvm::Error::success();
  const TensorInfo *embedding = tensors.find(embeddingTensor);
  if (!embedding) {
    embeddingTensor = headTensor.str();
    return llvm::Error::success();
  }
  llvm::Expected<bool> equal = areEqual(tensors, *embedding, *head);
  if (!equal)
    return equal.takeError();
  tied = *equal;
  if (tied)
    return llvm::Error::success();
  mlir::Location loc =
      mlir::NameLoc::get(mlir::StringAttr::get(context, "head"));
  mlir::remark::analysis(
      loc, mlir::remark::RemarkOpts::name("HeadIsStored").category("import"))
      << mlir::remark::metric("Tensor", headTensor);
  mlir::emitWarning(loc) << "'tie_word_embeddings' is true, but tensor '"
                         << headTensor << "' differs from '" << embeddingTensor
                         << "'; the stored head is used";
  return llvm::Error::success();
}

mlir::Value Family::buildEmbedding(BlockBuilder &block,
                                   mlir::Value tokens) const {
  return block.embed(tokens, "embed", embeddingTensor, vocabulary, hidden,
                     embeddingScale);
}

llvm::SmallVector<mlir::Value> Family::buildOutputs(BlockBuilder &block,
                                                    mlir::Value rows) const {
  rows = block.norm(rows, "norm", "model.norm", hidden, norm);
  mlir::Value head = block.weight(
      tied ? "embed" : "head", tied ? embeddingTensor : "lm_head.weight",
      {vocabulary, hidden}, WeightRole::PlainMatrix);
  mlir::Value logits = block.product(rows, head, "head", vocabulary);
  if (logitScale)
    logits = block.pointwise(PointwiseFunction::Scale, logits, *logitScale,
                             "logits");
  if (logitCap)
    logits = block.pointwise(PointwiseFunction::Softcap, logits, *logitCap,
                             "logits");
  return {logits};
}

RopePairing Family::getQueryKeyPairing() const {
  return source.queryKeyRows() == RowOrder::Interleaved
             ? RopePairing::Interleaved
             : RopePairing::Half;
}

Activation tenon::readActivation(ConfigReader &config, llvm::StringRef key,
                                 llvm::StringRef fallback) {
  // The last ones are other names of the first.
  static constexpr Activation functions[] = {
      Activation::Silu,     Activation::GeluTanh, Activation::Gelu,
      Activation::Relu,     Activation::Silu,     Activation::GeluTanh,
      Activation::GeluTanh, Activation::Gelu};
  return functions[config.getChoice(key, fallback,
                                    {"silu", "gelu_pytorch_tanh", "gelu",
                                     "relu", "swish", "gelu_new", "gelu_fast",
                                     "gelu_python"})];
}

int64_t tenon::readHeads(ConfigReader &config, int64_t hidden) {
  int64_t heads = config.getCount("num_attention_heads");
  if (hidden % heads != 0)
    config.complain("hidden_size",
                    "expects a multiple of 'num_attention_heads', but they "
                    "are " +
                        llvm::Twine(hidden) + " and " + llvm::Twine(heads));
  return heads;
}
