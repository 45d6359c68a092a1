// What the compilers of tokenizers refuse, and with which words.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TokenizerFolder.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace tenon::test {

/// Replaces the only occurrence of a text.
static std::string edit(std::string text, StringRef from, StringRef to) {
  size_t at = text.find(from.str());
  EXPECT_NE(at, std::string::npos) << from.str();
  return at == std::string::npos ? text
                                 : text.replace(at, from.size(), to.str());
}

namespace {

/// A folder with a tokenizer of four pieces, parts of which a test changes.
class Folder : public TokenizerFolder {
protected:
  using TokenizerFolder::compile;
  std::string compile(StringRef text) {
    write("tokenizer.json", text);
    return compile();
  }
  std::string compileEdited(StringRef from, StringRef to) {
    return compile(edit(good, from, to));
  }

  Tokens endsOf() const {
    const int32_t *ends = nullptr;
    uint64_t count = tenon_text_eos(tokenizer.get(), &ends);
    return Tokens(ends, ends + count);
  }

  const std::string good = R"({
    "normalizer": null,
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\s+|\\S+"},
       "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
    "post_processor": {"type": "ByteLevel"},
    "added_tokens": [{"id": 4, "content": "<end>", "special": true}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "\u0120": 3},
              "merges": [["a", "b"]]}
  })";
};

} // namespace

TEST_F(Folder, good_one_works) {
  EXPECT_EQ(compile(good), "");
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(encode(*tokenizer, "ab ba<end>", TENON_TEXT_PARSE_SPECIAL),
            Tokens({2, 3, 1, 0, 4}));
  // A byte without a piece is lost, as the vocabulary has it.
  EXPECT_EQ(encode(*tokenizer, "axb", 0), Tokens({2}));
}

// Both spellings of a list of merges are in use.
TEST_F(Folder, merges_joined_by_a_space) {
  EXPECT_EQ(compileEdited(R"(["a", "b"])", R"("a b")"), "");
  EXPECT_EQ(encode(*tokenizer, "ab", 0), Tokens({2}));
}

// Pieces beyond U+FFFF may be spelled as two escapes.
TEST_F(Folder, escaped_surrogates) {
  EXPECT_EQ(compileEdited(R"("<end>")", R"("\uD83D\uDE00\udb40\udc67\\ud83d")"),
            "");
  EXPECT_EQ(decode(*tokenizer, {4}), "\U0001f600\U000e0067\\ud83d");
}

TEST_F(Folder, an_identifier_may_be_missing) {
  EXPECT_EQ(compileEdited(R"("id": 4)", R"("id": 9)"), "");
  EXPECT_EQ(tenon_text_vocabulary(tokenizer.get()), 10);
  EXPECT_EQ(decode(*tokenizer, {0, 7, 9}), "a<end>");
}

// Numbers that no token can have stay out of range, however large they are.
TEST_F(Folder, template_with_a_token_that_does_not_exist) {
  auto useTemplate = [&](StringRef id) {
    return compileEdited(R"("post_processor": {"type": "ByteLevel"})",
                         (R"("post_processor": {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "<end>"}}, {"Sequence": {}}],
             "special_tokens": {"<end>": {"ids": [)" +
                          id + "]}}}")
                             .str());
  };
  EXPECT_EQ(useTemplate("4"), "");
  EXPECT_EQ(encode(*tokenizer, "a", TENON_TEXT_ADD_SPECIAL), Tokens({4, 0}));
  for (StringRef id : {"9", "-1", "4294967300", "18446744073709551615"})
    EXPECT_TRUE(StringRef(useTemplate(id)).contains("has no such piece"))
        << id.str();
}

// A piece of the vocabulary keeps its identifier, as in the tokenizers library,
// and the user is told that the stated one is not used.
TEST_F(Folder, added_token_with_another_identifier) {
  EXPECT_EQ(compileEdited(R"("id": 4, "content": "<end>")",
                          R"("id": 4, "content": "a")"),
            "");
  EXPECT_EQ(encode(*tokenizer, "ab a", TENON_TEXT_PARSE_SPECIAL),
            Tokens({0, 1, 3, 0}));
  EXPECT_EQ(tenon_text_vocabulary(tokenizer.get()), 4);
  EXPECT_EQ(warnings,
            std::vector<std::string>(
                {"tokenizer.json: added token 'a' has the identifier 4, but "
                 "the vocabulary gives it 0, which is used"}));
  // The same in a vocabulary whose pieces are not spelled in bytes.
  std::string text = edit(good, R"("\u0120": 3)", R"("\u2603x": 3)");
  EXPECT_EQ(compile(edit(text, "<end>", "\u2603x")), "");
  EXPECT_EQ(encode(*tokenizer, "a\u2603x", TENON_TEXT_PARSE_SPECIAL),
            Tokens({0, 3}));
}

// A name that no token has is left out, and the user is told.
TEST_F(Folder, names_of_tokens_that_do_not_exist) {
  write("tokenizer_config.json",
        R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}})");
  write("special_tokens_map.json", R"({"bos_token": "<end>"})");
  EXPECT_EQ(compile(good), "");
  EXPECT_EQ(tenon_text_bos(tokenizer.get()), 4);
  EXPECT_EQ(endsOf(), Tokens());
  EXPECT_EQ(warnings,
            std::vector<std::string>(
                {"tokenizer_config.json: 'eos_token' names the token '</s>', "
                 "but the tokenizer has no such token; it is left out",
                 "tokenizer_config.json: 'bos_token' names the token '<s>', "
                 "but the tokenizer has no such token; it is left out"}));
}

