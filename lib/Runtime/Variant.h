// Which code variant of an artifact runs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_VARIANT_H
#define TENON_LIB_RUNTIME_VARIANT_H

#include "Manifest.h"

namespace tenon::runtime {

/// Chooses the first variant whose features the CPU has, or the one that is
/// `asked` for unless that is null. `features` are those of the CPU, and `path`
/// is for messages. The manifest has been checked.
tenon_status chooseVariant(const char *path, const tenon_manifest *manifest,
                           const char *asked, uint32_t features,
                           const tenon_variant *&variant);

} // namespace tenon::runtime

#endif // TENON_LIB_RUNTIME_VARIANT_H
