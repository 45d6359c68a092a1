// What a location is called in messages.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_LOCATIONNAME_H
#define TENON_SUPPORT_LOCATIONNAME_H

#include "mlir/IR/Location.h"
#include <string>

namespace tenon {

/// The name of what was imported there, such as `dense.q`, or `FILE:LINE:COLUMN`;
/// of a fused location that of its first part. Empty if neither is known.
std::string getLocationName(mlir::Location loc);

} // namespace tenon

#endif // TENON_SUPPORT_LOCATIONNAME_H
