// An error that the command line makes, and not what it names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/UsageError.h"
#include "llvm/Support/raw_ostream.h"

using namespace tenon;

char UsageError::ID = 0;

void UsageError::log(llvm::raw_ostream &stream) const { stream << text; }

std::error_code UsageError::convertToErrorCode() const {
  return std::make_error_code(std::errc::invalid_argument);
}
