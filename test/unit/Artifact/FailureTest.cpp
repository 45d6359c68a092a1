// Nothing is left behind by what fails, and nothing of the user's is replaced.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <csignal>
#include <sys/resource.h>
#include "ArtifactFixture.h"

using namespace tenon;
using namespace tenon::test;

TEST_F(ArtifactTest, NothingWithoutCommit) {
  {
    std::unique_ptr<ArtifactWriter> writer = start();
    auto weights = llvm::cantFail(writer->createWeights(100));
    expectSuccess(weights->write(0, {1, 2}));
    expectSuccess(writer->writeTokenizer({1}));
    EXPECT_EQ(list().size(), 1u);
  }
  EXPECT_TRUE(list().empty());
}

TEST_F(ArtifactTest, WhatIsNoArtifactStays) {
  std::filesystem::create_directory(path);
  std::ofstream(path + "/notes.txt") << "mine";
  EXPECT_EQ(startError(path + "/"),
            "cannot replace '" + path +
                "': it is no artifact, because it holds 'notes.txt'; remove it "
                "or choose another name");
  std::filesystem::remove(path + "/notes.txt");
  EXPECT_EQ(startError(path), "no error");
  // It comes there while the artifact is made.
  std::unique_ptr<ArtifactWriter> writer = start();
  std::ofstream(path + "/notes.txt") << "mine";
  EXPECT_EQ(llvm::toString(writer->commit()),
            "cannot replace '" + path +
                "': it is no artifact, because it holds 'notes.txt'; remove it "
                "or choose another name");
  writer.reset();
  EXPECT_EQ(list(), std::vector<std::string>{"model.tenon"});
  std::ofstream(folder + "/file") << "mine";
  EXPECT_EQ(startError(folder + "/file"),
            "cannot replace '" + folder +
                "/file': it is no artifact, because it is no folder; remove it "
                "or choose another name");
}

TEST_F(ArtifactTest, FoldersThatAreNotThere) {
  EXPECT_EQ(startError(folder + "/no/model.tenon"),
            "cannot create '" + folder +
                "/no/model.tenon': no such file or directory; check that "
                "its folder exists");
  std::ofstream(folder + "/file") << "mine";
  EXPECT_EQ(startError(folder + "/file/model.tenon"),
            "cannot create '" + folder +
                "/file/model.tenon': not a directory; choose a name inside of "
                "a folder");
}

TEST_F(ArtifactTest, SealingNeedsCode) {
  std::unique_ptr<ArtifactWriter> writer = start();
  std::string code = writer->getCodePath();
  EXPECT_EQ(llvm::toString(writer->sealCode()),
            "cannot read '" + code +
                "': no such file or directory; check that its folder "
                "exists");
}

/// Limits the size of files for as long as it lives: the disk is full.
class FullDisk {
public:
  explicit FullDisk(rlim_t bytes) {
    old = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit = {bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, old);
  }

private:
  rlimit before;
  void (*old)(int);
};

TEST_F(ArtifactTest, FullDisk) {
  {
    std::unique_ptr<ArtifactWriter> writer = start();
    std::string weights = writer->getCodePath();
    weights.replace(weights.size() - 8, 8, "weights.bin");
    FullDisk full(100000);
    auto file = writer->createWeights(1 << 20);
    ASSERT_FALSE(file);
    EXPECT_EQ(llvm::toString(file.takeError()),
              "cannot write 1052672 bytes to '" + weights +
                  "': file too large; raise the limit on the size of files or "
                  "choose another folder");
    std::vector<uint8_t> large(200000);
    std::string error = llvm::toString(writer->writeTokenizer(large));
    EXPECT_NE(error.find("tokenizer.bin': file too large; "), std::string::npos)
        << error;
  }
  EXPECT_TRUE(list().empty());
}
