// Errors of one line, whatever bytes a file brings into them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CONTAINERS_MESSAGES_H
#define TENON_IMPORT_CONTAINERS_MESSAGES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <string>

namespace tenon {

/// Text from a file in single quotes: other than printable characters are
/// escaped, and what is long is cut, so that a message stays one line.
std::string quote(llvm::StringRef text);

llvm::Error makeImportError(const llvm::Twine &message);

} // namespace tenon

#endif // TENON_IMPORT_CONTAINERS_MESSAGES_H
