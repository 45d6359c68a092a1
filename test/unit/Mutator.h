// Changes bytes of valid files, for programs that look for what harms a reader.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_MUTATOR_H
#define TENON_TEST_UNIT_MUTATOR_H

#include <cstdint>
#include <cstring>
#include <random>
#include <string>

namespace tenon {

/// Changes bytes. The same seed makes the same changes on every machine, which
/// is why the distributions of the standard library are not used.
class Mutator {
public:
  explicit Mutator(uint64_t seed) : random(seed) {}

  uint64_t pick(uint64_t below) { return random() % below; }

  void mutate(std::string &bytes) {
    for (uint64_t left = 1 + pick(3); left; --left)
      mutateOnce(bytes);
  }

private:
  void mutateOnce(std::string &bytes) {
    if (bytes.empty())
      return;
    size_t at = pick(bytes.size());
    switch (pick(7)) {
    case 0:
      bytes[at] = char(random());
      return;
    case 1:
      bytes[at] = char(bytes[at] ^ (1 << pick(8)));
      return;
    case 2:
      bytes.resize(at);
      return;
    case 3:
      bytes.erase(at, 1 + pick(16));
      return;
    case 4:
      bytes.insert(at, bytes.substr(pick(bytes.size()), 1 + pick(32)));
      return;
    case 5:
      return writeNumber(bytes, at);
    default:
      // Digits and brackets keep JSON close to right.
      bytes[at] = "0123456789-.e{}[]\",:\\"[pick(21)];
      return;
    }
  }

  /// Numbers on which arithmetic goes wrong.
  void writeNumber(std::string &bytes, size_t at) {
    static constexpr uint64_t numbers[] = {0,          1,
                                           255,        UINT32_MAX,
                                           UINT64_MAX, uint64_t(1) << 31,
                                           1ull << 32, 1ull << 60,
                                           1ull << 62, 1ull << 63,
                                           INT64_MAX,  UINT64_MAX - 31,
                                           3,          (1ull << 62) + 1};
    uint64_t number = numbers[pick(std::size(numbers))];
    size_t size = pick(2) ? 8 : 4;
    if (at + size <= bytes.size())
      std::memcpy(&bytes[at], &number, size);
  }

  std::mt19937_64 random;
};

} // namespace tenon

#endif // TENON_TEST_UNIT_MUTATOR_H
