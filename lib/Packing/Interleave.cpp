// Interleaves rows of codes: the inner loop of packing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interleave.h"
#include <algorithm>
#include <cstring>

using namespace tenon;

using Rows = llvm::ArrayRef<const uint8_t *>;

/// Interleaves 16 rows of units of 4 bytes, which nearly all weights have, in
/// squares of four: four loads, eight shuffles, four stores.
static int64_t interleaveSixteen(Rows rows, int64_t steps, uint8_t *out) {
  using Vector = uint32_t __attribute__((vector_size(16)));
  int64_t whole = steps & ~int64_t(3);
  for (int64_t step = 0; step < whole; step += 4) {
    for (int place = 0; place < 16; place += 4) {
      Vector a, b, c, d;
      memcpy(&a, rows[place] + step * 4, 16);
      memcpy(&b, rows[place + 1] + step * 4, 16);
      memcpy(&c, rows[place + 2] + step * 4, 16);
      memcpy(&d, rows[place + 3] + step * 4, 16);
      Vector ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
      Vector cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
      Vector ba = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      Vector dc = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      Vector columns[4] = {__builtin_shufflevector(ab, cd, 0, 1, 4, 5),
                           __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                           __builtin_shufflevector(ba, dc, 0, 1, 4, 5),
                           __builtin_shufflevector(ba, dc, 2, 3, 6, 7)};
      for (int i = 0; i < 4; ++i)
        memcpy(out + ((step + i) * 16 + place) * 4, &columns[i], 16);
    }
  }
  return whole;
}

/// A run of each row at a time, so that a line of the cache is read once and
/// the lines that are written stay in the first cache.
template <int64_t Bytes>
static void interleaveUnits(Rows rows, int64_t first, int64_t steps,
                            uint8_t *out) {
  constexpr int64_t run = 64 / Bytes;
  int64_t height = static_cast<int64_t>(rows.size());
  for (; first < steps; first += run) {
    int64_t end = std::min(first + run, steps);
    for (int64_t place = 0; place < height; ++place)
      for (int64_t step = first; step < end; ++step)
        memcpy(out + (step * height + place) * Bytes,
               rows[place] + step * Bytes, Bytes);
  }
}

void tenon::interleave(Rows rows, int64_t unitBytes, int64_t steps,
                       uint8_t *out) {
  int64_t height = static_cast<int64_t>(rows.size());
  switch (unitBytes) {
  case 1:
    return interleaveUnits<1>(rows, 0, steps, out);
  case 2:
    return interleaveUnits<2>(rows, 0, steps, out);
  case 4:
    return interleaveUnits<4>(
        rows, height == 16 ? interleaveSixteen(rows, steps, out) : 0, steps,
        out);
  case 8:
    return interleaveUnits<8>(rows, 0, steps, out);
  default:
    for (int64_t step = 0; step < steps; ++step)
      for (int64_t place = 0; place < height; ++place)
        memcpy(out + (step * height + place) * unitBytes,
               rows[place] + step * unitBytes, unitBytes);
  }
}
