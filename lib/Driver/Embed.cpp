// Makes a vector of each text with a compiled encoder.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Embed.h"
#include "tenon/Driver/UsageError.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "LogitsFile.h"
#include "Prompt.h"
#include "ReplaceFile.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <tuple>

using namespace tenon;
using Tokens = std::vector<int32_t>;

namespace {
/// Sequences of one step, and what it computes for them.
struct Batch {
  size_t first = 0, count = 0;
  Tokens tokens, slots, rows;
  std::vector<float> embeddings, pooled;
};

class Embedder {
public:
  explicit Embedder(const EmbedOptions &options) : options(options) {}

  llvm::Error open();
  llvm::Error readTexts();
  llvm::Error start();
  llvm::Error run();
  llvm::Error finish();

private:
  llvm::Expected<Tokens> encode(const std::string &text) const;
  llvm::Error addText(const std::string &text);
  llvm::Error addSequence(Tokens tokens);
  llvm::Error fit(Tokens &tokens) const;
  uint32_t getLongest() const;
  Batch formBatch(size_t first) const;
  llvm::Error runBatch(Batch &batch);
  std::vector<float> pool(llvm::ArrayRef<float> rows) const;
  bool wantsAllRows() const {
    return pooling == Pooling::Mean || !options.dumpEmbeddings.empty();
  }
  void printLines(llvm::raw_ostream &out) const;
  void printJson(llvm::raw_ostream &out) const;

  const EmbedOptions &options;
  OwnedModel model;
  OwnedTokenizer tokenizer;
  OwnedSession session;
  tenon_model_info info = {};
  Pooling pooling = Pooling::Mean;
  bool normalizes = false;
  std::vector<Tokens> sequences;
  std::vector<std::vector<float>> vectors;
  std::unique_ptr<LogitsFile> dump;
  uint64_t numTokens = 0;
  double seconds = 0;
};
} // namespace

llvm::Error Embedder::open() {
  llvm::Expected<OwnedModel> opened = openModel(options.artifact);
  if (!opened)
    return opened.takeError();
  model = std::move(*opened);
  info = getInfo(model);
  if (info.segments == 0)
    return llvm::createStringError("'" + options.artifact +
                                   "' is a decoder, which has no embeddings; "
                                   "use tenon run");
  pooling = options.pooling.value_or(static_cast<Pooling>(info.pooling));
  normalizes = options.normalize.value_or(info.normalizes != 0);
  if (pooling == Pooling::Pooler && !info.pooled)
    return llvm::createStringError("'" + options.artifact +
                                   "' has no pooler; choose --pooling=mean or "
                                   "--pooling=first");
  if (options.verify)
    if (llvm::Error error = check(tenon_model_check(model.get())))
      return error;
  llvm::Expected<OwnedTokenizer> text = openTokenizer(options.artifact);
  if (!text)
    return text.takeError();
  tokenizer = std::move(*text);
  return llvm::Error::success();
}

/// The longest sequence that one step holds.
uint32_t Embedder::getLongest() const {
  return std::min(info.max_context, info.buckets[info.num_buckets - 1]);
}

/// Cuts what stands between the special tokens, so that these stay.
llvm::Error Embedder::fit(Tokens &tokens) const {
  size_t longest = getLongest();
  if (tokens.size() <= longest)
    return llvm::Error::success();
  if (!options.truncate)
    return llvm::createStringError(
        "text " + llvm::Twine(sequences.size()) + " has " +
        llvm::Twine(tokens.size()) + " tokens, but '" + options.artifact +
        "' takes at most " + llvm::Twine(longest) +
        "; shorten it, add --truncate, or compile with a larger --max-context "
        "and --buckets if the model allows it");
  size_t suffix = 0;
  if (tokenizer && tenon_text_add_eos(tokenizer.get())) {
    llvm::Expected<Tokens> special = encode("");
    if (!special)
      return special.takeError();
    // What an empty text has at its end as well as this one.
    while (suffix < special->size() && suffix < longest &&
           special->end()[-1 - ptrdiff_t(suffix)] ==
               tokens.end()[-1 - ptrdiff_t(suffix)])
      ++suffix;
  }
  tokens.erase(tokens.begin() + (longest - suffix), tokens.end() - suffix);
  return llvm::Error::success();
}

