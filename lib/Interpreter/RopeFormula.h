// Frequencies of rotary embeddings, written down a second time for the oracle.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_INTERPRETER_ROPEFORMULA_H
#define TENON_LIB_INTERPRETER_ROPEFORMULA_H

#include "dialects/Tenon/Tenon.h"
#include <vector>

namespace tenon {

/// The frequency of each pair, by the formula of `#tenon.rope`.
std::vector<double> getRopeFrequencies(RopeAttr rope);

} // namespace tenon

#endif // TENON_LIB_INTERPRETER_ROPEFORMULA_H
