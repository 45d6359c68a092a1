// The state of a function in the interpreter, and what executes each op.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_INTERPRETER_FRAME_H
#define TENON_LIB_INTERPRETER_FRAME_H

#include "tenon/Interpreter/Interpreter.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include <functional>
#include <random>
#include "WeightReader.h"

namespace tenon {

class Frame;
using Handler = std::function<mlir::LogicalResult(Frame &, mlir::Operation *)>;

/// What executes each op.
class HandlerTable {
public:
  template <typename OpT>
  void add(mlir::LogicalResult (*handler)(Frame &, OpT)) {
    handlers[mlir::TypeID::get<OpT>()] = [=](Frame &frame,
                                             mlir::Operation *op) {
      return handler(frame, mlir::cast<OpT>(op));
    };
  }
  const Handler *find(mlir::Operation *op) const {
    auto found = handlers.find(op->getName().getTypeID());
    return found == handlers.end() ? nullptr : &found->second;
  }

private:
  llvm::DenseMap<mlir::TypeID, Handler> handlers;
};

void addStructureHandlers(HandlerTable &table);
void addTensorHandlers(HandlerTable &table);
void addLinearHandlers(HandlerTable &table);
void addRowHandlers(HandlerTable &table);
void addAttentionHandlers(HandlerTable &table);
void addExpertHandlers(HandlerTable &table);
void addTileHandlers(HandlerTable &table);
void addAttendHandlers(HandlerTable &table);

/// What all frames of a run share.
struct Machine {
  Machine(mlir::ModuleOp module, WeightProvider &provider,
          InterpreterOptions options);

  WeightReader weights;
  InterpreterOptions options;
  HandlerTable handlers;
  std::mt19937_64 shuffle;
  int depth = 0;
};

class Frame {
public:
  explicit Frame(Machine &machine) : machine(machine) {}

  /// Runs a block up to its terminator.
  mlir::LogicalResult runBlock(mlir::Block &block);
  /// Forgets the values that a block defined.
  void leaveBlock(mlir::Block &block);

  void set(mlir::Value value, RuntimeValue content) {
    values[value] = std::move(content);
  }
  const RuntimeValue &get(mlir::Value value) const {
    return values.find(value)->second;
  }
  const Tensor &tensor(mlir::Value value) const {
    return std::get<Tensor>(get(value));
  }
  Scalar scalar(mlir::Value value) const {
    return std::get<Scalar>(get(value));
  }
  int64_t integer(mlir::Value value) const { return scalar(value).integer; }
  const WeightValue &weight(mlir::Value value) const {
    return std::get<WeightValue>(get(value));
  }
  /// The value of an operand, moved if this is its only use and runs no more
  /// than once: large caches are then changed in place.
  RuntimeValue take(mlir::OpOperand &operand);
  Tensor takeTensor(mlir::OpOperand &operand) {
    return std::get<Tensor>(take(operand));
  }

  /// Values of the static dimensions of a type and the given others.
  mlir::FailureOr<llvm::SmallVector<int64_t>>
  resolveShape(mlir::Operation *op, mlir::RankedTensorType type,
               llvm::ArrayRef<int64_t> dynamicDims) const;

  /// A result of an op, or an element of one, rounded to its type.
  double round(mlir::Type type, double value) const;
  /// Says that the op at hand adds up so many terms, or rounds single ones.
  void noteSum(int64_t terms) { sum = std::max(sum, terms); }
  /// Rounds a number inside of an op, unless there is no type. The tolerance of
  /// the results follows from the type, too.
  double roundInside(std::optional<mlir::Type> type, double value);

  /// One row of the part of a stack that a value stands for.
  mlir::LogicalResult readRow(mlir::Operation *op, mlir::Value weight,
                              int64_t row, llvm::MutableArrayRef<double> out);
  /// A vector, or nothing without a value.
  mlir::FailureOr<std::vector<double>> readVector(mlir::Operation *op,
                                                  mlir::Value weight);

  Machine &machine;
  /// Inside a reduction in f32, which is rounded at its end alone.
  bool keepsDoubles = false;

private:
  mlir::LogicalResult execute(mlir::Operation *op);
  mlir::LogicalResult dispatch(mlir::Operation *op);
  mlir::LogicalResult checkResults(mlir::Operation *op, const History &operands,
                                   int64_t terms);

  llvm::DenseMap<mlir::Value, RuntimeValue> values;
  int64_t sum = 0;
  /// Unit roundoff of the coarsest type inside of the op at hand.
  double roundoff = 0;
};

/// Runs ops of arith and math on scalars or on tensors, element by element.
/// Returns nothing for an op that is none of them.
std::optional<mlir::LogicalResult> executeElementwise(Frame &frame,
                                                      mlir::Operation *op);
/// Runs any structured op of linalg by its maps and its body.
std::optional<mlir::LogicalResult> executeLinalg(Frame &frame,
                                                 mlir::Operation *op);

/// Where the elements of a slice lie, in the order of the slice, or an error at
/// an op whose slice is not inside of the shape.
mlir::FailureOr<std::vector<int64_t>>
getSlicePlaces(mlir::Operation *op, llvm::ArrayRef<int64_t> shape,
               llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> sizes,
               llvm::ArrayRef<int64_t> strides);

/// Reports a number outside `0 <= number < end`.
mlir::LogicalResult checkInside(mlir::Operation *op, llvm::StringRef what,
                                int64_t number, int64_t end);
/// Reports two sizes that must agree but do not.
mlir::LogicalResult checkEqual(mlir::Operation *op, llvm::StringRef what,
                               int64_t first, int64_t second);

} // namespace tenon

#endif // TENON_LIB_INTERPRETER_FRAME_H
