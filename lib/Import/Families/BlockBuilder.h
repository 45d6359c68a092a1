// Builds the ops of one kind of layer, or of what surrounds the layers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_BLOCKBUILDER_H
#define TENON_LIB_IMPORT_FAMILIES_BLOCKBUILDER_H

#include "WeightStacks.h"

namespace tenon {

/// The norms of a family.
struct NormStyle {
  double eps = 1e-6;
  NormOrder order = NormOrder::CastThenScale;
  /// A layer norm has a bias.
  NormKind kind = NormKind::RMS;
};

/// The operands of a step that attention needs.
struct StepOperands {
  mlir::Value positions, slots, blocks;
  /// Of an encoder alone.
  mlir::Value types;
  /// Number of the layer in the model, and among the layers of its kind. Null
  /// around the layers.
  mlir::Value layer, ordinal;
};

/// A family says what a layer computes; the weights that it names on the way
/// are looked up in one layer and collected. The first error is kept, as in
/// `ConfigReader`: after it the ops are still well formed, but worthless.
class BlockBuilder {
public:
  /// `prefix` is put before the symbol of each weight, and `path` before its
  /// tensors. Formats are those of `layer`.
  BlockBuilder(mlir::OpBuilder builder, const WeightFormats &formats,
               std::string prefix, std::string path, int64_t layer,
               StepOperands step, mlir::ValueRange caches)
      : builder(builder), formats(formats), prefix(std::move(prefix)),
        path(std::move(path)), layer(layer), step(step), caches(caches) {}

  /// A weight by name. Asking for it again gives the same one.
  mlir::Value weight(llvm::StringRef name, llvm::StringRef tensor,
                     llvm::ArrayRef<int64_t> shape, WeightRole role);

  /// Rows `first` on, `shape` in all and `step` apart, of a matrix or of each
  /// matrix of a stack that is stored as one weight.
  mlir::Value slice(llvm::StringRef name, mlir::Value stored, int64_t first,
                    llvm::ArrayRef<int64_t> shape, int64_t step = 1);
  /// A matrix as a stack of one.
  mlir::Value stackOfOne(llvm::StringRef name, mlir::Value stored);
  /// The matrices of a stack, transposed. Formats with scales become f32, which
  /// holds their products.
  mlir::Value transpose(llvm::StringRef name, mlir::Value stored);
  /// The rows of each matrix of `a`, then those of `b`, in the format of `a`.
  mlir::Value concatRows(llvm::StringRef name, mlir::Value a, mlir::Value b);
  /// Whether the source has a tensor. When its tensors are unknown, it has
  /// those that no other quantization has than the one of its configuration.
  bool knows(llvm::StringRef tensor) const {
    return formats.knows(path + tensor.str(), layer);
  }

  /// Rows of a table of so many, whose numbers are `indices`.
  mlir::Value embed(mlir::Value indices, llvm::StringRef name,
                    llvm::StringRef tensor, int64_t rows, int64_t width,
                    std::optional<double> scale = std::nullopt);
  /// A norm without a module has no weights.
  mlir::Value norm(mlir::Value x, llvm::StringRef name, llvm::StringRef module,
                   int64_t width, NormStyle style);
  /// `x` times the matrix of a module, with rows of the given shape.
  mlir::Value linear(mlir::Value x, llvm::StringRef name,
                     llvm::StringRef module, llvm::ArrayRef<int64_t> row,
                     bool hasBias = false,
                     WeightRole role = WeightRole::Matrix);
  /// `x` times a weight, called `name`, with rows of the given shape.
  mlir::Value product(mlir::Value x, mlir::Value weight, llvm::StringRef name,
                      llvm::ArrayRef<int64_t> row,
                      mlir::Value bias = mlir::Value());
  /// down(act(gate(x)) . up(x)) of a module with three projections.
  mlir::Value gatedMlp(mlir::Value x, llvm::StringRef namePrefix,
                       llvm::StringRef module, int64_t width,
                       Activation activation, bool hasBias = false);
  mlir::Value glu(Activation activation, mlir::Value gate, mlir::Value up,
                  llvm::StringRef name);
  mlir::Value activate(Activation activation, mlir::Value x,
                       llvm::StringRef name);
  mlir::Value rope(mlir::Value x, RopeAttr rope, RopeEnd end);
  /// Attention of heads of queries to caches whose heads are as wide.
  mlir::Value attend(mlir::Value query, mlir::Value key, mlir::Value value,
                     double scale, MaskAttr mask,
                     std::optional<double> softcap = std::nullopt,
                     mlir::Value sinks = {});
  /// Writes rows into a cache and returns it as it is then.
  mlir::Value updateCache(unsigned index, mlir::Value rows);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value pointwise(PointwiseFunction function, mlir::Value x,
                        double parameter, llvm::StringRef name);
  /// Columns `first` on, `count` in all, of rows.
  mlir::Value columns(mlir::Value rows, int64_t first, int64_t count);
  /// Rows of a token as heads of equal width.
  mlir::Value splitHeads(mlir::Value rows, int64_t heads);

  mlir::FloatAttr f32(double value) { return builder.getF32FloatAttr(value); }
  /// The type of rows of activations: one for each token.
  mlir::RankedTensorType getRows(llvm::ArrayRef<int64_t> row,
                                 mlir::Type element = nullptr);
  mlir::Location getLoc(llvm::StringRef name) const;

  mlir::OpBuilder &getBuilder() { return builder; }
  const StepOperands &getStep() const { return step; }
  llvm::ArrayRef<mlir::Value> getCaches() const { return caches; }
  llvm::ArrayRef<WeightStack> getWeights() const { return weights; }
  llvm::ArrayRef<WeightView> getViews() const { return views; }
  llvm::Error takeError() {
    return error.empty() ? llvm::Error::success()
                         : llvm::createStringError(error);
  }

private:
  mlir::Value view(llvm::StringRef name, mlir::ValueRange from,
                   WeightView view);
  /// The same numbers in another format.
  mlir::Value cast(llvm::StringRef name, mlir::Value stored, FormatAttr format);

  mlir::OpBuilder builder;
  const WeightFormats &formats;
  std::string prefix, path;
  int64_t layer;
  StepOperands step;
  llvm::SmallVector<mlir::Value> caches;
  std::vector<WeightStack> weights;
  std::vector<WeightView> views;
  std::string error;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_BLOCKBUILDER_H
