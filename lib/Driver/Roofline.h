// How fast this machine multiplies and reads memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_ROOFLINE_H
#define TENON_LIB_DRIVER_ROOFLINE_H

#include <cstdint>

namespace tenon {

/// Rates of all threads together.
struct MachineLimits {
  /// Multiplications and additions of f32, in 10^9 a second.
  double gigaflops = 0;
  /// The same of products of bf16 that are summed in f32, and of bytes that are
  /// summed in 32 bits, by the instructions for it; 0 where this machine has none.
  double bf16Gigaflops = 0, byteGigaops = 0;
  /// Reads of memory that is in no cache, in 10^9 bytes a second.
  double gigabytes = 0;
};

/// Measures for one or two seconds. `lanes` is the number of f32 in a vector,
/// 8 or 16, which this machine must have.
MachineLimits measureLimits(unsigned threads, unsigned lanes);

} // namespace tenon

#endif // TENON_LIB_DRIVER_ROOFLINE_H
