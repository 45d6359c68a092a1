// Interleaves rows of codes: the inner loop of packing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_PACKING_INTERLEAVE_H
#define TENON_LIB_PACKING_INTERLEAVE_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace tenon {

/// Writes, for each of `steps`, the next `unitBytes` bytes of each row:
///
///   out[step][place] = rows[place][step]
void interleave(llvm::ArrayRef<const uint8_t *> rows, int64_t unitBytes,
                int64_t steps, uint8_t *out);

} // namespace tenon

#endif // TENON_LIB_PACKING_INTERLEAVE_H