TEST_F(Folder, no_tokenizer) {
  EXPECT_TRUE(StringRef(compile()).starts_with("cannot open '"));
}

TEST_F(Folder, what_is_unknown_names_what_is_known) {
  EXPECT_EQ(compileEdited(R"("BPE")", R"("WordLevel")"),
            "tokenizer.json: unknown model 'WordLevel'; known models: BPE, "
            "Unigram, WordPiece");
  // A name that is no line does not end the line of the error.
  EXPECT_EQ(compileEdited(R"("BPE")", R"("B\nP\u001bE")"),
            "tokenizer.json: unknown model 'B\\nP\\1BE'; known models: BPE, "
            "Unigram, WordPiece");
  EXPECT_EQ(
      compileEdited(R"("normalizer": null)",
                    R"("normalizer": {"type": "NFKC"})"),
      "tokenizer.json: unknown normalizer 'NFKC'; known normalizers: "
      "BertNormalizer, NFC, Precompiled, Prepend, Replace, Sequence, Strip");
  EXPECT_EQ(compileEdited(R"("type": "Split")", R"("type": "UnicodeScripts")"),
            "tokenizer.json: unknown pre-tokenizer 'UnicodeScripts'; known "
            "pre-tokenizers: BertPreTokenizer, ByteLevel, Digits, Metaspace, "
            "Sequence, Split, WhitespaceSplit");
  EXPECT_EQ(compileEdited(R"("Isolated")", R"("Scattered")"),
            "tokenizer.json: unknown split behavior 'Scattered'; known "
            "behaviors: Contiguous, Isolated, MergedWithNext, "
            "MergedWithPrevious, Removed");
  EXPECT_EQ(compileEdited(R"({"type": "ByteLevel"})",
                          R"({"type": "RobertaProcessing"})"),
            "tokenizer.json: unknown post-processor 'RobertaProcessing'; known "
            "post-processors: BertProcessing, ByteLevel, Sequence, "
            "TemplateProcessing");
  EXPECT_EQ(compileEdited(R"({"type": "ByteLevel"})",
                          R"({"type": "BertProcessing", "sep": ["[SEP]"]})"),
            "tokenizer.json: expects BertProcessing to have a token and its "
            "number under 'cls'");
  EXPECT_EQ(compileEdited(R"("BPE")", R"("WordPiece")"),
            "tokenizer.json: model WordPiece has the pre-tokenizer ByteLevel; "
            "expects words of characters");
}

TEST_F(Folder, patterns_that_would_mean_something_else) {
  auto message = [](StringRef pattern, StringRef part, unsigned at,
                    StringRef reason) {
    return ("tokenizer.json: split pattern '" + pattern + "' uses '" + part +
            "' at byte " + Twine(at) + ", " + reason +
            "; express it with \\s, \\S, \\d, \\p{...}, classes, groups and "
            "quantifiers")
        .str();
  };
  StringRef old = R"(\\s+|\\S+)";
  EXPECT_EQ(compileEdited(old, R"(a\\h)"),
            message("a\\h", "\\h", 1,
                    "which has another meaning in PCRE2 or cannot stand "
                    "there"));
  EXPECT_EQ(compileEdited(old, R"([a[b]])"),
            message("[a[b]]", "[", 2, "a class inside a class"));
  EXPECT_EQ(compileEdited(old, R"([a&&b])"),
            message("[a&&b]", "&&", 2, "an intersection of classes"));
  EXPECT_EQ(compileEdited(old, R"(a{2}+)"),
            message("a{2}+", "}+", 3, "which is not possessive everywhere"));
  EXPECT_EQ(compileEdited(old, "(a"),
            "tokenizer.json: split pattern '(a' is wrong at byte 2: missing "
            "closing parenthesis");
}

/// A vocabulary of words whose pre-tokenizer is Metaspace with these members.
static std::string metaspace(const std::string &members) {
  return R"({"pre_tokenizer": {"type": "Metaspace")" + members +
         R"(}, "added_tokens": [{"id": 5, "content": "<s>", "special": true}],)"
         R"( "model": {"type": "BPE", "vocab": {"\u2581": 0, "a": 1, "b": 2,)"
         R"( "\u2581a": 3, "a\u2581": 4}, "merges": [["a", "\u2581"],)"
         R"( ["\u2581", "a"]]}})";
}

