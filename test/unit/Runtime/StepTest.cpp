// Steps: what they compute, how they are cut, and what they refuse.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ToyArtifact.h"
#include "lib/Runtime/Session.h"

#include <cstdlib>
#include <string>
#include <xmmintrin.h>

using namespace tenon::test;

using Ints = std::vector<int32_t>;
using Floats = std::vector<float>;

static tenon_status step(tenon_session *session, const Ints &tokens,
                         const Ints &slots, const Ints &positions = {}) {
  Floats logits(TOY_VOCABULARY);
  return tenon_session_step(session, tokens.size(), tokens.data(),
                            positions.empty() ? nullptr : positions.data(),
                            slots.empty() ? nullptr : slots.data(),
                            tokens.empty() ? 0 : 1, nullptr, logits.data());
}

static uint32_t lengthOf(tenon_session *session, uint32_t slot) {
  uint32_t length = ~0u;
  EXPECT_EQ(tenon_session_get_length(session, slot, &length), TENON_OK);
  return length;
}

/// The tokens 1, 2, 3, ... of the vocabulary.
static Ints countUp(size_t size) {
  Ints tokens(size);
  for (size_t i = 0; i != size; ++i)
    tokens[i] = (i * 5 + 1) % TOY_VOCABULARY;
  return tokens;
}

TEST_F(ToyModelTest, LogitsOfEveryRow) {
  for (uint32_t threads : {1, 2, 3, 7, 8}) {
    tenon_session *session = createSession(1, threads);
    Ints tokens = countUp(16), rows = {15, 0, 7};
    Floats logits(rows.size() * TOY_VOCABULARY);
    ASSERT_EQ(tenon_session_step(session, 16, tokens.data(), nullptr, nullptr,
                                 3, rows.data(), logits.data()),
              TENON_OK)
        << tenon_last_error();
    for (size_t i = 0; i != rows.size(); ++i)
      EXPECT_EQ(
          Floats(logits.begin() + i * TOY_VOCABULARY,
                 logits.begin() + (i + 1) * TOY_VOCABULARY),
          expectedLogits(Ints(tokens.begin(), tokens.begin() + rows[i] + 1)))
          << "row " << rows[i] << " with " << threads << " threads";
  }
}

TEST_F(ToyModelTest, DecoderHasNoEmbeddings) {
  tenon_session *session = createSession();
  Ints tokens = countUp(3);
  Floats rows(3 * 8);
  EXPECT_EQ(tenon_session_encode(session, 3, tokens.data(), nullptr, nullptr, 3,
                                 nullptr, rows.data(), nullptr),
            TENON_ERROR_ARGUMENT);
  EXPECT_NE(std::string(tenon_last_error())
                .find("is a decoder, which has no embeddings; use "
                      "tenon_session_step"),
            std::string::npos)
      << tenon_last_error();
  EXPECT_EQ(tenon_session_encode(nullptr, 0, nullptr, nullptr, nullptr, 0,
                                 nullptr, nullptr, nullptr),
            TENON_ERROR_ARGUMENT);
  EXPECT_STREQ(tenon_last_error(),
               "session must not be null in tenon_session_encode");
}

TEST_F(ToyModelTest, LastRowsUnlessRowsAreNamed) {
  tenon_session *session = createSession();
  Ints tokens = countUp(5);
  Floats logits(2 * TOY_VOCABULARY);
  ASSERT_EQ(tenon_session_step(session, 5, tokens.data(), nullptr, nullptr, 2,
                               nullptr, logits.data()),
            TENON_OK);
  for (size_t i = 0; i != 2; ++i)
    EXPECT_EQ(Floats(logits.begin() + i * TOY_VOCABULARY,
                     logits.begin() + (i + 1) * TOY_VOCABULARY),
              expectedLogits(Ints(tokens.begin(), tokens.begin() + 4 + i)));
}

