// Measures a compiled model and compares it with the limits of the machine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Bench.h"
#include "tenon/Driver/UsageError.h"
#include "tenon/Runtime/Format.h"
#include "tenon/Support/Targets.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "KernelProfile.h"
#include "OpenModel.h"
#include "ReplaceFile.h"
#include "Roofline.h"

#include <chrono>
#include <optional>

using namespace tenon;
using Clock = std::chrono::steady_clock;

namespace {
/// The part of the time that one kernel takes.
struct KernelShare {
  std::string name;
  double share = 0;
};

/// What is measured of prefilling or of decoding.
struct Section {
  /// Of each repetition.
  std::vector<double> seconds;
  /// Of all repetitions together.
  llvm::StringMap<uint64_t> samples;
  std::vector<KernelShare> kernels;
};

class Bench {
public:
  explicit Bench(const BenchOptions &options) : options(options) {}

  llvm::Error open();
  llvm::Error measure();
  llvm::Error report();

private:
  llvm::Error repeat();
  llvm::Error decode();
  llvm::Error fill(uint32_t length);
  llvm::Error measure(Section &section, llvm::function_ref<llvm::Error()> run);
  llvm::json::Object describe(double bytes) const;
  void print(double bytes, llvm::raw_ostream &out) const;
  void printKernels(llvm::raw_ostream &out) const;

  BenchOptions options;
  OwnedModel model;
  OwnedSession session;
  tenon_model_info info = {};
  std::vector<int32_t> tokens;
  std::vector<float> logits;
  MachineLimits before, after;
  Section prefills, decodes;
  std::optional<KernelProfile> profile;
};
} // namespace

static double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  llvm::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}

static double perSecond(uint64_t tokens, const std::vector<double> &seconds) {
  double typical = median(seconds);
  return typical > 0 ? tokens / typical : 0;
}

/// The vectors of the variant that runs; narrow ones for a level that another
/// version of the compiler had.
static unsigned getLanes(const tenon_model_info &info) {
  const CpuLevel *level = findCpuLevel(info.variant);
  return level ? unsigned(level->lanes) : 8;
}

llvm::Error Bench::open() {
  llvm::Expected<OwnedModel> opened = openModel(options.artifact);
  if (!opened)
    return opened.takeError();
  model = std::move(*opened);
  info = getInfo(model);
  if (options.context == 0)
    options.context = std::max(options.prefill, 1u);
  uint64_t longest = std::max<uint64_t>(
      options.prefill, uint64_t(options.context) + options.decode);
  if (longest > info.max_context)
    return makeUsageError(
        "--prefill, and --context and --decode together, "
        "expect at most the " +
        llvm::Twine(info.max_context) + " tokens of the artifact, but need " +
        llvm::Twine(longest) + "; choose less, or compile with --max-context");
  if (options.repetitions == 0)
    return makeUsageError("--repetitions expects at least 1, but got 0");
  tenon_session_options choices = {};
  choices.struct_size = sizeof(choices);
  choices.threads = options.threads;
  choices.max_context = uint32_t(std::max<uint64_t>(longest, 1));
  choices.prefault = 1;
  llvm::Expected<OwnedSession> created = createSession(model, choices);
  if (!created)
    return created.takeError();
  session = std::move(*created);

  // Any tokens will do, but not one and the same: routers would send all of
  // them to the same experts.
  uint64_t random = 1;
  for (uint64_t i = 0; i < longest; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    tokens.push_back(int32_t((random >> 33) % info.vocabulary));
  }
  logits.resize(info.vocabulary);
  return llvm::Error::success();
}

/// Appends tokens until the sequence has this length.
llvm::Error Bench::fill(uint32_t length) {
  uint32_t present = 0;
  if (llvm::Error error =
          check(tenon_session_get_length(session.get(), 0, &present)))
    return error;
  if (present > length)
    return check(tenon_session_truncate(session.get(), 0, length));
  return check(tenon_session_prefill(session.get(), 0, length - present,
                                     tokens.data() + present, /*chunk=*/0,
                                     logits.data()));
}

