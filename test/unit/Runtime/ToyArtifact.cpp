// Builds artifacts from the library of the hand-written model.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ToyArtifact.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/mman.h>
#include <unistd.h>

using namespace tenon::test;

Folder::Folder() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "tenon-runtime-XXXXXX")
          .string();
  name = mkdtemp(pattern.data());
}

Folder::~Folder() { std::filesystem::remove_all(name); }

GuardedBytes::GuardedBytes(size_t size) {
  const size_t page = sysconf(_SC_PAGESIZE);
  length = (size + page - 1) / page * page + page;
  void *memory = mmap(nullptr, length, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_NE(memory, MAP_FAILED);
  pages = static_cast<char *>(memory);
  char *end = pages + length - page;
  EXPECT_EQ(mprotect(end, page, PROT_NONE), 0);
  begin = end - size;
}

GuardedBytes::~GuardedBytes() { munmap(pages, length); }

static std::vector<char> readFile(const char *path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

static void writeFile(const std::string &path, const std::vector<char> &bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), bytes.size());
}

ToyArtifact::ToyArtifact(const char *library) {
  code = readFile(library);
  // The code may hold the magic as well, so look for what follows it too.
  std::string beginning = TENON_MANIFEST_MAGIC;
  beginning += {TENON_FORMAT_VERSION, 0, 0, 0};
  std::string all(code.begin(), code.end());
  manifestOffset = all.find(beginning);
  code.resize(code.size() + sizeof(tenon_code_trailer));
  weights.resize(TENON_WEIGHTS_HEADER_BYTES + TOY_WEIGHTS_BYTES);
  for (size_t i = TENON_WEIGHTS_HEADER_BYTES; i != weights.size(); ++i)
    weights[i] = static_cast<char>(i * 7 + 3);
  seal();
}

void ToyArtifact::sealManifest() {
  manifest().hash = 0;
  manifest().hash = tenon_hash(&manifest(), manifest().size);
}

void ToyArtifact::sealCode() {
  tenon_code_trailer trailer;
  memcpy(trailer.magic, TENON_CODE_MAGIC, sizeof(trailer.magic));
  trailer.size = code.size() - sizeof(trailer);
  trailer.hash = tenon_hash(code.data(), trailer.size);
  memcpy(code.data() + trailer.size, &trailer, sizeof(trailer));
}

void ToyArtifact::seal() {
  uint64_t *hashes = entries<uint64_t>(manifest().chunk_hashes);
  const char *data = weights.data() + TENON_WEIGHTS_HEADER_BYTES;
  for (uint64_t i = 0, left = TOY_WEIGHTS_BYTES; i != TOY_CHUNKS; ++i) {
    uint64_t size = std::min<uint64_t>(left, TENON_HASH_CHUNK_BYTES);
    hashes[i] = tenon_hash(data + i * TENON_HASH_CHUNK_BYTES, size);
    left -= size;
  }
  manifest().weights_id = tenon_hash(hashes, TOY_CHUNKS * sizeof(uint64_t));
  tenon_weights_header header = {};
  memcpy(header.magic, TENON_WEIGHTS_MAGIC, sizeof(header.magic));
  header.version = TENON_FORMAT_VERSION;
  header.size = TOY_WEIGHTS_BYTES;
  header.id = manifest().weights_id;
  memcpy(weights.data(), &header, sizeof(header));
  sealManifest();
  sealCode();
}

static std::string createFolder(const Folder &parent) {
  static int number = 0;
  std::string path = parent.path() + "/" + std::to_string(number++) + ".tenon";
  std::filesystem::create_directory(path);
  return path;
}

std::string ToyArtifact::writeCode(const Folder &parent,
                                   const std::string &other) const {
  std::string path = createFolder(parent);
  writeFile(path + "/model.so", code);
  std::filesystem::create_hard_link(other + "/weights.bin",
                                    path + "/weights.bin");
  return path;
}

std::string ToyArtifact::write(const Folder &parent) const {
  std::string path = createFolder(parent);
  writeFile(path + "/model.so", code);
  writeFile(path + "/weights.bin", weights);
  return path;
}

void ToyModelTest::SetUp() {
  path = ToyArtifact().write(folder);
  tenon_model_options options = {};
  options.struct_size = sizeof(options);
  options.cpu = "x86-64";
  ASSERT_EQ(tenon_model_open(path.c_str(), &options, &model), TENON_OK)
      << tenon_last_error();
}

void ToyModelTest::destroySessions() {
  for (tenon_session *session : sessions)
    tenon_session_destroy(session);
  sessions.clear();
}

void ToyModelTest::TearDown() {
  destroySessions();
  tenon_model_close(model);
}

tenon_session *ToyModelTest::createSession(uint32_t slots, uint32_t threads,
                                           uint32_t maxContext) {
  tenon_session_options options = {};
  options.struct_size = sizeof(options);
  options.slots = slots;
  options.threads = threads;
  options.max_context = maxContext;
  tenon_session *session = nullptr;
  EXPECT_EQ(tenon_session_create(model, &options, &session), TENON_OK)
      << tenon_last_error();
  sessions.push_back(session);
  return session;
}

std::vector<float>
tenon::test::expectedLogits(const std::vector<int32_t> &sequence) {
  float sum = sequence.back();
  for (size_t p = 0; p != sequence.size(); ++p)
    sum += float(sequence[p] + TOY_LAYERS - 1 + TOY_WIDTH - 1) * float(p + 1) +
           float(sequence[p]);
  std::vector<float> logits(TOY_VOCABULARY);
  for (size_t v = 0; v != logits.size(); ++v) {
    uint8_t weight = (TENON_WEIGHTS_HEADER_BYTES + v) * 7 + 3;
    logits[v] = sum + float(weight) * float(v);
  }
  return logits;
}
