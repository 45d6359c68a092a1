// The attention temperature of a position, as arithmetic that every target has.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_TEMPERATURE_H
#define TENON_DIALECTS_TENON_TEMPERATURE_H

#include "mlir/IR/Builders.h"

namespace tenon {

/// Builds the factor of `tenon.temper_rows`, an `f32`, of a position, an `i32`
/// that is not negative. The relative error is at most 2e-7.
mlir::Value buildTemperature(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value position, int64_t interval,
                             double slope);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_TEMPERATURE_H
