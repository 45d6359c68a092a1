// The factor that turns powers of e into powers of two.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_LOG2E_H
#define TENON_SUPPORT_LOG2E_H

namespace tenon {

/// log2(e): exp(x) = exp2(kLog2E x), and every target has an exp2.
inline constexpr double kLog2E = 1.44269504088896340736;

} // namespace tenon

#endif // TENON_SUPPORT_LOG2E_H
