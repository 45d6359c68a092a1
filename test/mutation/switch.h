// Which mutant of a build is on, if any, and which ones a run comes across.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Included by the sources that schemata.py rewrites, and by nothing else. Those
// of the runtime know the C library alone, and so does this.

#ifndef TENON_MUTATION_SWITCH_H
#define TENON_MUTATION_SWITCH_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// What is compiled here is wrong on purpose.
#pragma clang diagnostic ignored "-Weverything"

namespace tenon_mutation {

/// Bytes of the file of reached mutants: no build has more mutants.
constexpr int kMostMutants = 1 << 16;

// Zero until the first question; what threads write at the same time is the
// same.
inline int activePlusOne = 0;
inline unsigned char *reached = nullptr;

__attribute__((noinline, cold)) inline void readEnvironment() {
  // A shared map outlives processes that are killed.
  if (const char *path = getenv("TENON_MUTANTS_REACHED")) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file >= 0 && ftruncate(file, kMostMutants) == 0) {
      void *map = mmap(nullptr, kMostMutants, PROT_READ | PROT_WRITE,
                       MAP_SHARED, file, 0);
      if (map != MAP_FAILED)
        __atomic_store_n(&reached, static_cast<unsigned char *>(map),
                         __ATOMIC_RELEASE);
    }
    close(file);
  }
  const char *active = getenv("TENON_MUTANT");
  __atomic_store_n(&activePlusOne, (active ? atoi(active) : 0) + 1,
                   __ATOMIC_RELEASE);
}

/// Whether the mutant of a number is on. Mutants count from 1.
inline bool mutant(int number) {
  int known = __atomic_load_n(&activePlusOne, __ATOMIC_ACQUIRE);
  if (__builtin_expect(known == 0, 0)) {
    readEnvironment();
    known = activePlusOne;
  }
  if (__builtin_expect(reached != nullptr, 0))
    reached[number] = 1;
  return known == number + 1;
}

} // namespace tenon_mutation

#endif // TENON_MUTATION_SWITCH_H
