// The memory of sessions: as much as each step needs, where it belongs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ToyArtifact.h"
#include "lib/Runtime/Session.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace tenon::test;

namespace {

/// An artifact of the toy model with other sizes, opened, and a session of it.
class MemoryTest : public ToyModelTest {
protected:
  tenon_bucket *buckets() {
    return artifact.entries<tenon_bucket>(artifact.manifest().buckets);
  }
  tenon_state *states() {
    return artifact.entries<tenon_state>(artifact.manifest().states);
  }

  void open() {
    artifact.sealManifest();
    artifact.sealCode();
    std::string changed = artifact.writeCode(folder, path);
    tenon_model_close(model);
    model = nullptr;
    tenon_model_options options = {};
    options.struct_size = sizeof(options);
    options.cpu = "x86-64";
    ASSERT_EQ(tenon_model_open(changed.c_str(), &options, &model), TENON_OK)
        << tenon_last_error();
  }

  void TearDown() override {
    destroySessions();
    ToyModelTest::TearDown();
  }

  ToyArtifact artifact;
};

} // namespace

static tenon_session_info infoOf(const tenon_session *session) {
  tenon_session_info info = {};
  info.struct_size = sizeof(info);
  EXPECT_EQ(tenon_session_get_info(session, &info), TENON_OK);
  return info;
}

/// Runs one step in each bucket, which writes all of its memory.
static void runEveryBucket(tenon_session *session) {
  const int32_t *arena =
      reinterpret_cast<const int32_t *>(session->context.arena);
  for (size_t size : {1, 4, 16}) {
    std::vector<int32_t> tokens(size, 5);
    std::vector<float> logits(TOY_VOCABULARY);
    ASSERT_EQ(tenon_session_reset(session, 0), TENON_OK);
    ASSERT_EQ(tenon_session_prefill(session, 0, size, tokens.data(), 0,
                                    logits.data()),
              TENON_OK);
    EXPECT_EQ(logits, expectedLogits(tokens)) << size << " tokens";
    EXPECT_EQ(arena[TOY_ARENA_OVERWRITTEN], 0) << size << " tokens";
  }
}

// Each bucket once needs the largest arena, and each one the largest scratch.
TEST_F(MemoryTest, LargestOfAllBuckets) {
  constexpr uint64_t kArena = 3 * 4096 + 40, kScratch = 4096 + 72;
  constexpr uint32_t kThreads = 3;
  for (uint32_t ofArena = 0; ofArena != TOY_BUCKETS; ++ofArena)
    for (uint32_t ofScratch = 0; ofScratch != TOY_BUCKETS; ++ofScratch) {
      for (uint32_t i = 0; i != TOY_BUCKETS; ++i) {
        buckets()[i].arena_bytes = i == ofArena ? kArena : 512 + 64 * i;
        buckets()[i].scratch_bytes = i == ofScratch ? kScratch : 64 + 64 * i;
      }
      ASSERT_NO_FATAL_FAILURE(open());
      tenon_session *session = createSession(1, kThreads);
      tenon_session_info info = infoOf(session);
      EXPECT_EQ(info.threads, kThreads);
      EXPECT_EQ(info.arena_bytes, kArena);
      EXPECT_GE(info.scratch_bytes, kThreads * kScratch);
      EXPECT_EQ(info.scratch_bytes,
                kThreads * uint64_t(session->context.scratch_stride));
      // Threads share no pair of cache lines.
      EXPECT_EQ(session->context.scratch_stride % 128, 0);
      runEveryBucket(session);
      destroySessions();
    }
}

// A size that is a multiple of two lines already needs no more.
TEST_F(MemoryTest, StrideOfScratch) {
  for (auto [size, stride] :
       {std::pair<int, int>{0, 0}, {1, 128}, {128, 128}, {129, 256}}) {
    for (uint32_t i = 0; i != TOY_BUCKETS; ++i)
      buckets()[i].scratch_bytes = size;
    ASSERT_NO_FATAL_FAILURE(open());
    EXPECT_EQ(createSession(1, 2)->context.scratch_stride, stride);
    destroySessions();
  }
}

TEST_F(MemoryTest, TablesAreWholeAndApart) {
  struct Part {
    const void *begin;
    size_t size;
  };
  for (uint32_t slots : {1, 3, 1000}) {
    const tenon_session *s = createSession(slots);
    std::vector<Part> parts = {
        {s->stateData, 2 * sizeof(void *)},
        {s->lengths, slots * sizeof(uint32_t)},
        {s->lastCall, slots * sizeof(uint64_t)},
        {s->tokens, 16 * sizeof(int32_t)},
        {s->positions, 16 * sizeof(int32_t)},
        {s->slots, 16 * sizeof(int32_t)},
        {s->rows, 16 * sizeof(int32_t)},
        {s->blocks, 16 * sizeof(tenon_block)},
        {s->probabilities, TOY_VOCABULARY * sizeof(double)},
        {s->bins, 65536 * sizeof(double)},
        {s->order, TOY_VOCABULARY * sizeof(uint32_t)},
    };
    std::sort(parts.begin(), parts.end(),
              [](Part a, Part b) { return a.begin < b.begin; });
    const uint8_t *end = s->tables.data();
    for (Part part : parts) {
      const uint8_t *begin = static_cast<const uint8_t *>(part.begin);
      EXPECT_GE(begin, end);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(begin) % 64, 0u);
      end = begin + part.size;
    }
    EXPECT_LE(end, s->tables.data() + s->tables.size());
  }
}

