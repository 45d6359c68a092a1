// Renders templates for the scripts of python/template.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "JsonValue.h"

#include "tenon/Template/Template.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tenon;

/// Reads lines of JSON, {"template": TEXT, "variables": {"dict": [...]}}, and
/// answers each by a line, {"text": TEXT} or {"error": TEXT}.
int main() {
  ErrorOr<std::unique_ptr<MemoryBuffer>> input = MemoryBuffer::getSTDIN();
  if (!input)
    return 1;
  SmallVector<StringRef> lines;
  (*input)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    Expected<json::Value> value = json::parse(line);
    if (!value) {
      errs() << toString(value.takeError()) << '\n';
      return 1;
    }
    jinja::Template::Options options;
    const json::Object &request = *value->getAsObject();
    options.now = request.getInteger("now").value_or(0);
    std::string text, error;
    std::unique_ptr<jinja::Template> parsed =
        jinja::Template::parse(*request.getString("template"), error);
    if (parsed)
      parsed->render(test::toValue(*request.get("variables")).asDict(), options,
                     text, error);
    json::Object answer;
    answer[error.empty() ? "text" : "error"] =
        json::fixUTF8(error.empty() ? text : error);
    outs() << json::Value(std::move(answer)) << '\n';
  }
  return 0;
}
