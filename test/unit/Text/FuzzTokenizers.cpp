// Feeds changed tokenizers, templates and split models to their readers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"
#include "tenon/Import/ModelSource.h"
#include "tenon/Import/Tokenizer.h"
#include "tenon/Template/Template.h"
#include "tenon/Text/text.h"
#include "test/unit/Import/Images.h"
#include "test/unit/Mutator.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <unistd.h>

using namespace llvm;
using namespace tenon;

/// A map that makes b of a.
static std::string makeMap() {
  std::vector<uint32_t> units(513);
  units[0] = 2048;
  units[1] = 256 << 10;
  units[1 + (256 ^ 'a')] = 'a' | 1 << 8 | 1 << 10;
  units[1 + (256 ^ 'a' ^ 1)] = 1u << 31;
  return std::string(reinterpret_cast<char *>(units.data()), 4 * units.size()) +
         std::string("b\0", 2);
}

static std::string makeMergesSeed() {
  return R"({"added_tokens": [{"id": 6, "content": "<s>", "special": true,)"
         R"( "normalized": false}, {"id": 7, "content": "Ab", "lstrip": true}],)"
         R"( "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]},)"
         R"( "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type":)"
         R"( "Split", "pattern": {"Regex": "\\p{N}{1,3}| ?\\p{L}+"}, "behavior":)"
         R"( "Isolated", "invert": false}, {"type": "ByteLevel",)"
         R"( "add_prefix_space": false, "use_regex": false}]}, "post_processor":)"
         R"( {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id":)"
         R"( "<s>"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"<s>":)"
         R"( {"ids": [6]}}}, "model": {"type": "BPE", "ignore_merges": false,)"
         R"( "unk_token": null, "vocab": {"a": 0, "b": 1, "ab": 2, "1": 3,)"
         R"( "Ġ": 4, "Ġa": 5}, "merges": ["a b", ["Ġ", "a"]]}})";
}

static std::string makeUnigramSeed() {
  return R"({"normalizer": {"type": "Sequence", "normalizers": [{"type":)"
         R"( "Precompiled", "precompiled_charsmap": ")" +
         encodeBase64(makeMap()) +
         R"("}, {"type": "Strip"}, {"type": "Replace", "pattern": {"Regex":)"
         R"( " {2,}"}, "content": " "}]}, "pre_tokenizer": {"type": "Sequence",)"
         R"( "pretokenizers": [{"type": "WhitespaceSplit"}, {"type":)"
         R"( "Metaspace", "prepend_scheme": "always"}]}, "model": {"type":)"
         R"( "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["▁", -1.5], ["b",)"
         R"( -2], ["bb", -3e0]]}})";
}

static void appendField(std::string &message, unsigned number,
                        const std::string &bytes) {
  message += char(number << 3 | 2);
  size_t size = bytes.size();
  for (; size >= 0x80; size >>= 7)
    message += char(size | 0x80);
  message += char(size);
  message += bytes;
}

static std::string makeModelSeed() {
  std::string model, spec;
  const std::pair<const char *, int> pieces[] = {
      {"<unk>", 2}, {"<s>", 3}, {"▁", 1}, {"b", 1}, {"<0x41>", 6}, {"aa", 4}};
  for (auto [text, type] : pieces) {
    std::string piece;
    appendField(piece, 1, text);
    piece += std::string("\x15\0\0\0\xbf", 5) + '\x18' + char(type);
    appendField(model, 1, piece);
  }
  appendField(spec, 2, makeMap());
  spec += "\x18\x01\x20\x01\x28\x01";
  appendField(model, 2, "\x18\x01");
  appendField(model, 3, spec);
  return model;
}

static std::string makeGgufSeed() {
  return GgufImage()
      .addString("general.architecture", "llama")
      .addString("tokenizer.ggml.model", "gpt2")
      .addString("tokenizer.ggml.pre", "llama3")
      .addStrings("tokenizer.ggml.tokens", {"a", "b", "ab", "<s>", "<0x0A>"})
      .addInts("tokenizer.ggml.token_type", {1, 1, 1, 3, 6})
      .addFloats("tokenizer.ggml.scores", {0, 0, -1, 0, 0})
      .addStrings("tokenizer.ggml.merges", {"a b"})
      .addInt("tokenizer.ggml.bos_token_id", 3)
      .addString("tokenizer.chat_template", "{{ messages }}")
      .build();
}

/// A file of a model in two.
static std::string makePart(uint16_t number) {
  GgufImage image = number ? GgufImage() : makeGgufModel("llama");
  return image.addNumber<uint16_t>("split.no", 2, number)
      .addNumber<uint16_t>("split.count", 2, 2)
      .addNumber<int32_t>("split.tensors.count", 5, 2)
      .addTensor(number ? "output_norm.weight" : "token_embd.weight", {8, 7}, 0,
                 224)
      .build();
}

static std::string makeTemplateSeed() {
  return "{%- macro show(m, n=1) -%}{{ m.role ~ n }}{%- endmacro -%}\n"
         "{% set ns = namespace(s='', k=[1, 2.5, true]) %}{# note #}\n"
         "{% for m in messages if m.content is defined %}{{ loop.index0 }}"
         "{% if m['role'] == 'user' and not loop.last %}{{ show(m, n=2) | trim "
         "}}{% elif m.content.split('a')[-1][1:] in 'xyz' %}{{ m | tojson }}"
         "{% else %}{{ m.content | replace('a', 'b') | upper }}{% endif %}"
         "{% set ns.s = ns.s + m.content * 3 %}{% endfor %}{{ ns.s[:40] }}"
         "{{ ns.k | map('string') | join(', ') }}{{ (1 + 2) * 3 // 2 ** 2 }}"
         "{% call show({'role': 'x'}) %}{% endcall %}";
}

