// Points of the grids that GGUF names groups of codes by.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_GGUFGRIDS_H
#define TENON_SUPPORT_GGUFGRIDS_H

#include <cstdint>

namespace tenon {

/// Magnitudes 8, 25 and 43 of eight elements: codes 0 to 2 of two bits.
extern const uint16_t kGridIQ2XXS[256];
extern const uint16_t kGridIQ2XS[512];
extern const uint16_t kGridIQ2S[1024];
/// Magnitudes 4, 12, 20, 28, 36, 44, 52 and 62 of four elements: codes of three
/// bits.
extern const uint16_t kGridIQ3XXS[256];
/// Magnitudes 1, 3, ..., 15 of four elements: codes of three bits.
extern const uint16_t kGridIQ3S[512];
/// Numbers -1, 0 and 1 of eight elements: codes 0 to 2 of two bits.
extern const uint16_t kGridIQ1[2048];

} // namespace tenon

#endif // TENON_SUPPORT_GGUFGRIDS_H
