// tenon embed: the options of vectors of texts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Embed.h"
#include "tenon/Driver/UsageError.h"
#include "Command.h"

using namespace tenon;
namespace cl = llvm::cl;

namespace {
struct EmbedCommand : Command {
  EmbedCommand() : Command("embed", "Make a vector of each text") {}

  llvm::Error run() const override;

  cl::opt<std::string> artifact{cl::Positional, cl::sub(subCommand),
                                cl::desc("<artifact>")};
  cl::list<std::string> texts{cl::Positional, cl::sub(subCommand),
                              cl::ZeroOrMore, cl::desc("<text>...")};
  cl::opt<std::string> promptFile{
      "prompt-file", cl::sub(subCommand), cl::value_desc("F"),
      cl::desc("A file with one text, byte for byte; - is the standard "
               "input")};
  cl::opt<std::string> linesFile{
      "lines-file", cl::sub(subCommand), cl::value_desc("F"),
      cl::desc("A file with a text on each line; - is the standard input")};
  cl::opt<std::string> tokensFile{"tokens-file", cl::sub(subCommand),
                                  cl::value_desc("F.json"),
                                  cl::desc("A JSON list of tokens")};
  cl::opt<Pooling> pooling{
      "pooling", cl::sub(subCommand), cl::init(Pooling::Mean),
      cl::desc("What makes one vector of a text (default: as the model says, "
               "or mean)"),
      cl::values(clEnumValN(Pooling::Mean, "mean",
                            "the mean of the embeddings of all tokens"),
                 clEnumValN(Pooling::First, "first",
                            "the embedding of the first token"),
                 clEnumValN(Pooling::Pooler, "pooler",
                            "what the pooler makes of the first token"))};
  cl::opt<bool> normalize{
      "normalize", cl::sub(subCommand),
      cl::desc("Divide vectors by their length (default: as the model says)")};
  cl::opt<bool> truncate{
      "truncate", cl::sub(subCommand),
      cl::desc("Cut texts that are too long instead of refusing them")};
  cl::opt<uint32_t> threads{
      "threads", cl::sub(subCommand), cl::init(0), cl::value_desc("N"),
      cl::desc("Threads (default: one per CPU that the process may use)")};
  cl::opt<std::string> dumpEmbeddings{
      "dump-embeddings", cl::sub(subCommand), cl::value_desc("F.npy"),
      cl::desc("Write float32 [tokens, hidden] for each token of all texts")};
  cl::opt<bool> verify{"verify", cl::sub(subCommand),
                       cl::desc("Verify the hashes of all weights first")};
  cl::opt<bool> json{"json", cl::sub(subCommand),
                     cl::desc("Print one JSON object")};
};
} // namespace

llvm::Error EmbedCommand::run() const {
  if (artifact.empty())
    return makeUsageError("embed expects an artifact; write tenon embed "
                          "OUT.tenon TEXT...");
  EmbedOptions options;
  options.artifact = artifact;
  options.texts.assign(texts.begin(), texts.end());
  options.promptFile = promptFile;
  options.linesFile = linesFile;
  options.tokensFile = tokensFile;
  if (pooling.getNumOccurrences())
    options.pooling = pooling;
  if (normalize.getNumOccurrences())
    options.normalize = normalize;
  options.truncate = truncate;
  options.threads = threads;
  options.dumpEmbeddings = dumpEmbeddings;
  options.verify = verify;
  options.json = json;
  return embedTexts(options);
}

std::unique_ptr<Command> tenon::createEmbedCommand() {
  return std::make_unique<EmbedCommand>();
}