TEST_F(ToyModelTest, ChunksDoNotMatter) {
  Ints tokens = countUp(TOY_MAX_CONTEXT);
  Floats expected = expectedLogits(tokens);
  for (uint32_t chunk : {0, 1, 2, 3, 4, 5, 13, 16}) {
    tenon_session *session = createSession(3, 2);
    Floats logits(TOY_VOCABULARY);
    ASSERT_EQ(tenon_session_prefill(session, 1, tokens.size(), tokens.data(),
                                    chunk, logits.data()),
              TENON_OK)
        << tenon_last_error();
    EXPECT_EQ(logits, expected) << "in chunks of " << chunk;
    EXPECT_EQ(lengthOf(session, 1), unsigned(TOY_MAX_CONTEXT));
    EXPECT_EQ(lengthOf(session, 0), 0u);
  }
}

TEST_F(ToyModelTest, SequencesDoNotMix) {
  tenon_session *session = createSession(3, 2);
  ASSERT_EQ(step(session, {4, 5, 9, 7, 7, 7}, {2, 2, 0, 1, 1, 1}), TENON_OK)
      << tenon_last_error();
  Ints tokens = {8, 6, 2}, slots = {0, 2, 1}, positions = {1, 2, 3};
  Floats logits(3 * TOY_VOCABULARY);
  ASSERT_EQ(tenon_session_step(session, 3, tokens.data(), positions.data(),
                               slots.data(), 3, nullptr, logits.data()),
            TENON_OK)
      << tenon_last_error();
  Ints sequences[] = {{9, 8}, {4, 5, 6}, {7, 7, 7, 2}};
  for (int i = 0; i != 3; ++i)
    EXPECT_EQ(Floats(logits.begin() + i * TOY_VOCABULARY,
                     logits.begin() + (i + 1) * TOY_VOCABULARY),
              expectedLogits(sequences[i]));
}

