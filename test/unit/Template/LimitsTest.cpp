// What templates are refused for, and what bounds them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Template/Template.h"

#include <ctime>
#include <gtest/gtest.h>

namespace tenon::test {

/// Returns the error of a template, or what it renders.
static std::string render(const std::string &source) {
  std::string text, error;
  std::unique_ptr<jinja::Template> parsed =
      jinja::Template::parse(source, error);
  jinja::Template::Options options;
  options.work = 2'000'000;
  if (parsed)
    parsed->render({}, options, text, error);
  return error.empty() ? text : error;
}

static std::string repeat(const std::string &text, int count) {
  std::string result;
  for (; count; --count)
    result += text;
  return result;
}

// What is not supported names the line and the construct.
TEST(Limits, what_is_not_supported) {
  EXPECT_EQ(render("a\n{% include 'b' %}"),
            "line 2: the statement 'include' is not supported; supported "
            "statements: break, call, continue, filter, for, generation, if, "
            "macro, raw, set, with");
  EXPECT_EQ(render("{% for x in y recursive %}{% endfor %}"),
            "line 1: recursive loops are not supported");
  EXPECT_EQ(render("\n\n{{ 'a' | shout }}").substr(0, 43),
            "line 3: the filter 'shout' is not supported");
  EXPECT_EQ(render("{{ 'a' is loud }}").substr(0, 40),
            "line 1: the test 'loud' is not supported");
  EXPECT_EQ(render("{{ 'a'.zfill(3) }}"),
            "line 1: the string method 'zfill' is not supported");
  EXPECT_EQ(render("{{ '%s' % 1 }}"),
            "line 1: formats with '%' are not supported; use '~' or '+'");
}

TEST(Limits, what_is_wrong) {
  EXPECT_EQ(render("{{ a.b }}"),
            "line 1: 'a' is undefined, so that it has no attribute 'b'");
  EXPECT_EQ(render("\n{{ f(1) }}"), "line 2: 'f' is undefined");
  EXPECT_EQ(render("{{ 1 + 'a' }}"),
            "line 1: '+' does not take values of type int and str");
  EXPECT_EQ(render("{{ raise_exception('no tools') }}"),
            "the template says: no tools");
  EXPECT_EQ(render("{{ 'a' }"), "line 1: unexpected '}'");
  EXPECT_EQ(render("{% if a %}"), "line 1: a block has no 'endif'");
  EXPECT_EQ(render("a{% endif %}"), "line 1: 'endif' ends no block");
  EXPECT_EQ(render("{% for x in [1] %}{% endif %}"),
            "line 1: unexpected 'endif'");
  EXPECT_EQ(render("{{ [1].append(2) }}"),
            "line 1: a template cannot change a value of type list");
  EXPECT_EQ(render("{{ range }}"),
            "line 1: a value of type function cannot be printed");
  // Python reads these once, and prints where they lie in memory.
  EXPECT_EQ(render("{{ ['a'] | map('upper') }}"),
            "line 1: printing a range, view or filtered sequence is not "
            "supported; add '| list'");
  EXPECT_EQ(render("{% set x = ['a'] | map('upper') %}{{ x | join }}"
                   "{{ x | join }}"),
            "line 1: reading a filtered sequence twice is not supported; add "
            "'| list'");
  EXPECT_EQ(render("{{ 9223372036854775807 + 1 }}"),
            "line 1: an integer has more than 64 bits");
  EXPECT_EQ(render("{{ 1 // 0 }}"), "line 1: division by zero");
}

/// Renders with a tenth of the default bounds, which take a tenth of a second
/// where code is optimized.
static std::string renderWhole(const std::string &source) {
  std::string text, error;
  std::unique_ptr<jinja::Template> parsed =
      jinja::Template::parse(source, error);
  jinja::Template::Options options;
  options.work /= 10;
  std::clock_t begin = std::clock();
  if (parsed)
    parsed->render({}, options, text, error);
  EXPECT_LT(double(std::clock() - begin) / CLOCKS_PER_SEC, 2) << source;
  return error.empty() ? text.substr(0, 100) : error;
}

// Values share what they hold: a short template makes one whose parts are 2^90.
TEST(Limits, values_that_are_endless_to_visit) {
  const std::string tooLong =
      "line 1: the template takes too long or makes too much text";
  const std::string make =
      "{% set n = namespace(x=[1], y=[1], z={'a': 1}, t=(1,)) %}"
      "{% for a in range(90) %}{% set n.x = [n.x, n.x] %}"
      "{% set n.y = [n.y, n.y] %}{% set n.z = {'a': n.z, 'b': n.z} %}"
      "{% set n.t = (n.t, n.t) %}{% endfor %}";
  for (const char *use :
       {"{{ n.x }}", "{{ n.t ~ '' }}", "{{ n.z | string }}",
        "{{ n.x | tojson }}", "{{ n.z | tojson(indent=2) }}",
        "{{ n.x == n.y }}", "{{ n.x != n.y }}", "{{ n.x < n.y }}",
        "{{ n.z == n.z }}", "{{ n.x in [n.y] }}", "{{ [n.x].count(n.y) }}",
        "{{ [n.x].index(n.y) }}", "{{ [n.x, n.y] | unique | list | length }}",
        "{{ [n.x, n.y] | sort | length }}", "{{ [n.x, n.y] | max }}",
        "{{ n.x is lower }}", "{{ n.x is eq n.y }}", "{{ {1: 2}[n.x] }}",
        "{% for i in 'ab' %}{{ loop.changed(n.x) }}{% endfor %}"})
    EXPECT_EQ(renderWhole(make + use), tooLong) << use;
}

// What takes longer than the text that it makes.
TEST(Limits, texts_that_are_long) {
  const std::string tooLong =
      "line 1: the template takes too long or makes too much text";
  const std::string make = "{% set s = 'a' * 2000000 %}"
                           "{% set t = 'a' * 1000000 ~ 'b' %}"
                           "{% set l = range(100000) | list %}";
  for (const char *use :
       {"{{ s.find(t) }}", "{{ s.rfind('b' ~ t) }}", "{{ t in s }}",
        "{{ s.count(t) }}", "{{ s.split(t) }}", "{{ s.rsplit(t) }}",
        "{{ s.replace(t, '') }}", "{{ s.partition(t) }}", "{{ s.strip(t) }}"})
    EXPECT_EQ(renderWhole(make + use), tooLong) << use;
  for (const char *use : {"s == t[:-1] ~ s[:1000000]",
                          "s.startswith(s)",
                          "'a'.find(s)",
                          "s | length",
                          "s | int",
                          "s | float",
                          "s[0:1]",
                          "s[1000000]",
                          "s[-1000000]",
                          "s.upper()",
                          "s.isalpha()",
                          "s.splitlines()",
                          "s < s",
                          "s is upper",
                          "s | list",
                          "s.split('x')",
                          "s.strip()",
                          "[s]",
                          "s|tojson",
                          "l | reverse",
                          "-1 in l",
                          "l.count(-1)",
                          "dict(*[{}])[s]",
                          "l[1:]",
                          "loop.cycle(*l)",
                          "l | select('odd')",
                          "l | map('string')",
                          "strftime_now('%c' * 100)",
                          "1.5 | round(100)"})
    EXPECT_EQ(renderWhole(make +
                          "{% for i in range(100000) %}{% for j in "
                          "range(100) %}{% set u = " +
                          use + " %}{% endfor %}{% endfor %}"),
              tooLong)
        << use;
}

// Names that are looked for one by one.
TEST(Limits, names_that_are_many) {
  const std::string tooLong =
      "line 1: the template takes too long or makes too much text";
  std::string names, entries, parameters, arguments;
  for (int i = 0; i < 20000; ++i) {
    std::string name = "a" + std::to_string(i);
    names += "{%set " + name + "=1%}";
    entries += "'" + name + "':1,";
    parameters += (i ? "," : "") + name;
    arguments += (i ? "," : "") + name + "=1";
  }
  EXPECT_EQ(renderWhole(names + "{% for i in range(100000) %}{{ z }}"
                                "{% endfor %}"),
            tooLong);
  EXPECT_EQ(renderWhole("{% set d = {" + entries + "} %}"), tooLong);
  EXPECT_EQ(renderWhole("{% macro f(" + parameters + ") %}{% endmacro %}{{ f(" +
                        arguments + ") }}"),
            tooLong);
}

// A method holds its value, so that it counts as nesting; a step of a loop would
// hold itself.
TEST(Limits, functions_inside_of_values) {
  const std::string tooDeep =
      "line 1: values are nested more than 100 deep, or a namespace is inside "
      "of one";
  EXPECT_EQ(renderWhole("{% set n = namespace(f=[].count) %}"
                        "{% for a in range(100000) %}"
                        "{% set n.f = [n.f].count %}{% endfor %}"),
            tooDeep);
  EXPECT_EQ(renderWhole("{% for a in [1] %}{{ loop.changed(loop.changed) }}"
                        "{% endfor %}"),
            tooDeep);
}

// One line, whatever the template has put into it.
TEST(Limits, messages_are_lines) {
  EXPECT_EQ(renderWhole("{{ raise_exception('a\nb\tc') }}"),
            "the template says: a b c");
  EXPECT_EQ(renderWhole("{{ raise_exception('你' * 1000000) }}"),
            "the template says: " + repeat("你", 333) + "...");
  EXPECT_EQ(renderWhole("{{ {}['a' * 1000000].x }}").size(), 1011u);
}

// What published templates do to long conversations is far from the bounds.
TEST(Limits, long_conversations) {
  EXPECT_EQ(
      renderWhole("{% set n = namespace(s='') %}"
                  "{% set text = 'word ' * 2000 %}"
                  "{% for i in range(200) %}"
                  "{% if text.startswith('<think>') %}x{% endif %}"
                  "{% set parts = text.split('</think>') %}"
                  "{% if text[0] == ' ' or '<tool>' in text %}x{% endif %}"
                  "{{ (parts[-1] | trim | length) and '' }}"
                  "{% endfor %}done"),
      "done");
}

// Each ends with an error, soon, and without using up memory or the stack.
TEST(Limits, time_memory_and_recursion) {
  const std::string tooLong =
      "line 1: the template takes too long or makes too much text";
  EXPECT_EQ(render("{% for a in range(100000) %}{% for b in range(100000) %}"
                   "{% endfor %}{% endfor %}"),
            tooLong);
  EXPECT_EQ(render("{{ 'a' * 1000000000000 }}"), tooLong);
  EXPECT_EQ(render("{{ [1] * 1000000000 }}"), tooLong);
  EXPECT_EQ(render("{% set n = namespace(s='ab') %}{% for a in range(99) %}"
                   "{% set n.s = n.s + n.s %}{% endfor %}"),
            tooLong);
  EXPECT_EQ(render("{{ range(100001) }}"),
            "line 1: 'range' has more than 100000 numbers");
  EXPECT_EQ(render("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
            "line 1: the template calls itself too often");
  EXPECT_EQ(render("{% set n = namespace(x=[]) %}{% for a in range(200) %}"
                   "{% set n.x = [n.x] %}{% endfor %}"),
            "line 1: values are nested more than 100 deep, or a namespace is "
            "inside of one");
  EXPECT_EQ(render("{% set n = namespace() %}{% set n.x = n %}"),
            "line 1: values are nested more than 100 deep, or a namespace is "
            "inside of one");
  const std::pair<const char *, const char *> nests[] = {
      {"(", ")"}, {"[", "]"},  {"{1:", "}"}, {"not ", ""},
      {"-", ""},  {"f(", ")"}, {"a[", "]"}};
  for (const auto &[open, close] : nests)
    EXPECT_EQ(render("{{ " + repeat(open, 100000) + "a" +
                     repeat(close, 100000) + " }}"),
              "line 1: expressions are nested too deeply")
        << open;
  for (const char *more : {"+a", ".a", "|first", " and a", " is defined", "[0]",
                           "()", " if a", "**a"})
    EXPECT_EQ(render("{{ a" + repeat(more, 100000) + " }}").substr(0, 8),
              "line 1: ")
        << more;
  EXPECT_EQ(render(repeat("{% if a %}", 100000)),
            "line 1: blocks are nested too deeply");
  EXPECT_EQ(render(std::string(2 << 20, 'a')),
            "line 1: a template has at most 1048576 bytes, but this one has "
            "2097152");
}

} // namespace tenon::test