enum class Outcome { Read, Refused, Wrong };

/// Drops an error, after a look at its text: one line, and not empty.
static Outcome refuse(Error error) {
  std::string text = toString(std::move(error));
  bool isLine = !text.empty() && text.size() < 4000 &&
                text.find('\n') == std::string::npos;
  return isLine ? Outcome::Refused : Outcome::Wrong;
}

/// What the readers accept must open, and its tokens be those of its vocabulary.
static Outcome use(Expected<std::vector<uint8_t>> bytes) {
  if (!bytes)
    return refuse(bytes.takeError());
  tenon_tokenizer *tokenizer = nullptr;
  if (tenon_text_open_memory(bytes->data(), bytes->size(), &tokenizer))
    return Outcome::Wrong;
  const StringRef text = "a ab\xc3\xa9  <s>Ab 1234\nb\xff";
  std::vector<int32_t> tokens(4096);
  std::string back(1 << 16, '\0');
  uint64_t count = 0, size = 0;
  tenon_text_status status = tenon_text_encode(
      tokenizer, text.data(), text.size(), TENON_TEXT_PARSE_SPECIAL,
      tokens.data(), tokens.size(), &count);
  if (!status)
    status = tenon_text_decode(tokenizer, tokens.data(), count, 0, back.data(),
                               back.size(), &size);
  tenon_text_close(tokenizer);
  return status && status != TENON_TEXT_MATCH_LIMIT ? Outcome::Wrong
                                                    : Outcome::Read;
}

namespace {
/// A folder that is gone with this.
class Folder {
public:
  Folder() { sys::fs::createUniqueDirectory("tenon-fuzz", path); }
  ~Folder() { sys::fs::remove_directories(path); }
  std::string write(StringRef name, StringRef bytes) const {
    SmallString<128> file(path);
    sys::path::append(file, name);
    std::error_code error;
    raw_fd_ostream(file, error) << bytes;
    return file.str().str();
  }
  SmallString<128> path;
};
} // namespace

static Outcome readJson(StringRef bytes) {
  static const Folder folder;
  folder.write("tokenizer.json", bytes);
  return use(compileTokenizerJson(folder.path));
}

static Outcome readModel(StringRef bytes) {
  static const Folder folder;
  folder.write("tokenizer.model", bytes);
  return use(compileTokenizerJson(folder.path));
}

static Outcome readGguf(StringRef bytes) {
  Expected<GgufContents> contents = parseGguf(bytes, "fuzz");
  if (!contents)
    return refuse(contents.takeError());
  return use(compileTokenizerGguf(contents->metadata));
}

static Outcome readTemplate(StringRef bytes) {
  std::string text, error;
  std::unique_ptr<jinja::Template> parsed =
      jinja::Template::parse(bytes, error);
  auto message = [](const char *role, const char *content) {
    return jinja::Value::dict(
        {{jinja::Value::string("role"), jinja::Value::string(role)},
         {jinja::Value::string("content"), jinja::Value::string(content)}});
  };
  jinja::Dict variables = {
      {jinja::Value::string("messages"),
       jinja::Value::list({message("user", "ab"), message("tool", "x\xff")})}};
  jinja::Template::Options options;
  options.work = 100'000;
  if (parsed && parsed->render(variables, options, text, error))
    return Outcome::Read;
  return refuse(createStringError(error));
}

/// Changes the first file of a model in two.
static Outcome readParts(StringRef bytes) {
  static const Folder folder;
  static const std::string second =
      folder.write("m-00002-of-00002.gguf", makePart(1));
  std::string first = folder.write("m-00001-of-00002.gguf", bytes);
  Expected<std::unique_ptr<ModelSource>> source = openModelSource(first);
  return source ? Outcome::Read : refuse(source.takeError());
}

/// Returns false, after saying which mutant it was, when one is handled wrongly.
/// One that takes long is one that hangs.
static bool fuzz(StringRef name, const std::string &seed,
                 Outcome (*read)(StringRef), uint64_t count) {
  if (read(seed) != Outcome::Read) {
    errs() << name << ": the seed itself is refused\n";
    return false;
  }
  uint64_t accepted = 0;
  for (uint64_t i = 0; i < count; ++i) {
    std::string bytes = seed;
    Mutator(i).mutate(bytes);
    alarm(60);
    Outcome outcome = read(bytes);
    accepted += outcome == Outcome::Read;
    if (outcome == Outcome::Wrong) {
      errs() << name << ": mutant " << i << " is handled wrongly\n";
      return false;
    }
  }
  outs() << name << ": " << count << " mutants, " << accepted
         << " of them accepted\n";
  // Both sides must be reached, or the mutants test nothing.
  return count < 100 || (accepted > 0 && accepted < count);
}

int main(int argc, char **argv) {
  uint64_t count = 1000;
  if (argc > 2 || (argc == 2 && StringRef(argv[1]).getAsInteger(10, count))) {
    errs() << "usage: FuzzTokenizers [number of mutants of each kind]\n";
    return 2;
  }
  bool right = fuzz("merges", makeMergesSeed(), readJson, count);
  right &= fuzz("unigram", makeUnigramSeed(), readJson, count);
  right &= fuzz("model", makeModelSeed(), readModel, count);
  right &= fuzz("gguf", makeGgufSeed(), readGguf, count);
  right &= fuzz("template", makeTemplateSeed(), readTemplate, count);
  right &= fuzz("parts", makePart(0), readParts, count);
  return right ? 0 : 1;
}