llvm::Expected<Tokens> Embedder::encode(const std::string &text) const {
  // Whoever types a text may type special tokens.
  constexpr uint32_t flags = TENON_TEXT_ADD_SPECIAL | TENON_TEXT_PARSE_SPECIAL;
  return encodeText(text, options.artifact, flags, tokenizer);
}

llvm::Error Embedder::addSequence(Tokens tokens) {
  if (tokens.empty())
    return llvm::createStringError("text " + llvm::Twine(sequences.size()) +
                                   " has no token; write a longer one");
  if (llvm::Error error = fit(tokens))
    return error;
  numTokens += tokens.size();
  sequences.push_back(std::move(tokens));
  return llvm::Error::success();
}

llvm::Error Embedder::addText(const std::string &text) {
  llvm::Expected<Tokens> tokens = encode(text);
  return tokens ? addSequence(std::move(*tokens)) : tokens.takeError();
}

llvm::Error Embedder::readTexts() {
  bool hasTexts = !options.texts.empty() || !options.promptFile.empty() ||
                  !options.linesFile.empty();
  if (hasTexts == !options.tokensFile.empty())
    return makeUsageError("expects texts, --prompt-file or --lines-file, or "
                          "else --tokens-file");
  if (!options.tokensFile.empty()) {
    llvm::Expected<Tokens> tokens = readTokens(options.tokensFile);
    return tokens ? addSequence(std::move(*tokens)) : tokens.takeError();
  }
  for (const std::string &text : options.texts)
    if (llvm::Error error = addText(text))
      return error;
  if (!options.promptFile.empty()) {
    llvm::Expected<std::string> text = readPromptText(options.promptFile);
    if (!text)
      return text.takeError();
    if (llvm::Error error = addText(*text))
      return error;
  }
  if (options.linesFile.empty())
    return llvm::Error::success();
  llvm::Expected<std::string> text = readPromptText(options.linesFile);
  if (!text)
    return text.takeError();
  for (llvm::StringRef rest = *text; !rest.empty();) {
    llvm::StringRef line;
    std::tie(line, rest) = rest.split('\n');
    if (llvm::Error error = addText(line.str()))
      return error;
  }
  if (sequences.empty())
    return llvm::createStringError("'" + options.linesFile + "' has no line");
  return llvm::Error::success();
}

llvm::Error Embedder::start() {
  // A step of the largest bucket has no more sequences than this.
  constexpr size_t most = 64;
  tenon_session_options choices = {};
  choices.struct_size = sizeof(choices);
  choices.threads = options.threads;
  choices.slots = uint32_t(std::min(sequences.size(), most));
  llvm::Expected<OwnedSession> created = createSession(model, choices);
  if (!created)
    return created.takeError();
  session = std::move(*created);
  if (options.dumpEmbeddings.empty())
    return llvm::Error::success();
  llvm::Expected<std::unique_ptr<LogitsFile>> file =
      LogitsFile::create(options.dumpEmbeddings, info.hidden);
  if (!file)
    return file.takeError();
  dump = std::move(*file);
  return llvm::Error::success();
}

/// As many sequences from `first` on as one step holds.
Batch Embedder::formBatch(size_t first) const {
  tenon_session_info limits = getInfo(session);
  Batch batch;
  batch.first = first;
  for (size_t i = first; i < sequences.size(); ++i, ++batch.count) {
    const Tokens &sequence = sequences[i];
    if (batch.count == limits.slots ||
        batch.tokens.size() + sequence.size() > limits.max_tokens)
      break;
    for (size_t row = 0; row < sequence.size(); ++row)
      if (row == 0 || wantsAllRows())
        batch.rows.push_back(int32_t(batch.tokens.size() + row));
    llvm::append_range(batch.tokens, sequence);
    batch.slots.resize(batch.tokens.size(), int32_t(batch.count));
  }
  batch.embeddings.resize(batch.rows.size() * info.hidden);
  if (pooling == Pooling::Pooler)
    batch.pooled.resize(batch.embeddings.size());
  return batch;
}

