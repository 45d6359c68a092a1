// Prints which features words of a CPU make, with another table of targets.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Cpu.cpp"

using namespace tenon::runtime;

static void print(const CpuWords &words) {
  char text[128];
  uint32_t features = featuresOf(words);
  nameFeatures(features, text, sizeof(text));
  printf("%u: %s\n", features, text);
}

int main() {
  CpuWords words;
  for (uint64_t &word : words.values)
    word = ~uint64_t(0);
  words.values[LEAF7_1_EDX] = 0;
  print(words);
  words.values[LEAF7_1_EDX] = 1 << 4;    // avx_vnni_int8
  words.values[LEAF7_EBX] &= ~(1 << 16); // avx512f
  print(words);
  return 0;
}
