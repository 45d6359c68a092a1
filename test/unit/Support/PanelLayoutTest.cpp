// The map of packed matrices: one-to-one, without gaps, and cut where it says.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/PanelLayout.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <random>
#include <string>
#include <vector>
#include "gtest/gtest.h"

using namespace tenon;

using Factor = PanelLayout::Factor;

namespace {
struct Format {
  const char *name;
  int64_t depth;
  int64_t codeBits;
  std::vector<Factor> factors;
  /// Bits of an element of a matrix without padding.
  double bits;
};
} // namespace

static const Format kFormats[] = {
    {"f32", 1, 32, {}, 32},
    {"f16", 2, 16, {}, 16},
    {"f8", 4, 8, {}, 8},
    {"f8 in blocks", 4, 8, {{32, 128}}, 8.25},
    {"Q4_0", 4, 4, {{16, 32}}, 4.5},
    {"Q4_1", 4, 4, {{16, 32}, {16, 32}}, 5},
    {"Q5_0", 4, 5, {{16, 32}}, 5.5},
    {"Q5_1", 4, 5, {{16, 32}, {16, 32}}, 6},
    {"Q8_0", 4, 8, {{16, 32}}, 8.5},
    {"Q4_K", 4, 4, {{16, 256}, {8, 32}, {16, 256}, {8, 32}}, 4.625},
    {"Q5_K", 4, 5, {{16, 256}, {8, 32}, {16, 256}, {8, 32}}, 5.625},
    {"Q6_K", 4, 6, {{16, 256}, {8, 16}}, 6.5625},
    {"MXFP4", 4, 4, {{8, 32}}, 4.25},
    {"Q2_K", 4, 2, {{16, 256}, {8, 16}, {16, 256}, {8, 16}}, 3.125},
    {"IQ2_XXS", 4, 3, {{32, 256}, {8, 32}}, 3.375},
    {"i8 with f32", 4, 8, {{32, 32}, {32, 32}}, 10},
    {"seven bits", 4, 7, {{16, 64}}, 7.25},
    {"one byte deep", 1, 8, {{32, 16}}, 10},
    {"two bits", 2, 2, {{8, 8}}, 3},
};

static PanelLayout make(const Format &format, int64_t rows, int64_t cols,
                        int64_t height, bool pair) {
  return PanelLayout(rows, cols, height, format.depth, pair, format.codeBits,
                     format.factors);
}

/// Calls `body` for every format with odd and even numbers of rows and columns.
template <typename Body>
static void forLayouts(Body body) {
  for (const Format &format : kFormats)
    for (int64_t height : {16, 8, 2})
      for (bool pair : {false, true})
        for (int64_t rows : {1, 2, 15, 16, 17, 34})
          for (int64_t cols : {1, 7, 31, 32, 33, 255, 256, 300, 513}) {
            if (pair && rows % 2)
              continue;
            SCOPED_TRACE(std::string(llvm::formatv(
                "{0}, {1} rows, {2} columns, height {3}{4}", format.name, rows,
                cols, height, pair ? ", pair" : "")));
            body(make(format, rows, cols, height, pair));
            if (testing::Test::HasFailure())
              return;
          }
}

/// Marks the bits of a number as used; whether they were free.
static bool take(std::vector<bool> &used, int64_t bit, int64_t bits) {
  for (int64_t i = bit; i < bit + bits; ++i) {
    if (i < 0 || i >= static_cast<int64_t>(used.size()) || used[i])
      return false;
    used[i] = true;
  }
  return true;
}

TEST(PanelLayoutTest, NoTwoNumbersShareABit) {
  forLayouts([](const PanelLayout &layout) {
    std::vector<bool> used(8 * layout.getMatrixBytes());
    for (int64_t row = 0; row < layout.rows; ++row) {
      for (const PanelField &plane : layout.getPlanes())
        for (int64_t col = 0; col < layout.cols; ++col)
          ASSERT_TRUE(take(used, layout.getBit(plane, row, col), plane.bits))
              << "row " << row << ", column " << col;
      for (const PanelField &field : layout.getFactors())
        for (int64_t col = 0; col < layout.cols; col += field.cols)
          ASSERT_TRUE(take(used, layout.getBit(field, row, col), field.bits))
              << "row " << row << ", column " << col;
    }
  });
}

