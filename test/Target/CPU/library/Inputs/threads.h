// Runs the workers of a call in threads of POSIX.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <pthread.h>
#include <stdint.h>

struct worker {
  void (*work)(void *job, int64_t number);
  void *job;
  int64_t number;
  pthread_t thread;
};

static void *start(void *argument) {
  struct worker *worker = argument;
  worker->work(worker->job, worker->number);
  return 0;
}

/* `pool` has a struct worker for each worker. */
static void parallel(void *pool, int64_t count,
                     void (*work)(void *job, int64_t number), void *job) {
  struct worker *workers = pool;
  for (int64_t i = 0; i < count; ++i) {
    workers[i].work = work;
    workers[i].job = job;
    workers[i].number = i;
    pthread_create(&workers[i].thread, 0, start, &workers[i]);
  }
  for (int64_t i = 0; i < count; ++i)
    pthread_join(workers[i].thread, 0);
}
