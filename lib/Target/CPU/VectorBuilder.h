// Builds loops, memory accesses and arithmetic of vector code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_VECTORBUILDER_H
#define TENON_LIB_TARGET_CPU_VECTORBUILDER_H

#include "dialects/Machine/Machine.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

namespace tenon {

/// A thin layer over `OpBuilder`. Arithmetic takes scalars and vectors alike,
/// so that a generator is written once for whole vectors and for what is left
/// of a row: a width of 1 means a scalar. Values of memory are widened to f32
/// when they are loaded, and rounded to the type of the memory when they are
/// stored.
class VectorBuilder {
public:
  /// `pool` is the scratch memory that the function already has.
  VectorBuilder(mlir::OpBuilder &builder, mlir::Location loc,
                machine::CpuAttr cpu, llvm::SmallVectorImpl<mlir::Value> &pool)
      : builder(builder), loc(loc), lanes(cpu.getLanes()),
        registers(cpu.getRegisters()), pool(pool) {}

  mlir::OpBuilder &builder;
  mlir::Location loc;
  /// f32 elements of a vector register, and how many of those there are.
  const int64_t lanes, registers;

  using Values = llvm::SmallVector<mlir::Value>;
  using Body = llvm::function_ref<void(mlir::Value)>;
  using CarryBody = llvm::function_ref<Values(mlir::Value, mlir::ValueRange)>;

  //===--------------------------------------------------------------------===//
  // Types and constants
  //===--------------------------------------------------------------------===//

  mlir::Type getFloats(int64_t width);
  mlir::Type getInts(int64_t width);
  mlir::Value index(int64_t value);
  /// A constant of a float type, in all lanes.
  mlir::Value constant(mlir::Type type, double value);
  mlir::Value constant(double value) {
    return constant(builder.getF32Type(), value);
  }
  /// A constant of the type of `like`.
  mlir::Value constantLike(mlir::Value like, double value) {
    return constant(like.getType(), value);
  }
  /// A constant of an i32 or vector type, in all lanes, given by its bits.
  mlir::Value bits(mlir::Type type, uint32_t value);
  /// The i32 vector 0, 1, 2, ...
  mlir::Value iota(int64_t width);

