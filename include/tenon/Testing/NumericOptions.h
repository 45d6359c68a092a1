// Options of tools that execute a module before and after passes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TESTING_NUMERICOPTIONS_H
#define TENON_TESTING_NUMERICOPTIONS_H

#include "tenon/Interpreter/NumericComparison.h"
#include "llvm/Support/CommandLine.h"

namespace tenon {

/// Registers the options while it lives.
struct NumericOptions {
  NumericInputs read() const;

  llvm::cl::list<std::string> entries{
      "numerics-entry", llvm::cl::CommaSeparated, llvm::cl::value_desc("f"),
      llvm::cl::desc("Functions to execute (default: all public ones)")};
  llvm::cl::opt<std::string> step{
      "numerics-step", llvm::cl::init(NumericInputs().step),
      llvm::cl::desc("Step that operands with a tenon.role are parts of, as in "
                     "tenon-run")};
  llvm::cl::list<std::string> inputs{
      "numerics-input",
      llvm::cl::desc(
          "Argument of each function, as in tenon-run (default: by role; "
          "otherwise floats are random and integers zero)")};
  llvm::cl::list<int64_t> dims{
      "numerics-dims", llvm::cl::CommaSeparated,
      llvm::cl::desc(
          "Dynamic sizes of arguments (default: the tokens of the step)")};
};

} // namespace tenon

#endif // TENON_TESTING_NUMERICOPTIONS_H
