// Messages of failed calls, and the arguments that every call refuses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Runtime/Error.h"
#include "ToyArtifact.h"

#include <cerrno>
#include <cstring>
#include <thread>

using namespace tenon::runtime;
using namespace tenon::test;

TEST(Error, IsOneLine) {
  EXPECT_EQ(fail(TENON_ERROR_CPU, "a\x01%s\x1f\x7f", "b\n c\t~\x80"),
            TENON_ERROR_CPU);
  EXPECT_STREQ(tenon_last_error(), "a?b? c?~\x80??");
  failDamaged("x\ny", "%d\n", 7);
  EXPECT_STREQ(tenon_last_error(),
               "'x?y' is damaged: 7?; copy the artifact again, or compile the "
               "model again");
}

TEST(Error, IsCutAtItsLimit) {
  std::string most(1023, 'x');
  for (size_t size : {1022, 1023, 1024, 5000}) {
    std::string text(size, 'x');
    fail(TENON_ERROR_FILE, "%s", text.c_str());
    EXPECT_EQ(tenon_last_error(), text.substr(0, 1023)) << size;
    EXPECT_EQ(failDamaged(text.c_str(), "%s", "y"), TENON_ERROR_ARTIFACT);
    EXPECT_EQ(tenon_last_error(), ("'" + most).substr(0, 1023));
    failDamaged("z", "%s", text.c_str());
    EXPECT_EQ(tenon_last_error(), ("'z' is damaged: " + most).substr(0, 1023));
  }
}

TEST(Error, OfTheSystem) {
  EXPECT_EQ(failOnFile("open", "x", ENOENT, "look elsewhere"),
            TENON_ERROR_FILE);
  EXPECT_STREQ(tenon_last_error(),
               "cannot open 'x': no such file or directory; look elsewhere");
}

// Only a capital letter is lowered: one text begins with a dot.
TEST(Error, BeginsInLowerCase) {
  for (int code = 0; code != 140; ++code) {
    std::string text = strerror(code);
    if (text[0] >= 'A' && text[0] <= 'Z')
      text[0] += 'a' - 'A';
    EXPECT_EQ(ErrorText(code).get(), text);
  }
  EXPECT_EQ(ErrorText(ELIBSCN).get()[0], '.');
}

TEST(Error, OfEachThread) {
  fail(TENON_ERROR_FILE, "mine");
  std::string other = "?";
  std::thread([&] { other = tenon_last_error(); }).join();
  EXPECT_EQ(other, "");
  EXPECT_STREQ(tenon_last_error(), "mine");
}

static void expectRefusal(tenon_status status, const char *function) {
  EXPECT_EQ(status, TENON_ERROR_ARGUMENT) << function;
  EXPECT_NE(strstr(tenon_last_error(), function), nullptr)
      << function << " is not in: " << tenon_last_error();
}

TEST_F(ToyModelTest, NullArguments) {
  tenon_session *session = createSession();
  tenon_model *opened = nullptr;
  tenon_session *created = nullptr;
  tenon_model_info modelInfo = {};
  tenon_session_info sessionInfo = {};
  float logits[TOY_VOCABULARY] = {};
  int32_t token = 0;
  char bytes[1];
  uint32_t length = 0;
  size_t size = 0;
#define REFUSES(function, ...) expectRefusal(function(__VA_ARGS__), #function)
  REFUSES(tenon_model_open, nullptr, nullptr, &opened);
  REFUSES(tenon_model_open, "x", nullptr, nullptr);
  REFUSES(tenon_model_check, nullptr);
  REFUSES(tenon_model_get_info, nullptr, &modelInfo);
  REFUSES(tenon_model_get_info, model, nullptr);
  REFUSES(tenon_session_create, nullptr, nullptr, &created);
  REFUSES(tenon_session_create, model, nullptr, nullptr);
  REFUSES(tenon_session_get_info, nullptr, &sessionInfo);
  REFUSES(tenon_session_get_info, session, nullptr);
  REFUSES(tenon_session_step, nullptr, 0, nullptr, nullptr, nullptr, 0, nullptr,
          nullptr);
  REFUSES(tenon_session_prefill, nullptr, 0, 0, nullptr, 0, nullptr);
  REFUSES(tenon_session_get_length, nullptr, 0, &length);
  REFUSES(tenon_session_get_length, session, 0, nullptr);
  REFUSES(tenon_session_truncate, nullptr, 0, 0);
  REFUSES(tenon_session_get_saved_size, nullptr, 0, &size);
  REFUSES(tenon_session_get_saved_size, session, 0, nullptr);
  REFUSES(tenon_session_save, nullptr, 0, bytes, sizeof(bytes));
  REFUSES(tenon_session_restore, nullptr, 0, bytes, sizeof(bytes));
  REFUSES(tenon_sample, nullptr, logits, nullptr, 0, &token);
  REFUSES(tenon_sample, session, nullptr, nullptr, 0, &token);
  REFUSES(tenon_sample, session, logits, nullptr, 0, nullptr);
#undef REFUSES
  expectRefusal(tenon_session_prefill(session, 0, 1, nullptr, 0, nullptr),
                "tokens must not be null for 1 tokens");
  expectRefusal(tenon_session_save(session, 0, nullptr, 1000),
                "buffer of 0 bytes is too small");
  expectRefusal(tenon_session_restore(session, 0, nullptr, 1000),
                "buffer of 0 bytes is too small");
  EXPECT_EQ(tenon_model_get_manifest(nullptr), nullptr);
}

