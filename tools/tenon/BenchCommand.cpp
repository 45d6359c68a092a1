// tenon bench: the options of a measurement.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Bench.h"
#include "tenon/Driver/UsageError.h"
#include "Command.h"

using namespace tenon;
namespace cl = llvm::cl;

namespace {
struct BenchCommand : Command {
  BenchCommand()
      : Command("bench",
                "Benchmark an artifact against the limits of the machine") {}

  llvm::Error run() const override;

  cl::opt<std::string> artifact{cl::Positional, cl::sub(subCommand),
                                cl::desc("<artifact>")};
  cl::opt<uint32_t> prefill{"prefill", cl::sub(subCommand), cl::init(512),
                            cl::value_desc("N"),
                            cl::desc("Tokens of the prompt (default: 512)")};
  cl::opt<uint32_t> decode{"decode", cl::sub(subCommand), cl::init(64),
                           cl::value_desc("N"),
                           cl::desc("Tokens to decode (default: 64)")};
  cl::opt<uint32_t> context{
      "context", cl::sub(subCommand), cl::init(0), cl::value_desc("N"),
      cl::desc("Tokens before the decoded ones (default: those of the "
               "prompt)")};
  cl::opt<uint32_t> threads{
      "threads", cl::sub(subCommand), cl::init(0), cl::value_desc("N"),
      cl::desc("Threads (default: one per CPU that the process may use)")};
  cl::opt<uint32_t> repetitions{
      "repetitions", cl::sub(subCommand), cl::init(5), cl::value_desc("N"),
      cl::desc("Measurements to take the median of (default: 5)")};
  cl::opt<bool> profile{"profile", cl::sub(subCommand),
                        cl::desc("Print the time of each kernel")};
  cl::opt<std::string> json{"json", cl::sub(subCommand),
                            cl::value_desc("F.json"),
                            cl::desc("Write all numbers to a file")};
};
} // namespace

llvm::Error BenchCommand::run() const {
  if (artifact.empty())
    return makeUsageError("bench expects an artifact; write tenon bench "
                          "OUT.tenon");
  BenchOptions options;
  options.artifact = artifact;
  options.prefill = prefill;
  options.decode = decode;
  options.context = context;
  options.threads = threads;
  options.repetitions = repetitions;
  options.profile = profile;
  options.json = json;
  return benchModel(options);
}

std::unique_ptr<Command> tenon::createBenchCommand() {
  return std::make_unique<BenchCommand>();
}
