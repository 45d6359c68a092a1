// Seconds and memory of the phases of a compilation.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_PHASETIMER_H
#define TENON_LIB_DRIVER_PHASETIMER_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace tenon {

/// Phases of several threads may overlap.
class PhaseTimer {
public:
  explicit PhaseTimer(bool prints) : prints(prints) {}

  /// Runs and measures one phase.
  llvm::Error measure(const llvm::Twine &phase,
                      llvm::function_ref<llvm::Error()> run);
  /// Prints what was measured, if it is to be printed.
  void print() const;

private:
  using Clock = std::chrono::steady_clock;
  struct Row {
    std::string phase;
    double seconds;
  };

  bool prints;
  Clock::time_point begin = Clock::now();
  std::mutex mutex;
  std::vector<Row> rows;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_PHASETIMER_H
