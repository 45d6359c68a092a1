// Derivations: each alone, nested ones, and the rounding of casts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include "PackFixture.h"

using namespace tenon;
using namespace tenon::test;
using llvm::APFloat;
using llvm::formatv;

static const char *kPanels[] = {"", ", <16x2>", ", <5x3>", ", <8x1>"};

TEST_F(PackTest, ConcatenationAndSlices) {
  for (int64_t cols : {1, 3, 33, 129})
    for (const char *panel : kPanels) {
      source.addRandom("a", StorageType::F16, {2, 17, cols});
      source.addRandom("b", StorageType::F16, {2, 1, cols});
      source.addRandom("c", StorageType::F16, {2, 16, cols});
      std::vector<uint8_t> data = pack(
          formatv("tenon.weight @a \"a\" : !tenon.weight<2x17x{0}, <f16>>\n"
                  "tenon.weight @b \"b\" : !tenon.weight<2x1x{0}, <f16>>\n"
                  "tenon.weight @c \"c\" : !tenon.weight<2x16x{0}, <f16>>\n"
                  "tenon.derive @abc = concat_rows [@a, @b, @c] : "
                  "!tenon.weight<2x34x{0}, <f16>{1}> at 0\n"
                  "tenon.derive @mid = slice_rows [@abc] first 15 : "
                  "!tenon.weight<2x7x{0}, <f16>{1}> at 65536",
                  cols, panel));
      Unpacked abc = unpack(data, "abc"), mid = unpack(data, "mid");
      auto expected = [&](int64_t m, int64_t n, int64_t k) {
        if (n < 17)
          return source.getValue("a", (m * 17 + n) * cols + k);
        if (n < 18)
          return source.getValue("b", m * cols + k);
        return source.getValue("c", (m * 16 + n - 18) * cols + k);
      };
      for (int64_t m = 0; m < 2; ++m)
        for (int64_t k = 0; k < cols; ++k) {
          for (int64_t n = 0; n < 34; ++n)
            ASSERT_EQ(abc.values[(m * 34 + n) * cols + k], expected(m, n, k));
          for (int64_t n = 0; n < 7; ++n)
            ASSERT_EQ(mid.values[(m * 7 + n) * cols + k],
                      expected(m, 15 + n, k));
        }
    }
}

// Rows that are apart, of a matrix and of a transposed one, and a vector for each
// matrix, whose tensor has no last dimension.
TEST_F(PackTest, StepsThroughRows) {
  for (int64_t cols : {1, 3, 33})
    for (const char *panel : kPanels) {
      source.addRandom("a", StorageType::BF16, {2, cols, 17});
      source.addRandom("b", StorageType::F32, {2, 17});
      std::vector<uint8_t> data = pack(
          formatv("tenon.weight @a \"a\" : !tenon.weight<2x{0}x17, <bf16>>\n"
                  "tenon.derive @t = transpose [@a] : "
                  "!tenon.weight<2x17x{0}, <bf16>>\n"
                  "tenon.derive @s = slice_rows [@t] first 2 step 3 : "
                  "!tenon.weight<2x5x{0}, <bf16>{1}> at 0\n"
                  "tenon.weight @b \"b\" : !tenon.weight<2x17x1, <f32>>\n"
                  "tenon.derive @c = slice_rows [@b] first 1 step 2 : "
                  "!tenon.weight<2x8x1, <f32>> at 65536",
                  cols, panel));
      Unpacked s = unpack(data, "s"), c = unpack(data, "c");
      for (int64_t i = 0; i < 2 * 5 * cols; ++i) {
        int64_t m = i / (5 * cols), n = i / cols % 5, k = i % cols;
        ASSERT_EQ(s.values[i],
                  source.getValue("a", (m * cols + k) * 17 + 2 + 3 * n));
      }
      for (int64_t i = 0; i < 16; ++i)
        ASSERT_EQ(c.values[i],
                  source.getValue("b", i / 8 * 17 + 1 + 2 * (i % 8)));
    }
}

