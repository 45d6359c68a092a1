// Nothing is allocated once a session exists, and nothing outlives it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ToyArtifact.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace tenon::test;

// The allocator of a sanitizer cannot be replaced, and maps memory as it likes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TENON_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
    __has_feature(memory_sanitizer)
#define TENON_SANITIZED 1
#endif
#endif

#ifndef TENON_SANITIZED

static std::atomic<long> allocations{0};
static std::atomic<long> frees{0};
static std::atomic<long> mappings{0};

// What this program calls, whichever library the call is in. The names with two
// underscores are how the GNU C library offers what it would have done.
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void free(void *memory) {
  frees += memory != nullptr;
  __libc_free(memory);
}
void *realloc(void *memory, size_t size) {
  ++allocations;
  frees += memory != nullptr;
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void *mmap(void *address, size_t length, int protection, int flags, int file,
           off_t offset) noexcept {
  ++mappings;
  return reinterpret_cast<void *>(
      syscall(SYS_mmap, address, length, protection, flags, file, offset));
}
}

/// Pages of address space: also what malloc and others get without asking here.
static long mappedPages() {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  EXPECT_EQ(fscanf(file, "%ld", &pages), 1);
  fclose(file);
  return pages;
}

TEST_F(ToyModelTest, NothingIsAllocatedBySteps) {
  long before = allocations, mappingsBefore = mappings;
  tenon_session *session = createSession(3, 3);
  EXPECT_GT(allocations, before) << "the counter does not count";
  EXPECT_GT(mappings, mappingsBefore) << "the counter does not count";

  std::vector<float> logits(16 * TOY_VOCABULARY);
  std::vector<int32_t> prompt(40, 3), slots(16, 2);
  std::vector<char> saved(1 << 20);
  tenon_sampling how = {};
  how.struct_size = sizeof(how);
  how.temperature = 1;
  how.top_p = 0.9f;
  // The first call of stdio takes a buffer, and the counters are read in
  // between.
  mappedPages();
  long pagesBefore = mappedPages();
  before = allocations;
  mappingsBefore = mappings;
  for (int round = 0; round != 20; ++round) {
    int32_t token = 0;
    tenon_session_prefill(session, 0, 40, prompt.data(), 0, logits.data());
    for (int i = 0; i != 50; ++i) {
      tenon_sample(session, logits.data(), &how, i, &token);
      tenon_session_step(session, 1, &token, nullptr, nullptr, 1, nullptr,
                         logits.data());
    }
    tenon_session_step(session, 16, prompt.data(), nullptr, slots.data(), 16,
                       nullptr, logits.data());
    tenon_session_save(session, 0, saved.data(), saved.size());
    tenon_session_restore(session, 1, saved.data(), saved.size());
    tenon_session_step(session, 200, prompt.data(), nullptr, nullptr, 0,
                       nullptr,
                       nullptr); // refused
    for (uint32_t slot = 0; slot != 3; ++slot)
      tenon_session_reset(session, slot);
  }
  long after = allocations, mappingsAfter = mappings;
  EXPECT_EQ(after, before);
  EXPECT_EQ(mappingsAfter, mappingsBefore);
  EXPECT_EQ(mappedPages(), pagesBefore);
}

// Whatever is opened, created and refused, nothing of it is left in the end.
TEST_F(ToyModelTest, NothingIsLeftBehind) {
  tenon_model_options options = {};
  options.struct_size = sizeof(options);
  options.cpu = "x86-64";
  std::string missing = folder.path() + "/missing.tenon";
  auto round = [&] {
    tenon_model *opened = nullptr;
    tenon_session *session = nullptr;
    EXPECT_EQ(tenon_model_open(missing.c_str(), &options, &opened),
              TENON_ERROR_FILE);
    EXPECT_EQ(tenon_model_open(path.c_str(), &options, &opened), TENON_OK);
    tenon_session_options wrong = {};
    wrong.struct_size = sizeof(wrong);
    wrong.max_context = TOY_MAX_CONTEXT + 1;
    EXPECT_EQ(tenon_session_create(opened, &wrong, &session),
              TENON_ERROR_ARGUMENT);
    EXPECT_EQ(tenon_session_create(opened, nullptr, &session), TENON_OK);
    tenon_session_destroy(session);
    tenon_model_close(opened);
  };
  // The C library keeps what it has once taken: stacks, and pages of its heap.
  for (int warm = 0; warm != 3; ++warm)
    round();
  mappedPages();
  long pages = mappedPages(), held = allocations - frees;
  for (int i = 0; i != 10; ++i)
    round();
  EXPECT_EQ(allocations - frees, held);
  EXPECT_EQ(mappedPages(), pages);
}

#endif // TENON_SANITIZED
