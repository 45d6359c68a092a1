// The weights that a model uses: their formats, checks, and ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_WEIGHTSTACKS_H
#define TENON_LIB_IMPORT_FAMILIES_WEIGHTSTACKS_H

#include "dialects/Tenon/Tenon.h"
#include "tenon/Import/ImportModel.h"
#include "mlir/IR/Builders.h"

namespace tenon {

/// What a weight is for, which decides how it may be stored.
enum class WeightRole {
  /// A matrix of the kind that quantized models quantize.
  Matrix,
  /// A matrix that they keep: embedding, head, router.
  PlainMatrix,
  /// A norm or a bias.
  Vector,
  /// A vector that is kept in f32 in files of every type.
  ExactVector,
};

/// A weight of one layer. Dimensions in front of a matrix count experts.
struct WeightSpec {
  /// Its symbol, without that of the kind of layer: `q_a`.
  std::string name;
  /// Its tensors, with `{l}` and `{e}`.
  std::string source;
  llvm::SmallVector<int64_t> shape;
  WeightRole role;
};

/// A weight of one layer that is derived from stored ones: some of their rows,
/// rows as a stack of matrices, or the like.
struct WeightView {
  /// Its symbol, and those of the weights that it is derived from.
  std::string symbol;
  llvm::SmallVector<std::string, 2> from;
  Derivation derivation;
  /// The first row of a slice and how far the next ones are, or the rows of a
  /// matrix of a stack.
  int64_t first = 0, step = 1, count = 0;
  llvm::SmallVector<int64_t> shape;
  FormatAttr format;
};

/// How a weight is stored.
struct StoredAs {
  FormatAttr format;
  /// Names of the tensors of its factors, with `{l}` and `{e}`; none if they lie
  /// in the tensor of its codes.
  llvm::SmallVector<std::string, 1> factors;

  bool operator==(const StoredAs &other) const {
    return format == other.format && factors == other.factors;
  }
};

/// Finds out how weights are stored, and checks that they are there.
class WeightFormats {
public:
  WeightFormats(mlir::MLIRContext *context, const ModelSource &source,
                WeightChoice choice)
      : context(context), source(source), choice(choice) {}

  /// Reads what the configuration says about storage.
  llvm::Error read();

  /// How a weight of one layer is stored. All of its tensors are checked.
  llvm::Expected<StoredAs> getStored(const WeightSpec &spec,
                                     int64_t layer) const;
  /// Whether a layer has a tensor. Of a tensor of each expert, the first is
  /// looked at. When tensors are unknown, there are the blocks of MXFP4 that the
  /// configuration announces.
  bool knows(llvm::StringRef tensor, int64_t layer) const;
  /// The format in which the model uses a weight that is stored like this.
  FormatAttr getUsed(const WeightSpec &spec, FormatAttr stored) const;
  /// Whether the model uses weights as they are stored where it can.
  bool keeps() const { return choice == WeightChoice::Keep; }

private:
  /// What a file of this configuration holds, when its tensors are unknown.
  StoredAs getExpected(const WeightSpec &spec, int64_t layer) const;
  llvm::Expected<StoredAs> getStored(llvm::StringRef name,
                                     const WeightSpec &spec) const;
  llvm::Expected<StoredAs> getBlockScaled(const TensorInfo &tensor,
                                          const WeightSpec &spec) const;
  llvm::Expected<StoredAs> getMicroscaled(const TensorInfo &tensor,
                                          const WeightSpec &spec) const;
  llvm::Expected<StoredAs> getScaled(const TensorInfo &tensor,
                                     const TensorInfo &scales,
                                     const WeightSpec &spec) const;
  llvm::Error readMethod();

  mlir::MLIRContext *context;
  const ModelSource &source;
  WeightChoice choice;
  StorageType declared = StorageType::F32;
  /// How the configuration says that matrices are quantized.
  llvm::StringRef method;
  llvm::SmallVector<int64_t, 2> scaleBlock;
  std::vector<std::string> keptModules;
};

/// Warns when a source has tensors in the first `layers` layers that no weight
/// of the module names: a configuration that leaves out, say, biases which the
/// file has is another model than the one that was trained. Layers that predict
/// further tokens, and what is not part of the text model, are ignored.
void warnOfUnusedTensors(mlir::ModuleOp module, const ModelSource &source,
                         int64_t layers);

/// A weight with the layers that have it.
struct WeightStack {
  /// Symbol in the module.
  std::string symbol;
  WeightSpec spec;
  StoredAs stored;
};

/// Creates the ops of a stack of weights: what is stored, and where the model
/// uses another format, what is derived from it. No layers: a weight of the
/// whole model.
llvm::Error createWeight(mlir::OpBuilder &builder, const WeightStack &weight,
                         llvm::ArrayRef<int64_t> layers,
                         const WeightFormats &formats);

/// Creates the op of a view of a stack of weights over so many layers.
void createView(mlir::OpBuilder &builder, const WeightView &view,
                int64_t layers);

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_WEIGHTSTACKS_H