// Per head, the two orientations of a projection: what a latent cache needs.
TEST_F(PackTest, SplitSliceAndTranspose) {
  constexpr int64_t heads = 3, nope = 5, size = 12, rank = 37;
  for (const char *panel : kPanels)
    for (StorageType type :
         {StorageType::F32, StorageType::BF16, StorageType::F8E4M3}) {
      const char *code = type == StorageType::F32    ? "f32"
                         : type == StorageType::BF16 ? "bf16"
                                                     : "f8E4M3FN";
      source.addRandom("kv", type, {2, heads * size, rank});
      std::vector<uint8_t> data = pack(
          formatv("tenon.weight @kv \"kv\" : !tenon.weight<2x36x37, <{0}>>\n"
                  "tenon.derive @heads = split_rows [@kv] count 12 : "
                  "!tenon.weight<2x3x12x37, <{0}>>\n"
                  "tenon.derive @k = slice_rows [@heads] first 0 : "
                  "!tenon.weight<2x3x5x37, <{0}>>\n"
                  "tenon.derive @kt = transpose [@k] : "
                  "!tenon.weight<2x3x37x5, <{0}>{1}> at 0\n"
                  "tenon.derive @v = slice_rows [@heads] first 5 : "
                  "!tenon.weight<2x3x7x37, <{0}>{1}> at 65536",
                  code, panel));
      Unpacked kt = unpack(data, "kt"), v = unpack(data, "v");
      for (int64_t i = 0; i < 2 * heads * rank; ++i) {
        int64_t m = i / rank, r = i % rank;
        for (int64_t n = 0; n < size; ++n) {
          double value = source.getValue("kv", (m * size + n) * rank + r);
          if (n < nope)
            ASSERT_EQ(kt.values[(m * rank + r) * nope + n], value);
          else
            ASSERT_EQ(v.values[(m * (size - nope) + n - nope) * rank + r],
                      value);
        }
      }
    }
}

// Scales move with their rows; blocks at the edges are smaller.
TEST_F(PackTest, DerivationsOfBlocks) {
  source.addRandom("a", StorageType::F8E4M3, {8, 11});
  source.addRandom("a_scale_inv", StorageType::F32, {2, 3});
  source.addRandom("b", StorageType::F8E4M3, {7, 11});
  source.addRandom("b_scale_inv", StorageType::F32, {2, 3});
  std::string format = "<f8E4M3FN, scale f32 per 4x4>";
  std::vector<uint8_t> data = pack(formatv(
      "tenon.weight @a \"a\" factors [\"a_scale_inv\"] : !tenon.weight<8x11, "
      "{0}>\n"
      "tenon.weight @b \"b\" factors [\"b_scale_inv\"] : !tenon.weight<7x11, "
      "{0}>\n"
      "tenon.derive @ab = concat_rows [@a, @b] : !tenon.weight<15x11, {0}, "
      "<8x2>> at 0\n"
      "tenon.derive @t = transpose [@ab] : !tenon.weight<11x15, {0}, <8x4>> at "
      "4096\n"
      "tenon.derive @s = slice_rows [@ab] first 4 : !tenon.weight<9x11, {0}, "
      "<4x4>> at 8192\n"
      "tenon.derive @h = split_rows [@a] count 4 : !tenon.weight<2x4x11, {0}, "
      "<3x1>> at 12288\n"
      "tenon.derive @f = cast [@t] : !tenon.weight<11x15, <f32>, <16x1>> at "
      "16384",
      format));
  auto expected = [&](int64_t n, int64_t k) {
    std::string name = n < 8 ? "a" : "b";
    int64_t row = n < 8 ? n : n - 8;
    return source.getValue(name, row * 11 + k) *
           source.getValue(name + "_scale_inv", row / 4 * 3 + k / 4);
  };
  Unpacked ab = unpack(data, "ab"), t = unpack(data, "t"),
           s = unpack(data, "s"), h = unpack(data, "h"), f = unpack(data, "f");
  for (int64_t n = 0; n < 15; ++n)
    for (int64_t k = 0; k < 11; ++k) {
      EXPECT_EQ(ab.values[n * 11 + k], expected(n, k));
      EXPECT_EQ(t.values[k * 15 + n], expected(n, k));
      EXPECT_EQ(f.values[k * 15 + n], static_cast<float>(expected(n, k)));
      if (n >= 4 && n < 13)
        EXPECT_EQ(s.values[(n - 4) * 11 + k], expected(n, k));
      if (n < 8)
        EXPECT_EQ(h.values[n * 11 + k], expected(n, k));
    }
}

