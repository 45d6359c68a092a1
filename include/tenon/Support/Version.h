// The version of tenon, and what its tools say about themselves.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_VERSION_H
#define TENON_SUPPORT_VERSION_H

#include "llvm/ADT/StringRef.h"

namespace tenon {

/// `0.1.0`
llvm::StringRef getVersion();

/// Makes --version name `tool`, tenon and LLVM, and a crash ask for a report to
/// tenon rather than to LLVM. Called before options are parsed.
void identifyTool(llvm::StringLiteral tool);

/// Hides the options that exist so far, which are those of libraries, from
/// --help: --help-hidden lists them, too. For tools that register their own later.
void hideOptionsOfLibraries();

} // namespace tenon

#endif // TENON_SUPPORT_VERSION_H
