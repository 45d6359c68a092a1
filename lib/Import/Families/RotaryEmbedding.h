// The rotary embedding that a configuration describes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_ROTARYEMBEDDING_H
#define TENON_LIB_IMPORT_FAMILIES_ROTARYEMBEDDING_H

#include "dialects/Tenon/Tenon.h"
#include "ConfigReader.h"

namespace tenon {

/// Reads `rope_theta` and `rope_scaling`. `width` is the number of elements
/// that rotate. `divisors` are those of `ModelSource::getRopeDivisors`.
/// `positions` are those of the longest sequence of this compilation, which
/// choose between the two lists of LongRoPE; 0 for all of the model.
RopeAttr readRope(ConfigReader &config, mlir::MLIRContext *context,
                  int64_t width, RopePairing pairing, double defaultTheta,
                  llvm::ArrayRef<double> divisors = {}, int64_t positions = 0);

/// A rotary embedding without scaling.
RopeAttr readPlainRope(ConfigReader &config, mlir::MLIRContext *context,
                       llvm::StringRef thetaKey, int64_t width,
                       RopePairing pairing, double defaultTheta);

/// What YaRN multiplies by where a context is stretched by `factor`:
/// `0.1 weight ln(factor) + 1`.
double getYarnMagnitude(double factor, double weight);

/// The positions that a model can tell apart: `max_position_embeddings`, or
/// what the scaling stretches its original length to, if that is more.
int64_t readContextLength(ConfigReader &config);

/// Finds the scaling of Llama 3 that divides each frequency by the given
/// divisors, for files that hold these instead of its parameters. Null when no
/// such scaling does.
RopeAttr fitLlama3(RopeAttr plain, llvm::ArrayRef<double> divisors);

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_ROTARYEMBEDDING_H