// The tokens are those of the tokenizers library.
TEST_F(Folder, metaspace) {
  struct Row {
    const char *members;
    std::vector<Tokens> expected;
  };
  const char *texts[] = {"a b", "a a", "b<s>a", "<s>a", " a", "  a", "<s>", ""};
  const Row rows[] = {
      {R"(, "prepend_scheme": "always", "split": true)",
       {{3, 0, 2}, {3, 3}, {0, 2, 5, 3}, {5, 3}, {3}, {0, 3}, {5}, {}}},
      {R"(, "prepend_scheme": "always", "split": false)",
       {{0, 4, 2}, {0, 4, 1}, {0, 2, 5, 3}, {5, 3}, {3}, {0, 3}, {5}, {}}},
      {R"(, "prepend_scheme": "first", "split": true)",
       {{3, 0, 2}, {3, 3}, {0, 2, 5, 1}, {5, 1}, {3}, {0, 3}, {5}, {}}},
      {R"(, "prepend_scheme": "first", "split": false)",
       {{0, 4, 2}, {0, 4, 1}, {0, 2, 5, 1}, {5, 1}, {3}, {0, 3}, {5}, {}}},
      {R"(, "prepend_scheme": "never", "split": true)",
       {{1, 0, 2}, {1, 3}, {2, 5, 1}, {5, 1}, {3}, {0, 3}, {5}, {}}},
      {R"(, "prepend_scheme": "never", "split": false)",
       {{4, 2}, {4, 1}, {2, 5, 1}, {5, 1}, {3}, {0, 3}, {5}, {}}},
      {R"(, "add_prefix_space": true)",
       {{3, 0, 2}, {3, 3}, {0, 2, 5, 3}, {5, 3}, {3}, {0, 3}, {5}, {}}},
      {"", {{3, 0, 2}, {3, 3}, {0, 2, 5, 3}, {5, 3}, {3}, {0, 3}, {5}, {}}},
  };
  for (const Row &row : rows) {
    ASSERT_EQ(compile(metaspace(row.members)), "") << row.members;
    for (auto [text, expected] : zip_equal(texts, row.expected))
      EXPECT_EQ(encode(*tokenizer, text, TENON_TEXT_PARSE_SPECIAL), expected)
          << row.members << " '" << text << "'";
    for (const char *text : {"a b", "a a", "ba"}) {
      Tokens tokens = encode(*tokenizer, text, 0);
      EXPECT_EQ(decode(*tokenizer, tokens), text) << row.members;
    }
  }
}

// Only the beginning of the whole text loses its mark again.
TEST_F(Folder, metaspace_comes_back) {
  ASSERT_EQ(compile(metaspace(R"(, "prepend_scheme": "first")")), "");
  EXPECT_EQ(decode(*tokenizer, {3, 5, 3}), "a<s> a");
  EXPECT_EQ(decode(*tokenizer, {5, 3, 3}, TENON_TEXT_SKIP_SPECIAL), "a a");
  ASSERT_EQ(compile(metaspace(R"(, "prepend_scheme": "always")")), "");
  EXPECT_EQ(decode(*tokenizer, {3, 5, 3}), "a<s>a");
  ASSERT_EQ(compile(metaspace(R"(, "prepend_scheme": "never")")), "");
  EXPECT_EQ(decode(*tokenizer, {3, 5, 3}), " a<s> a");
}

TEST_F(Folder, metaspace_that_is_unknown) {
  EXPECT_EQ(compile(metaspace(R"(, "prepend_scheme": "last")")),
            "tokenizer.json: unknown prepend_scheme 'last' of Metaspace; known "
            "schemes: always, first, never");
  EXPECT_EQ(compile(metaspace(R"(, "prepend_scheme": 5)")),
            "tokenizer.json: 'prepend_scheme' of Metaspace expects a string, "
            "but is 5");
  EXPECT_EQ(compile(metaspace(R"(, "split": "no")")),
            "tokenizer.json: 'split' of Metaspace expects true or false, but "
            "is \"no\"");
  EXPECT_EQ(compile(metaspace(R"(, "replacement": "_")")),
            "tokenizer.json: pre-tokenizer Metaspace makes '_' of a space; "
            "only \u2581 is known");
  EXPECT_EQ(compile(metaspace(
                R"(, "add_prefix_space": false, "prepend_scheme": "first")")),
            "tokenizer.json: add_prefix_space of Metaspace is false, but "
            "prepend_scheme is 'first'; remove one of the two");
  EXPECT_EQ(compileEdited(R"({"type": "ByteLevel", "add_prefix_space")",
                          R"({"type": "Metaspace", "add_prefix_space")"),
            "tokenizer.json: pre-tokenizer Metaspace is not the first one, nor "
            "the one behind WhitespaceSplit");
}

// Lines as the tokenizers library cuts them: at each end of a line, and a dot
// does not cross one.
TEST_F(Folder, patterns_of_lines) {
  auto tokens = [&](StringRef pattern, const std::string &text) {
    EXPECT_EQ(compileEdited(R"(\\s+|\\S+)", pattern), "") << pattern.str();
    return encode(*tokenizer, text, 0);
  };
  EXPECT_EQ(tokens("x", "ab\nab"), Tokens({2, 2}));
  EXPECT_EQ(tokens("^a", "ab\nab ab"), Tokens({0, 1, 0, 1, 3, 2}));
  EXPECT_EQ(tokens("b$", "ab ab\nab"), Tokens({2, 3, 0, 1, 0, 1}));
  EXPECT_EQ(tokens("b$", "ab\n"), Tokens({0, 1}));
  EXPECT_EQ(tokens("b.", "ab\nab"), Tokens({2, 2}));
  EXPECT_EQ(tokens("b.", "aba\nab"), Tokens({0, 1, 0, 2}));
  EXPECT_EQ(tokens("a(?=.)", "ab\na"), Tokens({0, 1, 0}));
}

