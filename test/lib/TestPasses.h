// Passes that only tests use.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_LIB_TESTPASSES_H
#define TENON_TEST_LIB_TESTPASSES_H

namespace tenon::test {

void registerTestFaults();
void registerTestRope();
void registerTestMask();

inline void registerTestPasses() {
  registerTestFaults();
  registerTestRope();
  registerTestMask();
}

} // namespace tenon::test

#endif // TENON_TEST_LIB_TESTPASSES_H
