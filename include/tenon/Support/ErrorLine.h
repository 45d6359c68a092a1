// Messages of errors as one line each.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_ERRORLINE_H
#define TENON_SUPPORT_ERRORLINE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace tenon {

/// A message in which control characters are escapes, such as \n and \1b: names
/// in files, which messages quote, may have any.
std::string writeAsLine(llvm::StringRef message);

/// The same error with its message as one line.
llvm::Error writeAsLine(llvm::Error error);

} // namespace tenon

#endif // TENON_SUPPORT_ERRORLINE_H
