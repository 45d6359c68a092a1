// What becomes of artifacts when a call of the system fails or does half.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ArtifactFixture.h"

using namespace tenon;
using namespace tenon::test;

namespace {

/// How the next calls of one function fail.
struct Failure {
  int code = 0;  // errno
  int after = 0; // so many calls succeed first
  int times = 0; // so many fail

  /// Whether the call that is being made fails; sets errno then.
  bool fails() {
    if (!times)
      return false;
    if (after) {
      --after;
      return false;
    }
    --times;
    errno = code;
    return true;
  }
};

Failure onReserve, onWrite, onClose, onSwap, onRename;
size_t mostWritten = SIZE_MAX; // by one call

class SystemTest : public ArtifactTest {
protected:
  void TearDown() override {
    onReserve = onWrite = onClose = onSwap = onRename = {};
    mostWritten = SIZE_MAX;
  }

  std::string errorOf(llvm::Error error) {
    return error ? llvm::toString(std::move(error)) : "";
  }
  OutputFile create() {
    return llvm::cantFail(OutputFile::create(folder + "/file"));
  }
  std::vector<uint8_t> read() { return readFile(folder + "/file"); }

  /// Writes an artifact with a tokenizer of one byte.
  std::string writeArtifact(uint8_t byte) {
    std::unique_ptr<ArtifactWriter> writer = start();
    expectSuccess(writer->writeTokenizer({byte}));
    return errorOf(writer->commit());
  }
  uint8_t readArtifact() {
    std::vector<uint8_t> bytes = readFile(path + "/tokenizer.bin");
    return bytes.size() == 1 ? bytes[0] : 0;
  }
};

} // namespace

// Called by the library in place of those of the C library.
extern "C" {
int fallocate(int file, int mode, off_t offset, off_t size) {
  return onReserve.fails()
             ? -1
             : int(syscall(SYS_fallocate, file, mode, offset, size));
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
  return onWrite.fails() ? -1
                         : syscall(SYS_pwrite64, file, bytes,
                                   std::min(size, mostWritten), offset);
}
int close(int file) {
  int result = int(syscall(SYS_close, file));
  return onClose.fails() ? -1 : result;
}
int renameat2(int fromFolder, const char *from, int toFolder, const char *to,
              unsigned flags) noexcept {
  return onSwap.fails() ? -1
                        : int(syscall(SYS_renameat2, fromFolder, from, toFolder,
                                      to, flags));
}
int rename(const char *from, const char *to) noexcept {
  return onRename.fails() ? -1 : int(syscall(SYS_rename, from, to));
}
}

// A file system that cannot take space ahead has to find it later.
TEST_F(SystemTest, SpaceThatCannotBeReserved) {
  for (int code : {EOPNOTSUPP, ENOSYS, EINTR}) {
    onReserve = {code, 0, 1};
    OutputFile file = create();
    expectSuccess(file.reserve(5000));
    expectSuccess(file.close());
    EXPECT_EQ(read().size(), 5000u);
    EXPECT_EQ(onReserve.times, 0);
  }
  for (int code : {ENOSPC, EIO}) {
    onReserve = {code, 0, 1};
    OutputFile file = create();
    std::string error = errorOf(file.reserve(5000));
    EXPECT_EQ(error.find("cannot write 5000 bytes to '" + folder + "/file': "),
              0u)
        << error;
  }
  // No space need be taken for nothing.
  onReserve = {EIO, 0, 1};
  OutputFile file = create();
  expectSuccess(file.reserve(0));
}

TEST_F(SystemTest, PiecesAndInterruptions) {
  const std::vector<uint8_t> bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  OutputFile file = create();
  mostWritten = 3;
  onWrite = {EINTR, 1, 2};
  expectSuccess(file.write(2, bytes));
  EXPECT_EQ(onWrite.times, 0);
  onWrite = {EIO, 1, 1};
  std::string error = errorOf(file.write(0, bytes));
  EXPECT_EQ(error, "cannot write '" + folder +
                       "/file': input/output error; choose another folder");
  onWrite = {};
  expectSuccess(file.close());
  std::vector<uint8_t> expected = {1, 2, 3, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(read(), expected);
}

// Errors may come as late as that. After an interruption the file is closed.
TEST_F(SystemTest, Closing) {
  onClose = {EIO, 0, 1};
  EXPECT_EQ(errorOf(create().close()),
            "cannot write '" + folder +
                "/file': input/output error; choose another folder");
  onClose = {EINTR, 0, 1};
  EXPECT_EQ(errorOf(create().close()), "");
}

// A file system that cannot swap two names takes two steps.
TEST_F(SystemTest, ReplacesInTwoSteps) {
  EXPECT_EQ(writeArtifact(1), "");
  EXPECT_EQ(readArtifact(), 1);
  uint8_t byte = 1;
  for (int code : {EINVAL, ENOSYS}) {
    onSwap = {code, 0, 1};
    EXPECT_EQ(writeArtifact(++byte), "");
    EXPECT_EQ(readArtifact(), byte);
    EXPECT_EQ(list(), std::vector<std::string>{"model.tenon"});
  }
}

// What fails leaves the old artifact where it is, as far as there is a way.
TEST_F(SystemTest, ReplacingFails) {
  EXPECT_EQ(writeArtifact(1), "");
  onSwap = {EACCES, 0, 1};
  const std::string error = "cannot replace '" + path +
                            "': permission denied; choose a folder that you "
                            "may write to";
  EXPECT_EQ(writeArtifact(2), error);
  EXPECT_EQ(readArtifact(), 1);
  for (int step : {0, 1}) {
    onSwap = {EINVAL, 0, 1};
    onRename = {EACCES, step, 1};
    EXPECT_EQ(writeArtifact(3), error) << step;
    EXPECT_EQ(readArtifact(), 1) << step;
    EXPECT_EQ(list(), std::vector<std::string>{"model.tenon"}) << step;
  }
  // The new one is there, and the old one cannot be removed.
  onSwap = {EINVAL, 0, 1};
  onRename = {EACCES, 2, 1};
  std::string late = writeArtifact(4);
  EXPECT_EQ(late.find("cannot remove '" + path), 0u) << late;
  EXPECT_EQ(readArtifact(), 4);
}

TEST_F(SystemTest, CreatingFails) {
  onRename = {EROFS, 0, 1};
  EXPECT_EQ(writeArtifact(1), "cannot create '" + path +
                                  "': read-only file system; choose a folder "
                                  "that you may write to");
  EXPECT_TRUE(list().empty());
}
