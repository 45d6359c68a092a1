// Numbers that the codes of a block share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_FORMATFACTOR_H
#define TENON_DIALECTS_TENON_FORMATFACTOR_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/Hashing.h"
#include <tuple>

namespace tenon {

/// What a factor is multiplied to.
enum class FactorRole { Scale, Offset };

/// One number of a type for each block of `rows x cols` codes.
struct FormatFactor {
  FactorRole role;
  mlir::Type type;
  int64_t rows;
  int64_t cols;

  bool operator==(const FormatFactor &other) const {
    return role == other.role && isLike(other);
  }
  /// Whether both have the same numbers for the same blocks.
  bool isLike(const FormatFactor &other) const {
    return std::tie(type, rows, cols) ==
           std::tie(other.type, other.rows, other.cols);
  }
};

inline llvm::hash_code hash_value(const FormatFactor &factor) {
  return llvm::hash_combine(factor.role, factor.type, factor.rows, factor.cols);
}

} // namespace tenon

#endif // TENON_DIALECTS_TENON_FORMATFACTOR_H