// Offsets move with their scales.
TEST_F(PackTest, DerivationsOfBlocksWithOffsets) {
  source.addRandom("a", StorageType::Q4_1, {3, 64});
  source.addRandom("b", StorageType::Q4_1, {5, 64});
  std::string format = "<i8, scale f32 per 1x32, offset>";
  std::vector<uint8_t> data = pack(formatv(
      "tenon.weight @a \"a\" : !tenon.weight<3x64, {0}>\n"
      "tenon.weight @b \"b\" : !tenon.weight<5x64, {0}>\n"
      "tenon.derive @ab = concat_rows [@a, @b] : !tenon.weight<8x64, {0}, "
      "<16x4>> at 0\n"
      "tenon.derive @s = slice_rows [@ab] first 2 : !tenon.weight<5x64, {0}, "
      "<2x2>> at 4096\n"
      "tenon.derive @h = split_rows [@ab] count 4 : !tenon.weight<2x4x64, {0}, "
      "<3x1>> at 8192\n",
      format));
  Unpacked ab = unpack(data, "ab"), s = unpack(data, "s"),
           h = unpack(data, "h");
  for (int64_t i = 0; i < 8 * 64; ++i) {
    double expected =
        i < 3 * 64 ? source.getValue("a", i) : source.getValue("b", i - 3 * 64);
    EXPECT_EQ(ab.values[i], expected);
    EXPECT_EQ(h.values[i], expected);
    if (i >= 2 * 64 && i < 7 * 64)
      EXPECT_EQ(s.values[i - 2 * 64], expected);
  }
}

