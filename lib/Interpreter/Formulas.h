// Formulas that ops on whole tensors and ops on tiles have in common.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_INTERPRETER_FORMULAS_H
#define TENON_LIB_INTERPRETER_FORMULAS_H

#include "Frame.h"

namespace tenon {

/// Which rows are multiplied with which matrix.
struct Product {
  mlir::Operation *op;
  mlir::Value weight;
  /// Rows of the matrix inside of the weight: from `firstRow`, `rows` of them.
  int64_t firstRow = 0;
  int64_t rows = 0;
  int64_t cols = 0;
  /// Rounds weights to f32 before they are multiplied.
  bool roundsWeights = false;
};

/// Sums of products of each input with each row of a matrix: element `n` of
/// result `t` belongs to row `n` and input `t`.
mlir::FailureOr<std::vector<std::vector<double>>>
multiply(Frame &frame, const Product &product,
         llvm::ArrayRef<const double *> inputs);

/// The function of `tenon.glu`.
double joinGate(const GatedActivation &activation, double gate, double up);
/// The functions of `tenon.pointwise`.
double applyPointwise(PointwiseFunction function, double parameter,
                      double value);

/// The elements of one of a stack of columns.
mlir::FailureOr<std::vector<double>> readColumn(Frame &frame,
                                                mlir::Operation *op,
                                                mlir::Value weight,
                                                int64_t matrix);

/// Rounds sums to a row of a result, with an activation of the first half times
/// the second one if there is any.
void finishRow(const Frame &frame, mlir::Type type, llvm::ArrayRef<double> sums,
               std::optional<GatedActivation> glu,
               llvm::MutableArrayRef<double> out);

/// What a norm does to every row.
struct NormFormula {
  NormKind kind;
  NormOrder order;
  double eps;
  std::vector<double> weight, bias;

  void apply(const Frame &frame, mlir::Type type, llvm::ArrayRef<double> row,
             llvm::MutableArrayRef<double> out) const;
};

/// Rotates the first or last elements of a row by an angle for each pair.
void rotate(const Frame &frame, mlir::Type type, RopeAttr rope, RopeEnd end,
            llvm::ArrayRef<double> cosines, llvm::ArrayRef<double> sines,
            llvm::ArrayRef<double> row, llvm::MutableArrayRef<double> out);

/// How a router chooses experts for a row of logits.
struct RouteFormula {
  Scoring scoring;
  std::vector<double> bias;
  int64_t groups, keep;
  GroupScore by;
  int64_t top;
  std::optional<double> renorm;
  double scale;

  void apply(const Frame &frame, mlir::Type type, llvm::ArrayRef<double> logits,
             llvm::MutableArrayRef<int64_t> choice,
             llvm::MutableArrayRef<double> weights) const;
};

/// Choices sorted by expert, equal ones in their order.
struct Groups {
  Tensor order, place, offsets;
};
mlir::FailureOr<Groups> group(mlir::Operation *op, const Tensor &choice,
                              int64_t experts);

/// The index score of one key: `query` holds the heads of a token.
double scoreIndexKey(llvm::ArrayRef<double> query,
                     llvm::ArrayRef<double> weights, const double *key,
                     double scale);

/// The places of the largest scores, as many as fit, in ascending order, then
/// -1; the first of equal ones are taken.
void selectTop(llvm::ArrayRef<double> scores,
               llvm::MutableArrayRef<int64_t> out);

/// True if a query at position `p` of a sequence sees key `n`.
bool sees(MaskAttr mask, int64_t p, int64_t n, int64_t length);

} // namespace tenon

#endif // TENON_LIB_INTERPRETER_FORMULAS_H
