// Views that leave the rows of a tensor where they are.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_ROWVIEWS_H
#define TENON_DIALECTS_TENON_ROWVIEWS_H

#include "mlir/IR/Value.h"

namespace tenon {

/// Whether an op shows columns of a tensor, or its rows in another shape: row
/// `t` of its result is made of row `t` of its operand.
bool isRowView(mlir::Operation *op);

/// What a value is a view of: the value itself if it is none.
mlir::Value lookThroughRowViews(mlir::Value value);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_ROWVIEWS_H
