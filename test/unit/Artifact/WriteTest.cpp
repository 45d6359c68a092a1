// Artifacts that are written are those that the runtime opens.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cstring>
#include <thread>
#include "ArtifactFixture.h"

using namespace tenon;
using namespace tenon::test;

TEST_F(ArtifactTest, RuntimeOpensWhatIsWritten) {
  std::unique_ptr<ArtifactWriter> writer = start();
  auto weights = llvm::cantFail(writer->createWeights(kSampleBytes));
  EXPECT_EQ(writeSample(*weights).size(), 3u);
  expectSuccess(writer->writeTokenizer({1, 2, 3}));
  expectSuccess(writer->writeCode(readFile(TENON_SAMPLE_MODEL)));
  EXPECT_FALSE(std::filesystem::exists(path));
  expectSuccess(writer->commit());
  EXPECT_EQ(list(), std::vector<std::string>{"model.tenon"});
  EXPECT_EQ(readFile(path + "/tokenizer.bin").size(), 3u);

  tenon_model *model = nullptr;
  ASSERT_EQ(open(path, /*inspect=*/false, &model), TENON_OK)
      << tenon_last_error();
  EXPECT_EQ(tenon_model_check(model), TENON_OK) << tenon_last_error();
  const tenon_manifest *manifest = tenon_model_get_manifest(model);
  auto textOf = [&](tenon_text text) {
    return std::string(reinterpret_cast<const char *>(manifest) + text.offset,
                       text.size);
  };
  EXPECT_EQ(textOf(manifest->architecture), "sample");
  EXPECT_EQ(textOf(manifest->producer), "tenon test");
  EXPECT_EQ(manifest->max_context, 4096u);
  ASSERT_EQ(manifest->weights.count, 2u);
  auto *entries = reinterpret_cast<const tenon_weight *>(
      reinterpret_cast<const char *>(manifest) + manifest->weights.offset);
  EXPECT_EQ(textOf(entries[1].name), "second");
  EXPECT_EQ(entries[1].offset, kSecondOffset);
  // Equal texts are stored once.
  EXPECT_EQ(entries[0].type.offset, entries[1].type.offset);
  auto *image = reinterpret_cast<const tenon_image *>(
      reinterpret_cast<const char *>(manifest) + manifest->images.offset);
  EXPECT_EQ(textOf({image->offset, image->size}), ".version 8.0");
  EXPECT_EQ(textOf({image->offset + image->size, 1}), std::string(1, '\0'));
  tenon_model_close(model);
}

TEST_F(ArtifactTest, WithoutWeights) {
  std::unique_ptr<ArtifactWriter> writer = start();
  expectSuccess(writer->writeCode(readFile(TENON_ELIDED_MODEL)));
  expectSuccess(writer->commit());
  tenon_model *model = nullptr;
  EXPECT_EQ(open(path, /*inspect=*/false, &model), TENON_ERROR_ARTIFACT);
  EXPECT_EQ(tenon_last_error(),
            "'" + path +
                "' was compiled without its weights and can only be "
                "inspected; compile the model again without --skip-weights");
  ASSERT_EQ(open(path, /*inspect=*/true, &model), TENON_OK)
      << tenon_last_error();
  EXPECT_EQ(tenon_model_get_manifest(model)->weights_size, kSampleBytes);
  EXPECT_EQ(tenon_model_check(model), TENON_ERROR_ARTIFACT);
  tenon_model_close(model);
}

// Of any size, the chunks cover the data and the file ends with it.
TEST_F(ArtifactTest, SizesAroundAChunk) {
  constexpr uint64_t chunk = TENON_HASH_CHUNK_BYTES;
  const std::vector<uint8_t> data(2 * chunk, 7);
  for (uint64_t size : {uint64_t(1), chunk - 1, chunk, chunk + 1, 2 * chunk}) {
    llvm::ArrayRef<uint8_t> bytes(data.data(), size);
    auto weights = llvm::cantFail(WeightsFile::create(folder + "/w", size));
    expectSuccess(weights->write(0, bytes));
    std::vector<uint64_t> expected;
    for (uint64_t at = 0; at < size; at += chunk)
      expected.push_back(tenon_hash(&data[at], std::min(chunk, size - at)));
    EXPECT_EQ(llvm::cantFail(weights->finish()), expected) << size;
    std::vector<uint8_t> file = readFile(folder + "/w");
    ASSERT_EQ(file.size(), TENON_WEIGHTS_HEADER_BYTES + size);
    EXPECT_EQ(file[TENON_WEIGHTS_HEADER_BYTES], 7);
    EXPECT_EQ(file.back(), 7);
    tenon_weights_header header;
    memcpy(&header, file.data(), sizeof(header));
    EXPECT_EQ(memcmp(header.magic, TENON_WEIGHTS_MAGIC, 8), 0);
    EXPECT_EQ(header.version, TENON_FORMAT_VERSION);
    EXPECT_EQ(header.size, size);
    EXPECT_EQ(header.id, tenon_hash(expected.data(), 8 * expected.size()));
    for (uint64_t at = sizeof(header); at != TENON_WEIGHTS_HEADER_BYTES; ++at)
      ASSERT_EQ(file[at], 0) << "the rest of the header";
  }
}

