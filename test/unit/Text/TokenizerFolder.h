// A folder in which a test writes the files of a tokenizer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_TEXT_TOKENIZERFOLDER_H
#define TENON_TEST_UNIT_TEXT_TOKENIZERFOLDER_H

#include "Inputs.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

namespace tenon::test {

class TokenizerFolder : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(
        llvm::sys::fs::createUniqueDirectory("tenon-tokenizer", folder));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  /// Writes a file of the folder; fails the test when that fails.
  void write(llvm::StringRef name, llvm::StringRef bytes) {
    llvm::SmallString<128> file(folder);
    llvm::sys::path::append(file, name);
    std::error_code error;
    llvm::raw_fd_ostream(file, error) << bytes;
    EXPECT_FALSE(error);
  }

  /// Removes all files.
  void clear() {
    llvm::sys::fs::remove_directories(folder);
    ASSERT_FALSE(llvm::sys::fs::create_directory(folder));
  }

  /// Compiles what is in the folder to `tokenizer`. Returns the error, which is
  /// empty without one, and keeps the warnings.
  std::string compile() {
    warnings.clear();
    llvm::Expected<Bytes> bytes = compileTokenizerJson(folder, &warnings);
    if (!bytes)
      return llvm::toString(bytes.takeError());
    tokenizer = openBytes(*bytes);
    return "";
  }

  llvm::SmallString<128> folder;
  TokenizerPtr tokenizer;
  std::vector<std::string> warnings;
};

} // namespace tenon::test

#endif // TENON_TEST_UNIT_TEXT_TOKENIZERFOLDER_H
