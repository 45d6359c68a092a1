// Values of tensors in the interpreter, and how numbers are rounded.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_TENSOR_H
#define TENON_INTERPRETER_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <vector>

namespace tenon {

/// Half the distance from 1 to the next number of a floating-point type.
double getUnitRoundoff(mlir::Type type);
/// The number of a floating-point type nearest to `value`, ties to even,
/// rounded once. Beyond the largest number lies infinity, or that number in a
/// type without infinity.
double roundTo(mlir::Type type, double value);
/// The two's complement number of an integer type that `value` stands for; `i1`
/// is 0 or 1.
int64_t wrapTo(mlir::Type type, int64_t value);

/// Whether a tensor of this shape is small enough to be interpreted: at most
/// 2^28 elements, 2 GiB, and no negative dimension.
bool isInterpretable(llvm::ArrayRef<int64_t> shape);

/// What a tensor went through: its tolerance follows from this.
struct History {
  /// Roundings one after the other, at most.
  int64_t chain = 0;
  /// Terms of the longest sum.
  int64_t longestSum = 1;
  /// Unit roundoff of the coarsest type that held a result.
  double roundoff = 0;

  void merge(const History &other);
};

/// A tensor of numbers. Elements of floating-point types are doubles that were
/// rounded to the type; all others are integers. Copies share their elements
/// until one of them is changed.
class Tensor {
public:
  Tensor() = default;
  /// Elements that nothing has written yet: NaN, or a conspicuous integer.
  Tensor(mlir::Type element, llvm::ArrayRef<int64_t> shape);

  mlir::Type getElementType() const { return element; }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(element); }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  int64_t getDim(int64_t dim) const { return shape[dim]; }
  int64_t getNumElements() const;
  /// Length of the last dimension, 1 for a tensor without dimensions.
  int64_t getRowLength() const { return shape.empty() ? 1 : shape.back(); }

  llvm::ArrayRef<double> floats() const { return elements->floats; }
  llvm::ArrayRef<int64_t> ints() const { return elements->ints; }
  llvm::MutableArrayRef<double> mutableFloats() { return own().floats; }
  llvm::MutableArrayRef<int64_t> mutableInts() { return own().ints; }

  /// Where an element lies in row-major order.
  int64_t offsetOf(llvm::ArrayRef<int64_t> index) const;
  /// The same elements in another shape with as many of them.
  Tensor reshaped(llvm::ArrayRef<int64_t> newShape) const;
  /// Copies one element; both tensors hold integers, or both floats.
  void copyElement(int64_t to, const Tensor &from, int64_t at);

  /// Nested brackets, with a number of significant digits.
  void print(llvm::raw_ostream &os, int digits) const;

  History history;

private:
  struct Elements {
    std::vector<double> floats;
    std::vector<int64_t> ints;
  };
  Elements &own();

  mlir::Type element;
  llvm::SmallVector<int64_t, 5> shape;
  std::shared_ptr<Elements> elements = std::make_shared<Elements>();
};

} // namespace tenon

#endif // TENON_INTERPRETER_TENSOR_H