TEST_F(Folder, inconsistent_tables) {
  EXPECT_EQ(compileEdited(R"(["a", "b"])", R"(["a", "c"])"),
            "tokenizer.json: merge 0, 'a c', has a right side that is not in "
            "the vocabulary");
  EXPECT_EQ(compileEdited(R"(["a", "b"])", R"(["b", "a"])"),
            "tokenizer.json: merge 0, 'b a', has a result that is not in the "
            "vocabulary");
  EXPECT_EQ(compileEdited(R"(["a", "b"])", R"(["a", "b"], "a b")"),
            "tokenizer.json: merge 1, of 'a' and 'b', is there a second time");
  EXPECT_EQ(compileEdited(R"(["a", "b"])", R"("ab")"),
            "tokenizer.json: merge 'ab ' is not a pair of pieces");
  EXPECT_EQ(compileEdited(R"("b": 1)", R"("b": "one")"),
            "tokenizer.json: piece 'b' has an identifier that is no integer");
  EXPECT_EQ(compileEdited(R"("id": 4)", R"("id": 1)"),
            "tokenizer.json: added token '<end>' has the identifier 1 of the "
            "piece 'b'");
  EXPECT_EQ(compileEdited(R"("id": 4)", R"("id": 99999999999)"),
            "tokenizer.json: piece '<end>' has identifier 99999999999, which "
            "is not in 0 to 16777215");
  EXPECT_EQ(compileEdited(R"("id": 4)", R"("id": -1)"),
            "tokenizer.json: piece '<end>' has identifier -1, which is not in "
            "0 to 16777215");
  std::string same = compileEdited(R"("b": 1)", R"("b": 0)");
  EXPECT_TRUE(StringRef(same).contains("have one identifier, 0")) << same;
  EXPECT_EQ(
      compileEdited(R"("type": "BPE")", R"("type": "BPE", "dropout": 0.5)"),
      "tokenizer.json: model.dropout is set, which makes tokens random; "
      "set it to null");
}

TEST_F(Folder, json_that_is_broken) {
  EXPECT_NE(compile("{"), "");
  EXPECT_NE(compile("[]"), "");
  EXPECT_NE(compile(R"({"model": 1, "model": 2})"), "");
  EXPECT_NE(compile(std::string(1'000'000, '[')), "");
  EXPECT_EQ(compile("{}"), "tokenizer.json: expects 'model' to be an object");
}

TEST_F(Folder, tokens_of_the_other_files) {
  write("generation_config.json",
        R"({"bos_token_id": 3, "eos_token_id": [4, 1]})");
  write("config.json", R"({"bos_token_id": 0, "eos_token_id": 4})");
  EXPECT_EQ(compile(good), "");
  EXPECT_EQ(tenon_text_bos(tokenizer.get()), 3);
  const int32_t *ends = nullptr;
  ASSERT_EQ(tenon_text_eos(tokenizer.get(), &ends), 2u);
  EXPECT_EQ(ends[0], 4);
  EXPECT_EQ(ends[1], 1);

  // A token that does not exist is left out, and the user is told, unless the
  // number says that there is none.
  write("config.json",
        R"({"bos_token_id": -1, "eos_token_id": [77, -1, 0, 4294967296]})");
  write("generation_config.json", R"({"eos_token_id": 5})");
  EXPECT_EQ(compile(good), "");
  EXPECT_EQ(tenon_text_bos(tokenizer.get()), -1);
  EXPECT_EQ(endsOf(), Tokens({0}));
  EXPECT_EQ(warnings,
            std::vector<std::string>(
                {"generation_config.json: 'eos_token_id' names token 5, but "
                 "the tokenizer has no such piece among its 5; it is left out",
                 "config.json: 'eos_token_id' names token 77, but the "
                 "tokenizer has no such piece among its 5; it is left out",
                 "config.json: 'eos_token_id' names token 4294967296, but the "
                 "tokenizer has no such piece among its 5; it is left out"}));
  // The text model inside of another one names further ends.
  write("config.json", R"({"text_config": {"eos_token_id": [1, 2]}})");
  EXPECT_EQ(compile(good), "");
  EXPECT_EQ(endsOf(), Tokens({1, 2}));
  write("config.json", R"({"eos_token_id": "x"})");
  EXPECT_EQ(compile(good), "config.json: 'eos_token_id' is neither an integer "
                           "nor an array of them");
}

