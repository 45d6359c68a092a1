/* Steps and samples a model, and fails on any request for memory in between.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* StepAllocations ARTIFACT SLOTS THREADS [malloc|mmap]: the last one asks for
 * memory between two steps, which must be found.
 *
 * Calls of the allocator are counted in all threads and libraries. Calls of the
 * kernel, which libraries may make without anyone's knowledge, end the program
 * once a filter is installed. */

#include "tenon/Runtime/tenon.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The allocator of a sanitizer cannot be replaced, and maps memory as it likes.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
    __has_feature(memory_sanitizer)
#define TENON_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TENON_SANITIZED 1
#endif

enum { kSteps = 50, kMostSlots = 64 };

static atomic_long calls;

#ifndef TENON_SANITIZED
/* The names with two underscores are how the GNU C library offers what it would
 * have done. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void *malloc(size_t size) {
  ++calls;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++calls;
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  ++calls;
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  ++calls;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  ++calls;
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
void free(void *memory) {
  ++calls;
  __libc_free(memory);
}
#endif

static void say(const char *text) {
  ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
  (void)ignored;
}

static void check(tenon_status status) {
  if (status == TENON_OK)
    return;
  say(tenon_last_error());
  say("\n");
  _exit(2);
}

static void refuse(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info, (void)context;
  say("error: the kernel was asked for memory between two steps\n");
  _exit(1);
}

/* From here on, in all threads, asking the kernel for memory, or giving some
 * back, raises a signal. Returns 0 where filters are not allowed. */
static int watchKernel(void) {
  static const int kWatched[] = {SYS_mmap, SYS_munmap, SYS_mremap, SYS_brk,
                                 SYS_madvise};
  enum { kCount = sizeof(kWatched) / sizeof(kWatched[0]) };
  struct sock_filter filter[kCount + 3];
  filter[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                           offsetof(struct seccomp_data, nr));
  for (unsigned i = 0; i != kCount; ++i)
    filter[i + 1] = (struct sock_filter)BPF_JUMP(
        BPF_JMP | BPF_JEQ | BPF_K, (unsigned)kWatched[i], kCount - i, 0);
  filter[kCount + 1] =
      (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  filter[kCount + 2] =
      (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
  struct sock_fprog program = {kCount + 3, filter};
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_sigaction = refuse;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, NULL);
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                 SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

/* One token for each slot: the best for the first, drawn for the others. */
static void sampleAll(tenon_session *session, const float *logits,
                      uint32_t vocabulary, uint32_t slots, uint64_t counter,
                      int32_t *tokens) {
  tenon_sampling how;
  memset(&how, 0, sizeof(how));
  how.struct_size = sizeof(how);
  how.temperature = 1;
  how.top_p = 0.9f;
  for (uint32_t slot = 0; slot != slots; ++slot) {
    how.seed = slot;
    how.top_k = slot % 2 ? 0 : 5;
    check(tenon_sample(session, logits + (size_t)slot * vocabulary,
                       slot ? &how : NULL, counter, &tokens[slot]));
  }
}

static void askForMemory(const char *how) {
  if (strcmp(how, "malloc") == 0) {
    void *volatile memory = malloc(1);
    free(memory);
  } else {
    syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
            0);
  }
}

static tenon_session *createSession(const tenon_model *model, uint32_t slots,
                                    uint32_t threads) {
  tenon_session *session;
  tenon_session_options options;
  memset(&options, 0, sizeof(options));
  options.struct_size = sizeof(options);
  options.slots = slots;
  options.threads = threads;
  check(tenon_session_create(model, &options, &session));
  return session;
}

int main(int argc, char **argv) {
  uint32_t slots = argc > 3 ? (uint32_t)atoi(argv[2]) : 0;
  if (slots == 0 || slots > kMostSlots) {
    say("usage: StepAllocations ARTIFACT SLOTS THREADS [malloc|mmap]\n");
    return 2;
  }
  tenon_model *model;
  check(tenon_model_open(argv[1], NULL, &model));
  tenon_model_info info;
  memset(&info, 0, sizeof(info));
  info.struct_size = sizeof(info);
  check(tenon_model_get_info(model, &info));
  tenon_session *session = createSession(model, slots, (uint32_t)atoi(argv[3]));
  float *logits = malloc(sizeof(float) * slots * info.vocabulary);
  int32_t tokens[kMostSlots], numbers[kMostSlots];
  const int32_t prompt[] = {1, 2, 3, 4, 5};
  for (uint32_t slot = 0; slot != slots; ++slot) {
    numbers[slot] = (int32_t)slot;
    check(tenon_session_prefill(session, slot, 5, prompt, 0,
                                logits + (size_t)slot * info.vocabulary));
  }

  int isWatched = watchKernel();
  long before = calls;
  for (uint32_t step = 0; step != kSteps; ++step) {
    sampleAll(session, logits, info.vocabulary, slots, step, tokens);
    if (argc > 4 && step == kSteps / 2)
      askForMemory(argv[4]);
    check(tenon_session_step(session, slots, tokens, NULL, numbers, slots, NULL,
                             logits));
  }
  long after = calls;
  if (after != before) {
    say("error: the allocator was called between two steps\n");
    _exit(1);
  }
  say(isWatched ? "no call of the allocator or of the kernel\n"
                : "no call of the allocator; the kernel allows no filter\n");
  /* Where nothing watches, nothing can be found either. */
  if (argc > 4)
    _exit(1);
  /* Not through exit(), which gives memory back. */
  _exit(0);
}