/// One vector of the rows of a sequence.
std::vector<float> Embedder::pool(llvm::ArrayRef<float> rows) const {
  size_t width = info.hidden, count = rows.size() / width;
  std::vector<double> sums(width);
  size_t pooled = pooling == Pooling::Mean ? count : 1;
  for (size_t row = 0; row < pooled; ++row)
    for (size_t i = 0; i < width; ++i)
      sums[i] += rows[row * width + i];
  double squares = 0;
  for (double &sum : sums) {
    sum /= double(pooled);
    squares += sum * sum;
  }
  double length = normalizes ? std::max(std::sqrt(squares), 1e-12) : 1;
  std::vector<float> vector;
  for (double sum : sums)
    vector.push_back(float(sum / length));
  return vector;
}

llvm::Error Embedder::runBatch(Batch &batch) {
  auto begin = std::chrono::steady_clock::now();
  if (llvm::Error error = check(tenon_session_encode(
          session.get(), uint32_t(batch.tokens.size()), batch.tokens.data(),
          /*types=*/nullptr, batch.slots.data(), uint32_t(batch.rows.size()),
          batch.rows.data(), batch.embeddings.data(),
          batch.pooled.empty() ? nullptr : batch.pooled.data())))
    return error;
  auto end = std::chrono::steady_clock::now();
  seconds += std::chrono::duration<double>(end - begin).count();
  if (dump)
    if (llvm::Error error = dump->append(batch.embeddings))
      return error;
  llvm::ArrayRef<float> rows =
      batch.pooled.empty() ? batch.embeddings : batch.pooled;
  for (size_t i = 0; i < batch.count; ++i) {
    size_t length = wantsAllRows() ? sequences[batch.first + i].size() : 1;
    vectors.push_back(pool(rows.take_front(length * info.hidden)));
    rows = rows.drop_front(length * info.hidden);
  }
  return llvm::Error::success();
}

llvm::Error Embedder::run() {
  for (size_t first = 0; first < sequences.size();) {
    Batch batch = formBatch(first);
    if (llvm::Error error = runBatch(batch))
      return error;
    first += batch.count;
  }
  return llvm::Error::success();
}

void Embedder::printLines(llvm::raw_ostream &out) const {
  for (const std::vector<float> &vector : vectors) {
    llvm::StringRef separator;
    for (float number : vector) {
      out << separator << llvm::format("%.9g", double(number));
      separator = " ";
    }
    out << '\n';
  }
}

void Embedder::printJson(llvm::raw_ostream &out) const {
  llvm::json::Array texts;
  for (auto [tokens, vector] : llvm::zip_equal(sequences, vectors)) {
    llvm::json::Array numbers;
    for (float number : vector)
      numbers.push_back(double(number));
    texts.push_back(llvm::json::Object{{"tokens", llvm::json::Array(tokens)},
                                       {"embedding", std::move(numbers)}});
  }
  llvm::json::Object result;
  result["texts"] = std::move(texts);
  result["encode"] = llvm::json::Object{
      {"tokens", int64_t(numTokens)},
      {"seconds", seconds},
      {"tokens_per_second", seconds > 0 ? double(numTokens) / seconds : 0}};
  result["variant"] = info.variant;
  result["threads"] = int64_t(getInfo(session).threads);
  out << llvm::json::Value(std::move(result)) << '\n';
}

llvm::Error Embedder::finish() {
  if (dump)
    if (llvm::Error error = dump->commit())
      return error;
  std::string text;
  llvm::raw_string_ostream out(text);
  if (options.json)
    printJson(out);
  else
    printLines(out);
  if (llvm::Error error = writeOutput("-", text))
    return error;
  llvm::errs() << llvm::format("encode:  %llu tokens of %zu texts in %.3f s, "
                               "%.1f tokens/s\n",
                               (unsigned long long)numTokens, sequences.size(),
                               seconds,
                               seconds > 0 ? double(numTokens) / seconds : 0);
  return llvm::Error::success();
}

llvm::Error tenon::embedTexts(const EmbedOptions &options) {
  Embedder embedder(options);
  for (auto part : {&Embedder::open, &Embedder::readTexts, &Embedder::start,
                    &Embedder::run, &Embedder::finish})
    if (llvm::Error error = (embedder.*part)())
      return error;
  return llvm::Error::success();
}