// Tokens that stand in only one of the files, as the published classes read
// them.
TEST_F(Folder, added_tokens_of_the_other_files) {
  auto tokens = [&](const std::string &entry, const std::string &text) {
    write("tokenizer_config.json",
          R"({"added_tokens_decoder": {)" + entry + "}}");
    EXPECT_EQ(compile(good), "");
    return encode(*tokenizer, text, TENON_TEXT_PARSE_SPECIAL);
  };
  const std::string special = R"("special": true})";
  EXPECT_EQ(tokens(R"("5": {"content": "<b>", )" + special, "a<b>b<end>"),
            Tokens({0, 5, 1, 4}));
  EXPECT_TRUE(tenon_text_is_special(tokenizer.get(), 5));
  // Special tokens are text unless they are asked for; others are not.
  EXPECT_EQ(encode(*tokenizer, "a<b>b", 0), Tokens({2, 1}));
  EXPECT_EQ(tokens(R"("5": {"content": "<b>", "special": false})", "a<b>b"),
            Tokens({0, 5, 1}));
  EXPECT_EQ(encode(*tokenizer, "a<b>b", 0), Tokens({0, 5, 1}));
  // Behind a hole, and several in no order.
  EXPECT_EQ(
      tokens(R"("9": {"content": "<c>"}, "7": {"content": "<b>"})", "<b><c>"),
      Tokens({7, 9}));
  // A piece is cut out under the identifier that it has.
  EXPECT_EQ(tokens(R"("2": {"content": "ab"})", "aab"), Tokens({0, 2}));
  EXPECT_EQ(tokens(R"("7": {"content": "ab"})", "aab"), Tokens({0, 2}));
  // Both files know it: special if either says so, and the space around it as
  // the second one says.
  EXPECT_EQ(tokens(R"("4": {"content": "<end>", "special": false})", "a<end>"),
            Tokens({0, 4}));
  EXPECT_TRUE(tenon_text_is_special(tokenizer.get(), 4));
  EXPECT_EQ(encode(*tokenizer, "a <end>", TENON_TEXT_PARSE_SPECIAL),
            Tokens({0, 3, 4}));
  EXPECT_EQ(tokens(R"("4": {"content": "<end>", "lstrip": true})", "a <end>"),
            Tokens({0, 4}));

  write("tokenizer_config.json",
        R"({"added_tokens_decoder": {"1": {"content": "<q>"}}})");
  EXPECT_EQ(compile(good), "tokenizer_config.json: added token '<q>' has the "
                           "identifier 1 of the piece 'b'");
  write("tokenizer_config.json",
        R"({"added_tokens_decoder": {"99999999": {"content": "<q>"}}})");
  EXPECT_EQ(compile(good), "tokenizer_config.json: piece '<q>' has identifier "
                           "99999999, which is not in 0 to 16777215");
  write("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {}}})");
  EXPECT_EQ(compile(good),
            "tokenizer_config.json: expects 'added_tokens_decoder' to give an "
            "object for each token, but not for 'x'");
  write("tokenizer_config.json", R"({"added_tokens_decoder": {"6": {}}})");
  EXPECT_EQ(compile(good),
            "tokenizer_config.json: added token 6 has no content");
}

// Older folders have names and identifiers, which count where the newer key is
// absent.
// None of them passes for a key that is absent.
TEST_F(Folder, values_of_another_type_beside_the_tokenizer) {
  write("tokenizer.json", R"({"model": {"vocab": {"a": 0}, "merges": []}})");
  auto message = [&](const char *file, const std::string &text) {
    write(file, text);
    std::string error = compile();
    write(file, "{}");
    return error;
  };
  const char *config = "tokenizer_config.json";
  const std::string name = "tokenizer_config.json: expects ";
  EXPECT_EQ(message(config, R"({"added_tokens_decoder": []})"),
            name + "'added_tokens_decoder' to be an object");
  EXPECT_EQ(message(config, R"({"tokenizer_class": 5})"),
            name + "'tokenizer_class' to be a string");
  for (const char *flag : {"add_bos_token", "add_eos_token"})
    EXPECT_EQ(message(config, std::string("{\"") + flag + R"(": "yes"})"),
              name + "'" + flag + "' to be true or false");
  for (const char *token : {"bos_token", "eos_token"})
    for (const char *value : {"5", R"({"content": 5})", "{}", "[]"})
      EXPECT_EQ(message("special_tokens_map.json",
                        std::string("{\"") + token + "\": " + value + "}"),
                std::string("special_tokens_map.json: expects '") + token +
                    "' to be the name of a token, or an object that has it as "
                    "'content'");
  for (const char *null : {"added_tokens_decoder", "tokenizer_class",
                           "add_bos_token", "bos_token"})
    EXPECT_EQ(message(config, std::string("{\"") + null + "\": null}"), "");
}

