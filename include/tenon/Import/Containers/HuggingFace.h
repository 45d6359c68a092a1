// Opens the folder of a Hugging Face checkpoint.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CONTAINERS_HUGGINGFACE_H
#define TENON_IMPORT_CONTAINERS_HUGGINGFACE_H

#include "tenon/Import/Containers/MappedTensors.h"
#include "tenon/Import/ModelSource.h"

namespace tenon {

/// Opens a folder with `config.json` and, unless `skipWeights`,
/// `model.safetensors` or the files of `model.safetensors.index.json`.
llvm::Expected<std::unique_ptr<ModelSource>>
openHuggingFaceFolder(llvm::StringRef path, bool skipWeights);

/// Reads the text of a `config.json` into canonical keys.
llvm::Expected<ModelConfig> parseHuggingFaceConfig(llvm::StringRef text,
                                                   llvm::StringRef file);

/// Whether checkpoints of a `model_type` hold matrices with a row for each
/// input.
bool storesInputsAsRows(llvm::StringRef modelType);

/// Gives the sizes that are not there the values of the published class of this
/// `model_type`, as that class does. Keys are canonical.
void addClassDefaults(llvm::json::Object &values);
/// Likewise the rotary parameters of a class that has some, where a file has none
/// in any spelling.
void addRopeDefaults(llvm::json::Object &values);

/// Gives the configuration the `quantization_config.quant_method` that it does
/// not name itself, where another key, a file next to it or the names of tensors
/// tell that weights are quantized and how.
llvm::Error nameQuantization(llvm::StringRef folder,
                             const TensorSource &tensors, ModelConfig &config);

/// Presents what quantized modules store, by the method of the configuration, as
/// matrices under the names of the model: `X.weight` of whole numbers or small
/// floats, `X.weight_scale`, and `X.weight_offset` where there are zero points.
/// Tensors of methods that are not read stay as they are.
llvm::Error presentQuantized(llvm::StringRef path, const ModelConfig &config,
                             MappedTensors &tensors);

/// Gives the configuration what `modules.json` says of how a text becomes one
/// vector: `embedding_pooling`, which is `mean`, `first` or `pooler`, and
/// `embedding_normalize`. A module that cannot be computed is an error.
llvm::Error readSentenceModules(llvm::StringRef folder, ModelConfig &config);

/// Reads the text of a `model.safetensors.index.json`: pairs of a tensor and
/// the file that holds it, which lies inside the folder of the index.
llvm::Expected<std::vector<std::pair<std::string, std::string>>>
parseSafetensorsIndex(llvm::StringRef text, llvm::StringRef file);

} // namespace tenon

#endif // TENON_IMPORT_CONTAINERS_HUGGINGFACE_H
