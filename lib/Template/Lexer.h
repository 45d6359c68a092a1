// Cuts the source of a template into tokens.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEMPLATE_LEXER_H
#define TENON_LIB_TEMPLATE_LEXER_H

#include <string>
#include <string_view>
#include <vector>

namespace tenon::jinja {

struct Token {
  enum class Kind : uint8_t {
    Text,          // what is between tags
    VariableBegin, // {{
    VariableEnd,   // }}
    BlockBegin,    // {%
    BlockEnd,      // %}
    Name,
    String, // its value, without quotes and escapes
    Integer,
    Float,
    Operator,
    End,
  };
  Kind kind;
  std::string text;
  unsigned line;
};

/// Returns the tokens, the last of which is End. Blanks around tags are dropped
/// as Jinja does with trim_blocks and lstrip_blocks. On failure there is an
/// error: "line 3: ...".
std::vector<Token> tokenize(std::string_view source, std::string &error);

} // namespace tenon::jinja

#endif // TENON_LIB_TEMPLATE_LEXER_H