TEST_F(ToyModelTest, SmallestBucketThatHolds) {
  tenon_session *session = createSession();
  const int32_t *arena =
      reinterpret_cast<const int32_t *>(session->context.arena);
  int expected[] = {0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
  for (size_t size = 1; size <= 16; ++size) {
    ASSERT_EQ(tenon_session_reset(session, 0), TENON_OK);
    ASSERT_EQ(step(session, countUp(size), {}), TENON_OK) << tenon_last_error();
    EXPECT_EQ(arena[TOY_ARENA_BUCKET], expected[size]) << size << " tokens";
    EXPECT_EQ(arena[TOY_ARENA_VARIANT], 2);
  }
}

static std::vector<Ints> blocksOf(const tenon_session *session) {
  std::vector<Ints> blocks;
  for (int64_t i = 0; i != session->context.num_blocks; ++i) {
    const tenon_block &block = session->context.blocks[i];
    blocks.push_back(
        {block.first_row, block.count, block.slot, block.first_position});
  }
  return blocks;
}

TEST_F(ToyModelTest, BlocksEndWithTheSlotOrWhenFull) {
  tenon_session *session = createSession(3);
  // 4 tokens are in the bucket of 4, whose blocks have 3 rows.
  ASSERT_EQ(step(session, {1, 2, 3, 4}, {1, 1, 1, 1}), TENON_OK);
  EXPECT_EQ(blocksOf(session), (std::vector<Ints>{{0, 3, 1, 0}, {3, 1, 1, 3}}));
  // 13 tokens are in the bucket of 16, whose blocks have 5 rows.
  ASSERT_EQ(step(session, countUp(13), {0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2}),
            TENON_OK);
  EXPECT_EQ(blocksOf(session),
            (std::vector<Ints>{
                {0, 2, 0, 0}, {2, 5, 1, 4}, {7, 1, 1, 9}, {8, 5, 2, 0}}));
}

namespace {

/// A step that is refused, in a session of two slots whose first holds two
/// tokens.
struct WrongStep {
  Ints tokens, slots, positions;
  const char *message;
};

} // namespace

static std::vector<WrongStep> wrongTokensAndSlots() {
  return {
      {{1, 37},
       {},
       {},
       "token 1 is 37, but the vocabulary is 0 to 36; use the tokenizer of "
       "this "
       "model"},
      {{-1},
       {},
       {},
       "token 0 is -1, but the vocabulary is 0 to 36; use the tokenizer of "
       "this "
       "model"},
      {{1, 1},
       {0, 2},
       {},
       "token 1 is for slot 2, but the session has slots 0 to 1; create it "
       "with "
       "more slots"},
      {{1},
       {-1},
       {},
       "token 0 is for slot -1, but the session has slots 0 to 1; create it "
       "with "
       "more slots"},
      {{1, 1, 1},
       {0, 1, 0},
       {},
       "token 2 returns to slot 0 after another slot; put the tokens of a slot "
       "next to each other"},
  };
}

static std::vector<WrongStep> wrongPositionsAndLengths() {
  return {
      {{1, 1},
       {0, 1},
       {2, 1},
       "token 1 of slot 1 has position 1, but its sequence continues at 0; "
       "truncate or reset the slot to go back"},
      {{1, 1},
       {0, 0},
       {2, 2},
       "token 1 of slot 0 has position 2, but its sequence continues at 3; "
       "truncate or reset the slot to go back"},
      {countUp(9),
       {},
       {},
       "token 8 has no room in slot 0: its sequence would exceed the "
       "max_context "
       "of 10; reset it, or create a session with more"},
      {countUp(17),
       {},
       {},
       "17 tokens exceed the 16 of the largest bucket; use "
       "tenon_session_prefill, or several steps"},
  };
}

TEST_F(ToyModelTest, RefusesWrongSteps) {
  tenon_session *session = createSession(2, 1, 10);
  ASSERT_EQ(step(session, {1, 2}, {}), TENON_OK);
  for (const auto &list : {wrongTokensAndSlots(), wrongPositionsAndLengths()})
    for (const WrongStep &wrong : list) {
      EXPECT_EQ(step(session, wrong.tokens, wrong.slots, wrong.positions),
                TENON_ERROR_ARGUMENT);
      EXPECT_STREQ(tenon_last_error(), wrong.message);
      EXPECT_EQ(lengthOf(session, 0), 2u);
      EXPECT_EQ(lengthOf(session, 1), 0u);
    }
  // And what was refused does not stand in the way of what is right.
  EXPECT_EQ(step(session, countUp(8), {}), TENON_OK) << tenon_last_error();
}

TEST_F(ToyModelTest, RefusesWrongRowsAndPointers) {
  tenon_session *session = createSession();
  Ints tokens = {1, 2}, rows = {2, 0};
  Floats logits(3 * TOY_VOCABULARY);
  auto attempt = [&](const int32_t *tokens, uint32_t numRows,
                     const int32_t *rows, float *logits) {
    return tenon_session_step(session, 2, tokens, nullptr, nullptr, numRows,
                              rows, logits);
  };
  EXPECT_EQ(attempt(tokens.data(), 1, rows.data(), logits.data()),
            TENON_ERROR_ARGUMENT);
  EXPECT_STREQ(
      tenon_last_error(),
      "row 0 is token 2, but the step has tokens 0 to 1; rows count the "
      "tokens of this step");
  EXPECT_EQ(attempt(tokens.data(), 3, nullptr, logits.data()),
            TENON_ERROR_ARGUMENT);
  EXPECT_EQ(attempt(tokens.data(), 1, nullptr, nullptr), TENON_ERROR_ARGUMENT);
  EXPECT_EQ(attempt(nullptr, 0, nullptr, nullptr), TENON_ERROR_ARGUMENT);
  EXPECT_EQ(lengthOf(session, 0), 0u);
  EXPECT_EQ(attempt(tokens.data(), 0, nullptr, nullptr), TENON_OK);
  EXPECT_EQ(tenon_session_step(session, 0, nullptr, nullptr, nullptr, 0,
                               nullptr, nullptr),
            TENON_OK);
  EXPECT_EQ(lengthOf(session, 0), 2u);
  EXPECT_EQ(tenon_session_step(nullptr, 0, nullptr, nullptr, nullptr, 0,
                               nullptr, nullptr),
            TENON_ERROR_ARGUMENT);
}

TEST_F(ToyModelTest, RefusesWrongPrompts) {
  tenon_session *session = createSession(1, 1, 20);
  Ints tokens = countUp(20);
  tokens[19] = 99;
  EXPECT_EQ(tenon_session_prefill(session, 0, 20, tokens.data(), 0, nullptr),
            TENON_ERROR_ARGUMENT);
  // Nothing of the prompt was run, although the wrong token is in its last
  // chunk.
  EXPECT_EQ(lengthOf(session, 0), 0u);
  tokens = countUp(21);
  EXPECT_EQ(tenon_session_prefill(session, 0, 21, tokens.data(), 0, nullptr),
            TENON_ERROR_ARGUMENT);
  EXPECT_STREQ(
      tenon_last_error(),
      "21 tokens have no room in slot 0: it holds 0, and max_context is "
      "20; shorten the prompt, or create a session with more");
  EXPECT_EQ(tenon_session_prefill(session, 0, 20, tokens.data(), 17, nullptr),
            TENON_ERROR_ARGUMENT);
  EXPECT_EQ(tenon_session_prefill(session, 1, 1, tokens.data(), 0, nullptr),
            TENON_ERROR_ARGUMENT);
  EXPECT_EQ(tenon_session_prefill(session, 0, 0, nullptr, 0, nullptr),
            TENON_OK);
  EXPECT_EQ(tenon_session_prefill(session, 0, 20, tokens.data(), 16, nullptr),
            TENON_OK);
  // What the slot holds counts.
  ASSERT_EQ(tenon_session_truncate(session, 0, 2), TENON_OK);
  EXPECT_EQ(tenon_session_prefill(session, 0, 19, tokens.data(), 0, nullptr),
            TENON_ERROR_ARGUMENT);
  EXPECT_EQ(tenon_session_prefill(session, 0, (size_t(1) << 32) + 1,
                                  tokens.data(), 0, nullptr),
            TENON_ERROR_ARGUMENT);
  EXPECT_EQ(lengthOf(session, 0), 2u);
  EXPECT_EQ(tenon_session_prefill(session, 0, 18, tokens.data(), 0, nullptr),
            TENON_OK);
}

// A prompt whose last chunk is a whole one, and nobody asks for logits.
TEST_F(ToyModelTest, LogitsOfThePromptAreOptional) {
  tenon_session *session = createSession();
  Ints tokens = countUp(32);
  ASSERT_EQ(tenon_session_prefill(session, 0, 32, tokens.data(), 0, nullptr),
            TENON_OK);
  EXPECT_EQ(session->context.num_rows, 0);
  Floats logits(TOY_VOCABULARY);
  ASSERT_EQ(tenon_session_reset(session, 0), TENON_OK);
  ASSERT_EQ(
      tenon_session_prefill(session, 0, 32, tokens.data(), 0, logits.data()),
      TENON_OK);
  EXPECT_EQ(logits, expectedLogits(tokens));
}

// A refused step leaves no trace in the count of calls that tells slots apart.
TEST_F(ToyModelTest, SlotsAfterARefusedStep) {
  tenon_session *session = createSession(3);
  for (int round = 0; round != 3; ++round) {
    EXPECT_EQ(step(session, {1, 1, 1}, {0, 1, 0}), TENON_ERROR_ARGUMENT);
    EXPECT_EQ(step(session, {1, 99}, {2, 2}), TENON_ERROR_ARGUMENT);
    EXPECT_EQ(step(session, {1, 1, 1}, {0, 2, 1}), TENON_OK)
        << tenon_last_error();
  }
}

TEST_F(ToyModelTest, SizesOfASession) {
  tenon_session_info info = {};
  info.struct_size = sizeof(info);
  ASSERT_EQ(tenon_session_get_info(createSession(3, 2, 50), &info), TENON_OK);
  EXPECT_EQ(info.max_context, 50u);
  EXPECT_EQ(info.slots, 3u);
  EXPECT_EQ(info.threads, 2u);
  EXPECT_EQ(info.max_tokens, 16u);
  EXPECT_EQ(info.state_bytes, 3u * 50 * (TOY_LAYERS * TOY_WIDTH * 4 + 5 * 2));
  EXPECT_EQ(info.arena_bytes, 1024u);
  EXPECT_GE(info.scratch_bytes, 2u * 100);
}

TEST_F(ToyModelTest, RefusesWrongSessions) {
  tenon_session *session = nullptr;
  tenon_session_options options = {};
  options.struct_size = sizeof(options);
  options.max_context = TOY_MAX_CONTEXT + 1;
  EXPECT_EQ(tenon_session_create(model, &options, &session),
            TENON_ERROR_ARGUMENT);
  options.max_context = 0;
  options.threads = 4097;
  EXPECT_EQ(tenon_session_create(model, &options, &session),
            TENON_ERROR_ARGUMENT);
  options.threads = 1;
  options.slots = 1u << 31;
  EXPECT_EQ(tenon_session_create(model, &options, &session),
            TENON_ERROR_ARGUMENT);
  options.threads = 1;
  options.slots = INT32_MAX;
  options.prefault = 0;
  EXPECT_NE(tenon_session_create(model, &options, &session), TENON_OK);
  EXPECT_EQ(session, nullptr);
  options.slots = 2;
  options.prefault = 1;
  EXPECT_EQ(tenon_session_create(model, &options, &session), TENON_OK)
      << tenon_last_error();
  tenon_session_destroy(session);
  tenon_session_destroy(nullptr);
}

static uint32_t threadsOf(tenon_session *session) {
  tenon_session_info info = {};
  info.struct_size = sizeof(info);
  EXPECT_EQ(tenon_session_get_info(session, &info), TENON_OK);
  return info.threads;
}

// More threads than CPUs are for those who insist.
TEST_F(ToyModelTest, ThreadsAreAtMostTheCpus) {
  const char *before = getenv("TENON_OVERSUBSCRIBE");
  std::string value = before ? before : "";
  uint32_t cpus = tenon::runtime::countUsableCpus();
  for (bool insist : {false, true}) {
    if (insist)
      setenv("TENON_OVERSUBSCRIBE", "1", 1);
    else
      unsetenv("TENON_OVERSUBSCRIBE");
    EXPECT_EQ(threadsOf(createSession(1, 0)), cpus);
    EXPECT_EQ(threadsOf(createSession(1, 1)), 1u);
    EXPECT_EQ(threadsOf(createSession(1, cpus)), cpus);
    EXPECT_EQ(threadsOf(createSession(1, cpus + 1)), cpus + insist);
  }
  if (!before)
    unsetenv("TENON_OVERSUBSCRIBE");
  else
    setenv("TENON_OVERSUBSCRIBE", value.c_str(), 1);
}

TEST_F(ToyModelTest, DefaultsOfASession) {
  tenon_session *session = nullptr;
  ASSERT_EQ(tenon_session_create(model, nullptr, &session), TENON_OK);
  sessions.push_back(session);
  EXPECT_EQ(session->maxContext, unsigned(TOY_MAX_CONTEXT));
  EXPECT_EQ(session->numSlots, 1u);
  EXPECT_EQ(createSession(1, 1, TOY_MAX_CONTEXT)->maxContext,
            unsigned(TOY_MAX_CONTEXT));
}

TEST_F(ToyModelTest, FloatModeOfTheCallerDoesNotMatter) {
  unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040); // what -ffast-math switches on
  // Threads inherit the mode of the one that creates them.
  tenon_session *session = createSession(1, 3);
  Ints tokens = countUp(16);
  Floats logits(16 * TOY_VOCABULARY);
  tenon_status status = tenon_session_step(session, 16, tokens.data(), nullptr,
                                           nullptr, 16, nullptr, logits.data());
  unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(status, TENON_OK) << tenon_last_error();
  EXPECT_EQ(after, before | 0x8040);
  for (int i = 0; i != 16; ++i)
    EXPECT_EQ(logits[i * TOY_VOCABULARY],
              expectedLogits(Ints(tokens.begin(), tokens.begin() + i + 1))[0]);
}
