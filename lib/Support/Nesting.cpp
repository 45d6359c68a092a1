// How deep the text of a module nests, without parsing it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/InputFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace tenon;

static constexpr unsigned kDeepest = 256;

namespace {
/// Goes over a text once, and knows no more of MLIR than what may nest:
///
///   brackets           [[[ ... ]]], in whatever order they are closed
///   an alias in it     as deep as its definition
///   signs              - - - x
class NestingScanner {
public:
  NestingScanner(llvm::StringRef text, llvm::StringRef file)
      : rest(text), text(text), file(file) {}

  llvm::Error run();

private:
  void step();
  void skipString();
  void skipComment();
  void readAlias();
  void note(unsigned levels) { deepest = std::max(deepest, levels); }
  llvm::Error fail() const;

  llvm::StringRef rest, text, file;
  unsigned depth = 0, signs = 0;
  /// Of the line of a definition, or of what is not one.
  unsigned deepest = 0;
  /// The alias that is being defined; empty for none.
  llvm::StringRef defined;
  llvm::StringMap<unsigned> aliases;
};
} // namespace

void NestingScanner::skipString() {
  size_t end = 1;
  while (end < rest.size() && rest[end] != '"')
    end += rest[end] == '\\' ? 2 : 1;
  rest = rest.drop_front(std::min(rest.size(), end + 1));
}

/// The line that splits a file into modules ends what was left open in one.
void NestingScanner::skipComment() {
  if (rest.starts_with("// -----")) {
    depth = 0;
    aliases.clear();
  }
  rest = rest.drop_front(std::min(rest.find('\n'), rest.size()));
}

void NestingScanner::readAlias() {
  llvm::StringRef name = rest.take_front(1);
  rest = rest.drop_front();
  size_t size = rest.take_while([](char c) {
                      return llvm::isAlnum(c) || c == '_' || c == '.' ||
                             c == '$' || c == '-';
                    })
                    .size();
  name = llvm::StringRef(name.data(), size + 1);
  rest = rest.drop_front(size);
  llvm::StringRef next = rest.ltrim(" \t");
  if (depth == 0 && next.starts_with("=") && !next.starts_with("==")) {
    defined = name;
    deepest = 0;
    return;
  }
  note(depth + aliases.lookup(name));
}

void NestingScanner::step() {
  char c = rest.front();
  if (c == '"')
    return skipString();
  if (rest.starts_with("//"))
    return skipComment();
  if (c == '#' || c == '!')
    return readAlias();
  llvm::StringRef two = rest.take_front(2);
  // Arrows and comparisons are no brackets.
  if (two == "->" || two == "<=" || two == ">=") {
    rest = rest.drop_front(2);
    return;
  }
  signs = c == '-' ? signs + 1 : llvm::isSpace(c) ? signs : 0;
  if (llvm::StringRef("([{<").contains(c))
    ++depth;
  if (llvm::StringRef(")]}>").contains(c) && depth > 0)
    --depth;
  note(depth + signs);
  rest = rest.drop_front();
  if (c != '\n' || depth != 0)
    return;
  if (!defined.empty())
    aliases[defined] = deepest + 1;
  defined = {};
  deepest = 0;
}

llvm::Error NestingScanner::fail() const {
  llvm::StringRef before = text.drop_back(rest.size());
  return llvm::createStringError(
      file + ":" + llvm::Twine(before.count('\n') + 1) +
      ": nests brackets, aliases or signs more than " + llvm::Twine(kDeepest) +
      " deep");
}

llvm::Error NestingScanner::run() {
  while (!rest.empty()) {
    step();
    if (deepest > kDeepest)
      return fail();
  }
  return llvm::Error::success();
}

llvm::Error tenon::checkNesting(llvm::StringRef text, llvm::StringRef file) {
  return NestingScanner(text, file).run();
}
