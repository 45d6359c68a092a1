// Seconds and memory of the phases of a compilation.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PhaseTimer.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <sys/resource.h>

using namespace tenon;

static double secondsBetween(std::chrono::steady_clock::time_point begin,
                             std::chrono::steady_clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

llvm::Error PhaseTimer::measure(const llvm::Twine &phase,
                                llvm::function_ref<llvm::Error()> run) {
  std::string name = phase.str();
  Clock::time_point start = Clock::now();
  llvm::Error error = run();
  std::lock_guard<std::mutex> lock(mutex);
  rows.push_back({std::move(name), secondsBetween(start, Clock::now())});
  return error;
}

void PhaseTimer::print() const {
  if (!prints)
    return;
  for (const Row &row : rows)
    llvm::errs() << llvm::format("%9.3f s  ", row.seconds) << row.phase << '\n';
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  llvm::errs() << llvm::format("%9.3f s  all, %ld MiB of memory at most\n",
                               secondsBetween(begin, Clock::now()),
                               usage.ru_maxrss >> 10);
}