// What no number takes is padding: places without a row, columns up to a
// period, groups up to a block, and factors up to a line.
TEST(PanelLayoutTest, PanelsHaveNoOtherGaps) {
  forLayouts([](const PanelLayout &layout) {
    std::vector<bool> used(8 * layout.getPanelBytes());
    int64_t taken = 0, header = 0;
    int64_t cols = llvm::alignTo(layout.cols, layout.periodCols);
    for (int64_t place = 0; place < layout.height; ++place) {
      for (const PanelField &plane : layout.getPlanes())
        for (int64_t col = 0; col < cols; ++col, taken += plane.bits)
          ASSERT_TRUE(take(used, plane.getBit(place, col), plane.bits));
      for (const PanelField &field : layout.getFactors()) {
        int64_t end = llvm::alignTo(layout.cols, layout.blockCols);
        for (int64_t col = 0; col < end;
             col += field.cols, header += field.bits)
          ASSERT_TRUE(take(used, field.getBit(place, col), field.bits));
      }
    }
    int64_t blocks =
        layout.blockCols ? llvm::divideCeil(layout.cols, layout.blockCols) : 0;
    int64_t headers = 8 * layout.getHeaderBytes() * blocks;
    EXPECT_EQ(taken + headers, static_cast<int64_t>(used.size()));
    EXPECT_LT(headers - header, 8 * layout.getLineBytes() * blocks + 1);
    // Codes are never anything but aligned to lines.
    EXPECT_EQ(layout.getHeaderBytes() % layout.getLineBytes(), 0);
    EXPECT_EQ(layout.getPanelBytes() % layout.getLineBytes(), 0);
  });
}

TEST(PanelLayoutTest, BitsOfAnElement) {
  for (const Format &format : kFormats) {
    PanelLayout layout = make(format, 32, 1024, kPanelHeight, /*pair=*/false);
    EXPECT_EQ(8.0 * layout.getMatrixBytes() / (32 * 1024), format.bits)
        << format.name;
  }
}

TEST(PanelLayoutTest, RowsAndPlaces) {
  forLayouts([](const PanelLayout &layout) {
    int64_t found = 0;
    for (int64_t panel = 0; panel < layout.getPanels(); ++panel)
      for (int64_t place = 0; place < layout.height; ++place) {
        int64_t row = layout.getRow(panel, place);
        if (row < 0)
          continue;
        ++found;
        ASSERT_EQ(layout.getPanelOf(row), panel);
        ASSERT_EQ(layout.getPlaceOf(row), place);
      }
    EXPECT_EQ(found, layout.rows);
  });
}

// A half of a paired panel is a run of rows of a half of the matrix.
TEST(PanelLayoutTest, PairsLieBesideEachOther) {
  PanelLayout layout(20, 3, 8, 1, /*pair=*/true, 32);
  for (int64_t row = 0; row < 10; ++row) {
    EXPECT_EQ(layout.getPanelOf(row), row / 4);
    EXPECT_EQ(layout.getPanelOf(row + 10), row / 4);
    EXPECT_EQ(layout.getPlaceOf(row + 10), layout.getPlaceOf(row) + 4);
  }
}

// Cuts separate what belongs to the columns before them from the rest.
TEST(PanelLayoutTest, CutsAreRunsOfBytes) {
  forLayouts([](const PanelLayout &layout) {
    for (int64_t cut = 0; cut < layout.cols; cut += layout.getCutCols()) {
      int64_t bit = 8 * layout.getCutByte(cut);
      PanelLayout before = layout.withCols(cut);
      EXPECT_EQ(before.getPanelBytes(), layout.getCutByte(cut));
      for (const PanelField &plane : layout.getPlanes())
        for (int64_t col = 0; col < layout.cols; ++col)
          ASSERT_EQ(plane.getBit(layout.height - 1, col) < bit, col < cut);
      for (const PanelField &field : layout.getFactors())
        for (int64_t col = 0; col < layout.cols; col += field.cols)
          ASSERT_EQ(field.getBit(0, col) < bit, col < cut);
    }
  });
}

// A reader may split the digits of a column at its loops.
TEST(PanelLayoutTest, SplitDigitsAreTheSameMap) {
  forLayouts([](const PanelLayout &layout) {
    llvm::SmallVector<int64_t> boundaries = {layout.periodCols};
    if (layout.hasFactors())
      boundaries.push_back(layout.groupCols);
    auto check = [&](const PanelField &field) {
      auto digits = field.splitAt(boundaries);
      for (const LayoutDigit &digit : digits)
        for (int64_t boundary : boundaries)
          EXPECT_TRUE(digit.every >= boundary ||
                      (digit.count && digit.every * digit.count <= boundary));
      for (int64_t col = 0; col < layout.cols; ++col) {
        int64_t bit = field.first;
        for (const LayoutDigit &digit : digits)
          bit += digit.getBit(col);
        ASSERT_EQ(bit, field.getBit(0, col)) << "column " << col;
      }
    };
    for (const PanelField &plane : layout.getPlanes())
      check(plane);
    for (const PanelField &field : layout.getFactors())
      check(field);
  });
}

