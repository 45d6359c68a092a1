// Nothing is left behind by what fails, and nothing of the user's is replaced.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cerrno>
#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
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

// Each kind of failure has the remedy that helps.
TEST(OutputFile, Remedies) {
  struct Case {
    int code;
    const char *message;
  };
  for (Case c : {
           Case{ENOSPC, "no space left on device; free space or choose another "
                        "folder"},
           Case{EDQUOT, "disk quota exceeded; free space or choose another "
                        "folder"},
           Case{EFBIG, "file too large; raise the limit on the size of files "
                       "or choose another folder"},
           Case{EACCES, "permission denied; choose a folder that you may write "
                        "to"},
           Case{EPERM, "operation not permitted; choose a folder that you may "
                       "write to"},
           Case{EROFS, "read-only file system; choose a folder that you may "
                       "write to"},
           Case{ENOENT, "no such file or directory; check that its folder "
                        "exists"},
           Case{ENOTDIR, "not a directory; choose a name inside of a folder"},
           Case{EIO, "input/output error; choose another folder"},
       }) {
    llvm::Error error = makeFileError("write", "x", c.code);
    EXPECT_EQ(llvm::toString(std::move(error)),
              std::string("cannot write 'x': ") + c.message);
  }
}

TEST_F(ArtifactTest, FilesThatCannotBeOpened) {
  auto opened = OutputFile::open(folder + "/x");
  ASSERT_FALSE(opened);
  EXPECT_EQ(llvm::toString(opened.takeError()),
            "cannot open '" + folder +
                "/x': no such file or directory; check that its folder exists");
  auto created = OutputFile::create(folder + "/no/x");
  ASSERT_FALSE(created);
  EXPECT_EQ(llvm::toString(created.takeError()),
            "cannot create '" + folder +
                "/no/x': no such file or directory; check that its folder "
                "exists");
}

// A link is not followed, though it leads to an artifact.
TEST_F(ArtifactTest, LinksStay) {
  std::filesystem::create_directory(folder + "/real");
  std::filesystem::create_directory_symlink(folder + "/real", path);
  EXPECT_EQ(startError(path),
            "cannot replace '" + path +
                "': it is no artifact, because it is no folder; remove it or "
                "choose another name");
}

// What others put into the temporary folder is not removed with it.
TEST_F(ArtifactTest, FilesOfStrangersStay) {
  std::string temporary;
  {
    std::unique_ptr<ArtifactWriter> writer = start();
    expectSuccess(writer->writeTokenizer({1}));
    temporary = std::filesystem::path(writer->getCodePath()).parent_path();
    std::ofstream(temporary + "/notes.txt") << "mine";
  }
  EXPECT_TRUE(std::filesystem::exists(temporary + "/notes.txt"));
  EXPECT_FALSE(std::filesystem::exists(temporary + "/tokenizer.bin"));
}

// The folder and its files belong to whom the mask of the user says.
TEST_F(ArtifactTest, Permissions) {
  mode_t before = umask(027);
  std::unique_ptr<ArtifactWriter> writer = start();
  expectSuccess(writer->writeTokenizer({1}));
  expectSuccess(writer->commit());
  umask(before);
  auto modeOf = [](const std::string &name) {
    struct stat status;
    EXPECT_EQ(stat(name.c_str(), &status), 0);
    return status.st_mode & 0777;
  };
  EXPECT_EQ(modeOf(path), 0750u);
  EXPECT_EQ(modeOf(path + "/tokenizer.bin"), 0640u);
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
