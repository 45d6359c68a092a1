// Continues a prompt with a compiled model.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Run.h"
#include "tenon/Driver/UsageError.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "Conversation.h"
#include "LogitsFile.h"
#include "Prompt.h"
#include "ReplaceFile.h"
#include "TokenPrinter.h"

#include <algorithm>
#include <chrono>
#include <limits>

using namespace tenon;

namespace {
/// So many tokens in so much time.
struct Rate {
  uint64_t tokens = 0;
  double seconds = 0;

  double perSecond() const { return seconds > 0 ? tokens / seconds : 0; }
  Rate &operator+=(const Rate &other) {
    tokens += other.tokens;
    seconds += other.seconds;
    return *this;
  }
};

/// Why a generation ended.
enum class Finish { Count, EndToken, Context };

/// As many as fit into the context.
constexpr uint32_t allTokens = UINT32_MAX;

class Runner {
public:
  explicit Runner(const RunOptions &options)
      : options(options),
        count(options.count.value_or(options.chat ? allTokens : 64)) {}

  llvm::Error open();
  llvm::Error startPrinter();
  llvm::Error prefill();
  llvm::Error generate();
  llvm::Error finish();
  /// Answers each message of the standard input.
  llvm::Error converse();

private:
  llvm::Error openPrompt();
  llvm::Error answer(const std::string &message);
  llvm::Error keepCommonTokens();
  llvm::Error step(llvm::ArrayRef<int32_t> tokens, uint32_t rows);
  llvm::Error decode(int32_t token);
  llvm::Error prefillWithLogits(llvm::ArrayRef<int32_t> tokens);
  tenon_sampling getSampling() const;
  llvm::Error checkContext() const;
  void printFinish() const;
  llvm::Error printJson() const;

  const RunOptions &options;
  OwnedModel model;
  OwnedTokenizer tokenizer;
  OwnedSession session;
  tenon_model_info info = {};
  std::unique_ptr<Conversation> conversation;
  std::vector<int32_t> prompt, generated;
  /// Those that the session has.
  std::vector<int32_t> held;
  uint64_t count;
  /// Those of the last step; the last row is that of the last token.
  std::vector<float> logits;
  std::unique_ptr<LogitsFile> dump;
  std::unique_ptr<TokenPrinter> printer;
  Rate prefilled, decoded;
  /// Of all answers of a conversation.
  Rate allPrefilled, allDecoded;
  Finish finished = Finish::Count;
};
} // namespace

/// Runs something and adds the time to a rate.
template <typename Action>
static llvm::Error measure(Rate &rate, uint64_t tokens, Action action) {
  auto begin = std::chrono::steady_clock::now();
  llvm::Error error = action();
  auto end = std::chrono::steady_clock::now();
  rate.tokens += tokens;
  rate.seconds += std::chrono::duration<double>(end - begin).count();
  return error;
}

/// Whatever cannot be meant is refused before anything takes time.
static llvm::Error checkSampling(const RunOptions &options) {
  // Written so that NaN is refused.
  if (!(options.temperature >= 0 &&
        options.temperature <= std::numeric_limits<float>::max()))
    return makeUsageError(
        "--temperature expects a finite number of at least 0, but got " +
        llvm::formatv("{0}", options.temperature));
  if (!(options.topP >= 0 && options.topP <= 1))
    return makeUsageError("--top-p expects a number from 0 to 1, but got " +
                          llvm::formatv("{0}", options.topP));
  return llvm::Error::success();
}

llvm::Error Runner::open() {
  if (llvm::Error error = checkSampling(options))
    return error;
  llvm::Expected<OwnedModel> opened = openModel(options.artifact);
  if (!opened)
    return opened.takeError();
  model = std::move(*opened);
  info = getInfo(model);
  if (options.verify)
    if (llvm::Error error = check(tenon_model_check(model.get())))
      return error;
  llvm::Expected<OwnedTokenizer> text = openTokenizer(options.artifact);
  if (!text)
    return text.takeError();
  tokenizer = std::move(*text);
  if (llvm::Error error = openPrompt())
    return error;

  tenon_session_options choices = {};
  choices.struct_size = sizeof(choices);
  choices.threads = options.threads;
  llvm::Expected<OwnedSession> created = createSession(model, choices);
  if (!created)
    return created.takeError();
  session = std::move(*created);
  if (!conversation) {
    if (llvm::Error error = checkContext())
      return error;
    if (llvm::Error error = startPrinter())
      return error;
  }
  if (options.dumpLogits.empty())
    return llvm::Error::success();
  llvm::Expected<std::unique_ptr<LogitsFile>> file =
      LogitsFile::create(options.dumpLogits, info.vocabulary);
  if (!file)
    return file.takeError();
  dump = std::move(*file);
  return llvm::Error::success();
}

