// Writes what llama.cpp makes of a model: the tokens of texts, or all logits.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// LlamaPeer version
// LlamaPeer tokens MODEL TEXTS OUTPUT
// LlamaPeer logits MODEL TOKENS OUTPUT PROMPT THREADS [f32]
//
// TEXTS holds texts, each after a line with its length in bytes; OUTPUT gets a
// line of tokens for each, with those that the model opens and closes a text
// with and without reading names of special tokens. TOKENS is a line of tokens;
// OUTPUT gets float32 [tokens, vocabulary], where the first PROMPT tokens are
// fed in llama.cpp's own steps and the rest one by one. All parameters but the
// length of the context and the number of threads are llama.cpp's defaults;
// with f32, caches are float32, too.

#include "llama.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

[[noreturn]] static void fail(const std::string &message) {
  std::fprintf(stderr, "LlamaPeer: %s\n", message.c_str());
  std::exit(1);
}

static std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    fail("cannot open '" + path + "'");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

static std::vector<llama_token> tokenize(const llama_vocab *vocabulary,
                                         const std::string &text) {
  std::vector<llama_token> tokens(text.size() + 8);
  int32_t count = llama_tokenize(vocabulary, text.data(), text.size(),
                                 tokens.data(), tokens.size(),
                                 /*add_special=*/true,
                                 /*parse_special=*/false);
  if (count < 0)
    fail("a text of " + std::to_string(text.size()) + " bytes has " +
         std::to_string(-int64_t(count)) + " tokens, more than expected");
  tokens.resize(count);
  return tokens;
}

static llama_model *load(const std::string &path, bool onlyVocabulary) {
  llama_model_params parameters = llama_model_default_params();
  parameters.vocab_only = onlyVocabulary;
  llama_model *model = llama_model_load_from_file(path.c_str(), parameters);
  if (!model)
    fail("cannot load '" + path + "'");
  return model;
}

static void writeTokens(const std::string &path, const std::string &texts,
                        const std::string &output) {
  llama_model *model = load(path, /*onlyVocabulary=*/true);
  std::string data = readFile(texts);
  std::ofstream file(output);
  for (size_t at = 0; at < data.size();) {
    size_t end = data.find('\n', at);
    if (end == std::string::npos)
      fail("expects a line with a length at byte " + std::to_string(at) +
           " of '" + texts + "'");
    size_t size = std::stoul(data.substr(at, end - at));
    if (size > data.size() - end - 1)
      fail("a text of '" + texts + "' goes past the end of the file");
    std::string text = data.substr(end + 1, size);
    for (llama_token token : tokenize(llama_model_get_vocab(model), text))
      file << token << ' ';
    file << '\n';
    at = end + 1 + size;
  }
  llama_model_free(model);
  if (!file.flush())
    fail("cannot write '" + output + "'");
}

/// Feeds tokens and writes a row of logits for each.
static void feed(llama_context *context, std::vector<llama_token> &tokens,
                 size_t first, size_t count, int32_t columns,
                 std::ofstream &file) {
  llama_batch batch = llama_batch_init(count, /*embd=*/0, /*n_seq_max=*/1);
  batch.n_tokens = count;
  for (size_t i = 0; i < count; ++i) {
    batch.token[i] = tokens[first + i];
    batch.pos[i] = first + i;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  if (llama_decode(context, batch))
    fail("cannot decode " + std::to_string(count) + " tokens after " +
         std::to_string(first));
  for (size_t i = 0; i < count; ++i)
    file.write(reinterpret_cast<const char *>(llama_get_logits_ith(context, i)),
               columns * sizeof(float));
  llama_batch_free(batch);
}

static void writeLogits(const std::string &path, const std::string &list,
                        const std::string &output, size_t prompt, int threads,
                        bool isWide) {
  llama_model *model = load(path, /*onlyVocabulary=*/false);
  std::vector<llama_token> tokens;
  std::istringstream numbers(readFile(list));
  for (llama_token token; numbers >> token;)
    tokens.push_back(token);
  if (prompt > tokens.size())
    fail("expects at most " + std::to_string(tokens.size()) +
         " tokens of a prompt, but got " + std::to_string(prompt));

  llama_context_params parameters = llama_context_default_params();
  parameters.n_ctx = tokens.size();
  parameters.n_threads = parameters.n_threads_batch = threads;
  if (isWide) { // Flash attention would round the rows of caches all the same.
    parameters.type_k = parameters.type_v = GGML_TYPE_F32;
    parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  }
  llama_context *context = llama_init_from_model(model, parameters);
  if (!context)
    fail("cannot make a context of " + std::to_string(tokens.size()) +
         " tokens");
  int32_t columns = llama_vocab_n_tokens(llama_model_get_vocab(model));
  std::ofstream file(output, std::ios::binary);
  // Logits of a whole batch are alive at once, so a batch is one step here.
  size_t step = llama_n_ubatch(context);
  for (size_t at = 0; at < prompt; at += step)
    feed(context, tokens, at, std::min(step, prompt - at), columns, file);
  for (size_t at = prompt; at < tokens.size(); ++at)
    feed(context, tokens, at, 1, columns, file);
  llama_free(context);
  llama_model_free(model);
  if (!file.flush())
    fail("cannot write '" + output + "'");
}

static void printVersion() {
  llama_context_params parameters = llama_context_default_params();
  std::printf(
      "%s; flash attention %s, cache %s and %s, steps of %u; %s\n",
      llama_version(), llama_flash_attn_type_name(parameters.flash_attn_type),
      ggml_type_name(parameters.type_k), ggml_type_name(parameters.type_v),
      parameters.n_ubatch, llama_print_system_info());
}

int main(int count, char **values) {
  llama_log_set(
      [](ggml_log_level level, const char *text,
         void *) { // Errors alone; the rest is chatter.
        if (level == GGML_LOG_LEVEL_ERROR)
          std::fputs(text, stderr);
      },
      nullptr);
  std::vector<std::string> arguments(values + 1, values + count);
  std::string kind = arguments.empty() ? "" : arguments[0];
  if (kind == "version" && count == 2)
    printVersion();
  else if (kind == "tokens" && count == 5)
    writeTokens(arguments[1], arguments[2], arguments[3]);
  else if (kind == "logits" &&
           (count == 7 || (count == 8 && arguments[6] == "f32")))
    writeLogits(arguments[1], arguments[2], arguments[3],
                std::stoul(arguments[4]), std::stoi(arguments[5]), count == 8);
  else
    fail("expects version, tokens MODEL TEXTS OUTPUT or logits MODEL TOKENS "
         "OUTPUT PROMPT THREADS [f32]");
}