// A chunk without any weight has the hash of its zeros, wherever it is.
TEST_F(ArtifactTest, ChunksThatNobodyWrites) {
  constexpr uint64_t chunk = TENON_HASH_CHUNK_BYTES;
  const std::vector<uint8_t> data(chunk, 7), zeros(chunk);
  const uint64_t full = tenon_hash(data.data(), chunk);
  const uint64_t empty = tenon_hash(zeros.data(), chunk);
  for (uint64_t written = 0; written != 3; ++written) {
    auto weights =
        llvm::cantFail(WeightsFile::create(folder + "/w", 3 * chunk));
    expectSuccess(weights->write(written * chunk, data));
    std::vector<uint64_t> expected(3, empty);
    expected[written] = full;
    EXPECT_EQ(llvm::cantFail(weights->finish()), expected) << written;
  }
}

// A chunk is hashed when its last bytes are there, whichever part brings them.
TEST_F(ArtifactTest, PartsThatCrossChunks) {
  constexpr uint64_t chunk = TENON_HASH_CHUNK_BYTES;
  std::vector<uint8_t> data(2 * chunk);
  for (uint64_t at = 0; at != data.size(); ++at)
    data[at] = getSampleByte(at);
  auto weights =
      llvm::cantFail(WeightsFile::create(folder + "/w", data.size()));
  uint64_t begin = 0;
  for (uint64_t end : {uint64_t(5), chunk - 9, chunk + 7, 2 * chunk}) {
    expectSuccess(weights->write(
        begin, llvm::ArrayRef<uint8_t>(data).slice(begin, end - begin)));
    begin = end;
  }
  std::vector<uint64_t> expected = {tenon_hash(data.data(), chunk),
                                    tenon_hash(&data[chunk], chunk)};
  EXPECT_EQ(llvm::cantFail(weights->finish()), expected);
}

// The trailer says how much code there was, and what it hashes to.
TEST_F(ArtifactTest, TrailerOfTheCode) {
  std::unique_ptr<ArtifactWriter> writer = start();
  const std::vector<uint8_t> code = {1, 2, 3, 4, 5};
  expectSuccess(writer->writeCode(code));
  std::vector<uint8_t> file = readFile(writer->getCodePath());
  ASSERT_EQ(file.size(), 5 + sizeof(tenon_code_trailer));
  EXPECT_TRUE(std::equal(code.begin(), code.end(), file.begin()));
  tenon_code_trailer trailer;
  memcpy(&trailer, &file[5], sizeof(trailer));
  EXPECT_EQ(memcmp(trailer.magic, TENON_CODE_MAGIC, 8), 0);
  EXPECT_EQ(trailer.size, 5u);
  EXPECT_EQ(trailer.hash, tenon_hash(code.data(), code.size()));
}

TEST_F(ArtifactTest, EmptyWeights) {
  auto weights = llvm::cantFail(WeightsFile::create(folder + "/w", 0));
  EXPECT_TRUE(llvm::cantFail(weights->finish()).empty());
  EXPECT_EQ(std::filesystem::file_size(folder + "/w"),
            TENON_WEIGHTS_HEADER_BYTES);
}

TEST_F(ArtifactTest, ThreadsWriteTheSameHashes) {
  auto one = llvm::cantFail(WeightsFile::create(folder + "/1", kSampleBytes));
  std::vector<uint64_t> expected = writeSample(*one);
  auto two = llvm::cantFail(WeightsFile::create(folder + "/2", kSampleBytes));
  auto work = [&](uint64_t first) {
    for (uint64_t at = first * 1000; at < kSampleBytes; at += 2000) {
      std::vector<uint8_t> bytes;
      for (uint64_t i = at; i < std::min(at + 1000, kSampleBytes); ++i)
        bytes.push_back(getSampleByte(i));
      expectSuccess(two->write(at, bytes));
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  EXPECT_EQ(llvm::cantFail(two->finish()), expected);
  EXPECT_EQ(readFile(folder + "/1"), readFile(folder + "/2"));
}

TEST_F(ArtifactTest, ReplacesAnArtifact) {
  for (int round = 0; round < 2; ++round) {
    std::unique_ptr<ArtifactWriter> writer = start();
    auto weights = llvm::cantFail(writer->createWeights(kSampleBytes));
    writeSample(*weights);
    if (round == 0)
      expectSuccess(writer->writeTokenizer({1}));
    expectSuccess(writer->writeCode(readFile(TENON_SAMPLE_MODEL)));
    // What is open stays as it was.
    tenon_model *old = nullptr;
    if (round == 1) {
      path += "/"; // a user's spelling of the same name
      ASSERT_EQ(open(path, /*inspect=*/false, &old), TENON_OK);
    }
    expectSuccess(writer->commit());
    if (old) {
      EXPECT_EQ(tenon_model_check(old), TENON_OK) << tenon_last_error();
      tenon_model_close(old);
    }
    EXPECT_EQ(list().size(), 1u);
    EXPECT_EQ(std::filesystem::exists(path + "/tokenizer.bin"), round == 0);
  }
}

TEST(Manifest, EmptyAndRepeatable) {
  std::vector<uint8_t> empty = llvm::cantFail(ManifestBuilder({}).build());
  EXPECT_EQ(empty.size(), sizeof(tenon_manifest));
  EXPECT_EQ(makeSampleManifest(false), makeSampleManifest(false));
  EXPECT_NE(makeSampleManifest(false), makeSampleManifest(true));
}
