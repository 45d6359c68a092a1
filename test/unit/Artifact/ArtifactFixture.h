// A temporary folder, and artifacts written into it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_ARTIFACT_ARTIFACTFIXTURE_H
#define TENON_TEST_UNIT_ARTIFACT_ARTIFACTFIXTURE_H

#include "tenon/Artifact/ArtifactWriter.h"
#include "tenon/Runtime/tenon.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include "SampleManifest.h"
#include "gtest/gtest.h"

namespace tenon::test {

class ArtifactTest : public testing::Test {
protected:
  ArtifactTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "tenon-artifact-XXXXXX")
            .string();
    folder = mkdtemp(pattern.data());
    path = folder + "/model.tenon";
  }
  ~ArtifactTest() override { std::filesystem::remove_all(folder); }

  static std::vector<uint8_t> readFile(const std::string &name) {
    std::ifstream file(name, std::ios::binary);
    return std::vector<uint8_t>(std::istreambuf_iterator<char>(file), {});
  }

  /// Names of everything in the temporary folder.
  std::vector<std::string> list() const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(folder))
      names.push_back(entry.path().filename().string());
    return names;
  }

  std::unique_ptr<ArtifactWriter> start() {
    auto writer = ArtifactWriter::create(path);
    if (writer)
      return std::move(*writer);
    ADD_FAILURE() << llvm::toString(writer.takeError());
    return nullptr;
  }

  std::string startError(const std::string &name) {
    auto writer = ArtifactWriter::create(name);
    return writer ? "no error" : llvm::toString(writer.takeError());
  }

  static void expectSuccess(llvm::Error error) {
    EXPECT_FALSE(error) << llvm::toString(std::move(error));
  }

  /// Writes the data of the sample in pieces that cross chunks, out of order.
  static std::vector<uint64_t> writeSample(WeightsFile &file) {
    auto write = [&](uint64_t begin, uint64_t end) {
      std::vector<uint8_t> bytes;
      for (uint64_t at = begin; at < end; ++at)
        bytes.push_back(getSampleByte(at));
      expectSuccess(file.write(begin, bytes));
    };
    write(kSecondOffset + 777, kSampleBytes);
    write(5, kFirstBytes);
    write(kSecondOffset, kSecondOffset + 777);
    write(0, 5);
    auto hashes = file.finish();
    if (hashes)
      return *hashes;
    ADD_FAILURE() << llvm::toString(hashes.takeError());
    return {};
  }

  static tenon_status open(const std::string &name, bool inspect,
                           tenon_model **model) {
    tenon_model_options options = {};
    options.struct_size = sizeof(options);
    options.cpu = "x86-64";
    options.inspect = inspect;
    return tenon_model_open(name.c_str(), &options, model);
  }

  std::string folder;
  std::string path;
};

} // namespace tenon::test

#endif // TENON_TEST_UNIT_ARTIFACT_ARTIFACTFIXTURE_H
