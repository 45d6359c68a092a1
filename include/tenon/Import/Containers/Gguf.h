// Reads GGUF files: their metadata, their tensors, and the model they describe.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CONTAINERS_GGUF_H
#define TENON_IMPORT_CONTAINERS_GGUF_H

#include "tenon/Import/Containers/MappedFile.h"
#include "tenon/Import/Containers/StoredTensor.h"
#include "tenon/Import/ModelSource.h"
#include "tenon/Import/Tokenizer.h"

#include "llvm/ADT/StringMap.h"

namespace tenon {

constexpr llvm::StringLiteral ggufMagic = "GGUF";

/// The types of metadata values, with the numbers of the file.
enum class GgufType : uint32_t {
  U8,
  I8,
  U16,
  I16,
  U32,
  I32,
  F32,
  Bool,
  String,
  Array,
  U64,
  I64,
  F64,
};

/// A value that stays in the file: where it begins and what it is.
struct GgufValue {
  GgufType type;
  /// Of an array: the type and number of its elements.
  GgufType elementType = GgufType::U8;
  uint64_t count = 0;
  /// Of the value, or of the first element.
  uint64_t begin = 0;
};

/// The metadata of a file, whose bytes outlive it. All values were found to lie
/// inside the bytes.
class GgufMetadata : public GgufMetadataView {
public:
  GgufMetadata(llvm::StringRef bytes, llvm::StringRef file)
      : bytes(bytes), file(file) {}

  /// False when the key is known already.
  bool insert(llvm::StringRef key, const GgufValue &value) {
    return values.try_emplace(key, value).second;
  }
  const GgufValue *find(llvm::StringRef key) const;
  std::optional<double> getFloat(llvm::StringRef key) const;

  llvm::StringRef getFile() const override { return file; }
  bool has(llvm::StringRef key) const override { return find(key); }
  std::optional<llvm::StringRef> getString(llvm::StringRef key) const override;
  std::optional<int64_t> getInt(llvm::StringRef key) const override;
  std::optional<bool> getBool(llvm::StringRef key) const override;
  std::optional<std::vector<llvm::StringRef>>
  getStringArray(llvm::StringRef key) const override;
  std::optional<std::vector<float>>
  getFloatArray(llvm::StringRef key) const override;
  std::optional<std::vector<int64_t>>
  getIntArray(llvm::StringRef key) const override;

private:
  const GgufValue *findArray(llvm::StringRef key) const;

  llvm::StringRef bytes;
  std::string file;
  llvm::StringMap<GgufValue> values;
};

struct GgufContents {
  GgufMetadata metadata;
  /// Under the names of the file; all lie inside its bytes and share none.
  std::vector<StoredTensor> tensors;
};

/// Reads the header of a file with these bytes, which outlive the result.
/// `file` is the name to print in messages.
llvm::Expected<GgufContents> parseGguf(llvm::StringRef bytes,
                                       llvm::StringRef file);

/// One of the files of a model.
struct GgufPart {
  MappedFile file;
  GgufContents contents;
};

/// Reads the header of a file that is mapped, and of all further files of its
/// model, which are named like `m-00001-of-00003.gguf` and know their number
/// (`split.no`), how many they are (`split.count`) and how many tensors they have
/// together (`split.tensors.count`). The path must be that of the first one.
llvm::Expected<std::vector<GgufPart>> openGgufParts(llvm::StringRef path,
                                                    MappedFile first);

/// A metadata key of an architecture, and what Hugging Face calls it.
struct GgufKey {
  enum class Kind { Int, Float, Bool };
  /// Without the architecture: `expert_count` of `qwen3moe.expert_count`.
  llvm::StringLiteral suffix;
  llvm::StringLiteral key;
  Kind kind = Kind::Int;
};

/// What a part of a layer is called. With a dot, both names are whole:
/// `exp_probs_b.bias`; without one, both end in `.weight` or `.bias`.
struct GgufName {
  llvm::StringLiteral gguf;
  llvm::StringLiteral canonical;
  /// The file holds the one row of a matrix as a vector.
  bool isRow = false;
};

/// What a `general.architecture` means: which model it is, and what its files
/// leave unsaid.
struct GgufArchitecture {
  llvm::StringLiteral name;
  /// The `model_type` of the same model.
  llvm::StringLiteral modelType;
  bool normsIncludeOne;
  RowOrder queryKeyRows;
  /// Tells apart models with one name: an integer with this suffix is at least
  /// this, or the next entry is tried. Empty for no such condition.
  llvm::StringLiteral condition = "";
  int64_t atLeast = 0;
  /// Metadata and names of layers beyond those that all models have.
  llvm::ArrayRef<GgufKey> keys = {};
  llvm::ArrayRef<GgufName> names = {};
  /// A JSON object of values that hold where the metadata says nothing.
  llvm::StringLiteral constants = "{}";
  /// True when keys and values have no heads of their own in the metadata.
  bool isLatent = false;
  /// Changes what takes more than a table, when everything else is there.
  void (*complete)(llvm::json::Object &values) = nullptr;
  /// How scores of experts are made of logits, as `expert_gating_func` says: 1
  /// is a softmax, 2 a sigmoid, 3 a softmax over the chosen ones.
  int64_t gating = 1;
};

/// Returns the architecture of a file, or an error that names those known.
llvm::Expected<const GgufArchitecture *>
getGgufArchitecture(const GgufMetadata &metadata);

/// `blk.0.attn_q.weight` -> `model.layers.0.self_attn.q_proj.weight`. A name
/// without a canonical form is kept.
std::string getCanonicalGgufName(llvm::StringRef name,
                                 const GgufArchitecture &architecture);

/// Gives a tensor its canonical name and shape.
void canonicalizeGgufTensor(TensorInfo &tensor,
                            const GgufArchitecture &architecture);

/// Says what the metadata says under the keys of Hugging Face.
llvm::Expected<ModelConfig> buildGgufConfig(const GgufContents &contents,
                                            const GgufArchitecture &arch);

/// Reads the tensor `rope_freqs.weight`, one divisor for each rotated pair of
/// the configuration; nothing where the file has no such tensor.
llvm::Expected<std::vector<double>>
readGgufRopeDivisors(llvm::StringRef bytes, const GgufContents &contents,
                     const ModelConfig &config);

/// Opens a model whose file is mapped already.
llvm::Expected<std::unique_ptr<ModelSource>>
openGgufFile(llvm::StringRef path, MappedFile file, bool skipWeights);

} // namespace tenon

#endif // TENON_IMPORT_CONTAINERS_GGUF_H
