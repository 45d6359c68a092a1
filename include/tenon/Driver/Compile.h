// From a published model to an artifact, or to the text of a phase on the way.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DRIVER_COMPILE_H
#define TENON_DRIVER_COMPILE_H

#include "tenon/Import/ImportModel.h"
#include "tenon/Target/Phase.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// The type in which products take activations.
enum class ActivationType { F32, BF16 };

/// Which of the two forms of latent attention is generated.
enum class MlaChoice { Auto, Naive, Absorbed };

struct CompileOptions {
  /// A folder of Hugging Face, a GGUF file or a module.
  std::string source;
  /// The artifact, with `entries` a library, or with `stopAfter` or `emit` a file
  /// of text; empty and `-` are the standard output then.
  std::string output;
  /// Functions of the module that C programs call; none for a step.
  std::vector<std::string> entries;
  /// Where the weights of a module are: a model, or a safetensors file; empty for
  /// nowhere.
  std::string model;
  /// The header of a library; empty for its name with `.h`.
  std::string header;
  /// `cpu`, `cpu:x86-64-v3`, `cuda:sm_90a`... Without a value, `cpu`, or what
  /// a module states.
  std::optional<std::vector<std::string>> targets;
  WeightChoice weights = WeightChoice::Keep;
  /// Without a value, what the targets prefer.
  std::optional<CacheType> cacheType;
  std::optional<ActivationType> activations;
  MlaChoice mla = MlaChoice::Auto;
  /// Positions of a sequence; 0 for those of the model, but at most 4096.
  int64_t maxContext = 0;
  /// Maximum numbers of tokens of the specialized steps, in any order.
  std::vector<int64_t> buckets = {1, 8, 64, 1024};
  bool skipWeights = false;
  /// The phase that left `source`, if it is a module.
  Phase compileFrom = Phase::Import;
  std::optional<Phase> stopAfter;
  std::optional<EmitKind> emit;
  /// 0 for as many as there are cores.
  unsigned threads = 0;
  /// Compiles one target after the other, for what passes print in between.
  bool keepsOrder = false;
  /// The passes whose remarks are printed: a regular expression that matches a
  /// whole flag, or `all`; empty for none.
  std::string remarks;
  /// A file for them, as YAML; empty for lines on the standard error.
  std::string remarksOutput;
  /// Executes a step in the interpreter after each phase, before anything is
  /// written.
  bool verifyNumerics = false;
  /// A folder for the results of all phases; empty to keep none.
  std::string saveTemps;
  /// Prints seconds and memory of each phase to the standard error.
  bool timing = false;
};

/// Compiles. The output is complete or not there at all.
llvm::Error compileModel(const CompileOptions &options);

} // namespace tenon

#endif // TENON_DRIVER_COMPILE_H
