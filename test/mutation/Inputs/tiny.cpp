// Something of each kind that is mutated, and of what is not.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <algorithm>
#include <cassert>
#include <cstdio>

enum class Order { Up, Down };

struct Options {
  int width = 4;
  bool wide = false;
};

constexpr double kScale = 0.5;
static_assert(sizeof(Options) >= 5);

struct Builder {
  int add(int a, int b) { return a + b; }
};

/// The order of the arguments makes no difference.
int total(Builder b, int sum) { return b.add(sum, 1); }

static int subtract(int a, int b) { return a - b; }

static bool isInside(int at, const Options &options) {
  assert(at >= 0 && "a position");
  return !options.wide && at < options.width;
}

static int clamp(int value, int least = 1) {
  if (value < least)
    return least;
  return std::min(value, 7);
}

static const char *nameOf(Order order) {
  switch (order) {
  case Order::Up:
    return "up";
  case Order::Down:
    return "down";
  }
  return "";
}

int main() {
  int table[3] = {1, 2, 3};
  int sum = 0;
  for (int entry : table) {
    if (entry == 2)
      continue;
    sum += entry;
  }
  Options options;
  std::printf("%d %d %d %d %s %g\n", sum, subtract(sum, 1),
              isInside(3, options), clamp(0), nameOf(Order::Up), 2 * kScale);
}
