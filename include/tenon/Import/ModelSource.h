// A model as its authors publish it, the same for every container.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_MODELSOURCE_H
#define TENON_IMPORT_MODELSOURCE_H

#include "tenon/Import/ModelConfig.h"
#include "tenon/Support/TensorSource.h"
#include "llvm/ADT/StringMap.h"
#include <memory>

namespace tenon {

class GgufMetadataView;

/// How the rows of one head of the query and key projections are ordered, which
/// decides which two rows the rotary embedding turns together. A head has n
/// rotated rows.
enum class RowOrder {
  /// Rows i and i + n/2 are a pair: the order of Hugging Face checkpoints.
  HalfSplit,
  /// Rows 2i and 2i + 1 are a pair: row 2i is row i of the half-split order,
  /// and row 2i + 1 is its row i + n/2. Biases are ordered like the rows.
  Interleaved,
};

/// What a family builder sees of a model. Containers differ in a few facts that
/// no configuration states; they are stated here, so that a family never asks
/// which container it reads.
class ModelSource {
public:
  virtual ~ModelSource();

  /// The folder or file, as the user named it.
  llvm::StringRef getPath() const { return path; }
  /// The `model_type` of the (text) model: `llama`, `gemma3_text`, or whatever
  /// the file says.
  llvm::StringRef getArchitecture() const { return architecture; }
  const ModelConfig &getConfig() const { return config; }
  /// The weights, under their canonical names. Names of multimodal wrappers are
  /// mapped to those of the text model.
  const TensorSource &getTensors() const { return *tensors; }
  /// The name that a tensor has in its file, for messages.
  virtual llvm::StringRef getStoredName(llvm::StringRef canonical) const {
    return canonical;
  }
  /// False when the tensors are unknown, because only a configuration was
  /// opened: then `find` returns null for every name, and a family takes
  /// storage types from the configuration.
  bool knowsTensors() const { return tensorsKnown; }

  /// Returns a tensor that the model must have, with this shape and, where
  /// `types` names any, with one of these types. Null when tensors are unknown.
  llvm::Expected<const TensorInfo *>
  requireTensor(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                llvm::ArrayRef<StorageType> types = {}) const;

  /// True when the weight of a norm that multiplies by `1 + weight` is stored
  /// with the 1 added already.
  bool normsIncludeOne() const { return normsWithOne; }
  /// True when the matrices of layers are stored with a row for each input
  /// instead of each output.
  bool storesInputsAsRows() const { return inputsAsRows; }
  /// The order of the rows of query and key projections.
  RowOrder queryKeyRows() const { return rowOrder; }
  /// Divisors of the inverse frequencies of the rotary embedding, one for each
  /// pair, to be applied after everything in the configuration. Empty for none.
  llvm::ArrayRef<double> getRopeDivisors() const { return ropeDivisors; }

  /// What was decided where files of the model disagree: lines for the user.
  llvm::ArrayRef<std::string> getWarnings() const { return warnings; }

  /// The metadata of a file that carries its own tokenizer; null when the
  /// tokenizer is `tokenizer.json` in the folder `getPath()`.
  virtual const GgufMetadataView *getEmbeddedMetadata() const {
    return nullptr;
  }

protected:
  std::string path;
  std::string architecture;
  ModelConfig config;
  std::unique_ptr<TensorSource> tensors;
  bool tensorsKnown = true;
  bool normsWithOne = false;
  bool inputsAsRows = false;
  RowOrder rowOrder = RowOrder::HalfSplit;
  std::vector<double> ropeDivisors;
  std::vector<std::string> warnings;
  /// The types of tensors that no weight can have, by canonical name.
  llvm::StringMap<std::string> foreignTypes;
};

/// Opens a Hugging Face folder or a GGUF file. With `skipWeights` no weight is
/// read: a folder needs `config.json` only, and a source that knows its tensors
/// has their types and shapes, but `read` fails.
llvm::Expected<std::unique_ptr<ModelSource>>
openModelSource(llvm::StringRef path, bool skipWeights = false);

/// Opens what a module takes its weights from: a model as above, or a single
/// safetensors file, whose tensors have the names that they have in it and which
/// has neither a configuration nor an architecture.
llvm::Expected<std::unique_ptr<ModelSource>>
openWeightSource(llvm::StringRef path);

} // namespace tenon

#endif // TENON_IMPORT_MODELSOURCE_H
