// Writes down what each kernel of a step is given and gives in the interpreter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TESTING_KERNELTRACE_H
#define TENON_TESTING_KERNELTRACE_H

#include "tenon/Interpreter/FunctionInputs.h"
#include "tenon/Interpreter/Interpreter.h"
#include "tenon/Support/TensorSource.h"

namespace tenon {

/// What `traceSteps` runs.
struct TracedSteps {
  /// A function of the module, or the name before `.t<tokens>` of the functions
  /// that `form` made for each bucket: the smallest one that fits is taken.
  std::string entry;
  /// Texts of StepPlan. Caches are unwritten before the first step, and each
  /// further step has those that the one before it left, so all steps agree on
  /// `slots` and `context`.
  std::vector<std::string> steps;
  /// Factor of all tolerances.
  double toleranceScale = 1;
};

/// Runs steps in the interpreter and writes each launch of a kernel, with its
/// operands, its results and their tolerances, to a folder: a test bench for
/// code of another machine, and a host program for a run of whole steps on it.
/// The module is on the level of tiles on tensors, with a function for each
/// kernel, named as code generation names kernels. Weights are packed from
/// `source`, which may be null if there are none.
///
/// The folder holds, in the byte order of this machine:
///
///   weights.bin   the packed weights, as an artifact's data section
///   data.bin      elements of all values, row-major, at multiples of 64 bytes
///   trace.jsonl   a JSON object on each line, in the order of execution
///
/// A value is {"value": its number, "type": of an element, "shape": [...],
/// "at": byte offset in data.bin, or null for one that is unwritten}. Lines:
///
/// ```
/// {"begin": text, "function": name, "operands": {role: value, ...},
///  "caches": [value, ...]}
/// {"launch": name of a kernel, "config": its configuration,
///  "operands": [operand, ...], "results": [result, ...],
///  "routers": [router, ...]}
/// {"end": text, "logits": number of a value or null, "caches": [numbers]}
/// ```
///
/// An operand of a launch is one of
///
/// ```
/// {"value": number, "shape": [...], "sizes": [...]}
///                                    a value, perhaps in another shape
/// {"empty": type, "shape": [...], "sizes": [...]}
///                                    memory that is yet to be written
/// {"index": number}
/// {"weight": symbol, "at": byte offset in weights.bin, "bytes": size}
/// ```
///
/// where `sizes` are those of the dimensions that the kernel's type leaves open.
/// A result is a value with "operand", the number of the operand whose memory
/// it is written to (the value that was there is gone), and for floats
///
/// ```
/// "relative"  tolerance of the one kernel, relative to the magnitude
/// "path"      the same of everything since the operands of the first step
/// "usual"     root mean square of the elements that are not zero
/// ```
///
/// of which the tolerance of an element follows as ElementTolerance says. A
/// router is an op that chooses experts: {"logits": number of an operand,
/// "bias": number of an operand or null, "choice": number of a result,
/// "scoring", "groups", "keep", "by", "top"}, with the attributes of
/// `tenon.router`.
llvm::Error traceSteps(mlir::ModuleOp module, const TracedSteps &traced,
                       const FunctionInputs &inputs, WeightProvider &weights,
                       const TensorSource *source, InterpreterOptions options,
                       llvm::StringRef folder);

} // namespace tenon

#endif // TENON_TESTING_KERNELTRACE_H