  //===--------------------------------------------------------------------===//
  // Arithmetic; integers and floats alike where the name does not say
  //===--------------------------------------------------------------------===//

  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b) { return b ? add(a, index(b)) : a; }
  mlir::Value mul(mlir::Value a, int64_t b) {
    return b == 1 ? a : mul(a, index(b));
  }
  /// Quotient and remainder of indices that are not negative.
  mlir::Value div(mlir::Value a, int64_t b);
  mlir::Value remainder(mlir::Value a, int64_t b);
  mlir::Value min(mlir::Value a, mlir::Value b);
  /// The larger one; `b` if floats cannot be compared.
  mlir::Value max(mlir::Value a, mlir::Value b);
  mlir::Value divide(mlir::Value a, mlir::Value b);
  mlir::Value negate(mlir::Value a);
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value a,
                      mlir::Value b);
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value a,
                      mlir::Value b);
  mlir::Value isLess(mlir::Value a, mlir::Value b) {
    return compare(mlir::arith::CmpIPredicate::slt, a, b);
  }
  mlir::Value bitAnd(mlir::Value a, mlir::Value b);
  mlir::Value bitOr(mlir::Value a, mlir::Value b);
  mlir::Value shiftLeft(mlir::Value a, unsigned count);
  mlir::Value shiftRight(mlir::Value a, unsigned count);     // copies the sign
  mlir::Value shiftRight(mlir::Value a, mlir::Value counts); // as well
  mlir::Value mask(mlir::Value a, uint32_t bitsKept);
  mlir::Value bitXor(mlir::Value a, uint32_t bitsFlipped);
  mlir::Value toIndex(mlir::Value a);
  mlir::Value toInt(mlir::Value a); // index to i32
  /// The same bits as another type of 32-bit lanes.
  mlir::Value asFloats(mlir::Value a);
  mlir::Value asInts(mlir::Value a);

  /// The same bits as a vector of another element type.
  mlir::Value bitcast(mlir::Value vector, mlir::Type element);
  /// One byte of each 32-bit lane, counted from the lowest, moved to the top;
  /// the others become 0.
  mlir::Value byteToTop(mlir::Value a, int64_t byte);
  /// Pieces of `size` bytes of each 32-bit lane: the first ones of all lanes,
  /// then the second ones of all, and so on.
  mlir::Value sortBytes(mlir::Value vector, int64_t size);

  /// A scalar in all lanes; itself for a width of 1.
  mlir::Value broadcast(mlir::Value scalar, int64_t width);
  mlir::Value extract(mlir::Value vector, int64_t lane);
  mlir::Value slice(mlir::Value vector, int64_t first, int64_t count);
  mlir::Value shuffle(mlir::Value a, mlir::Value b,
                      llvm::ArrayRef<int64_t> lanes);
  /// The lanes of a whole register of 16 floats that the lowest bits of indices
  /// name.
  mlir::Value permute(mlir::Value vector, mlir::Value indices);
  /// For each byte of 32-bit lanes, of which the value is at most 15, the byte of
  /// a table of up to 16.
  mlir::Value lookUpBytes(mlir::Value words, llvm::ArrayRef<int8_t> table);
  /// Sum over the lanes: halves are added until one is left.
  mlir::Value reduceAdd(mlir::Value vector);
  /// Sums of several vectors, each taken as `reduceAdd` does, in their order in
  /// the lanes of vectors of one width; lanes after the last sum are unspecified.
  Values reduceAddEach(llvm::ArrayRef<mlir::Value> vectors);
  mlir::Value reduceMax(mlir::Value vector);

  //===--------------------------------------------------------------------===//
  // Memory
  //===--------------------------------------------------------------------===//

  mlir::Value load(mlir::Value memref, mlir::ValueRange at, int64_t width = 1);
  /// The first `count` of `width` elements, then zeros.
  mlir::Value maskedLoad(mlir::Value memref, mlir::ValueRange at, int64_t width,
                         mlir::Value count);
  void store(mlir::Value value, mlir::Value memref, mlir::ValueRange at);
  /// Numbers of f32 that are rounded to those of a narrower type.
  mlir::Value round(mlir::Value value, mlir::Type type);
  /// Asks for the cache line of an element that is read soon.
  void prefetch(mlir::Value memref, mlir::ValueRange at);
  mlir::Value dim(mlir::Value memref, int64_t i);
  /// Memory of the function, allocated where it begins. Another builder may use
  /// it again, so that ops share what they need for a while.
  mlir::Value scratch(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// Lanes if rows of all of them can be read as vectors, else 1.
  int64_t widthFor(llvm::ArrayRef<mlir::Value> memrefs) const;

  //===--------------------------------------------------------------------===//
  // Control flow
  //===--------------------------------------------------------------------===//

  void loop(mlir::Value lower, mlir::Value upper, int64_t step, Body body);
  void loop(int64_t lower, int64_t upper, int64_t step, Body body);
  Values loop(mlir::Value lower, mlir::Value upper, int64_t step,
              mlir::ValueRange init, CarryBody body);
  /// Without a loop where there is one step at most.
  Values loop(int64_t lower, int64_t upper, int64_t step, mlir::ValueRange init,
              CarryBody body);
  void ifThen(mlir::Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = nullptr);

  /// All indices of the first `count` dimensions.
  void loopOver(mlir::Value memref, int64_t count,
                llvm::function_ref<void(mlir::ValueRange)> body);
  /// Columns of a row, `width` at a time and then one by one.
  void loopColumns(mlir::Value columns, int64_t width,
                   llvm::function_ref<void(mlir::Value, int64_t)> body);
  /// The same for a number that is known.
  void loopColumns(int64_t columns, int64_t width,
                   llvm::function_ref<void(mlir::Value, int64_t)> body);

private:
  llvm::SmallVectorImpl<mlir::Value> &pool;
  llvm::SmallVector<mlir::Value> taken;
};

/// The indices of an element: those of its row, and its column.
inline VectorBuilder::Values append(mlir::ValueRange row, mlir::Value column) {
  VectorBuilder::Values at(row);
  at.push_back(column);
  return at;
}

/// Lanes of a vector, 1 for a scalar.
int64_t getWidth(mlir::Value value);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_VECTORBUILDER_H
