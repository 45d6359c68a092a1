// Options that a packaged LLVM leaves out, for what our own passes print.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TOOLS_TENON_OPT_DEBUGOPTIONS_H
#define TENON_TOOLS_TENON_OPT_DEBUGOPTIONS_H

namespace tenon {

/// Registers `--print-statistics` and, in a build with asserts, `--debug-only`
/// if LLVM has none of its own. Called before options are parsed.
void registerDebugOptions();

} // namespace tenon

#endif // TENON_TOOLS_TENON_OPT_DEBUGOPTIONS_H
