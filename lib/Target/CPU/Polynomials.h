// Exponentials and what follows from them, without a library.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_POLYNOMIALS_H
#define TENON_LIB_TARGET_CPU_POLYNOMIALS_H

#include "dialects/Tenon/Tenon.h"
#include "VectorBuilder.h"

namespace tenon {

// All of them take f32 scalars and vectors. A result too small for a normal
// number is 0. The first four are within 2^-22 of the exact result, relative to
// it.

/// 2 ^ x, for x up to 127; above, the result of 127.
mlir::Value buildExp2(VectorBuilder &b, mlir::Value x);
/// e ^ x; infinity from about 2 ^ 127 on.
mlir::Value buildExp(VectorBuilder &b, mlir::Value x);
mlir::Value buildSigmoid(VectorBuilder &b, mlir::Value x);
mlir::Value buildTanh(VectorBuilder &b, mlir::Value x);
/// The functions of `tenon.glu`, each x times a factor between 0 and 1,
/// which is 0 where it is too small for a normal number. Largest relative error
/// elsewhere; it grows with the exponent of a small factor, of which a part is
/// lost when it is rounded:
///
///   silu       2^-22
///   gelu_tanh  2^-16
///   gelu       2^-21
///   relu       2^-24
mlir::Value buildActivation(VectorBuilder &b, Activation activation,
                            mlir::Value x);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_POLYNOMIALS_H
