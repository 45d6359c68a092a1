// What a target makes of a module, and what becomes of several of them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_TARGET_H
#define TENON_TARGET_TARGET_H

#include "tenon/Target/Phase.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// One of the arguments that are not the worker's, of a function that is called
/// with an array of them.
struct CompiledOperand {
  /// The number of the result that is written to it; none for an argument that
  /// the function had from the beginning.
  std::optional<unsigned> result;
  /// Sizes of an array, of which `ShapedType::kDynamic` ones are not known; none
  /// for a number.
  std::optional<std::vector<int64_t>> shape;
};

/// One step function: its bucket, its symbol in the object, and its memory.
struct CompiledStep {
  int64_t maxTokens = 0;
  /// Most tokens of a block of attention; for `EntryKind::Functions` 0 if there
  /// is none.
  int64_t blockRows = 0;
  int64_t arenaBytes = 0;
  int64_t scratchBytes = 0;
  std::string symbol;
  /// The function that it calls.
  std::string function;
  /// Arguments, for `EntryKind::Functions` alone.
  std::vector<CompiledOperand> operands;
  /// Kernels that the step calls, in the order of the module.
  std::vector<std::string> kernels;
};

/// A cache that a step works on: [layers, slots, context, width].
struct CompiledState {
  std::string name;
  int64_t layers = 0;
  int64_t width = 0;
  bool isBF16 = false;
};

/// Code of one variant.
struct CompiledVariant {
  /// `x86-64-v3`.
  std::string name;
  /// Bits of TENON_CPU_*.
  uint32_t features = 0;
  llvm::SmallVector<char, 0> object;
  std::vector<CompiledStep> steps; // ascending buckets
  std::vector<CompiledState> states;
};

/// What public functions with a bucket are called with: the fields of the
/// context, as steps, or `states` of it as an array of all arguments, as single
/// kernels under test and as the functions of a library, whose code has several
/// variants and writes to no argument that it only reads.
enum class EntryKind { Steps, Arrays, Functions };

/// Generates code for one CPU level from a module on the level that the
/// bufferize pipeline leaves, which it consumes. Unless `emit` is `Object`, the
/// text goes to `text` and the object stays empty.
llvm::Expected<CompiledVariant>
compileForCpu(mlir::ModuleOp bufferized, EmitKind emit,
              std::string *text = nullptr, EntryKind kind = EntryKind::Steps);

/// Links objects of several variants into the shared library of an artifact,
/// at `path`: the export `tenon_model` with the manifest and, in the order of
/// the variants, the step functions of each. Nothing is left undefined.
llvm::Error linkModel(llvm::ArrayRef<CompiledVariant> variants,
                      llvm::ArrayRef<uint8_t> manifest, llvm::StringRef path);

struct Library;
struct LibraryFunction;

/// Whether a step is a bucket of a function of a library: `f.t8.v3` of `f`.
bool isBucketOf(const CompiledStep &step, llvm::StringRef function);

/// Fails if a function of a library does not write each result to an array of its
/// own, as the caller gives them.
llvm::Error checkOperands(const LibraryFunction &function,
                          const CompiledStep &step);

/// Links objects of several variants into a shared library at `path` with the
/// functions of C that `library` describes. The best variant that the CPU runs
/// is chosen when a function is first called. Nothing is left undefined.
llvm::Error linkLibrary(const Library &library,
                        llvm::ArrayRef<CompiledVariant> variants,
                        llvm::StringRef path);

} // namespace tenon

#endif // TENON_TARGET_TARGET_H
