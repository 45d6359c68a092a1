/* Puts all memory of the runtime between pages that no one may touch.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* To be preloaded into a program that uses libtenon-runtime.so. Buffers (arena,
 * scratch memory, caches, tables) begin as 0xff in every byte, which is NaN in
 * every type of float: generated code may not read what nothing has written.
 * Weights are read into memory of their own. Each ends, rounded up to the 64
 * bytes that the runtime promises, where a page without access begins; with
 * TENON_GUARD=beginning it begins where one ends. An access of such a page is
 * one line on the standard error and the exit code 139. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kPage = 4096, kAlignment = 64, kMostMappings = 4096 };

typedef struct {
  char *base, *user;
  size_t total, length;
} Mapping;

static Mapping mappings[kMostMappings];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t roundUp(size_t size, size_t unit) {
  return (size + unit - 1) / unit * unit;
}

static void *mapPages(void *address, size_t length, int protection, int flags,
                      int file, off_t offset) {
  return (void *)syscall(SYS_mmap, address, length, protection, flags, file,
                         offset);
}

/* Writes without allocating: the heap may be what is damaged. */
static void report(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  char *address = info->si_addr;
  char line[200];
  int length =
      snprintf(line, sizeof(line), "error: touches %p, which is not mapped\n",
               info->si_addr);
  for (size_t i = 0; i != kMostMappings; ++i) {
    const Mapping *m = &mappings[i];
    if (!m->user || address < m->base || address >= m->base + m->total)
      continue;
    long after = address - (m->user + m->length);
    length = snprintf(line, sizeof(line),
                      "error: touches memory %ld bytes %s a mapping of %zu "
                      "bytes\n",
                      after >= 0 ? after : m->user - address,
                      after >= 0 ? "after" : "before", m->length);
  }
  (void)!write(STDERR_FILENO, line, (size_t)length);
  _exit(139);
}

__attribute__((constructor)) static void install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_sigaction = report;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
}

static int isRuntime(void *caller) {
  Dl_info info;
  return dladdr(caller, &info) && info.dli_fname &&
         strstr(info.dli_fname, "tenon-runtime");
}

/* Memory for `length` bytes, all of them 0xff, or NULL. */
static char *mapGuarded(size_t length) {
  size_t room = roundUp(length, kPage);
  const char *edge = getenv("TENON_GUARD");
  int atBeginning = edge && strcmp(edge, "beginning") == 0;
  Mapping mapping = {NULL, NULL, room + 2 * kPage, length};
  mapping.base = mapPages(NULL, mapping.total, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping.base == MAP_FAILED ||
      mprotect(mapping.base + kPage, room, PROT_READ | PROT_WRITE) != 0)
    return NULL;
  memset(mapping.base + kPage, 0xff, room);
  mapping.user = mapping.base + kPage +
                 (atBeginning ? 0 : room - roundUp(length, kAlignment));
  pthread_mutex_lock(&lock);
  size_t i = 0;
  while (i != kMostMappings && mappings[i].user)
    ++i;
  if (i != kMostMappings)
    mappings[i] = mapping;
  pthread_mutex_unlock(&lock);
  if (i == kMostMappings) {
    fprintf(stderr, "error: more than %d mappings\n", kMostMappings);
    exit(2);
  }
  return mapping.user;
}

static char *readGuarded(size_t length, int file, off_t offset) {
  char *user = mapGuarded(length);
  for (size_t done = 0; user && done < length;) {
    ssize_t count =
        pread(file, user + done, length - done, offset + (off_t)done);
    if (count <= 0)
      return NULL;
    done += (size_t)count;
  }
  return user;
}

void *mmap(void *address, size_t length, int protection, int flags, int file,
           off_t offset) {
  if (address || !isRuntime(__builtin_return_address(0)))
    return mapPages(address, length, protection, flags, file, offset);
  char *user = flags & MAP_ANONYMOUS ? mapGuarded(length)
                                     : readGuarded(length, file, offset);
  return user ? user : MAP_FAILED;
}

int munmap(void *address, size_t length) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i != kMostMappings; ++i)
    if (mappings[i].user == address && address) {
      address = mappings[i].base;
      length = mappings[i].total;
      mappings[i].user = NULL;
    }
  pthread_mutex_unlock(&lock);
  return (int)syscall(SYS_munmap, address, length);
}
