// Inputs of functions under test, from short texts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_TESTINPUTS_H
#define TENON_INTERPRETER_TESTINPUTS_H

#include "tenon/Interpreter/Tensor.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// A step whose tokens, positions, slots, rows, blocks and caches agree. A text
/// such as `tokens:5+2,start:3+0,slots:3,block:4` lists, with their defaults:
///
///   tokens:1       tokens of each sequence, joined by `+`
///   start:0        position of the first token of each sequence
///   slots:         number of slots, by default as many as the sequences need
///   slot:          slot of each sequence; by default the last ones, in
///                  descending order
///   block:4        most tokens of a block
///   context:       positions of a cache, by default 3 more than are used
///   vocabulary:32  token numbers are below
///   rows:last      tokens whose logits are wanted: last of each sequence, all,
///                  none, or a list of tokens of the step, joined by `+`
///   ids:           token numbers, one after the other; by default drawn
///   seed:1         of token numbers and caches
struct StepPlan {
  llvm::SmallVector<int64_t> tokens = {1}, start = {0}, slot, rows, ids;
  int64_t slots = 0, block = 4, context = 0, vocabulary = 32, seed = 1;

  static llvm::Expected<StepPlan> parse(llvm::StringRef text);

  /// Tokens of all sequences.
  int64_t countTokens() const;
};

/// What an input is made of; a suffix `@8x64` gives its shape.
///
///   seed:7              random numbers between -1 and 1
///   zeros, fill:3       one number
///   iota:8              0, 1, ...
///   ints:1,2,3          integers
///   floats:1,2.5        floats
///   F.npy               a file
///   unwritten           elements that must not be read
///   tokens, positions, slots, rows, blocks, cache      parts of a step
///   logits              unwritten, as many rows as the step wants
///
/// Dynamic dimensions come from the shape, the number of elements, or `dims`,
/// in this order; the last of `dims` serves all others.
llvm::Expected<Tensor> makeInput(llvm::StringRef text, mlir::Type type,
                                 llvm::ArrayRef<int64_t> dims,
                                 const StepPlan &step);

} // namespace tenon

#endif // TENON_INTERPRETER_TESTINPUTS_H
