// Options of a compilation that no command line has.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Compile.h"
#include "tenon/Driver/UsageError.h"
#include "gtest/gtest.h"

using namespace tenon;

/// The message of a compilation that is refused for its usage.
static std::string refuse(const CompileOptions &options) {
  std::string text = "none";
  llvm::Error rest =
      llvm::handleErrors(compileModel(options), [&](const UsageError &error) {
        text = error.message();
      });
  if (rest)
    text = "another error: " + llvm::toString(std::move(rest));
  return text;
}

TEST(CompileTest, WithoutBuckets) {
  CompileOptions options;
  options.source = options.output = "/dev/null/none";
  options.buckets = {};
  EXPECT_EQ(refuse(options), "expects a bucket; write --buckets=1,8,64,1024");
}

TEST(CompileTest, WithoutTargets) {
  CompileOptions options;
  options.source = options.output = "/dev/null/none";
  options.targets.emplace();
  EXPECT_EQ(refuse(options), "expects a target; write --target=cpu");
}