/// What is asked later is not known yet.
llvm::Error Runner::openPrompt() {
  if (isConversation(options)) {
    llvm::Expected<std::unique_ptr<Conversation>> opened =
        Conversation::open(options);
    if (!opened)
      return opened.takeError();
    conversation = std::move(*opened);
    return llvm::Error::success();
  }
  llvm::Expected<std::vector<int32_t>> tokens = readPrompt(options, tokenizer);
  if (!tokens)
    return tokens.takeError();
  prompt = std::move(*tokens);
  return llvm::Error::success();
}

/// Text continues text, and tokens continue tokens.
llvm::Error Runner::startPrinter() {
  llvm::Expected<std::unique_ptr<TokenPrinter>> created = TokenPrinter::create(
      isText(options) || conversation ? tokenizer.get() : nullptr, prompt,
      /*silent=*/options.json);
  if (!created)
    return created.takeError();
  printer = std::move(*created);
  return llvm::Error::success();
}

/// A longer context is a matter of the compiler, which most often was not asked
/// for all that the model can do. The last token that is drawn needs no
/// position.
static std::string adviseContext(uint64_t prompt, uint64_t count) {
  if (count == allTokens)
    return "compile the model with a larger --max-context, if it allows so "
           "many";
  uint64_t positions = prompt + std::max<uint64_t>(count, 1) - 1;
  return "compile the model with --max-context=" + std::to_string(positions) +
         " or more, if it allows so many";
}

llvm::Error Runner::checkContext() const {
  uint32_t context = getInfo(session).max_context;
  if (prompt.size() <= context)
    return llvm::Error::success();
  return llvm::createStringError(
      "the prompt has " + llvm::Twine(prompt.size()) +
      " tokens, but the context of '" + options.artifact + "' has " +
      llvm::Twine(context) + "; " + adviseContext(prompt.size(), count));
}

/// Runs one step and keeps the logits of its last rows.
llvm::Error Runner::step(llvm::ArrayRef<int32_t> tokens, uint32_t rows) {
  logits.resize(uint64_t(rows) * info.vocabulary);
  return check(tenon_session_step(session.get(), uint32_t(tokens.size()),
                                  tokens.data(), nullptr, nullptr, rows,
                                  nullptr, logits.data()));
}

llvm::Error Runner::decode(int32_t token) {
  if (llvm::Error error = measure(decoded, 1, [&] { return step(token, 1); }))
    return error;
  held.push_back(token);
  return dump ? dump->append(logits) : llvm::Error::success();
}