/// Writes a number at a bit.
static void put(std::vector<uint8_t> &bytes, int64_t bit, int64_t bits,
                uint64_t number) {
  for (int64_t i = 0; i < bits; ++i)
    bytes[(bit + i) / 8] |= (number >> i & 1) << (bit + i) % 8;
}

/// A panel of random codes, and the codes: `[place * cols + column]`.
static std::vector<uint8_t> fillPanel(const PanelLayout &layout,
                                      std::vector<unsigned> &codes) {
  std::mt19937 random(3);
  std::vector<uint8_t> bytes(layout.getPanelBytes());
  for (int64_t place = 0; place < layout.height; ++place)
    for (int64_t col = 0; col < layout.cols; ++col) {
      codes.push_back(random() & ((1u << layout.codeBits) - 1));
      for (const PanelField &plane : layout.getPlanes())
        put(bytes, plane.getBit(place, col), plane.bits,
            codes.back() >> plane.shift & ((1u << plane.bits) - 1));
    }
  return bytes;
}

// Shifts and masks of whole lines are the bytes that dot products of groups of
// four take: for each place, four consecutive columns.
TEST(PanelLayoutTest, LinesAreOperands) {
  constexpr int64_t cols = 512;
  for (int64_t bits : {4, 5, 6, 7, 8}) {
    PanelLayout layout(16, cols, 16, 4, /*pair=*/false, bits,
                       {{16, 256}, {8, 32}});
    std::vector<unsigned> codes;
    std::vector<uint8_t> bytes = fillPanel(layout, codes);
    for (int64_t first = 0; first < cols; first += 4) {
      std::vector<unsigned> operand(64);
      for (const PanelField &plane : layout.getPlanes()) {
        int64_t bit = plane.getBit(0, first);
        ASSERT_LT(bit % 512, 8) << "an operand begins with a line";
        for (int64_t i = 0; i < 64; ++i)
          operand[i] |=
              (bytes[bit / 512 * 64 + i] >> bit % 8 & ((1 << plane.bits) - 1))
              << plane.shift;
      }
      for (int64_t i = 0; i < 64; ++i)
        ASSERT_EQ(operand[i], codes[i / 4 * cols + first + i % 4])
            << bits << " bits, byte " << i << " of column " << first;
    }
  }
}

// The addresses that existing artifacts have, written out.
TEST(PanelLayoutTest, AddressesOfSomeFormats) {
  PanelLayout bf16(96, 64, 16, 2, /*pair=*/false, 16);
  EXPECT_EQ(bf16.getPanelBytes(), 16 * 64 * 2);
  EXPECT_EQ(bf16.getBit(bf16.getPlanes()[0], 17, 5),
            8 * 2048 + 2 * 512 + 1 * 32 + 16);
  PanelLayout i8(16, 67, 16, 4, /*pair=*/false, 8, {{32, 32}, {32, 32}});
  EXPECT_EQ(i8.getPanelBytes(), 2 * (128 + 512) + 128 + 64);
  EXPECT_EQ(i8.getBit(i8.getFactors()[1], 3, 32), 8 * 640 + 512 + 3 * 32);
  EXPECT_EQ(i8.getBit(i8.getPlanes()[0], 3, 37),
            8 * (640 + 128) + 512 + 3 * 32 + 8);
  // Q4_K: factors of 256 columns are 5 lines, their codes 32.
  PanelLayout q4k(32, 512, 16, 4, /*pair=*/false, 4,
                  {{16, 256}, {8, 32}, {16, 256}, {8, 32}});
  EXPECT_EQ(q4k.getBlockBytes(), 37 * 64);
  EXPECT_EQ(q4k.getBit(q4k.getFactors()[3], 2, 256 + 64),
            8 * (37 * 64 + 32 + 128 + 32 + 2 * 16 + 2));
  EXPECT_EQ(q4k.getBit(q4k.getPlanes()[0], 2, 256 + 13),
            8 * (37 * 64 + 5 * 64 + 64 + 2 * 4 + 1) + 4);
  // Scales of four times 32 columns are a line.
  PanelLayout mxfp4(16, 256, 16, 4, /*pair=*/false, 4, {{8, 32}});
  EXPECT_EQ(mxfp4.getBlockBytes(), 17 * 64);
  EXPECT_EQ(mxfp4.getBit(mxfp4.getFactors()[0], 2, 128 + 64),
            8 * (17 * 64 + 2 * 16 + 2));
}
