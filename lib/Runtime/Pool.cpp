// Threads that spin for a while and then sleep on a futex.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Pool.h"
#include "Error.h"

#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tenon::runtime {

// A futex is a 32-bit word, and so must be the atomic that the kernel looks at.
static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

static void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static void futex(std::atomic<uint32_t> *word, int operation, uint32_t value) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(word),
          operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

uint32_t countUsableCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
    return CPU_COUNT(&set);
  // More CPUs than fit into the set.
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? online : 1;
}

SpinPolicy SpinPolicy::forThreads(uint32_t threads, uint32_t cpus) {
  // Together some 40 us, which is more than the threads of a kernel differ as a
  // rule. Longer spinning gains nothing on idle CPUs, and next to a program
  // that computes it costs up to half a millisecond at each barrier. A yield is
  // short on an idle CPU, and on a full one it runs the awaited thread without
  // the cost of sleep and wake.
  if (threads <= cpus)
    return {20, 100};
  return {4, 1};
}

void FutexEvent::wait(uint32_t old, SpinPolicy policy) {
  for (uint32_t round = 0; round != policy.rounds; ++round) {
    for (uint32_t spin = 0; spin != policy.spins; ++spin) {
      // Acquires what the thread that advanced the event had written before: its
      // store in advance() releases it.
      if (value.load(std::memory_order_acquire) != old)
        return;
      pause();
    }
    sched_yield();
  }
  // Announces a sleeper to advance(). Sequentially consistent, as are the two
  // operations there: either advance() sees the sleeper and wakes it, or the
  // load here and the comparison inside the kernel see the new value.
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (value.load(std::memory_order_seq_cst) == old)
    futex(&value, FUTEX_WAIT, old);
  // Publishes nothing: a sleeper that is counted too long costs one system
  // call.
  sleepers.fetch_sub(1, std::memory_order_relaxed);
}

void FutexEvent::advance() {
  // Publishes everything the caller wrote or has acquired, to all that wait for
  // the value. Sequentially consistent because the load below must not come
  // first.
  value.fetch_add(1, std::memory_order_seq_cst);
  // Pairs with the announcement in wait().
  if (sleepers.load(std::memory_order_seq_cst) != 0)
    futex(&value, FUTEX_WAKE, INT_MAX);
}

void Pool::barrier() {
  uint32_t old = arrival.read();
  // Releases this thread's writes to the last one to arrive, and acquires those
  // of all others if that is this thread: it hands them on through the event.
  uint32_t others = arrived.fetch_add(1, std::memory_order_acq_rel);
  if (others + 1 != numThreads) {
    arrival.wait(old, policy);
    return;
  }
  // All threads wait, so no one else touches these two until the event, whose
  // release publishes them, is advanced. Generated code counts tickets with
  // atomic operations, so the counter is stored atomically too.
  arrived.store(0, std::memory_order_relaxed);
  __atomic_store_n(&ticketCounter, 0, __ATOMIC_RELAXED);
  arrival.advance();
}

void Pool::run(Function function, void *argument) {
  // The workers wait at `begin`, which publishes the job to them.
  job = function;
  jobArgument = argument;
  begin.advance();
  function(argument, 0);
  barrier();
}

void *Pool::runWorker(void *argument) {
  Worker *worker = static_cast<Worker *>(argument);
  Pool *pool = worker->pool;
  // No job is given before all workers exist, and each job waits for all of
  // them: a worker counts along and never misses one.
  for (uint32_t seen = 0;; ++seen) {
    pool->begin.wait(seen, pool->policy);
    if (!pool->job)
      return nullptr;
    pool->job(pool->jobArgument, worker->number);
    pool->barrier();
  }
}

/// Keeps `attributes` to one CPU: the one with this number among the usable
/// ones.
static void pinTo(pthread_attr_t *attributes, uint32_t number) {
  cpu_set_t usable, one;
  if (sched_getaffinity(0, sizeof(usable), &usable) != 0)
    return;
  uint32_t left = number % CPU_COUNT(&usable);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &usable) || left-- != 0)
      continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_attr_setaffinity_np(attributes, sizeof(one), &one);
    return;
  }
}

static int createThread(pthread_t *thread, uint32_t number, bool pin,
                        void *(*function)(void *), void *argument) {
  pthread_attr_t attributes;
  if (int error = pthread_attr_init(&attributes))
    return error;
  if (pin)
    pinTo(&attributes, number);
  int error = pthread_create(thread, &attributes, function, argument);
  pthread_attr_destroy(&attributes);
  if (error)
    return error;
  char name[24];
  snprintf(name, sizeof(name), "tenon-%u", number);
  name[15] = '\0'; // the system takes no more
  pthread_setname_np(*thread, name);
  return 0;
}

tenon_status Pool::startWorkers(uint32_t wanted, bool pin) {
  for (uint32_t number = 1; number < wanted; ++number) {
    Worker &worker = workers[number - 1];
    worker.pool = this;
    worker.number = number;
    if (int error =
            createThread(&worker.thread, number, pin, runWorker, &worker))
      return fail(TENON_ERROR_SYSTEM,
                  "cannot start thread %u of %u: %s; ask for fewer threads",
                  number + 1, wanted, ErrorText(error).get());
    numThreads = number + 1;
  }
  return TENON_OK;
}

tenon_status Pool::start(uint32_t threads, bool pin) {
  stop();
  policy = SpinPolicy::forThreads(threads, countUsableCpus());
  workers = static_cast<Worker *>(calloc(threads, sizeof(Worker)));
  if (!workers)
    return fail(TENON_ERROR_SYSTEM,
                "cannot allocate memory for %u threads; ask for fewer threads",
                threads);
  // Signals are the program's business and go to its own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  tenon_status status = startWorkers(threads, pin);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (status != TENON_OK)
    stop();
  return status;
}

void Pool::stop() {
  job = nullptr;
  begin.advance();
  for (uint32_t number = 1; number < numThreads; ++number)
    pthread_join(workers[number - 1].thread, nullptr);
  free(workers);
  workers = nullptr;
  numThreads = 1;
  // New workers count jobs from zero again, and no one waits any more.
  begin.restart();
}

} // namespace tenon::runtime