TEST_F(Folder, added_tokens_of_their_own_file) {
  write("added_tokens.json", R"({"<b>": 5, "<end>": 4, "<c>": 8})");
  EXPECT_EQ(compile(good), "");
  EXPECT_EQ(encode(*tokenizer, "<c>a<b>", 0), Tokens({8, 0, 5}));
  EXPECT_FALSE(tenon_text_is_special(tokenizer.get(), 5));
  EXPECT_TRUE(tenon_text_is_special(tokenizer.get(), 4));
  write("tokenizer_config.json", R"({"added_tokens_decoder": {}})");
  EXPECT_EQ(compile(good), "");
  EXPECT_EQ(encode(*tokenizer, "a<b>b", 0), Tokens({2, 1}));
  write("tokenizer_config.json", "{}");
  write("added_tokens.json", R"({"<b>": "5"})");
  EXPECT_EQ(compile(good), "added_tokens.json: expects an integer for each "
                           "token, but not for '<b>'");
}

// All that any file calls an end, and what is called one by its name.
TEST_F(Folder, ends_of_all_files) {
  write("tokenizer_config.json",
        R"({"eos_token": "a", "added_tokens_decoder": {)"
        R"("5": {"content": "<|im_end|>", "special": true},)"
        R"("6": {"content": "<end_of_turn>"}, "7": {"content": "<x>"}}})");
  write("special_tokens_map.json",
        R"({"bos_token": "b", "eos_token": {"content": "ab"}})");
  write("generation_config.json", R"({"eos_token_id": [4, null, 0]})");
  write("config.json", R"({"eos_token_id": 3})");
  EXPECT_EQ(compile(good), "");
  EXPECT_EQ(endsOf(), Tokens({0, 2, 4, 3, 5, 6}));
  EXPECT_EQ(tenon_text_bos(tokenizer.get()), 1);
}

// Where messages end in <|end|>, a turn ends in another way.
TEST_F(Folder, ends_of_messages) {
  auto ends = [&](const std::string &more) {
    write("tokenizer_config.json",
          R"({"added_tokens_decoder": {"5": {"content": "<|end|>"})" + more +
              "}}");
    EXPECT_EQ(compile(good), "");
    return endsOf();
  };
  EXPECT_EQ(ends(""), Tokens({5}));
  EXPECT_EQ(ends(R"(, "6": {"content": "<|return|>"})"), Tokens({5, 6}));
  EXPECT_EQ(ends(R"(, "6": {"content": "<|return|>"},)"
                 R"( "7": {"content": "<|call|>"})"),
            Tokens({6, 7}));
}

TEST_F(Folder, steps_of_the_pipeline) {
  const char *normalizer = R"("normalizer": null)";
  auto normalizerError = [&](StringRef to) {
    return compileEdited(normalizer, ("\"normalizer\": " + to).str());
  };
  EXPECT_EQ(normalizerError(R"({"type": "Prepend", "prepend": "x"})"),
            "tokenizer.json: normalizer Prepend prepends 'x'; only \u2581 is "
            "known");
  for (StringRef wrong :
       {R"({"type": "Replace", "pattern": {"String": "x"}, "content": "▁"})",
        R"({"type": "Replace", "pattern": {"String": " "}, "content": "_"})",
        R"({"type": "Replace", "pattern": {"Regex": " "}, "content": "▁"})"})
    EXPECT_TRUE(StringRef(normalizerError(wrong))
                    .starts_with("tokenizer.json: normalizer Replace makes '"))
        << wrong.str();
  for (StringRef wrong : {"[]", "{}", R"({"type": 3})", "true"})
    EXPECT_EQ(normalizerError(wrong),
              "tokenizer.json: expects every normalizer to be an object with a "
              "type");
  EXPECT_EQ(normalizerError(R"({"type": "Sequence"})"),
            "tokenizer.json: expects a sequence of normalizer to have an array "
            "'normalizers'");
  EXPECT_EQ(compileEdited(R"("use_regex": false})",
                          R"("use_regex": false}, {"type": "Digits"})"),
            "tokenizer.json: pre-tokenizer 'Digits' comes after ByteLevel, "
            "which must be the last");
  EXPECT_EQ(compileEdited(R"({"Regex": "\\s+|\\S+"})", "{}"),
            "tokenizer.json: expects the pattern of a split to have a 'Regex' "
            "or a 'String'");
}

// Such a pattern tries every way to cut a run, and is stopped.
TEST_F(Folder, patterns_that_take_too_long) {
  EXPECT_EQ(compileEdited(R"(\\s+|\\S+)", "(a+)+[bc]"), "");
  EXPECT_EQ(encode(*tokenizer, "aaab", 0), Tokens({0, 0, 2}));
  const std::string text(64, 'a');
  int32_t tokens[64];
  uint64_t count = 7;
  EXPECT_EQ(tenon_text_encode(tokenizer.get(), text.data(), text.size(), 0,
                              tokens, 64, &count),
            TENON_TEXT_MATCH_LIMIT);
  EXPECT_EQ(count, 0u);
  EXPECT_TRUE(StringRef(tenon_text_last_error())
                  .starts_with("cannot split a text of 64 bytes at byte 0: "))
      << tenon_text_last_error();
}

