// Options of tools that execute a module before and after passes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/NumericOptions.h"

using namespace tenon;

NumericInputs NumericOptions::read() const {
  NumericInputs given;
  given.entries.assign(entries.begin(), entries.end());
  given.step = step;
  given.arguments.texts.assign(inputs.begin(), inputs.end());
  given.arguments.dims.assign(dims.begin(), dims.end());
  return given;
}
