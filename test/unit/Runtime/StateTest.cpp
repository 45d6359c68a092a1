// Sequences: cut back, saved, restored, and damaged on the way.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ToyArtifact.h"

using namespace tenon::test;

using Ints = std::vector<int32_t>;
using Floats = std::vector<float>;

static Floats append(tenon_session *session, uint32_t slot,
                     const Ints &tokens) {
  Floats logits(TOY_VOCABULARY);
  EXPECT_EQ(tenon_session_prefill(session, slot, tokens.size(), tokens.data(),
                                  0, logits.data()),
            TENON_OK)
      << tenon_last_error();
  return logits;
}

static std::vector<char> save(tenon_session *session, uint32_t slot) {
  size_t size = 0;
  EXPECT_EQ(tenon_session_get_saved_size(session, slot, &size), TENON_OK);
  std::vector<char> buffer(size);
  EXPECT_EQ(tenon_session_save(session, slot, buffer.data(), size), TENON_OK)
      << tenon_last_error();
  return buffer;
}

TEST_F(ToyModelTest, Truncate) {
  tenon_session *session = createSession(2);
  append(session, 1, {5, 6, 7, 8});
  ASSERT_EQ(tenon_session_truncate(session, 1, 2), TENON_OK);
  EXPECT_EQ(append(session, 1, {9}), expectedLogits({5, 6, 9}));
  EXPECT_EQ(tenon_session_truncate(session, 1, 4), TENON_ERROR_ARGUMENT);
  EXPECT_STREQ(tenon_last_error(),
               "cannot truncate slot 1 to 4 tokens: it holds "
               "3; append tokens with a step");
  EXPECT_EQ(tenon_session_truncate(session, 2, 0), TENON_ERROR_ARGUMENT);
  ASSERT_EQ(tenon_session_reset(session, 1), TENON_OK);
  EXPECT_EQ(append(session, 1, {3}), expectedLogits({3}));
}

TEST_F(ToyModelTest, SaveAndRestore) {
  tenon_session *session = createSession(3, 2);
  append(session, 0, {1, 2, 3});
  append(session, 2, {30, 20, 10, 7, 3});
  std::vector<char> saved = save(session, 2);
  // Into another slot, and into a session of another shape.
  tenon_session *other = createSession(2, 1, 17);
  append(other, 0, {11, 12});
  append(other, 1, {13, 14, 15});
  ASSERT_EQ(tenon_session_restore(session, 0, saved.data(), saved.size()),
            TENON_OK)
      << tenon_last_error();
  ASSERT_EQ(tenon_session_restore(other, 1, saved.data(), saved.size()),
            TENON_OK)
      << tenon_last_error();
  Floats expected = expectedLogits({30, 20, 10, 7, 3, 4});
  EXPECT_EQ(append(session, 0, {4}), expected);
  EXPECT_EQ(append(session, 2, {4}), expected);
  EXPECT_EQ(append(other, 1, {4}), expected);
  // Its neighbor is as it was.
  EXPECT_EQ(append(other, 0, {1}), expectedLogits({11, 12, 1}));
}

TEST_F(ToyModelTest, SaveAnEmptySequence) {
  tenon_session *session = createSession();
  std::vector<char> saved = save(session, 0);
  append(session, 0, {1});
  ASSERT_EQ(tenon_session_restore(session, 0, saved.data(), saved.size()),
            TENON_OK);
  EXPECT_EQ(append(session, 0, {2}), expectedLogits({2}));
}

TEST_F(ToyModelTest, EveryByteOfASavedSequence) {
  tenon_session *session = createSession();
  append(session, 0, {1, 2, 3});
  std::vector<char> saved = save(session, 0);
  for (char &byte : saved) {
    byte ^= 4;
    EXPECT_EQ(tenon_session_restore(session, 0, saved.data(), saved.size()),
              TENON_ERROR_ARGUMENT)
        << "byte " << &byte - saved.data();
    byte ^= 4;
  }
  for (size_t size = 0; size != saved.size(); ++size)
    EXPECT_EQ(tenon_session_restore(session, 0, saved.data(), size),
              TENON_ERROR_ARGUMENT);
  // Room behind it is fine, as is the room of a longer one.
  saved.push_back(1);
  EXPECT_EQ(tenon_session_restore(session, 0, saved.data(), saved.size()),
            TENON_OK);
  EXPECT_EQ(append(session, 0, {4}), expectedLogits({1, 2, 3, 4}));
}

TEST_F(ToyModelTest, RefusesForeignSequences) {
  tenon_session *session = createSession(1, 1, 4);
  append(session, 0, {1, 2, 3});
  std::vector<char> saved = save(session, 0);
  EXPECT_EQ(tenon_session_save(session, 0, saved.data(), saved.size() - 1),
            TENON_ERROR_ARGUMENT);
  tenon_session *shorter = createSession(1, 1, 2);
  EXPECT_EQ(tenon_session_restore(shorter, 0, saved.data(), saved.size()),
            TENON_ERROR_ARGUMENT);
  EXPECT_STREQ(tenon_last_error(),
               "saved sequence of 3 tokens exceeds the "
               "max_context of 2; create a session with more");
  // The same model with other weights.
  ToyArtifact artifact;
  artifact.weights.back() ^= 1;
  artifact.seal();
  tenon_model *foreign = nullptr;
  ASSERT_EQ(tenon_model_open(artifact.write(folder).c_str(), nullptr, &foreign),
            TENON_OK);
  tenon_session *other = nullptr;
  ASSERT_EQ(tenon_session_create(foreign, nullptr, &other), TENON_OK);
  EXPECT_EQ(tenon_session_restore(other, 0, saved.data(), saved.size()),
            TENON_ERROR_ARGUMENT);
  EXPECT_NE(std::string(tenon_last_error()).find("belongs to another model"),
            std::string::npos);
  tenon_session_destroy(other);
  tenon_model_close(foreign);
}
