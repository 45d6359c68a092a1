// Threads that run together: barriers, tickets, and nothing lost between jobs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Runtime/Pool.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>
#include "gtest/gtest.h"

using namespace tenon::runtime;

namespace {

class PoolTest : public testing::TestWithParam<uint32_t> {
protected:
  void SetUp() override {
    ASSERT_EQ(pool.start(GetParam(), false), TENON_OK) << tenon_last_error();
  }
  Pool pool;
};

/// Work whose phases read what other threads wrote in the phase before.
struct Relay {
  Pool *pool;
  std::vector<uint64_t> now, next;
  int phases;
};

struct Tickets {
  Pool *pool;
  std::vector<int> taken;
  int phases;
};

} // namespace

static void relay(void *argument, int64_t thread) {
  Relay &work = *static_cast<Relay *>(argument);
  size_t size = work.now.size();
  for (int phase = 0; phase != work.phases; ++phase) {
    // Plain reads and writes: a race would be one for the thread sanitizer too.
    work.next[thread] = work.now[(thread + 1) % size] + thread + phase;
    work.pool->barrier();
    work.now[thread] = work.next[thread];
    work.pool->barrier();
  }
}

TEST_P(PoolTest, PhasesSeeOneAnother) {
  Relay work = {&pool, std::vector<uint64_t>(GetParam()), {}, 300};
  work.next = work.now;
  std::vector<uint64_t> expected(GetParam());
  for (int job = 0; job != 5; ++job) {
    pool.run(relay, &work);
    for (int phase = 0; phase != work.phases; ++phase) {
      std::vector<uint64_t> before = expected;
      for (size_t t = 0; t != expected.size(); ++t)
        expected[t] = before[(t + 1) % expected.size()] + t + phase;
    }
    ASSERT_EQ(work.now, expected) << "after job " << job;
  }
}

static void takeAll(void *argument, int64_t) {
  Tickets &work = *static_cast<Tickets *>(argument);
  int64_t size = work.taken.size();
  for (int phase = 0; phase != work.phases; ++phase) {
    for (int64_t ticket;
         (ticket = __atomic_fetch_add(work.pool->tickets(), 1,
                                      __ATOMIC_RELAXED)) < size;)
      ++work.taken[ticket];
    work.pool->barrier();
  }
}

TEST_P(PoolTest, TicketsAreHandedOutOnce) {
  Tickets work = {&pool, std::vector<int>(97), 50};
  for (int job = 1; job != 4; ++job) {
    pool.run(takeAll, &work);
    ASSERT_EQ(work.taken, std::vector<int>(97, 50 * job));
    ASSERT_EQ(*pool.tickets(), 0);
  }
}

TEST_P(PoolTest, WakesAfterASleep) {
  Relay work = {&pool, std::vector<uint64_t>(GetParam()), {}, 1};
  work.next = work.now;
  for (int job = 0; job != 3; ++job) {
    // Far longer than any thread spins.
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    pool.run(relay, &work);
  }
  EXPECT_EQ(pool.size(), GetParam());
}

TEST_P(PoolTest, StartsAgain) {
  for (uint32_t threads : {3u, GetParam(), 1u, GetParam()}) {
    ASSERT_EQ(pool.start(threads, true), TENON_OK) << tenon_last_error();
    Tickets work = {&pool, std::vector<int>(13), 2};
    pool.run(takeAll, &work);
    ASSERT_EQ(work.taken, std::vector<int>(13, 2));
  }
}

namespace {

/// What a thread of a pool finds out about itself.
struct Self {
  std::string name;
  cpu_set_t cpus;
  bool blocksSignals;
};

} // namespace

static void describe(void *argument, int64_t thread) {
  Self &self = static_cast<Self *>(argument)[thread];
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof(name));
  self.name = name;
  EXPECT_EQ(sched_getaffinity(0, sizeof(self.cpus), &self.cpus), 0);
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  self.blocksSignals =
      sigismember(&blocked, SIGINT) == 1 && sigismember(&blocked, SIGTERM) == 1;
}

// Workers have names, stay on their CPU if asked to, and take no signals. The
// thread that asks is left alone.
TEST_P(PoolTest, WorkersAreSetApart) {
  Self before;
  describe(&before, 0);
  std::vector<int> usable;
  for (int cpu = 0; cpu != CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &before.cpus))
      usable.push_back(cpu);
  for (bool pin : {false, true}) {
    ASSERT_EQ(pool.start(GetParam(), pin), TENON_OK);
    std::vector<Self> selves(GetParam());
    pool.run(describe, selves.data());
    EXPECT_EQ(selves[0].name, before.name);
    EXPECT_TRUE(CPU_EQUAL(&selves[0].cpus, &before.cpus));
    EXPECT_EQ(selves[0].blocksSignals, before.blocksSignals);
    for (size_t t = 1; t < selves.size(); ++t) {
      EXPECT_EQ(selves[t].name, "tenon-" + std::to_string(t));
      EXPECT_TRUE(selves[t].blocksSignals);
      cpu_set_t expected = before.cpus;
      if (pin) {
        CPU_ZERO(&expected);
        CPU_SET(usable[t % usable.size()], &expected);
      }
      EXPECT_TRUE(CPU_EQUAL(&selves[t].cpus, &expected)) << t;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, PoolTest, testing::Values(1, 2, 3, 7, 8));

TEST(SpinPolicy, SpinsOnlyWithACpuForEachThread) {
  SpinPolicy idle = SpinPolicy::forThreads(2, 2);
  EXPECT_GT(idle.rounds * idle.spins, 1000u);
  SpinPolicy full = SpinPolicy::forThreads(3, 2);
  EXPECT_LT(full.rounds * full.spins, 10u);
  cpu_set_t usable;
  ASSERT_EQ(sched_getaffinity(0, sizeof(usable), &usable), 0);
  EXPECT_EQ(countUsableCpus(), unsigned(CPU_COUNT(&usable)));
}

/// The pages of addresses that this process has.
static uint64_t countPages() {
  std::ifstream file("/proc/self/statm");
  uint64_t pages = 0;
  file >> pages;
  return pages;
}

/// Starts more threads than there is room for the stacks of, then fewer.
static void startWithoutRoom() {
  rlimit limit = {};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = countPages() * sysconf(_SC_PAGESIZE) + (48 << 20);
  setrlimit(RLIMIT_AS, &limit);
  Pool pool;
  tenon_status status = pool.start(64, /*pin=*/false);
  fprintf(stderr, "%d: %s\n", status, tenon_last_error());
  // Those that had started have ended, and their room can be had again.
  bool isUsable = pool.start(2, /*pin=*/false) == TENON_OK && pool.size() == 2;
  std::atomic<int> calls{0};
  pool.run([](void *sum, int64_t) { ++*static_cast<std::atomic<int> *>(sum); },
           &calls);
  pool.stop();
  exit(status == TENON_ERROR_SYSTEM && isUsable && calls == 2 ? 0 : 1);
}

TEST(Pool, ThreadsThatTheSystemRefuses) {
  EXPECT_EXIT(startWithoutRoom(), testing::ExitedWithCode(0),
              "cannot start thread [0-9]+ of 64: .*; ask for fewer threads");
}