/// `code * scale + offset` in 113 bits, rounded once.
static uint64_t roundOnce(double code, double scale, double offset,
                          const llvm::fltSemantics &semantics) {
  bool losesInfo;
  APFloat value(code), factor(scale), constant(offset);
  for (APFloat *number : {&value, &factor, &constant})
    number->convert(APFloat::IEEEquad(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
  EXPECT_EQ(value.multiply(factor, APFloat::rmNearestTiesToEven),
            APFloat::opOK);
  if (offset != 0)
    EXPECT_EQ(value.add(constant, APFloat::rmNearestTiesToEven), APFloat::opOK);
  value.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return value.bitcastToAPInt().getZExtValue();
}

// Near ties between two bf16: offsets that a float would lose decide.
static std::vector<uint8_t> makeTies(int64_t blocks) {
  std::mt19937 random(3);
  std::vector<uint8_t> bytes;
  for (int64_t i = 0; i < blocks; ++i) {
    // Q4_1: an odd number of a power of two, and a tiny minimum.
    uint16_t scale = static_cast<uint16_t>((15 + random() % 15) << 10 |
                                           (random() % 64) << 4);
    uint16_t offset = static_cast<uint16_t>(random() % 4 | (random() & 0x8000));
    for (uint16_t half : {scale, offset}) {
      bytes.push_back(static_cast<uint8_t>(half));
      bytes.push_back(static_cast<uint8_t>(half >> 8));
    }
    for (int byte = 0; byte < 16; ++byte)
      bytes.push_back(static_cast<uint8_t>(random()));
  }
  return bytes;
}

/// Scales of which the product with a code is near a tie between two bf16.
static std::vector<uint8_t> makeTieScales(const MemorySource &source,
                                          int64_t count) {
  std::mt19937 random(4);
  std::vector<uint8_t> bytes(4 * count);
  for (int64_t i = 0; i < count; ++i) {
    float tie = llvm::bit_cast<float>(
        static_cast<uint32_t>(0x3f808000 | (random() & 0x7f) << 16));
    double code = source.getValue("w", i);
    float scale = static_cast<float>(tie / (code == 0 ? 1 : code));
    memcpy(&bytes[4 * i], &scale, 4);
  }
  return bytes;
}

TEST_F(PackTest, CastsRoundOnce) {
  constexpr int64_t rows = 33, cols = 256;
  auto makeText = [&](const std::string &source, const std::string &from,
                      const std::string &to) {
    return std::string(
        formatv("tenon.weight @w {0} : !tenon.weight<33x256, {1}>\n"
                "tenon.derive @c = cast [@w] : !tenon.weight<33x256, <{2}>> at "
                "0\ntenon.derive @p = cast [@w] : !tenon.weight<33x256, <{2}>, "
                "<16x2>> at 65536",
                source, from, to));
  };
  struct Case {
    StorageType type;
    const char *format;
    std::vector<uint8_t> bytes;
  };
  const char *q = "<i8, scale f32 per 1x32, offset>";
  for (const Case &c :
       {Case{StorageType::Q4_1, q, makeTies(rows * cols / 32)},
        {StorageType::Q5_K, q, {}},
        {StorageType::Q6_K, "<i8, scale f32 per 1x16>", {}},
        {StorageType::F8E4M3, "<f8E4M3FN, scale f32 per 1x1>", {}},
        {StorageType::F32, "<f32>", {}},
        {StorageType::F16, "<f16>", {}},
        {StorageType::BF16, "<bf16>", {}}}) {
    source.addRandom("w", c.type, {rows, cols});
    std::string names = "\"w\"";
    if (c.type == StorageType::F8E4M3) {
      source.add("w_scale_inv", StorageType::F32, {rows, cols},
                 makeTieScales(source, rows * cols));
      names += " factors [\"w_scale_inv\"]";
    }
    if (!c.bytes.empty())
      source.add("w", c.type, {rows, cols}, c.bytes);
    // The parts, from a weight that is not cast.
    Unpacked w =
        unpack(pack(formatv("tenon.weight @w {0} : !tenon.weight<33x256, {1}, "
                            "<16x1>> at 0",
                            names, c.format)),
               "w");
    mlir::Type code =
        mlir::cast<WeightType>(module->lookupSymbol("w")
                                   ->getAttrOfType<mlir::TypeAttr>("type")
                                   .getValue())
            .getFormat()
            .getCode();
    for (const char *to : {"f32", "bf16"}) {
      const llvm::fltSemantics &semantics =
          to[0] == 'b' ? APFloat::BFloat() : APFloat::IEEEsingle();
      std::vector<uint8_t> data = pack(makeText(names, c.format, to));
      Unpacked cast = unpack(data, "c"), panels = unpack(data, "p");
      EXPECT_EQ(cast.codes, panels.codes);
      for (size_t i = 0; i < w.codes.size(); ++i)
        ASSERT_EQ(cast.codes[i],
                  roundOnce(decodeCode(code, w.codes[i]), w.scales[i],
                            w.offsets[i], semantics))
            << c.format << " to " << to << " " << w.values[i];
    }
  }
}

// Down to formats with few bits, with subnormal numbers and ties.
TEST_F(PackTest, CastsToSmallFormats) {
  std::vector<float> numbers = {
      0.0f,       -0.0f,           1e-45f,       0x1p-24f,
      0x1p-25f,   0x1.000002p-25f, 0x1.8p-24f,   0x1p-10f,
      0x1.8p-10f, 0x1p-9f,         -0x1p-6f,     448.0f,
      464.0f,     -448.0f,         0x1.ffep-15f, 0x1.ffdp-15f};
  std::mt19937 random(5);
  while (numbers.size() < 4000)
    numbers.push_back(
        std::ldexp(static_cast<float>(static_cast<int32_t>(random())),
                   static_cast<int>(random() % 50) - 73));
  std::vector<uint8_t> bytes(numbers.size() * 4);
  memcpy(bytes.data(), numbers.data(), bytes.size());
  source.add("v", StorageType::F32, {4000}, bytes);
  for (const char *to : {"f16", "f8E4M3FN", "bf16"}) {
    Unpacked v = unpack(
        pack(formatv("tenon.weight @v \"v\" : !tenon.weight<4000, <f32>>\n"
                     "tenon.derive @c = cast [@v] : !tenon.weight<4000, <{0}>> "
                     "at 0",
                     to)),
        "c");
    const llvm::fltSemantics &semantics = to[0] == 'b' ? APFloat::BFloat()
                                          : to[1] == '1'
                                              ? APFloat::IEEEhalf()
                                              : APFloat::Float8E4M3FN();
    for (size_t i = 0; i < numbers.size(); ++i)
      ASSERT_EQ(v.codes[i], roundOnce(numbers[i], 1, 0, semantics))
          << numbers[i] << " to " << to;
  }
}

// What is no number, or infinite, in the model stays so.
TEST_F(PackTest, CastsOfWhatIsNotFinite) {
  std::vector<float> numbers = {INFINITY, -INFINITY, NAN, 1};
  std::vector<uint8_t> bytes(16);
  memcpy(bytes.data(), numbers.data(), 16);
  source.add("v", StorageType::F32, {4}, bytes);
  for (const char *to : {"f16", "bf16"}) {
    Unpacked v = unpack(
        pack(formatv("tenon.weight @v \"v\" : !tenon.weight<4, <f32>>\n"
                     "tenon.derive @c = cast [@v] : !tenon.weight<4, <{0}>> at "
                     "0",
                     to)),
        "c");
    EXPECT_EQ(v.values[0], INFINITY);
    EXPECT_EQ(v.values[1], -INFINITY);
    EXPECT_TRUE(std::isnan(v.values[2]));
    EXPECT_EQ(v.values[3], 1);
  }
}

// Eight bits have no infinity: what has no number becomes NaN, of its sign.
TEST_F(PackTest, CastsOfWhatIsNotFiniteToEightBits) {
  std::vector<float> numbers = {INFINITY, -INFINITY, NAN, -NAN, 1};
  std::vector<uint8_t> bytes(20);
  memcpy(bytes.data(), numbers.data(), 20);
  source.add("v", StorageType::F32, {5}, bytes);
  Unpacked v = unpack(pack("tenon.weight @v \"v\" : !tenon.weight<5, <f32>>\n"
                           "tenon.derive @c = cast [@v] : !tenon.weight<5, "
                           "<f8E4M3FN>> at 0"),
                      "c");
  const uint64_t expected[] = {0x7f, 0xff, 0x7f, 0xff, 0x38};
  for (size_t i = 0; i < numbers.size(); ++i)
    EXPECT_EQ(v.codes[i], expected[i]) << numbers[i];
}

TEST_F(PackTest, TablesOfRotations) {
  constexpr int64_t positions = 1000, dims = 6, coarse = 4;
  std::string text = formatv(
      "tenon.rope_table @r #tenon.rope<dims = 6, pairing = half, theta = 1.0e4 "
      ": f64> positions {0} : !tenon.weight<{1}x6, <f32>> at 0",
      positions, coarse + 256);
  Unpacked table = unpack(pack(text), "r");
  for (int64_t row = 0; row < coarse + 256; ++row)
    for (int64_t col = 0; col < dims; ++col) {
      int64_t position = row < coarse ? 256 * row : row - coarse;
      long double angle = position * powl(10000.0L, -2.0L * (col % 3) / dims);
      float exact = static_cast<float>(col < 3 ? cosl(angle) : sinl(angle));
      // Rounded from double, which may fall on the other side of a tie.
      float value = static_cast<float>(table.values[row * dims + col]);
      EXPECT_LE(value, std::nextafter(exact, 2.0f));
      EXPECT_GE(value, std::nextafter(exact, -2.0f));
    }
}