TEST_F(Folder, templates) {
  auto error = [&](StringRef single) {
    return compileEdited(R"({"type": "ByteLevel"},)",
                         (R"({"type": "TemplateProcessing", "single": )" +
                          single +
                          R"(, "special_tokens": {"<end>": {"ids": [4, 3]}}},)")
                             .str());
  };
  const std::string text = R"({"Sequence": {"id": "A"}})";
  const std::string end = R"({"SpecialToken": {"id": "<end>"}})";
  EXPECT_EQ(error("[" + text + "]"), "");
  EXPECT_EQ(encode(*tokenizer, "a", TENON_TEXT_ADD_SPECIAL), Tokens({0}));
  EXPECT_EQ(error("[" + end + "," + text + "]"), "");
  EXPECT_EQ(encode(*tokenizer, "a", TENON_TEXT_ADD_SPECIAL), Tokens({4, 3, 0}));
  EXPECT_EQ(error("[" + text + "," + end + "]"), "");
  EXPECT_EQ(encode(*tokenizer, "a", TENON_TEXT_ADD_SPECIAL), Tokens({0, 4, 3}));
  EXPECT_EQ(encode(*tokenizer, "a", 0), Tokens({0}));
  EXPECT_EQ(error("[" + text + "," + text + "]"),
            "tokenizer.json: TemplateProcessing repeats the text");
  EXPECT_EQ(error("[" + end + "]"),
            "tokenizer.json: TemplateProcessing leaves the text out");
  EXPECT_EQ(error(R"([{"SpecialToken": {"id": "<x>"}}])"),
            "tokenizer.json: TemplateProcessing names the token '<x>', which "
            "its special_tokens lack");
  EXPECT_EQ(error("null"), "tokenizer.json: expects TemplateProcessing to have "
                           "'single' and 'special_tokens'");
}

TEST_F(Folder, entries_of_the_model) {
  const char *model = R"("type": "BPE")";
  EXPECT_EQ(compileEdited(model, R"("continuing_subword_prefix": "##")"),
            "tokenizer.json: model.continuing_subword_prefix is '##', but only "
            "an empty one is known");
  EXPECT_EQ(compileEdited(model, R"("end_of_word_suffix": "@@")"),
            "tokenizer.json: model.end_of_word_suffix is '@@', but only an "
            "empty one is known");
  for (StringRef missing : {"\"vocab\"", "\"merges\""})
    EXPECT_EQ(compileEdited(missing, "\"x\""),
              "tokenizer.json: expects model.vocab to be an object and "
              "model.merges an array");
  EXPECT_EQ(compileEdited(model, R"("unk_token": "c")"),
            "tokenizer.json: model.unk_token is 'c', which is not in the "
            "vocabulary");
  // The byte without a piece is the unknown one now, which merges like it.
  EXPECT_EQ(compileEdited(model, R"("unk_token": "b")"), "");
  EXPECT_EQ(encode(*tokenizer, "axb", 0), Tokens({2, 1}));
  for (StringRef wrong : {R"(["a", "b", "a"])", R"(["a"])", "3", R"([1, 2])",
                          R"(["", "b"])", R"(["a", ""])"})
    EXPECT_TRUE(StringRef(compileEdited(R"(["a", "b"])", wrong))
                    .contains("is not a pair of pieces"))
        << wrong.str();
}

TEST_F(Folder, entries_of_added_tokens) {
  const char *entry = R"({"id": 4, "content": "<end>", "special": true})";
  for (StringRef wrong :
       {R"({"content": "<end>"})", R"({"id": 4})",
        R"({"id": 4, "content": ""})", R"({"id": "4", "content": "<end>"})"})
    EXPECT_EQ(compileEdited(entry, wrong),
              "tokenizer.json: expects every entry of added_tokens to have an "
              "id and a content")
        << wrong.str();
  EXPECT_EQ(compileEdited(entry, "3"), "tokenizer.json: expects every entry of "
                                       "added_tokens to be an object");
  EXPECT_EQ(compileEdited(entry, std::string(entry) + "," + entry),
            "tokenizer.json: added token '<end>' is there a second time");
  EXPECT_EQ(compileEdited(R"("id": 4)", R"("id": 16777216)"),
            "tokenizer.json: piece '<end>' has identifier 16777216, which is "
            "not in 0 to 16777215");
}

namespace {

/// What the files beside tokenizer.json say about a token and a flag, and the
/// tokens that stand in front of "a" then.
struct Beginning {
  const char *className;
  const char *flag;
  bool inTemplate;
  Tokens expected;
};

} // namespace

// Classes of the Llama family decide by their flags, others only add.
TEST_F(Folder, flags_beside_the_template) {
  const Tokens none = {0}, end = {4, 0};
  for (const Beginning &one : std::vector<Beginning>{
           {"LlamaTokenizer", "null", false, none},
           {"LlamaTokenizer", "null", true, end},
           {"LlamaTokenizer", "true", false, end},
           {"LlamaTokenizer", "true", true, end},
           {"LlamaTokenizerFast", "false", true, none},
           {"CodeLlamaTokenizer", "false", true, none},
           {"LlamaTokenizer", "false", false, none},
           {"Qwen2Tokenizer", "false", true, end},
           {"Qwen2Tokenizer", "false", false, none},
           {"Qwen2Tokenizer", "true", false, end},
           {"Qwen2Tokenizer", "true", true, end},
           {"NotLlama", "false", true, end},
       }) {
    std::string name = one.className;
    write("tokenizer_config.json",
          R"({"bos_token": "<end>", "eos_token": {"content": "b"},)"
          R"( "tokenizer_class": ")" +
              name + R"(", "add_bos_token": )" + one.flag + "}");
    std::string prefix =
        one.inTemplate ? R"({"SpecialToken": {"id": "<end>"}},)" : "";
    EXPECT_EQ(
        compileEdited(R"({"type": "ByteLevel"},)",
                      R"({"type": "TemplateProcessing", "single": [)" + prefix +
                          R"({"Sequence": {"id": "A"}}],)"
                          R"( "special_tokens": {"<end>": {"ids": [4]}}},)"),
        "");
    EXPECT_EQ(encode(*tokenizer, "a", TENON_TEXT_ADD_SPECIAL), one.expected)
        << name << " " << one.flag << " " << one.inTemplate;
    EXPECT_EQ(tenon_text_bos(tokenizer.get()), 4);
    EXPECT_EQ(tenon_text_add_bos(tokenizer.get()), one.expected == end);
    EXPECT_TRUE(tenon_text_is_eos(tokenizer.get(), 1));
  }
}

