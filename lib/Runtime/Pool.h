// The threads of a session, and how they wait for one another.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_POOL_H
#define TENON_LIB_RUNTIME_POOL_H

#include "tenon/Runtime/tenon.h"

#include <atomic>
#include <pthread.h>

namespace tenon::runtime {

/// The number of CPUs that this process may use, at least 1.
uint32_t countUsableCpus();

/// How long a thread waits before it sleeps: so many rounds of spinning, each
/// of which ends by letting others run. Spinning is fastest when the awaited
/// thread runs on another CPU, and fatal when that one waits for this CPU.
struct SpinPolicy {
  uint32_t rounds;
  uint32_t spins; // of one round

  /// For `threads` threads on `cpus` CPUs.
  static SpinPolicy forThreads(uint32_t threads, uint32_t cpus);
};

/// A number that one thread advances while others wait for it to change. What
/// was written before advance() is visible after wait().
class FutexEvent {
public:
  /// The value that a later wait() is for. Only a thread without which the event
  /// cannot be advanced may ask: for it the value does not change.
  uint32_t read() const {
    // Publishes nothing: the caller itself keeps the value from changing, and
    // the wait() that let it come here has ordered everything before.
    return value.load(std::memory_order_relaxed);
  }

  /// Returns once the value is another one than `old`.
  void wait(uint32_t old, SpinPolicy policy);

  /// Changes the value and wakes all who wait.
  void advance();

  /// Sets the value to 0 while no thread uses the event.
  void restart() {
    // Publishes nothing: threads that are created later see it anyway.
    value.store(0, std::memory_order_relaxed);
  }

private:
  std::atomic<uint32_t> value{0};
  std::atomic<uint32_t> sleepers{0};
};

/// A fixed team of threads that run one function together, each with its
/// number. The thread that calls run() is number 0. Only one thread may call
/// run().
class Pool {
public:
  using Function = void (*)(void *argument, int64_t thread);

  Pool() = default;
  Pool(const Pool &) = delete;
  ~Pool() { stop(); }

  /// Starts threads 1 to `threads - 1`. With `pin`, each stays on a CPU of its
  /// own as long as there are enough.
  tenon_status start(uint32_t threads, bool pin);
  /// Ends the threads. The pool may be started again.
  void stop();

  /// Runs `function` once on each thread; returns when all have returned.
  void run(Function function, void *argument);

  /// To be called by every thread inside run(): returns when all have called
  /// it, with tickets() at 0. What any thread wrote before is visible to all
  /// after.
  void barrier();

  /// A counter for loops whose iterations are handed out one by one.
  int64_t *tickets() { return &ticketCounter; }
  uint32_t size() const { return numThreads; }

private:
  struct Worker {
    Pool *pool;
    uint32_t number;
    pthread_t thread;
  };

  static void *runWorker(void *worker);
  tenon_status startWorkers(uint32_t wanted, bool pin);

  // What different threads write often lies on lines of its own. Processors
  // fetch lines in pairs.
  static constexpr size_t kApart = 128;

  uint32_t numThreads = 1;
  SpinPolicy policy = {0, 0};
  Worker *workers = nullptr;
  Function job = nullptr; // null tells the workers to end
  void *jobArgument = nullptr;
  alignas(kApart) FutexEvent begin;   // advanced for each job
  alignas(kApart) FutexEvent arrival; // advanced when all threads have arrived
  alignas(kApart) std::atomic<uint32_t> arrived{0};
  alignas(kApart) int64_t ticketCounter = 0;
};

} // namespace tenon::runtime

#endif // TENON_LIB_RUNTIME_POOL_H
