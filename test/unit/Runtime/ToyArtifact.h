// Writes artifacts of the hand-written model, whole and damaged ones.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_RUNTIME_TOYARTIFACT_H
#define TENON_TEST_UNIT_RUNTIME_TOYARTIFACT_H

#include "tenon/Runtime/tenon.h"
#include "ToyModel.h"

#include <string>
#include <vector>
#include "gtest/gtest.h"

namespace tenon::test {

/// A folder that is gone when the test is over.
class Folder {
public:
  Folder();
  Folder(const Folder &) = delete;
  ~Folder();
  const std::string &path() const { return name; }

private:
  std::string name;
};

/// Zeroed bytes that end where a page begins that no one may touch.
class GuardedBytes {
public:
  explicit GuardedBytes(size_t size);
  GuardedBytes(const GuardedBytes &) = delete;
  ~GuardedBytes();
  char *data() const { return begin; }
  template <typename Entry>
  Entry *as() const {
    return reinterpret_cast<Entry *>(begin);
  }

private:
  char *pages;
  size_t length;
  char *begin;
};

/// The bytes of an artifact, to be changed before they are written.
class ToyArtifact {
public:
  /// `library` is that of the model, or of one of its relatives.
  explicit ToyArtifact(const char *library = TENON_TOY_MODEL);

  /// The manifest inside the bytes of the code.
  tenon_manifest &manifest() {
    return *reinterpret_cast<tenon_manifest *>(code.data() + manifestOffset);
  }
  template <typename Entry>
  Entry *entries(tenon_table table) {
    return reinterpret_cast<Entry *>(code.data() + manifestOffset +
                                     table.offset);
  }

  /// Computes all hashes anew, from the weights up to the code.
  void seal();
  void sealManifest();
  void sealCode();

  /// Writes both files into a new folder inside `parent` and returns its path.
  std::string write(const Folder &parent) const;
  /// The same with the weights.bin of another artifact, which it shares.
  std::string writeCode(const Folder &parent, const std::string &other) const;

  std::vector<char> code;    // model.so with its trailer
  std::vector<char> weights; // weights.bin with its header
  size_t manifestOffset = 0;
};

/// The artifact that most tests use, opened for a variant that runs everywhere.
class ToyModelTest : public testing::Test {
protected:
  void SetUp() override;
  void TearDown() override;

  /// Creates a session that the fixture destroys.
  tenon_session *createSession(uint32_t slots = 1, uint32_t threads = 1,
                               uint32_t maxContext = 0);
  void destroySessions();

  Folder folder;
  std::string path;
  tenon_model *model = nullptr;
  std::vector<tenon_session *> sessions;
};

/// What the hand-written model answers to the last token of a sequence.
std::vector<float> expectedLogits(const std::vector<int32_t> &sequence);

} // namespace tenon::test

#endif // TENON_TEST_UNIT_RUNTIME_TOYARTIFACT_H
