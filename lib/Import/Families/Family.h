// What the importer asks a family of models.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_FAMILY_H
#define TENON_LIB_IMPORT_FAMILIES_FAMILY_H

#include "BlockBuilder.h"
#include "ConfigReader.h"

namespace tenon {

/// What a layer computes, apart from how its weights are stored. Layers with
/// equal structure and storage share a function.
struct LayerStructure {
  /// The name of the kind: `dense`, `moe`, `local`, `global`.
  llvm::StringRef name;
  /// Tells structures of one name apart.
  unsigned variant = 0;

  bool operator==(const LayerStructure &other) const {
    return name == other.name && variant == other.variant;
  }
};

/// A result that a step computes for its rows.
struct StepOutput {
  Role role;
  int64_t width;
};

/// Reads the configuration of one model, then builds its layers. A new family
/// is a class in a file of its own and a line in `Families.def`.
class Family {
public:
  Family(mlir::MLIRContext *context, const ModelSource &source)
      : context(context), source(source) {}
  virtual ~Family() = default;

  /// Reads and checks everything. Called once, before all else. `maxContext` is
  /// the number of positions that a sequence may have; 0 for all that the model
  /// can do.
  llvm::Error read(int64_t maxContext);

  virtual LayerStructure getStructure(int64_t layer) const = 0;
  /// The row of each cache: what it keeps for one position of one layer.
  virtual std::vector<llvm::SmallVector<int64_t>> getCacheRows() const = 0;
  /// Whether the tokens of a sequence attend to all of it, so that it comes in
  /// one step and caches keep nothing beyond a layer.
  virtual bool isEncoder() const { return false; }
  virtual llvm::SmallVector<StepOutput> getOutputs() const {
    return {{Role::Logits, vocabulary}};
  }
  /// Builds the outputs of rows that have left the last layer.
  virtual llvm::SmallVector<mlir::Value> buildOutputs(BlockBuilder &block,
                                                      mlir::Value rows) const;
  /// Builds the rows that the first layer gets.
  virtual mlir::Value buildEmbedding(BlockBuilder &block,
                                     mlir::Value tokens) const;
  /// Builds a layer and returns its rows of `hidden` elements.
  virtual mlir::Value buildLayer(BlockBuilder &block, LayerStructure structure,
                                 mlir::Value x) const = 0;

  // What all families have.
  int64_t layers = 1, hidden = 1, vocabulary = 1, contextLength = 1;
  /// Positions that a sequence has at most in this compilation.
  int64_t positions = 1;
  NormStyle norm;
  std::optional<double> embeddingScale;
  /// What logits are multiplied by, and then capped at.
  std::optional<double> logitScale, logitCap;
  /// The head is the embedding.
  bool tied = false;
  /// The tensor of the embedding; that of the head where only it is there.
  std::string embeddingTensor = "model.embed_tokens.weight";

protected:
  /// Reads what the layers need. The values above are there already.
  virtual void readLayers(ConfigReader &config) = 0;
  /// Whether the head is the embedding in a file that does not say it.
  virtual bool isTiedByDefault() const { return false; }
  /// The eps of norms in such a file.
  virtual double getDefaultEps() const { return 1e-6; }
  virtual llvm::StringRef getEpsKey() const { return "rms_norm_eps"; }

  /// How rows of queries and keys are paired in this source.
  RopePairing getQueryKeyPairing() const;

  mlir::MLIRContext *context;
  const ModelSource &source;

private:
  llvm::Error resolveHead();
};

/// Reads the function between the projections of an MLP.
Activation readActivation(ConfigReader &config, llvm::StringRef key,
                          llvm::StringRef fallback);

/// Reads the number of heads, which divides the hidden size.
int64_t readHeads(ConfigReader &config, int64_t hidden);

/// Creates the family of a model; each family defines one in its file.
using FamilyCreator = std::unique_ptr<Family>(mlir::MLIRContext *,
                                              const ModelSource &);
#define FAMILY(type, name) FamilyCreator create##name;
#include "Families.def"

/// The family of a model, or an error that lists those that are known.
llvm::Expected<std::unique_ptr<Family>> createFamily(mlir::MLIRContext *context,
                                                     const ModelSource &source);

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_FAMILY_H