TEST_F(Folder, tokens_of_the_configuration) {
  auto check = [&](StringRef config, int32_t bos, const Tokens &tokens) {
    write("tokenizer_config.json", config);
    EXPECT_EQ(compile(good), "") << config.str();
    EXPECT_EQ(tenon_text_bos(tokenizer.get()), bos) << config.str();
    EXPECT_EQ(encode(*tokenizer, "a", TENON_TEXT_ADD_SPECIAL), tokens)
        << config.str();
  };
  check("{}", -1, {0});
  check(R"({"bos_token": null, "add_bos_token": true})", -1, {0});
  check(R"({"bos_token": "<no>", "add_bos_token": true})", -1, {0});
  check(R"({"bos_token": "ab", "add_bos_token": true})", 2, {2, 0});
  check(R"({"bos_token": {"content": "<end>"}, "add_bos_token": true})", 4,
        {4, 0});
  check(R"({"eos_token": "<end>", "add_eos_token": true})", -1, {0, 4});
  check(R"({"eos_token": "<end>", "add_eos_token": false})", -1, {0});
  check(R"({"eos_token": "<no>", "add_eos_token": true})", -1, {0});
  check(R"({"add_eos_token": true})", -1, {0});
  // The other files name tokens by numbers, and come after this one.
  write("config.json", R"({"bos_token_id": 1, "eos_token_id": null})");
  check(R"({"bos_token": "<end>"})", 4, {0});
  check("{}", 1, {0});
  // Also where it is the first of all.
  check(R"({"bos_token": "a"})", 0, {0});
  write("config.json", R"({"bos_token_id": "1"})");
  write("tokenizer_config.json", "{}");
  EXPECT_EQ(compile(good), "config.json: 'bos_token_id' is neither an integer "
                           "nor an array of them");
  // A hole in the vocabulary is no token.
  write("config.json", R"({"eos_token_id": 5})");
  EXPECT_EQ(compileEdited(R"("id": 4)", R"("id": 9)"), "");
  EXPECT_EQ(endsOf(), Tokens());
  EXPECT_EQ(warnings.size(), 1u);
}

// Pieces are all that the letters of a word can become, so tokens show the
// cuts.
TEST_F(Folder, behaviors) {
  const std::string pieces =
      R"({"x": 0, "-": 1, "x-": 2, "-x": 3, "--": 4, "x--": 5, "--x": 6})";
  const std::string merges =
      R"([["-", "-"], ["x", "--"], ["--", "x"], ["x", "-"], ["-", "x"]])";
  auto tokens = [&](StringRef behavior, bool invert) {
    std::string text = edit(good, "\\\\s+|\\\\S+", "-");
    text = edit(text, "Isolated", behavior);
    text = edit(text, "\"invert\": false",
                invert ? "\"invert\": true" : "\"invert\": false");
    text = edit(text, R"({"a": 0, "b": 1, "ab": 2, "\u0120": 3})", pieces);
    text = edit(text, R"([["a", "b"]])", merges);
    text = edit(text, R"("id": 4)", R"("id": 7)");
    EXPECT_EQ(compile(text), "");
    return encode(*tokenizer, "x--x", 0);
  };
  EXPECT_EQ(tokens("Isolated", false), Tokens({0, 1, 1, 0}));
  EXPECT_EQ(tokens("Isolated", true), Tokens({0, 1, 1, 0}));
  EXPECT_EQ(tokens("Removed", false), Tokens({0, 0}));
  EXPECT_EQ(tokens("Removed", true), Tokens({1, 1}));
  EXPECT_EQ(tokens("Contiguous", false), Tokens({0, 4, 0}));
  EXPECT_EQ(tokens("MergedWithPrevious", false), Tokens({2, 1, 0}));
  EXPECT_EQ(tokens("MergedWithNext", false), Tokens({0, 1, 3}));
}

} // namespace tenon::test
