// Compares the text of an error, which users read, with what it should be.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_IMPORT_EXPECT_H
#define TENON_TEST_UNIT_IMPORT_EXPECT_H

#include "llvm/Support/Error.h"
#include <string>
#include "gtest/gtest.h"

namespace tenon {

inline std::string takeMessage(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "no error";
}

template <typename T>
std::string takeMessage(llvm::Expected<T> value) {
  return takeMessage(value.takeError());
}

/// The value, or a failure of the test and an empty value.
template <typename T>
T takeValue(llvm::Expected<T> value) {
  if (value)
    return std::move(*value);
  ADD_FAILURE() << llvm::toString(value.takeError());
  return T();
}

} // namespace tenon

#endif // TENON_TEST_UNIT_IMPORT_EXPECT_H