/// Logits of all rows of a step are in memory at once, so steps are shorter
/// where the vocabulary is large, unless their length is asked for.
llvm::Error Runner::prefillWithLogits(llvm::ArrayRef<int32_t> tokens) {
  constexpr uint64_t most = 64 << 20;
  uint64_t rows = std::max<uint64_t>(1, most / (info.vocabulary * 4ull));
  rows = std::min<uint64_t>(rows, getInfo(session).max_tokens);
  uint64_t chunk = options.chunk ? options.chunk : rows;
  for (; !tokens.empty();
       tokens = tokens.drop_front(std::min<size_t>(chunk, tokens.size()))) {
    llvm::ArrayRef<int32_t> part = tokens.take_front(chunk);
    auto action = [&] { return step(part, uint32_t(part.size())); };
    if (llvm::Error error = measure(prefilled, part.size(), action))
      return error;
    if (llvm::Error error = dump->append(logits))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error Runner::prefill() {
  llvm::ArrayRef<int32_t> all = llvm::ArrayRef(prompt).drop_front(held.size());
  if (options.decodeLast > all.size())
    return makeUsageError(
        "--decode-last expects at most the " + llvm::Twine(all.size()) +
        " tokens of the prompt, but got " + llvm::Twine(options.decodeLast));
  llvm::ArrayRef<int32_t> first = all.drop_back(options.decodeLast);
  if (dump) {
    if (llvm::Error error = prefillWithLogits(first))
      return error;
  } else if (!first.empty()) {
    logits.resize(info.vocabulary);
    llvm::Error error = measure(prefilled, first.size(), [&] {
      return check(tenon_session_prefill(session.get(), 0, first.size(),
                                         first.data(), options.chunk,
                                         logits.data()));
    });
    if (error)
      return error;
  }
  held.insert(held.end(), first.begin(), first.end());
  for (int32_t token : all.take_back(options.decodeLast))
    if (llvm::Error error = decode(token))
      return error;
  return llvm::Error::success();
}

tenon_sampling Runner::getSampling() const {
  tenon_sampling sampling = {};
  sampling.struct_size = sizeof(sampling);
  sampling.temperature = options.temperature;
  sampling.top_p = options.topP;
  // A nucleus of nothing holds the most likely token; to the runtime 0 is all.
  sampling.top_k = options.topP == 0 ? 1 : options.topK;
  sampling.seed = options.seed;
  return sampling;
}

llvm::Error Runner::generate() {
  tenon_sampling sampling = getSampling();
  uint64_t position = prompt.size();
  uint32_t context = getInfo(session).max_context;
  while (generated.size() < count) {
    const float *last = logits.data() + logits.size() - info.vocabulary;
    int32_t token;
    // The position is another number for each draw.
    if (llvm::Error error = check(
            tenon_sample(session.get(), last, &sampling, position, &token)))
      return error;
    if (!options.ignoreEos && tokenizer &&
        tenon_text_is_eos(tokenizer.get(), token)) {
      finished = Finish::EndToken;
      break;
    }
    generated.push_back(token);
    if (llvm::Error error = printer->print(token))
      return error;
    if (generated.size() == count)
      break;
    if (position++ >= context) {
      finished = Finish::Context;
      break;
    }
    if (llvm::Error error = decode(token))
      return error;
  }
  return printer->finish();
}

static std::string countTokens(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " token" : " tokens");
}

static void printRate(llvm::StringRef what, const Rate &rate) {
  if (rate.tokens)
    llvm::errs() << what << ' ' << countTokens(rate.tokens)
                 << llvm::format(" in %.3f s, %.1f tokens/s\n", rate.seconds,
                                 rate.perSecond());
}

static llvm::StringRef getName(Finish finish) {
  switch (finish) {
  case Finish::Count:
    return "count";
  case Finish::EndToken:
    return "end_token";
  case Finish::Context:
    return "context";
  }
  llvm_unreachable("unknown reason");
}

void Runner::printFinish() const {
  llvm::errs() << "finish:  ";
  if (finished == Finish::Count)
    llvm::errs() << countTokens(count) << ", as -n asks for\n";
  if (finished == Finish::EndToken)
    llvm::errs() << "the model ended the text\n";
  if (finished == Finish::Context)
    llvm::errs() << "the context of " << getInfo(session).max_context
                 << " tokens is full; " << adviseContext(prompt.size(), count)
                 << '\n';
}

llvm::Error Runner::printJson() const {
  llvm::json::Object result;
  result["tokens"] = llvm::json::Array(generated);
  result["prompt"] = llvm::json::Array(prompt);
  result["finish_reason"] = getName(finished);
  if (isText(options) || conversation)
    result["text"] = llvm::json::fixUTF8(printer->getText());
  for (auto [name, rate] :
       {std::pair("prefill", &prefilled), std::pair("decode", &decoded)})
    result[name] = llvm::json::Object{{"tokens", int64_t(rate->tokens)},
                                      {"seconds", rate->seconds},
                                      {"tokens_per_second", rate->perSecond()}};
  result["variant"] = info.variant;
  result["threads"] = int64_t(getInfo(session).threads);
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::json::Value(std::move(result)) << '\n';
  return writeOutput("-", text);
}

llvm::Error Runner::finish() {
  if (dump)
    if (llvm::Error error = dump->commit())
      return error;
  if (options.json && !conversation)
    if (llvm::Error error = printJson())
      return error;
  if (!conversation)
    printFinish();
  printRate("prefill:", prefilled);
  printRate("decode: ", decoded);
  return llvm::Error::success();
}

/// A conversation begins with what came before, which the session has already,
/// unless the template writes it differently now. One token is left, since its
/// logits are needed.
llvm::Error Runner::keepCommonTokens() {
  size_t common = 0;
  while (common < held.size() && common + 1 < prompt.size() &&
         held[common] == prompt[common])
    ++common;
  held.resize(common);
  return check(
      tenon_session_truncate(session.get(), /*slot=*/0, uint32_t(common)));
}

llvm::Error Runner::answer(const std::string &message) {
  llvm::Expected<std::vector<int32_t>> tokens =
      conversation->ask(message, tokenizer);
  if (!tokens)
    return tokens.takeError();
  prompt = std::move(*tokens);
  generated.clear();
  finished = Finish::Count;
  prefilled = decoded = {};
  if (llvm::Error error = checkContext())
    return error;
  for (auto part : {&Runner::keepCommonTokens, &Runner::startPrinter,
                    &Runner::prefill, &Runner::generate})
    if (llvm::Error error = (this->*part)())
      return error;
  conversation->addAnswer(printer->getText());
  allPrefilled += prefilled;
  allDecoded += decoded;
  if (options.json)
    if (llvm::Error error = printJson())
      return error;
  if (finished != Finish::EndToken)
    printFinish();
  return llvm::Error::success();
}

llvm::Error Runner::converse() {
  std::string message;
  for (;;) {
    llvm::Expected<bool> isThere = conversation->readMessage(message);
    if (!isThere)
      return isThere.takeError();
    if (!*isThere) {
      prefilled = allPrefilled;
      decoded = allDecoded;
      return finish();
    }
    if (llvm::Error error = answer(message))
      return error;
  }
}

llvm::Error tenon::runModel(const RunOptions &options) {
  Runner runner(options);
  if (isConversation(options)) {
    llvm::Error error = runner.open();
    return error ? std::move(error) : runner.converse();
  }
  for (auto part :
       {&Runner::open, &Runner::prefill, &Runner::generate, &Runner::finish})
    if (llvm::Error error = (runner.*part)())
      return error;
  return llvm::Error::success();
}
