// tenon run: the options of a run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Run.h"
#include "tenon/Driver/UsageError.h"
#include "Command.h"

using namespace tenon;
namespace cl = llvm::cl;

namespace {
struct RunCommand : Command {
  RunCommand() : Command("run", "Continue a prompt with an artifact") {}

  llvm::Error run() const override;

  cl::opt<std::string> artifact{cl::Positional, cl::sub(subCommand),
                                cl::desc("<artifact>")};
  cl::opt<std::string> prompt{"prompt", cl::sub(subCommand),
                              cl::value_desc("TEXT"),
                              cl::desc("Text to continue")};
  cl::opt<std::string> promptFile{
      "prompt-file", cl::sub(subCommand), cl::value_desc("F"),
      cl::desc("A file with the text to continue, byte for byte; - is the "
               "standard input")};
  cl::list<int32_t> tokens{"tokens", cl::sub(subCommand), cl::CommaSeparated,
                           cl::value_desc("1,2,3"),
                           cl::desc("Tokens to continue")};
  cl::opt<std::string> tokensFile{
      "tokens-file", cl::sub(subCommand), cl::value_desc("F.json"),
      cl::desc("A JSON list of tokens to continue")};
  cl::opt<bool> chat{
      "chat", cl::sub(subCommand),
      cl::desc("Write the prompt by the chat template of the model; without a "
               "prompt, each line of the standard input is a message")};
  cl::opt<std::string> system{
      "system", cl::sub(subCommand), cl::value_desc("TEXT"),
      cl::desc("With --chat: instructions before the first message")};
  cl::opt<uint32_t> count{"n", cl::sub(subCommand), cl::value_desc("N"),
                          cl::desc("Maximum number of tokens to generate "
                                   "(default: 64; with --chat, until the "
                                   "answer ends)")};
  cl::opt<float> temperature{
      "temperature", cl::sub(subCommand), cl::init(0), cl::value_desc("T"),
      cl::desc("Logits are divided by it; 0 takes the most likely token "
               "(default)")};
  cl::opt<uint32_t> topK{
      "top-k", cl::sub(subCommand), cl::init(0), cl::value_desc("K"),
      cl::desc("Draw from this many tokens (default: 0, all)")};
  cl::opt<float> topP{"top-p", cl::sub(subCommand), cl::init(1),
                      cl::value_desc("P"),
                      cl::desc("Nucleus sampling: draw from the fewest tokens "
                               "with this probability (default: "
                               "1, all; 0: the most likely one)")};
  cl::opt<uint64_t> seed{"seed", cl::sub(subCommand), cl::init(0),
                         cl::value_desc("S"),
                         cl::desc("Seed of the draws (default: 0)")};
  cl::opt<uint32_t> threads{
      "threads", cl::sub(subCommand), cl::init(0), cl::value_desc("N"),
      cl::desc("Threads (default: one per CPU that the process may use)")};
  cl::opt<uint32_t> chunk{"chunk", cl::sub(subCommand), cl::init(0),
                          cl::value_desc("N"),
                          cl::desc("Tokens of one step of the prompt (default: "
                                   "those of the largest bucket)")};
  cl::opt<uint32_t> decodeLast{
      "decode-last", cl::sub(subCommand), cl::init(0), cl::value_desc("N"),
      cl::desc("Feed the last N tokens of the prompt one by one, as in "
               "decoding")};
  cl::opt<std::string> dumpLogits{
      "dump-logits", cl::sub(subCommand), cl::value_desc("F.npy"),
      cl::desc("Write float32 [tokens, vocabulary] for each token that the "
               "model is given")};
  cl::opt<bool> ignoreEos{
      "ignore-eos", cl::sub(subCommand),
      cl::desc("Continue after a token that ends the text")};
  cl::opt<bool> verify{"verify", cl::sub(subCommand),
                       cl::desc("Verify the hashes of all weights first")};
  cl::opt<bool> json{"json", cl::sub(subCommand),
                     cl::desc("Print one JSON object instead of text")};
};
} // namespace

llvm::Error RunCommand::run() const {
  if (artifact.empty())
    return makeUsageError("run expects an artifact; write tenon run OUT.tenon "
                          "--prompt=TEXT");
  RunOptions options;
  options.artifact = artifact;
  if (prompt.getNumOccurrences())
    options.prompt = prompt;
  options.promptFile = promptFile;
  options.tokens.assign(tokens.begin(), tokens.end());
  options.tokensFile = tokensFile;
  options.chat = chat;
  if (system.getNumOccurrences())
    options.system = system;
  if (count.getNumOccurrences())
    options.count = count;
  options.temperature = temperature;
  options.topK = topK;
  options.topP = topP;
  options.seed = seed;
  options.threads = threads;
  options.chunk = chunk;
  options.decodeLast = decodeLast;
  options.dumpLogits = dumpLogits;
  options.ignoreEos = ignoreEos;
  options.verify = verify;
  options.json = json;
  return runModel(options);
}

std::unique_ptr<Command> tenon::createRunCommand() {
  return std::make_unique<RunCommand>();
}
