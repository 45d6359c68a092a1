// Shows how far long work is, on a terminal only.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ProgressBar.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace tenon;

/// Redrawing more often than this costs time and flickers.
static constexpr std::chrono::milliseconds kPeriod(100);

ProgressBar::ProgressBar(llvm::StringRef what)
    : what(what), visible(llvm::sys::Process::StandardErrIsDisplayed()) {}

ProgressBar::~ProgressBar() {
  // Clears the line, so that what follows is on a line of its own.
  if (drawn)
    llvm::errs() << "\r\033[K";
}

void ProgressBar::update(uint64_t done, uint64_t all) {
  Clock::time_point now = Clock::now();
  if (!visible || all == 0 || now - last < kPeriod)
    return;
  last = now;
  drawn = true;
  constexpr unsigned width = 40;
  double part = double(done) / double(all);
  double seconds = std::chrono::duration<double>(now - begin).count();
  std::string bar(unsigned(part * width), '=');
  bar.resize(width, ' ');
  llvm::errs() << '\r' << what << " [" << bar
               << llvm::format("] %3.0f%% of %.1f GB, %.2f GB/s", 100 * part,
                               double(all) * 1e-9,
                               double(done) * 1e-9 / seconds)
               << "\033[K";
}
