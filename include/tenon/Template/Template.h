// Templates of conversations in the language of Jinja.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEMPLATE_TEMPLATE_H
#define TENON_TEMPLATE_TEMPLATE_H

#include "tenon/Template/Value.h"

#include <ctime>
#include <memory>
#include <string>
#include <string_view>

namespace tenon::jinja {

struct Statement;

/// A template, as the publishers' library (transformers) sets up Jinja for it: a
/// newline after a tag and blanks before one are dropped, loops have `break` and
/// `continue`, and values do not change once they are made.
///
/// Rendered text is exactly that of Jinja 3.1. What is not known (imports,
/// inheritance, recursive loops, printf formats, ...) is an error that names the
/// line and the construct, never other text. A template cannot call anything
/// outside of itself, and its time, memory and recursion are bounded.
class Template {
public:
  /// Returns null for a template that is wrong, and why: "line 3: ...".
  static std::unique_ptr<Template> parse(std::string_view source,
                                         std::string &error);
  ~Template();

  struct Options {
    /// The time that `strftime_now` prints, as local time.
    std::time_t now = 0;
    /// Bounds time and memory. A unit is 8 bytes made or about 10 ns; a node that
    /// is evaluated takes 8.
    uint64_t work = 64'000'000;
  };

  /// Appends the rendered text. Returns false, and why, where the template
  /// cannot be rendered with these variables, or refuses them.
  bool render(const Dict &variables, const Options &options, std::string &text,
              std::string &error) const;

private:
  explicit Template(std::vector<std::unique_ptr<Statement>> body);

  std::vector<std::unique_ptr<Statement>> body;
};

} // namespace tenon::jinja

#endif // TENON_TEMPLATE_TEMPLATE_H
