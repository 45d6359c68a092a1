// Feeds changed headers of both containers to their readers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"
#include "tenon/Import/Containers/HuggingFace.h"
#include "tenon/Import/Containers/Safetensors.h"

#include "Images.h"
#include "test/unit/Mutator.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace tenon;

// The largest single allocation since the last reset. A header that lies about
// a count must not make a reader allocate for it.
// Volatile, because compilers know that malloc changes no variable of a
// program.
static volatile size_t largestAllocation = 0;

static void note(size_t size) {
  if (size > largestAllocation)
    largestAllocation = size;
}

#if __has_feature(address_sanitizer)
// The sanitizer calls this for every allocation.
extern "C" void __sanitizer_malloc_hook(const volatile void *, size_t size) {
  note(size);
}
#else
// The C library lets a program bring its own entry points; operator new and the
// containers of LLVM come through them too.
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size) {
  note(size);
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  note(count * size);
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  note(size);
  return __libc_realloc(memory, size);
}
}
#endif

/// Without this, a fuzzer that does not see allocations would pass. Both are
/// made inside of LLVM, where no compiler of this file can remove them.
static bool seesAllocations() {
  largestAllocation = 0;
  llvm::SmallVector<char, 1> characters;
  characters.resize_for_overwrite(123457);
  bool seesMalloc = largestAllocation >= 123457;
  std::unique_ptr<llvm::WritableMemoryBuffer> buffer =
      llvm::WritableMemoryBuffer::getNewUninitMemBuffer(234567);
  return seesMalloc && buffer && largestAllocation >= 234567;
}

static std::string makeSafetensorsSeed() {
  return makeSafetensors(
      "{\"__metadata__\":{\"format\":\"pt\"},"
      "\"model.embed_tokens.weight\":{\"dtype\":\"BF16\",\"shape\":[7,8],"
      "\"data_offsets\":[0,112]},"
      "\"a\\u00e9\":{\"dtype\":\"F8_E4M3\",\"shape\":[5],\"data_offsets\":"
      "[112,117]},"
      "\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[117,121]}}",
      121);
}

static std::string makeGgufSeed() {
  GgufImage image = makeGgufModel("gemma3");
  image.addStrings("tokenizer.ggml.tokens", {"a", "", "bc"})
      .addInts("tokenizer.ggml.token_type", {1, 2, 3})
      .addNumber<uint8_t>("tokenizer.ggml.add_bos_token", 7, 1)
      .addInt("tokenizer.ggml.bos_token_id", 2)
      .addInt("general.alignment", 32)
      .addString("gemma3.rope.scaling.type", "linear")
      .addFloat("gemma3.rope.scaling.factor", 8)
      .addNumber<double>("gemma3.rope.freq_base", 12, 1e6)
      .addFloats("rope_freqs.weight", {1.0f, 2.0f})
      .addTensor("token_embd.weight", {8, 7}, 0, 224)
      .addTensor("blk.0.attn_q.weight", {32, 2}, 8, 68)
      .addTensor("blk.0.ffn_up.weight", {256}, 12, 144);
  return image.build();
}

static std::string makeConfigSeed() {
  return "{\"model_type\":\"x\",\"hidden_size\":8,\"torch_dtype\":\"float16\","
         "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4.0},"
         "\"rope_parameters\":{\"full_attention\":{\"rope_theta\":1e6},"
         "\"sliding_attention\":{\"rope_theta\":1e4}},\"layer_types\":[\"a\"],"
         "\"num_hidden_layers\":1,\"text_config\":{\"sliding_window\":0},"
         "\"num_attention_heads\":8,\"num_key_value_heads\":2}";
}

/// Every tensor that a reader returns lies inside of the bytes, and is as large
/// as its type says, if a weight can have that.
static bool lieInside(llvm::ArrayRef<StoredTensor> tensors,
                      llvm::StringRef bytes) {
  for (const StoredTensor &tensor : tensors)
    if (tensor.begin > bytes.size() ||
        tensor.size > bytes.size() - tensor.begin ||
        (tensor.foreignType.empty() &&
         getStoredBytes(tensor.info.type, tensor.info.shape) != tensor.size))
      return false;
  return true;
}