llvm::Error Bench::decode() {
  for (uint32_t i = 0; i < options.decode; ++i)
    if (llvm::Error error = check(
            tenon_session_step(session.get(), 1, &tokens[options.context + i],
                               nullptr, nullptr, 1, nullptr, logits.data())))
      return error;
  return llvm::Error::success();
}

llvm::Error Bench::measure(Section &section,
                           llvm::function_ref<llvm::Error()> run) {
  if (profile)
    profile->discard();
  Clock::time_point begin = Clock::now();
  llvm::Error error = run();
  std::chrono::duration<double> time = Clock::now() - begin;
  section.seconds.push_back(time.count());
  if (profile)
    for (const auto &kernel : profile->take())
      section.samples[kernel.first()] += kernel.second;
  return error;
}

llvm::Error Bench::repeat() {
  if (llvm::Error error = check(tenon_session_reset(session.get(), 0)))
    return error;
  if (llvm::Error error =
          measure(prefills, [&] { return fill(options.prefill); }))
    return error;
  if (llvm::Error error = fill(options.context))
    return error;
  return measure(decodes, [&] { return decode(); });
}

/// The parts of the samples of all repetitions, the largest first.
static void shareTime(Section &section) {
  uint64_t all = 0;
  for (const auto &kernel : section.samples)
    all += kernel.second;
  for (const auto &kernel : section.samples)
    section.kernels.push_back(
        {kernel.first().str(), double(kernel.second) / double(all)});
  llvm::sort(section.kernels, [](const KernelShare &a, const KernelShare &b) {
    return std::tie(b.share, a.name) < std::tie(a.share, b.name);
  });
}

llvm::Error Bench::measure() {
  unsigned threads = getInfo(session).threads;
  before = measureLimits(threads, getLanes(info));
  // The first round maps pages and is not counted.
  if (llvm::Error error = repeat())
    return error;
  prefills = decodes = {};
  if (options.profile) {
    llvm::Expected<KernelProfile> opened = KernelProfile::open(
        options.artifact, tenon_model_get_manifest(model.get()));
    if (!opened)
      return opened.takeError();
    profile = std::move(*opened);
    if (llvm::Error error = profile->start())
      return error;
  }
  for (uint32_t i = 0; i < options.repetitions; ++i)
    if (llvm::Error error = repeat())
      return error;
  if (profile)
    profile->stop();
  shareTime(prefills);
  shareTime(decodes);
  after = measureLimits(threads, getLanes(info));
  return llvm::Error::success();
}

/// Bytes that decoding a token reads: weights, and the state half way through
/// the measured tokens.
static double getBytesPerToken(const OwnedModel &model,
                               const BenchOptions &options) {
  const tenon_manifest *manifest = tenon_model_get_manifest(model.get());
  auto *states = reinterpret_cast<const tenon_state *>(
      reinterpret_cast<const uint8_t *>(manifest) + manifest->states.offset);
  double bytes = double(manifest->token_bytes);
  double positions = options.context + options.decode / 2.0;
  for (uint32_t i = 0; i < manifest->states.count; ++i)
    bytes += positions * states[i].layers * states[i].width *
             (states[i].element == TENON_ELEMENT_BF16 ? 2 : 4);
  return bytes;
}

/// Parts of the time by kernel; empty without a profile.
static llvm::json::Object listKernels(const Section &section) {
  llvm::json::Object kernels;
  for (const KernelShare &kernel : section.kernels)
    kernels[kernel.name] = kernel.share;
  return kernels;
}

