// A constant that must be known when it is compiled, and one that need not.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

constexpr int kRows = 3;
constexpr int kStep = 2;
static_assert(kRows == 3);

int next(int at) {
  int table[kRows] = {5, 6, 7};
  return table[at] + kStep;
}
