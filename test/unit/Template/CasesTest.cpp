// Renders conversations as the publishers' library does.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "JsonValue.h"

#include "tenon/Template/Template.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace llvm;

namespace tenon::test {

static std::string readInput(const std::string &name) {
  auto buffer =
      MemoryBuffer::getFile(std::string(TENON_TEMPLATE_INPUTS) + "/" + name);
  EXPECT_TRUE(buffer) << name;
  return buffer ? (*buffer)->getBuffer().str() : "";
}

/// What a template makes of variables, or "error: ..." where it fails.
static std::string render(const std::string &source,
                          const jinja::Dict &variables, int64_t now) {
  std::string text, error;
  std::unique_ptr<jinja::Template> parsed =
      jinja::Template::parse(source, error);
  jinja::Template::Options options;
  options.now = now;
  if (parsed && parsed->render(variables, options, text, error))
    return text;
  return "error: " + error;
}

// The tables are those of python/template/make_cases.py.
TEST(Cases, render_as_the_publishers_library_does) {
  setenv("TZ", "UTC", /*overwrite=*/1);
  Expected<json::Value> root = json::parse(readInput("cases.json"));
  ASSERT_TRUE(bool(root)) << toString(root.takeError());
  const json::Object &tables = *root->getAsObject();
  const json::Object &conversations = *tables.getObject("conversations");
  int64_t now = *tables.getInteger("now");
  size_t count = 0;
  for (const auto &[name, rendered] : *tables.getObject("templates")) {
    std::string source = readInput("templates/" + name.str() + ".jinja");
    for (const auto &[conversation, expected] : *rendered.getAsObject()) {
      jinja::Value variables = toValue(*conversations.get(conversation));
      std::string text = render(source, variables.asDict(), now);
      SCOPED_TRACE(name.str() + ", " + conversation.str());
      ++count;
      // Where the library fails, its words are its own, but those that the
      // template raises are not.
      if (const json::Object *failure = expected.getAsObject())
        EXPECT_EQ(text, failure->getString("raises")
                            ? "error: the template says: " +
                                  failure->getString("raises")->str()
                        : text.substr(0, 7) == "error: " ? text
                                                         : "an error");
      else
        EXPECT_EQ(text, expected.getAsString()->str());
    }
  }
  EXPECT_GE(count, 150u);
}

TEST(Cases, expressions_as_the_publishers_library_has_them) {
  Expected<json::Value> root = json::parse(readInput("expressions.json"));
  ASSERT_TRUE(bool(root)) << toString(root.takeError());
  const json::Object &tables = *root->getAsObject();
  jinja::Value variables = toValue(*tables.get("variables"));
  for (const json::Value &entry : *tables.getArray("cases")) {
    const json::Array &one = *entry.getAsArray();
    std::string source = one[0].getAsString()->str();
    std::string text = render(source, variables.asDict(), 0);
    if (std::optional<StringRef> expected = one[1].getAsString())
      EXPECT_EQ(text, expected->str()) << source;
    else
      EXPECT_EQ(text.substr(0, 7), "error: ") << source;
  }
  EXPECT_GE(tables.getArray("cases")->size(), 200u);
}

} // namespace tenon::test
