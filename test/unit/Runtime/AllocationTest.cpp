// Nothing is allocated once a session exists.
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

// What this program calls, whichever library the call is in. The names with two
// underscores are how the GNU C library offers what it would have done.
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void *mmap(void *address, size_t length, int protection, int flags, int file,
           off_t offset) noexcept {
  ++allocations;
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
  long before = allocations;
  tenon_session *session = createSession(3, 3);
  EXPECT_GT(allocations, before) << "the counter does not count";

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
  long after = allocations;
  EXPECT_EQ(after, before);
  EXPECT_EQ(mappedPages(), pagesBefore);
}

#endif // TENON_SANITIZED
