// What a bar looks like on a terminal, and that there is none elsewhere.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Driver/ProgressBar.h"
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include "gtest/gtest.h"

using namespace tenon;

namespace {

/// The standard error, which goes somewhere else while this lives.
class Redirected {
public:
  explicit Redirected(int file) : before(dup(2)) { dup2(file, 2); }
  ~Redirected() {
    dup2(before, 2);
    close(before);
  }

private:
  int before;
};

} // namespace

/// What there is to read, or nothing.
static std::string readAll(int file) {
  fcntl(file, F_SETFL, O_NONBLOCK);
  std::string text;
  char part[512];
  for (ssize_t size; (size = read(file, part, sizeof(part))) > 0;)
    text.append(part, size);
  return text;
}

/// Two parts of four, each after a time in which a bar may be drawn again, and
/// one after no time.
static void work() {
  ProgressBar bar("packing");
  for (uint64_t done : {1, 2}) {
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    bar.update(done * 1000000000, 4000000000);
  }
  bar.update(3000000000, 4000000000);
  bar.update(1, 0);
}

TEST(ProgressBarTest, OnATerminal) {
  int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  int theirs = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_GE(theirs, 0);
  {
    Redirected redirected(theirs);
    work();
  }
  std::string text = readAll(terminal);
  // A bar, another one over it, and a line that is empty again.
  const std::string first = "\rpacking [" + std::string(10, '=') +
                            std::string(30, ' ') + "]  25% of 4.0 GB, ";
  const std::string second = "\rpacking [" + std::string(20, '=') +
                             std::string(20, ' ') + "]  50% of 4.0 GB, ";
  EXPECT_EQ(text.find(first), 0u) << text;
  EXPECT_NE(text.find(" GB/s\033[K" + second), std::string::npos) << text;
  EXPECT_EQ(text.find("75%"), std::string::npos) << text;
  EXPECT_EQ(text.substr(text.size() - 4), "\r\033[K") << text;
  close(theirs);
  close(terminal);
}

TEST(ProgressBarTest, InAFile) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  {
    Redirected redirected(ends[1]);
    work();
  }
  EXPECT_EQ(readAll(ends[0]), "");
  close(ends[0]);
  close(ends[1]);
}
