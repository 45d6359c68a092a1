// Readers that evaluate derivations for the part that is asked for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_PACKING_DERIVEDREADERS_H
#define TENON_LIB_PACKING_DERIVEDREADERS_H

#include "tenon/Packing/MatrixReader.h"

namespace tenon {

/// Returns the reader of a derivation of `from`, which outlives it.
llvm::Expected<std::unique_ptr<MatrixReader>>
makeDerivedReader(WeightSymbolOpInterface weight,
                  llvm::ArrayRef<const MatrixReader *> from);

/// Rounds to a format without scales; `name` is that of the weight, for errors.
std::unique_ptr<MatrixReader>
makeCastReader(WeightType type, const MatrixReader &from, llvm::StringRef name);

/// Computes a table of cosines and sines; null if the weight is none.
std::unique_ptr<MatrixReader>
makeRopeTableReader(WeightSymbolOpInterface weight);

} // namespace tenon

#endif // TENON_LIB_PACKING_DERIVEDREADERS_H
