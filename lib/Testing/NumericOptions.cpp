// Options of tools that execute a module before and after passes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/NumericOptions.h"

using namespace tenon;

NumericVerifierOptions NumericOptions::read() const {
  NumericVerifierOptions options;
  options.entries.assign(entries.begin(), entries.end());
  options.step = step;
  options.inputs.texts.assign(inputs.begin(), inputs.end());
  options.inputs.dims.assign(dims.begin(), dims.end());
  return options;
}