llvm::json::Object Bench::describe(double bytes) const {
  auto limits = [](const MachineLimits &measured) {
    return llvm::json::Object{{"gigaflops", measured.gigaflops},
                              {"bf16_gigaflops", measured.bf16Gigaflops},
                              {"byte_gigaops", measured.byteGigaops},
                              {"gigabytes_per_second", measured.gigabytes}};
  };
  return llvm::json::Object{
      {"artifact", options.artifact},
      {"architecture", info.architecture},
      {"variant", info.variant},
      {"threads", int64_t(getInfo(session).threads)},
      {"prefill_tokens", int64_t(options.prefill)},
      {"prefill_tokens_per_second",
       perSecond(options.prefill, prefills.seconds)},
      {"prefill_seconds", llvm::json::Array(prefills.seconds)},
      {"context", int64_t(options.context)},
      {"decode_tokens", int64_t(options.decode)},
      {"decode_tokens_per_second", perSecond(options.decode, decodes.seconds)},
      {"decode_seconds", llvm::json::Array(decodes.seconds)},
      {"bytes_per_token", bytes},
      {"prefill_kernels", listKernels(prefills)},
      {"decode_kernels", listKernels(decodes)},
      {"limits_before", limits(before)},
      {"limits_after", limits(after)}};
}

void Bench::print(double bytes, llvm::raw_ostream &out) const {
  double decoded = perSecond(options.decode, decodes.seconds);
  out << info.variant << ", " << getInfo(session).threads
      << " threads, medians of " << options.repetitions << "\n";
  if (options.prefill)
    out << llvm::format("prefill  %10.1f tokens/s  (%u tokens)\n",
                        perSecond(options.prefill, prefills.seconds),
                        options.prefill);
  if (options.decode)
    out << llvm::format("decode   %10.1f tokens/s  (%u tokens at context %u)\n",
                        decoded, options.decode, options.context)
        << llvm::format("reads    %10.2f GB/s      (%.1f MB a token)\n",
                        bytes * decoded * 1e-9, bytes * 1e-6);
  out << llvm::format("machine  %10.2f GB/s      before, %.2f after\n",
                      before.gigabytes, after.gigabytes)
      << llvm::format("machine  %10.1f GFLOP/s   before, %.1f after\n",
                      before.gigaflops, after.gigaflops);
  auto printDots = [&](double rate, double later, const char *what) {
    if (rate > 0)
      out << llvm::format("machine  %10.1f %s   before, %.1f after\n", rate,
                          what, later);
  };
  printDots(before.bf16Gigaflops, after.bf16Gigaflops, "GFLOP/s of bf16");
  printDots(before.byteGigaops, after.byteGigaops, "GOP/s of bytes");
  printKernels(out);
}

void Bench::printKernels(llvm::raw_ostream &out) const {
  const std::pair<llvm::StringRef, const Section *> sections[] = {
      {"prefill", &prefills}, {"decode", &decodes}};
  for (auto [name, section] : sections) {
    for (const KernelShare &kernel : section->kernels) {
      // The long rest says nothing.
      if (kernel.share < 0.005)
        break;
      double seconds = kernel.share * median(section->seconds);
      out << llvm::left_justify(name, 9)
          << llvm::format("%10.1f %%  %10.3f ms   ", 100 * kernel.share,
                          1000 * seconds)
          << kernel.name << "\n";
    }
  }
}

llvm::Error Bench::report() {
  double bytes = getBytesPerToken(model, options);
  std::string table;
  llvm::raw_string_ostream rows(table);
  print(bytes, rows);
  if (llvm::Error error = writeOutput("-", table))
    return error;
  if (options.json.empty())
    return llvm::Error::success();
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::formatv("{0:2}\n", llvm::json::Value(describe(bytes)));
  return writeOutput(options.json, text);
}

llvm::Error tenon::benchModel(const BenchOptions &options) {
  Bench bench(options);
  for (auto part : {&Bench::open, &Bench::measure, &Bench::report})
    if (llvm::Error error = (bench.*part)())
      return error;
  return llvm::Error::success();
}
