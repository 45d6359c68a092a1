// The nodes of a parsed template.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEMPLATE_AST_H
#define TENON_LIB_TEMPLATE_AST_H

#include "tenon/Template/Value.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tenon::jinja {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using Body = std::vector<std::unique_ptr<Statement>>;

/// The arguments of a call, a filter or a test.
struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  /// `*list` and `**dict`, or null.
  ExpressionPtr spreadList, spreadDict;
};

struct Expression {
  enum class Kind : uint8_t {
    Constant,    // value
    Name,        // name
    List,        // operands
    Tuple,       // operands
    Dict,        // operands: key, value, key, value, ...
    Attribute,   // operand 0 . name
    Item,        // operand 0 [operand 1]
    Slice,       // operand 0 [operand 1 : operand 2 : operand 3], or null
    Call,        // operand 0 (arguments)
    Filter,      // operand 0 | name(arguments); null: the text of a block
    Test,        // operand 0 is name(arguments)
    Not,         // operand 0
    Unary,       // name, + or -, operand 0
    Binary,      // operand 0 name operand 1
    And,         // operand 0, operand 1
    Or,          // operand 0, operand 1
    Concat,      // operands
    Compare,     // operand 0 operators[0] operand 1 operators[1] operand 2 ...
    Conditional, // operand 0 if operand 1 else operand 2, or null
  };
  Kind kind;
  unsigned line;
  /// Levels of expressions below, which bounds recursion.
  unsigned depth = 0;
  std::string name;
  Value value;
  std::vector<ExpressionPtr> operands;
  std::vector<std::string> operators;
  CallArguments arguments;
};

/// What an assignment sets: a name, a member of a namespace, or several.
struct Target {
  std::string name;
  /// Empty unless it is `name.member`.
  std::string member;
  std::vector<Target> parts;
};

struct Parameter {
  std::string name;
  ExpressionPtr value; // null: none
};

struct Statement {
  enum class Kind : uint8_t {
    Text,     // text
    Output,   // expression
    If,       // branches
    For,      // for target in expression if condition; body, otherwise
    Set,      // target = expression
    SetBlock, // target = body, filtered by expression unless that is null
    Macro,    // name(parameters): body
    Call,     // expression, a call, with the caller (parameters): body
    Filter,   // expression filters the body
    With,     // assignments, body
    Scope,    // body
    Break,
    Continue,
  };
  struct Branch {
    ExpressionPtr condition; // null: else
    Body body;
  };
  Kind kind;
  unsigned line;
  std::string name;
  std::string text;
  Target target;
  ExpressionPtr expression;
  ExpressionPtr condition;
  std::vector<Branch> branches;
  std::vector<Parameter> parameters;
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  Body body;
  Body otherwise;
};

} // namespace tenon::jinja

#endif // TENON_LIB_TEMPLATE_AST_H
