// Code of one module for several targets, side by side.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_COMPILEVARIANTS_H
#define TENON_LIB_DRIVER_COMPILEVARIANTS_H

#include <atomic>
#include <thread>
#include "TargetList.h"

namespace tenon {

class PhaseTimer;
class RemarkPrinter;
class TempFiles;
struct CompileOptions;

/// Threads that the user asked for, or one per core.
unsigned getThreads(const CompileOptions &options);

/// Compiles a module that is laid out for each target, in threads of its own
/// and in a context of its own, so that no thread waits for another one.
class VariantCompiler {
public:
  /// Begins at once. The module is not used after the constructor.
  VariantCompiler(mlir::ModuleOp laidOut, llvm::ArrayRef<TargetName> targets,
                  EntryKind entries, unsigned threads, PhaseTimer &timer,
                  RemarkPrinter &remarks, const TempFiles &temps);
  VariantCompiler(const VariantCompiler &) = delete;
  ~VariantCompiler();

  /// Waits for all. The variants have the order of the targets.
  llvm::Expected<std::vector<CompiledVariant>> finish();

private:
  void work(PhaseTimer &timer, RemarkPrinter &remarks, const TempFiles &temps);
  void join();

  /// The module as bytecode, which any context can read.
  std::string bytecode;
  std::vector<TargetName> targets;
  EntryKind entries;
  std::vector<CompiledVariant> variants;
  /// Empty where a variant is complete.
  std::vector<std::string> failures;
  std::atomic<size_t> next{0};
  std::vector<std::thread> workers;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_COMPILEVARIANTS_H
