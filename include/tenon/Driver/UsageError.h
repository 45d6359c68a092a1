// An error that the command line makes, and not what it names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DRIVER_USAGEERROR_H
#define TENON_DRIVER_USAGEERROR_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <string>

namespace tenon {

/// Options that contradict each other or have no such value. Programs end with
/// 2 for it, and with 1 for every other error.
class UsageError : public llvm::ErrorInfo<UsageError> {
public:
  static char ID;

  explicit UsageError(const llvm::Twine &text) : text(text.str()) {}

  void log(llvm::raw_ostream &stream) const override;
  std::error_code convertToErrorCode() const override;

private:
  std::string text;
};

inline llvm::Error makeUsageError(const llvm::Twine &text) {
  return llvm::make_error<UsageError>(text);
}

} // namespace tenon

#endif // TENON_DRIVER_USAGEERROR_H
