// What the scan of JSON text lets through and what it stops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/JsonScan.h"
#include "tenon/Import/Containers/JsonCursor.h"

#include "Expect.h"

#include "llvm/Support/JSON.h"

using namespace tenon;

static std::string scan(llvm::StringRef text) {
  return takeMessage(scanJson(text, "f.json"));
}

TEST(JsonScan, TakesWhatTheParserTakes) {
  for (const char *text :
       {"0", "-0.5e+10", " true ", "null", "\"\"", "[]", "{}", "[[],{}]",
        "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}", "\"\\u00e9\\n\\/\"",
        "\"\\ud83d\\ude00\"", "\t[1 , 2]\r\n", "1e999", "\"\xc3\xa9\""}) {
    EXPECT_EQ(scan(text), "no error") << text;
    EXPECT_TRUE(bool(llvm::json::parse(text))) << text;
  }
}

TEST(JsonScan, StopsWrongSyntax) {
  std::string start = "f.json: line 1, column ";
  EXPECT_EQ(scan(""), start + "1: expects a value, but the text ends");
  EXPECT_EQ(scan("{"), start + "2: expects a key in double quotes");
  EXPECT_EQ(scan("[1,]"), start + "4: expects a value, but got ']'");
  EXPECT_EQ(scan("{\"a\" 1}"), start + "6: expects ':' after a key");
  EXPECT_EQ(scan("{\"a\":1,}"), start + "8: expects a key in double quotes");
  EXPECT_EQ(scan("{\"a\":1]"), start + "7: expects ',' or '}' in an object");
  EXPECT_EQ(scan("[1 2]"), start + "4: expects ',' or ']' in an array");
  EXPECT_EQ(scan("1 2"), start + "3: expects nothing after the value");
  EXPECT_EQ(scan("tru"), start + "1: expects a value, but got 'tru'");
  EXPECT_EQ(scan("-"), start + "1: expects digits after '-'");
  EXPECT_EQ(scan("1."), start + "1: expects digits after '.'");
  EXPECT_EQ(scan("1e"), start + "1: expects digits in an exponent");
  EXPECT_EQ(scan("01"), start + "2: expects nothing after the value");
  EXPECT_EQ(scan("\"a"), start + "1: expects a string to end with a double "
                                 "quote");
  EXPECT_EQ(scan("\"\\"), start + "1: expects a string to end with a double "
                                  "quote");
  EXPECT_EQ(scan("\"\\x\""),
            start + "1: has an unknown escape '\\\\x' in a string");
  EXPECT_EQ(scan("\"\\u12g4\""),
            start + "1: expects four hexadecimal digits after '\\u'");
  EXPECT_EQ(scan("\"\\udc00\\udc00\""),
            start + "1: expects surrogates in pairs");
  EXPECT_EQ(scan("\"\\ud800\""), start + "1: expects surrogates in pairs");
  EXPECT_EQ(scan("\"\n\""), start + "1: expects a control character in a "
                                    "string to be escaped");
}

TEST(JsonScan, NamesTheLine) {
  EXPECT_EQ(scan("{\n \"a\": 1,\n  b\n}"),
            "f.json: line 3, column 3: expects a key in double quotes");
}

TEST(JsonScan, StopsNumbersOfPython) {
  EXPECT_EQ(scan("[NaN]"), "f.json: line 1, column 2: expects a finite "
                           "number, but got NaN");
  EXPECT_EQ(scan("Infinity"), "f.json: line 1, column 1: expects a finite "
                              "number, but got Infinity");
  EXPECT_EQ(scan("-Infinity"), "f.json: line 1, column 1: expects a finite "
                               "number, but got -Infinity");
}

TEST(JsonScan, StopsOtherEncodings) {
  EXPECT_EQ(scan("\"\xff\""), "f.json: byte 1: expects JSON in UTF-8");
}

TEST(JsonScan, StopsDuplicateKeys) {
  EXPECT_EQ(scan("{\"a\":1,\"b\":{\"a\":2},\"a\":3}"),
            "f.json: line 1, column 25: has the key 'a' twice in the object "
            "that ends here");
  // The same key in another spelling.
  EXPECT_EQ(scan("[{\"ab\":1,\"\\u0061b\":2}]"),
            "f.json: line 1, column 21: has the key 'ab' twice in the object "
            "that ends here");
  // Keys with escapes do not share their memory.
  EXPECT_EQ(scan("{\"\\u0061\":1,\"\\u0062\":2}"), "no error");
  EXPECT_NE(scan("{\"\\u0061\":1,\"\\u0062\":2,\"\\u0061\":3}")
                .find("has the key 'a' twice"),
            std::string::npos);
}

TEST(JsonScan, BoundsDepth) {
  std::string deepest(maxJsonDepth, '[');
  EXPECT_EQ(scan(deepest + std::string(maxJsonDepth, ']')), "no error");
  EXPECT_EQ(scan("[" + deepest + std::string(maxJsonDepth + 1, ']')),
            "f.json: line 1, column 65: nests objects and arrays more than 64 "
            "deep");
  EXPECT_EQ(scan(std::string(1000000, '[')),
            "f.json: line 1, column 65: nests objects and arrays more than 64 "
            "deep");
  std::string objects;
  for (int i = 0; i < 1000000; ++i)
    objects += "{\"a\":";
  EXPECT_EQ(scan(objects), "f.json: line 1, column 321: nests objects and "
                           "arrays more than 64 deep");
}

TEST(JsonScan, BoundsSize) {
  EXPECT_EQ(scan(std::string(maxJsonBytes + 1, ' ')),
            "f.json: has 268435457 bytes of JSON, but at most 268435456 are "
            "read");
}

TEST(JsonCursor, ResolvesEscapes) {
  JsonCursor cursor("\"a\\\"\\u00e9\\ud83d\\ude00\\t\"", "f.json");
  ASSERT_EQ(takeMessage(cursor.expect(JsonCursor::Token::String, "text")),
            "no error");
  EXPECT_EQ(cursor.getText(), "a\"\xc3\xa9\xf0\x9f\x98\x80\t");
}
