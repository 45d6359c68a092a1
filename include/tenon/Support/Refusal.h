// The answer to the question whether something can be done.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_REFUSAL_H
#define TENON_SUPPORT_REFUSAL_H

#include <optional>
#include <string>

namespace tenon {

/// Nothing if it can be done, or the reason why not: a fragment about the op
/// that is asked about, such as `has a weight of another layer`. Whoever asked
/// makes an error, a match failure or a remark of it.
using Refusal = std::optional<std::string>;

} // namespace tenon

#endif // TENON_SUPPORT_REFUSAL_H
