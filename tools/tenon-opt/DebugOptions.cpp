// Options that a packaged LLVM leaves out, for what our own passes print.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DebugOptions.h"
#include "llvm/ADT/Statistic.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Debug.h"
#include "llvm/Support/ManagedStatic.h"
#include "llvm/Support/raw_ostream.h"

#include <list>
#include <string>
#include <vector>

using namespace tenon;
namespace cl = llvm::cl;

namespace {
/// Prints counters when LLVM is shut down, which is the last thing that happens
/// inside of MlirOptMain and the end of all counters.
struct StatisticsPrinter {
  ~StatisticsPrinter() { llvm::PrintStatistics(llvm::errs()); }
};
} // namespace

static llvm::ManagedStatic<StatisticsPrinter> printer;

/// Counters of our passes are always on, but LLVM without asserts refuses to
/// print any, and the statistics of MLIR's passes count nothing there.
static void registerStatistics() {
  static cl::opt<bool> option{"print-statistics",
                              cl::desc("Print what passes counted"),
                              cl::callback([](const bool &) {
                                llvm::EnableStatistics(/*DoPrintOnExit=*/false);
                                // What is made later goes first: the table of counters must exist.
                                (void)llvm::GetStatistics();
                                (void)*printer;
                              })};
}

/// LDBG of our objects prints whether or not LLVM has asserts.
static void registerDebugOnly() {
#ifndef NDEBUG
  if (cl::getRegisteredOptions().contains("debug-only"))
    return;
  static std::list<std::string> types;
  static cl::list<std::string> option{
      "debug-only", cl::CommaSeparated, cl::value_desc("flags of passes"),
      cl::desc("Print debug output of these passes"),
      cl::callback([](const std::string &type) {
        types.push_back(type);
        std::vector<const char *> all;
        for (const std::string &each : types)
          all.push_back(each.c_str());
        llvm::DebugFlag = true;
        llvm::setCurrentDebugTypes(all.data(), all.size());
      })};
#endif
}

void tenon::registerDebugOptions() {
  registerStatistics();
  registerDebugOnly();
}
