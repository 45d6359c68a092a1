// How a gate and a projection up become one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_GATEDACTIVATION_H
#define TENON_DIALECTS_TENON_GATEDACTIVATION_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/Hashing.h"
#include <limits>

namespace tenon {

enum class Activation : uint32_t;

/// The function of a gated linear unit, `tenon.glu`: an activation with its
/// parameters, all of which have a value that changes nothing.
struct GatedActivation {
  Activation function = Activation(0);
  /// The activation is that of `alpha` times the gate, divided by `alpha`.
  float alpha = 1;
  /// Is added to the projection up.
  float beta = 0;
  /// The largest gate, and the largest size of a projection up.
  float limit = std::numeric_limits<float>::infinity();

  GatedActivation() = default;
  /// The activation alone.
  GatedActivation(Activation function) : function(function) {}

  bool hasLimit() const {
    return limit != std::numeric_limits<float>::infinity();
  }
  /// Whether the projection up is taken as it is.
  bool keepsUp() const { return alpha == 1 && beta == 0 && !hasLimit(); }
  /// Whether the parameters have a meaning: `alpha` and `limit` are positive.
  bool isValid() const;

  bool operator==(const GatedActivation &other) const;
};

llvm::hash_code hash_value(const GatedActivation &activation);

// What ODS needs of a property.
mlir::OptionalParseResult parseGatedActivation(mlir::AsmParser &parser,
                                               GatedActivation &activation);
void printGatedActivation(mlir::AsmPrinter &printer,
                          const GatedActivation &activation);
mlir::Attribute convertToAttribute(mlir::MLIRContext *context,
                                   const GatedActivation &activation);
mlir::LogicalResult
convertFromAttribute(GatedActivation &activation, mlir::Attribute attribute,
                     llvm::function_ref<mlir::InFlightDiagnostic()> emitError);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_GATEDACTIVATION_H
