// Bounds how deep the parser of templates calls itself.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEMPLATE_NESTING_H
#define TENON_LIB_TEMPLATE_NESTING_H

#include "Parser.h"

namespace tenon::jinja {

/// Counts one level as long as it lives.
struct Parser::Nesting {
  /// Few enough that the deepest chain of calls fits the smallest usual stack.
  static constexpr unsigned limit = 100;

  explicit Nesting(unsigned &count) : count(++count) {}
  Nesting(const Nesting &) = delete;
  ~Nesting() { --count; }
  bool isTooDeep() const { return count > limit; }

  unsigned &count;
};

} // namespace tenon::jinja

#endif // TENON_LIB_TEMPLATE_NESTING_H
