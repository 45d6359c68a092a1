// Elements of stored types and blocks, with values worked out by hand.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/WeightProvider.h"
#include <cmath>
#include "gtest/gtest.h"

using namespace tenon;

namespace {

using Bytes = std::vector<uint8_t>;

/// 0x3800 is 0.5 and 0x4000 is 2 in f16.
constexpr uint8_t kHalf[] = {0x00, 0x38}, kTwo[] = {0x00, 0x40};

Bytes blockOf(int64_t size, std::initializer_list<uint8_t> begin) {
  Bytes bytes(begin);
  bytes.resize(size);
  return bytes;
}

TEST(Decode, PlainTypes) {
  EXPECT_EQ(
      decodeElement(StorageType::F32, Bytes{0, 0, 0, 0, 0, 0, 0x20, 0xc1}, 1),
      -10);
  EXPECT_EQ(decodeElement(StorageType::F16, Bytes{0x01, 0x00}, 0),
            std::ldexp(1, -24)); // the smallest subnormal
  EXPECT_EQ(decodeElement(StorageType::F16, Bytes{0xff, 0x7b}, 0), 65504);
  EXPECT_EQ(decodeElement(StorageType::BF16, Bytes{0x49, 0xc0}, 0), -3.140625);
  EXPECT_EQ(decodeElement(StorageType::I8, Bytes{0x80}, 0), -128);
  EXPECT_EQ(decodeElement(StorageType::I32, Bytes{0xfe, 0xff, 0xff, 0xff}, 0),
            -2);
}

TEST(Decode, FiniteEightBitFloats) {
  auto decode = [](uint8_t code) {
    return decodeElement(StorageType::F8E4M3, Bytes{code}, 0);
  };
  EXPECT_EQ(decode(0x00), 0);
  EXPECT_EQ(decode(0x01), std::ldexp(1, -9)); // subnormal
  EXPECT_EQ(decode(0x07), std::ldexp(7, -9));
  EXPECT_EQ(decode(0x08), std::ldexp(1, -6)); // smallest normal
  EXPECT_EQ(decode(0x38), 1);
  EXPECT_EQ(decode(0xb9), -1.125);
  EXPECT_EQ(decode(0x7e), 448); // there is no infinity
  EXPECT_TRUE(std::isnan(decode(0x7f)));
  EXPECT_TRUE(std::isnan(decode(0xff)));
}

TEST(Decode, BlocksOf32) {
  // Code 3 in the low half of byte 0 is element 0; 0xc in its high half is 16.
  Bytes q40 = blockOf(18, {kHalf[0], kHalf[1], 0xc3});
  EXPECT_EQ(decodeElement(StorageType::Q4_0, q40, 0), 0.5 * (3 - 8));
  EXPECT_EQ(decodeElement(StorageType::Q4_0, q40, 16), 0.5 * (12 - 8));
  Bytes q41 = blockOf(20, {kHalf[0], kHalf[1], kTwo[0], kTwo[1], 0xc3});
  EXPECT_EQ(decodeElement(StorageType::Q4_1, q41, 0), 0.5 * 3 + 2);
  EXPECT_EQ(decodeElement(StorageType::Q4_1, q41, 16), 0.5 * 12 + 2);
  // The fifth bits of elements 0 and 17.
  Bytes q50 = blockOf(22, {kHalf[0], kHalf[1], 1, 0, 2, 0, 0xc3, 0x50});
  EXPECT_EQ(decodeElement(StorageType::Q5_0, q50, 0), 0.5 * (16 + 3 - 16));
  EXPECT_EQ(decodeElement(StorageType::Q5_0, q50, 16), 0.5 * (12 - 16));
  EXPECT_EQ(decodeElement(StorageType::Q5_0, q50, 17), 0.5 * (16 + 5 - 16));
  Bytes q51 =
      blockOf(24, {kHalf[0], kHalf[1], kTwo[0], kTwo[1], 1, 0, 0, 0, 0xc3});
  EXPECT_EQ(decodeElement(StorageType::Q5_1, q51, 0), 0.5 * 19 + 2);
  Bytes q80 = blockOf(34, {kHalf[0], kHalf[1], 0x80, 0x7f});
  EXPECT_EQ(decodeElement(StorageType::Q8_0, q80, 0), -64);
  EXPECT_EQ(decodeElement(StorageType::Q8_0, q80, 1), 63.5);
}

TEST(Decode, SecondBlock) {
  Bytes bytes = blockOf(34, {});
  Bytes second = blockOf(34, {kTwo[0], kTwo[1], 0, 5});
  bytes.insert(bytes.end(), second.begin(), second.end());
  EXPECT_EQ(decodeElement(StorageType::Q8_0, bytes, 33), 10);
}

TEST(Decode, BlocksOf256) {
  Bytes q4(144);
  std::copy(kHalf, kHalf + 2, q4.begin());   // scale of scales
  std::copy(kTwo, kTwo + 2, q4.begin() + 2); // scale of minima
  q4[4] = 5 | 3 << 6;     // scale 0, and the upper bits of scale 4
  q4[8] = 7 | 1 << 6;     // minimum 0, and the upper bits of minimum 4
  q4[12] = 0x2d;          // lower bits of scale 4 (13) and minimum 4 (2)
  q4[16 + 9] = 0x6b;      // elements 9 and 41
  q4[16 + 64 + 1] = 0x0e; // element 129, in sub-block 4
  EXPECT_EQ(decodeElement(StorageType::Q4_K, q4, 9), 0.5 * 5 * 11 - 2 * 7);
  EXPECT_EQ(decodeElement(StorageType::Q4_K, q4, 41), 0);
  EXPECT_EQ(decodeElement(StorageType::Q4_K, q4, 129),
            0.5 * (13 + 48) * 14 - 2 * (2 + 16));

  Bytes q5(176);
  std::copy(q4.begin(), q4.begin() + 16, q5.begin());
  q5[16 + 1] = 1 << 4; // fifth bit of element 1 of sub-block 4
  q5[48 + 64 + 1] = 0x0e;
  EXPECT_EQ(decodeElement(StorageType::Q5_K, q5, 129),
            0.5 * (13 + 48) * (14 + 16) - 2 * (2 + 16));

  Bytes q6(210);
  q6[128 + 32 + 2] = 2 << 4; // upper bits of quarter 2 of the second half
  q6[64 + 2] = 0x90;         // lower bits of it
  q6[192 + 12] = 0xfd;       // scale -3 of elements 192 to 207
  std::copy(kHalf, kHalf + 2, q6.begin() + 208);
  EXPECT_EQ(decodeElement(StorageType::Q6_K, q6, 128 + 64 + 2),
            0.5 * -3 * (9 + 32 - 32));
}

TEST(Decode, FloatsOfFourBits) {
  // Codes 13 and 2 beside each other, times 2^-3.
  Bytes bytes(17);
  bytes[0] = 124;
  bytes[1 + 5] = 0xd2;
  EXPECT_EQ(decodeElement(StorageType::MXFP4, bytes, 5), 0.125);
  EXPECT_EQ(decodeElement(StorageType::MXFP4, bytes, 16 + 5), -3 * 0.125);
  EXPECT_EQ(decodeElement(StorageType::MXFP4, bytes, 6), 0);
  bytes[0] = 255;
  EXPECT_TRUE(std::isnan(decodeElement(StorageType::MXFP4, bytes, 5)));
}

} // namespace
