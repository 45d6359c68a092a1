// Shows how far long work is, on a terminal only.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_PROGRESSBAR_H
#define TENON_LIB_DRIVER_PROGRESSBAR_H

#include "llvm/ADT/StringRef.h"
#include <chrono>
#include <string>

namespace tenon {

class ProgressBar {
public:
  explicit ProgressBar(llvm::StringRef what);
  ~ProgressBar();

  /// One thread at a time.
  void update(uint64_t done, uint64_t all);

private:
  using Clock = std::chrono::steady_clock;

  std::string what;
  bool visible;
  bool drawn = false;
  Clock::time_point begin = Clock::now();
  Clock::time_point last = begin;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_PROGRESSBAR_H