TEST_F(ToyModelTest, SlotsThatAreNotThere) {
  tenon_session *session = createSession(2);
  uint32_t length = 0;
  size_t size = 0;
  char bytes[64];
  const char *message = "slot 2 does not exist: the session has 2";
  expectRefusal(tenon_session_prefill(session, 2, 0, nullptr, 0, nullptr),
                message);
  expectRefusal(tenon_session_get_length(session, 2, &length), message);
  expectRefusal(tenon_session_reset(session, 2), message);
  expectRefusal(tenon_session_get_saved_size(session, 2, &size), message);
  expectRefusal(tenon_session_save(session, 2, bytes, sizeof(bytes)), message);
  expectRefusal(tenon_session_restore(session, 2, bytes, sizeof(bytes)),
                message);
}

// A buffer may be as small as nothing, and one byte too small.
TEST_F(ToyModelTest, BuffersOfSavedSequences) {
  tenon_session *session = createSession();
  int32_t tokens[] = {1, 2};
  ASSERT_EQ(tenon_session_prefill(session, 0, 2, tokens, 0, nullptr), TENON_OK);
  size_t needed = 0;
  ASSERT_EQ(tenon_session_get_saved_size(session, 0, &needed), TENON_OK);
  EXPECT_EQ(needed, 48 + 2u * (TOY_LAYERS * TOY_WIDTH * 4 + 5 * 2));
  std::string message =
      "is too small for slot 0, which needs " + std::to_string(needed) + ";";
  for (size_t size = 0; size != needed; ++size) {
    GuardedBytes buffer(size);
    expectRefusal(tenon_session_save(session, 0, buffer.data(), size),
                  message.c_str());
  }
}

TEST_F(ToyModelTest, SizesOfStructures) {
  tenon_session_info info = {};
  for (size_t size : {0, 7, 4097}) {
    info.struct_size = size;
    expectRefusal(tenon_session_get_info(createSession(), &info),
                  "struct_size of tenon_session_info is");
    tenon_sampling how = {};
    how.struct_size = size;
    float logits[TOY_VOCABULARY] = {};
    int32_t token = 0;
    expectRefusal(tenon_sample(createSession(), logits, &how, 0, &token),
                  "struct_size of tenon_sampling is");
  }
  // The largest and the smallest that are taken.
  union {
    tenon_session_info info;
    char bytes[4096];
  } newer;
  memset(&newer, 0x55, sizeof(newer));
  newer.info.struct_size = sizeof(newer);
  EXPECT_EQ(tenon_session_get_info(createSession(2), &newer.info), TENON_OK);
  EXPECT_EQ(newer.info.struct_size, sizeof(newer));
  EXPECT_EQ(newer.info.slots, 2u);
  for (size_t at = sizeof(tenon_session_info); at != sizeof(newer); ++at)
    ASSERT_EQ(newer.bytes[at], 0) << "what this runtime does not know";
  memset(&info, 0x55, sizeof(info));
  info.struct_size = sizeof(size_t);
  EXPECT_EQ(tenon_session_get_info(createSession(), &info), TENON_OK);
  EXPECT_EQ(info.max_context, 0x55555555u);
}

// A field that this runtime does not know must be zero, each byte of it.
TEST_F(ToyModelTest, FieldsOfLaterVersions) {
  union {
    tenon_session_options options;
    char bytes[sizeof(tenon_session_options) + 3];
  } newer = {};
  newer.options.struct_size = sizeof(newer.bytes);
  tenon_session *session = nullptr;
  for (size_t at = sizeof(tenon_session_options); at != sizeof(newer.bytes);
       ++at) {
    newer.bytes[at] = 1;
    expectRefusal(tenon_session_create(model, &newer.options, &session),
                  ("sets a field at byte " + std::to_string(at)).c_str());
    newer.bytes[at] = 0;
  }
  EXPECT_EQ(tenon_session_create(model, &newer.options, &session), TENON_OK);
  tenon_session_destroy(session);
}