TEST_F(MemoryTest, StatesAreWhole) {
  tenon_session *session = createSession(3, 1, 50);
  EXPECT_EQ(session->states[0].size(), 3u * 50 * TOY_LAYERS * TOY_WIDTH * 4);
  EXPECT_EQ(session->states[1].size(), 3u * 50 * 5 * 2);
  EXPECT_EQ(session->stateData[0], session->states[0].data());
  EXPECT_EQ(session->stateData[1], session->states[1].data());
  EXPECT_EQ(session->context.num_slots, 3);
  EXPECT_EQ(session->context.max_context, 50);
}

TEST_F(MemoryTest, ModelWithoutStates) {
  artifact.manifest().states.count = 0;
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(infoOf(createSession()).state_bytes, 0u);
}

// The product of four factors exceeds 2^64 at each multiplication, and is 0
// modulo that: only the multiplication can notice.
TEST_F(MemoryTest, SizesThatOverflow) {
  struct Case {
    uint32_t width, layers, slots, context;
  };
  for (Case c : {Case{1u << 31, 1u << 31, 1, 1}, Case{1u << 30, 1u << 31, 2, 1},
                 Case{1u << 30, 1u << 25, 1, 1u << 7}}) {
    states()[0].width = c.width;
    states()[0].layers = c.layers;
    artifact.manifest().max_context = 1u << 7;
    ASSERT_NO_FATAL_FAILURE(open());
    tenon_session_options options = {};
    options.struct_size = sizeof(options);
    options.slots = c.slots;
    options.max_context = c.context;
    tenon_session *session = nullptr;
    EXPECT_EQ(tenon_session_create(model, &options, &session),
              TENON_ERROR_SYSTEM);
    EXPECT_NE(strstr(tenon_last_error(), "state 'keys' with"), nullptr);
    EXPECT_NE(strstr(tenon_last_error(), "exceeds 2^64 bytes"), nullptr)
        << tenon_last_error();
  }
}

/// The number of pages of a range that are in memory.
static uint64_t countMappedPages(const uint8_t *begin, uint64_t size) {
  const uint64_t page = sysconf(_SC_PAGESIZE);
  int file = open("/proc/self/pagemap", O_RDONLY);
  EXPECT_GE(file, 0);
  uint64_t count = 0;
  for (uint64_t at = 0; at < size; at += page) {
    uint64_t entry = 0;
    off_t place = (reinterpret_cast<uintptr_t>(begin) + at) / page * 8;
    EXPECT_EQ(pread(file, &entry, sizeof(entry), place), 8);
    count += entry >> 63;
  }
  close(file);
  return count;
}

TEST_F(MemoryTest, PrefaultMapsAllOfTheState) {
  for (uint32_t prefault : {0, 1}) {
    tenon_session_options options = {};
    options.struct_size = sizeof(options);
    options.slots = 100;
    options.prefault = prefault;
    tenon_session *session = nullptr;
    ASSERT_EQ(tenon_session_create(model, &options, &session), TENON_OK);
    const auto &keys = session->states[0];
    uint64_t pages = (keys.size() + 4095) / 4096;
    EXPECT_GT(pages, 50u);
    EXPECT_EQ(countMappedPages(keys.data(), keys.size()), prefault ? pages : 0);
    tenon_session_destroy(session);
  }
}

TEST_F(MemoryTest, PreloadMapsAllWeights) {
  for (uint32_t preload : {0, 1}) {
    tenon_model_options options = {};
    options.struct_size = sizeof(options);
    options.cpu = "x86-64";
    options.preload = preload;
    tenon_model *opened = nullptr;
    ASSERT_EQ(tenon_model_open(path.c_str(), &options, &opened), TENON_OK);
    const auto &weights = opened->weights;
    uint64_t pages = (weights.size() + 4095) / 4096;
    uint64_t mapped = countMappedPages(weights.data(), weights.size());
    if (preload)
      EXPECT_EQ(mapped, pages);
    else
      EXPECT_LT(mapped, pages);
    tenon_model_close(opened);
  }
}

// What a caller gives may end where memory ends.
TEST_F(MemoryTest, NothingBeyondTheBuffersOfTheCaller) {
  tenon_session *session = createSession(2);
  GuardedBytes tokens(3 * sizeof(int32_t)), slots(3 * sizeof(int32_t)),
      rows(2 * sizeof(int32_t)), logits(2 * TOY_VOCABULARY * sizeof(float));
  for (int i = 0; i != 3; ++i) {
    tokens.as<int32_t>()[i] = i + 1;
    slots.as<int32_t>()[i] = 1;
  }
  rows.as<int32_t>()[0] = 2;
  rows.as<int32_t>()[1] = 0;
  ASSERT_EQ(tenon_session_step(session, 3, tokens.as<int32_t>(), nullptr,
                               slots.as<int32_t>(), 2, rows.as<int32_t>(),
                               logits.as<float>()),
            TENON_OK);
  size_t size = 0;
  ASSERT_EQ(tenon_session_get_saved_size(session, 1, &size), TENON_OK);
  GuardedBytes saved(size);
  ASSERT_EQ(tenon_session_save(session, 1, saved.data(), size), TENON_OK);
  ASSERT_EQ(tenon_session_restore(session, 0, saved.data(), size), TENON_OK);
  int32_t token = 0;
  tenon_sampling how = {};
  how.struct_size = sizeof(how);
  how.temperature = 1;
  how.top_p = 0.5f;
  EXPECT_EQ(tenon_sample(session, logits.as<float>() + TOY_VOCABULARY, &how, 0,
                         &token),
            TENON_OK);
}
