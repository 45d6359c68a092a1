// Saved sequences of models that differ in one field, and of damaged headers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ToyArtifact.h"

#include <cstring>
#include <functional>
#include <utility>

using namespace tenon::test;

using Bytes = std::vector<char>;

namespace {

/// What the file says about itself, as State.cpp writes it.
struct Header {
  char magic[8];
  uint32_t version;
  uint32_t length;
  uint64_t weightsId;
  uint64_t layout;
  uint64_t size;
  uint64_t hash;
};

/// A model whose layout differs from that of the toy model in one way.
struct Relative {
  const char *difference;
  std::function<void(tenon_state *states, ToyArtifact &)> change;
};

/// A session of an artifact that shares the weights of another one.
class Sibling {
public:
  Sibling(const ToyArtifact &artifact, const Folder &folder,
          const std::string &original) {
    tenon_model_options options = {};
    options.struct_size = sizeof(options);
    options.cpu = "x86-64";
    std::string path = artifact.writeCode(folder, original);
    EXPECT_EQ(tenon_model_open(path.c_str(), &options, &model), TENON_OK)
        << tenon_last_error();
    EXPECT_EQ(tenon_session_create(model, nullptr, &session), TENON_OK)
        << tenon_last_error();
  }
  Sibling(const Sibling &) = delete;
  ~Sibling() {
    tenon_session_destroy(session);
    tenon_model_close(model);
  }

  tenon_model *model = nullptr;
  tenon_session *session = nullptr;
};

} // namespace

static Bytes save(tenon_session *session) {
  size_t size = 0;
  EXPECT_EQ(tenon_session_get_saved_size(session, 0, &size), TENON_OK);
  Bytes bytes(size);
  EXPECT_EQ(tenon_session_save(session, 0, bytes.data(), size), TENON_OK);
  return bytes;
}

static bool isForeign(tenon_session *session, const Bytes &saved) {
  tenon_status status =
      tenon_session_restore(session, 0, saved.data(), saved.size());
  return status == TENON_ERROR_ARGUMENT &&
         strstr(tenon_last_error(), "belongs to another model");
}

/// The toy model has keys of 2 layers and 3 numbers of f32, and marks of one
/// layer and 5 numbers of bf16.
static std::vector<Relative> relatives() {
  return {
      {"layers of the first state",
       [](tenon_state *states, ToyArtifact &) { ++states[0].layers; }},
      {"layers of the last state",
       [](tenon_state *states, ToyArtifact &) { ++states[1].layers; }},
      {"width of the first state",
       [](tenon_state *states, ToyArtifact &) { ++states[0].width; }},
      {"width of the last state",
       [](tenon_state *states, ToyArtifact &) { ++states[1].width; }},
      {"element of the first state",
       [](tenon_state *states, ToyArtifact &) {
         states[0].element = TENON_ELEMENT_BF16;
       }},
      {"element of the last state",
       [](tenon_state *states, ToyArtifact &) {
         states[1].element = TENON_ELEMENT_F32;
       }},
      {"order", [](tenon_state *states,
                   ToyArtifact &) { std::swap(states[0], states[1]); }},
      {"number",
       [](tenon_state *, ToyArtifact &artifact) {
         artifact.manifest().states.count = 1;
       }},
      // Here a sequence has as many bytes as in the original.
      {"layers and width, whose product is the same",
       [](tenon_state *states, ToyArtifact &) {
         std::swap(states[0].layers, states[0].width);
       }},
      {"element and width, whose bytes are the same",
       [](tenon_state *states, ToyArtifact &) {
         states[0].element = TENON_ELEMENT_BF16;
         states[0].width *= 2;
       }},
  };
}

// An empty sequence has no bytes whose number could tell.
TEST_F(ToyModelTest, EachFieldOfTheLayout) {
  tenon_session *session = createSession();
  Bytes empty = save(session);
  int32_t tokens[] = {1, 2, 3};
  ASSERT_EQ(tenon_session_prefill(session, 0, 3, tokens, 0, nullptr), TENON_OK);
  Bytes full = save(session);
  for (const Relative &relative : relatives()) {
    ToyArtifact artifact;
    relative.change(artifact.entries<tenon_state>(artifact.manifest().states),
                    artifact);
    artifact.sealManifest();
    artifact.sealCode();
    Sibling sibling(artifact, folder, path);
    EXPECT_TRUE(isForeign(sibling.session, empty)) << relative.difference;
    EXPECT_TRUE(isForeign(sibling.session, full)) << relative.difference;
    // Nor does the original take what the other one saved.
    EXPECT_TRUE(isForeign(session, save(sibling.session)))
        << relative.difference;
  }
}