/// Drops an error, after a look at its text: one line, and not empty.
static bool isOneLine(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  return !text.empty() && text.find('\n') == std::string::npos &&
         text.size() < 1000;
}

enum class Outcome { Read, Refused, Wrong };

static Outcome readSafetensors(llvm::StringRef bytes) {
  llvm::Expected<std::vector<StoredTensor>> tensors =
      parseSafetensors(bytes, "fuzz");
  if (!tensors)
    return isOneLine(tensors.takeError()) ? Outcome::Refused : Outcome::Wrong;
  return lieInside(*tensors, bytes) ? Outcome::Read : Outcome::Wrong;
}

static Outcome readGguf(llvm::StringRef bytes) {
  llvm::Expected<GgufContents> contents = parseGguf(bytes, "fuzz");
  if (!contents)
    return isOneLine(contents.takeError()) ? Outcome::Refused : Outcome::Wrong;
  if (!lieInside(contents->tensors, bytes))
    return Outcome::Wrong;
  const GgufMetadata &metadata = contents->metadata;
  metadata.getStringArray("tokenizer.ggml.tokens");
  metadata.getIntArray("tokenizer.ggml.token_type");
  metadata.getFloatArray("tokenizer.ggml.scores");
  metadata.getBool("tokenizer.ggml.add_bos_token");
  llvm::Expected<const GgufArchitecture *> architecture =
      getGgufArchitecture(metadata);
  if (!architecture)
    return isOneLine(architecture.takeError()) ? Outcome::Refused
                                               : Outcome::Wrong;
  llvm::Expected<ModelConfig> config =
      buildGgufConfig(*contents, **architecture);
  if (!config)
    return isOneLine(config.takeError()) ? Outcome::Refused : Outcome::Wrong;
  llvm::Expected<std::vector<double>> divisors =
      readGgufRopeDivisors(bytes, *contents, *config);
  if (!divisors)
    return isOneLine(divisors.takeError()) ? Outcome::Refused : Outcome::Wrong;
  return Outcome::Read;
}

static Outcome readConfig(llvm::StringRef bytes) {
  llvm::Expected<ModelConfig> config = parseHuggingFaceConfig(bytes, "fuzz");
  if (!config)
    return isOneLine(config.takeError()) ? Outcome::Refused : Outcome::Wrong;
  return Outcome::Read;
}

/// Returns false, after saying which mutant it was, when one is handled
/// wrongly.
static bool fuzz(llvm::StringRef name, const std::string &seed,
                 Outcome (*read)(llvm::StringRef), uint64_t count) {
  // Tables of a few entries are larger than the files here, but a lying count
  // is larger by far.
  constexpr size_t floor = 1 << 16;
  if (read(seed) != Outcome::Read) {
    llvm::errs() << name << ": the seed itself is refused\n";
    return false;
  }
  uint64_t accepted = 0;
  for (uint64_t i = 0; i < count; ++i) {
    std::string bytes = seed;
    Mutator(i).mutate(bytes);
    largestAllocation = 0;
    Outcome outcome = read(bytes);
    accepted += outcome == Outcome::Read;
    if (outcome == Outcome::Wrong ||
        largestAllocation > std::max(bytes.size(), floor)) {
      llvm::errs() << name << ": mutant " << i << " of " << bytes.size()
                   << " bytes is handled wrongly; the largest allocation was "
                   << largestAllocation << " bytes\n";
      return false;
    }
  }
  llvm::outs() << name << ": " << count << " mutants, " << accepted
               << " of them accepted\n";
  // Both sides must be reached, or the mutants test nothing.
  return count < 100 || (accepted > 0 && accepted < count);
}

int main(int argc, char **argv) {
  uint64_t count = 1000;
  if (argc > 2 ||
      (argc == 2 && llvm::StringRef(argv[1]).getAsInteger(10, count))) {
    llvm::errs() << "usage: FuzzHeaders [number of mutants of each kind]\n";
    return 2;
  }
  if (!seesAllocations()) {
    llvm::errs() << "allocations are not seen\n";
    return 1;
  }
  bool right =
      fuzz("safetensors", makeSafetensorsSeed(), readSafetensors, count);
  right &= fuzz("gguf", makeGgufSeed(), readGguf, count);
  right &= fuzz("config", makeConfigSeed(), readConfig, count);
  return right ? 0 : 1;
}
