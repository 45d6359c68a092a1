// Measures a compiled model and compares it with the limits of the machine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DRIVER_BENCH_H
#define TENON_DRIVER_BENCH_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>

namespace tenon {

struct BenchOptions {
  std::string artifact;
  /// Tokens of the prompt; 0 leaves it out.
  uint32_t prefill = 512;
  /// Tokens that are decoded one by one; 0 leaves it out.
  uint32_t decode = 64;
  /// Tokens that a sequence holds when decoding begins; 0 for `prefill`.
  uint32_t context = 0;
  uint32_t threads = 0;
  uint32_t repetitions = 5;
  /// Also tells which kernels the time goes to.
  bool profile = false;
  /// File of all numbers; empty for none.
  std::string json;
};

/// Prints medians of tokens per second, and the rates of multiply-adds and of
/// memory that the machine reached before and after.
llvm::Error benchModel(const BenchOptions &options);

} // namespace tenon

#endif // TENON_DRIVER_BENCH_H