// What is no part of the layout keeps no one from using a sequence.
TEST_F(ToyModelTest, OtherBucketsReadTheSameSequences) {
  tenon_session *session = createSession();
  int32_t tokens[] = {1, 2, 3}, next = 4;
  ASSERT_EQ(tenon_session_prefill(session, 0, 3, tokens, 0, nullptr), TENON_OK);
  Bytes saved = save(session);
  ToyArtifact artifact;
  artifact.manifest().buckets.count = 2;
  artifact.manifest().architecture.size = 2;
  artifact.sealManifest();
  artifact.sealCode();
  Sibling sibling(artifact, folder, path);
  ASSERT_EQ(
      tenon_session_restore(sibling.session, 0, saved.data(), saved.size()),
      TENON_OK)
      << tenon_last_error();
  std::vector<float> logits(TOY_VOCABULARY);
  ASSERT_EQ(
      tenon_session_prefill(sibling.session, 0, 1, &next, 0, logits.data()),
      TENON_OK);
  EXPECT_EQ(logits, expectedLogits({1, 2, 3, 4}));
}

/// Gives a saved sequence the hash of what is in it now.
static void seal(Bytes &saved, const Header &header) {
  Header sealed = header;
  sealed.hash =
      tenon_hash(saved.data() + sizeof(Header), saved.size() - sizeof(Header));
  sealed.hash = tenon_hash(&sealed, sizeof(sealed));
  memcpy(saved.data(), &sealed, sizeof(sealed));
}

// Each field of the header is checked for itself: the hash is right.
TEST_F(ToyModelTest, EachFieldOfASavedSequence) {
  tenon_session *session = createSession();
  int32_t tokens[] = {1, 2, 3};
  ASSERT_EQ(tenon_session_prefill(session, 0, 3, tokens, 0, nullptr), TENON_OK);
  const Bytes original = save(session);
  Header header;
  memcpy(&header, original.data(), sizeof(header));
  EXPECT_EQ(header.length, 3u);
  EXPECT_EQ(header.size, original.size() - sizeof(Header));

  auto refusal = [&](const std::function<void(Header &)> &change) {
    Bytes saved = original;
    Header changed = header;
    change(changed);
    seal(saved, changed);
    EXPECT_EQ(tenon_session_restore(session, 0, saved.data(), saved.size()),
              TENON_ERROR_ARGUMENT);
    return std::string(tenon_last_error());
  };
  auto expect = [&](const std::function<void(Header &)> &change,
                    const char *part) {
    std::string message = refusal(change);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect([](Header &h) { h.magic[7] = '2'; }, "does not begin with 'TENONSQ1'");
  expect([](Header &h) { h.version = 2; }, "has version 2");
  expect([](Header &h) { h.length = 2; }, "belongs to another model");
  expect([](Header &h) { h.weightsId ^= 1; }, "belongs to another model");
  expect([](Header &h) { h.layout ^= 1; }, "belongs to another model");
  // What is sealed unchanged is taken.
  Bytes saved = original;
  seal(saved, header);
  EXPECT_EQ(saved, original);
  EXPECT_EQ(tenon_session_restore(session, 0, saved.data(), saved.size()),
            TENON_OK);
}

// A size beyond the buffer is not read, though its hash could not be right.
TEST_F(ToyModelTest, SavedSizeBeyondTheBuffer) {
  tenon_session *session = createSession();
  Bytes saved = save(session);
  Header header;
  memcpy(&header, saved.data(), sizeof(header));
  for (uint64_t size : {uint64_t(1), uint64_t(1) << 40, ~uint64_t(0)}) {
    header.size = size;
    GuardedBytes bytes(saved.size());
    memcpy(bytes.data(), &header, sizeof(header));
    EXPECT_EQ(tenon_session_restore(session, 0, bytes.data(), saved.size()),
              TENON_ERROR_ARGUMENT);
    EXPECT_NE(strstr(tenon_last_error(), "is damaged"), nullptr);
  }
}

// A sequence as long as the context of the session fits, a longer one does not.
TEST_F(ToyModelTest, RestoresUpToTheContext) {
  tenon_session *session = createSession(1, 1, 5);
  int32_t tokens[] = {1, 2, 3, 4, 5};
  ASSERT_EQ(tenon_session_prefill(session, 0, 5, tokens, 0, nullptr), TENON_OK);
  Bytes saved = save(session);
  EXPECT_EQ(tenon_session_restore(createSession(1, 1, 5), 0, saved.data(),
                                  saved.size()),
            TENON_OK);
  EXPECT_EQ(tenon_session_restore(createSession(1, 1, 4), 0, saved.data(),
                                  saved.size()),
            TENON_ERROR_ARGUMENT);
}
