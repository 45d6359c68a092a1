// What codes and the numbers of factors mean, exactly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_PACKING_CODEVALUES_H
#define TENON_LIB_PACKING_CODEVALUES_H

#include "dialects/Tenon/Tenon.h"
#include <array>
#include <cstdint>

namespace tenon {

/// The values of all codes of at most 8 bits, before scale and offset. Those of a
/// float that are no numbers are NaN; codes that the type does not have are 0.
std::array<float, 256> listCodeValues(FormatAttr format);

/// The value of a number of a factor, which begins at `bytes`.
float decodeNumber(mlir::Type type, const uint8_t *bytes);

} // namespace tenon

#endif // TENON_LIB_PACKING_CODEVALUES_H
