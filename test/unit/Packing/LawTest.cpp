// What is packed and read back is what was stored, for every format and layout.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/StorageFormat.h"
#include "tenon/Support/InputFile.h"
#include "llvm/Support/FormatVariadic.h"
#include "PackFixture.h"

using namespace tenon;
using namespace tenon::test;
using llvm::formatv;

static const int64_t kRows[] = {1, 15, 16, 17, 33};
static const int64_t kCols[] = {1, 3, 31, 32, 33, 129};

static std::string printFormat(FormatAttr format) {
  std::string text;
  llvm::raw_string_ostream(text) << format;
  return text;
}

TEST_F(PackTest, FloatsInEveryLayout) {
  struct Case {
    StorageType type;
    const char *format;
  };
  for (Case c : {Case{StorageType::F32, "<f32>"},
                 {StorageType::F16, "<f16>"},
                 {StorageType::BF16, "<bf16>"},
                 {StorageType::F8E4M3, "<f8E4M3FN>"}})
    for (int64_t rows : kRows)
      for (int64_t cols : kCols)
        for (const char *panel : {"", ", <16x1>", ", <16x2>", ", <16x4>",
                                  ", <8x3>", ", <5x2>", ", <1x8>"}) {
          source.addRandom("a.0", c.type, {rows, cols});
          source.addRandom("a.1", c.type, {rows, cols});
          std::string text =
              formatv("tenon.weight @w \"a.{{l}\" layers [1, 0] : "
                      "!tenon.weight<2x{0}x{1}, {2}{3}> at 64",
                      rows, cols, c.format, panel);
          Unpacked w = unpack(pack(text), "w");
          for (int64_t i = 0; i < rows * cols; ++i) {
            ASSERT_EQ(w.values[i], source.getValue("a.1", i)) << text;
            ASSERT_EQ(w.values[rows * cols + i], source.getValue("a.0", i));
          }
        }
}

TEST_F(PackTest, PairsOfHalves) {
  for (int64_t half : {1, 7, 8, 9, 17})
    for (int64_t cols : kCols)
      for (const char *panel : {"<16x2, pair>", "<4x3, pair>"}) {
        source.addRandom("a", StorageType::BF16, {2 * half, cols});
        Unpacked w = unpack(
            pack(formatv("tenon.weight @w \"a\" : !tenon.weight<{0}x{1}, "
                         "<bf16>, {2}> at 0",
                         2 * half, cols, panel)),
            "w");
        for (int64_t i = 0; i < 2 * half * cols; ++i)
          ASSERT_EQ(w.values[i], source.getValue("a", i));
      }
}

// Blocks that are larger and smaller than the matrix, and cut at its edges.
TEST_F(PackTest, BlocksOfScales) {
  struct Block {
    int64_t rows, cols;
  };
  for (Block block : {Block{128, 128}, {16, 32}, {3, 4}, {1, 8}})
    for (int64_t rows : {2, 15, 16, 17, 33, 130})
      for (int64_t cols : kCols)
        for (const char *panel : {"<16x4>", "<16x1>", "<8x2, pair>"}) {
          if (rows % 2 && llvm::StringRef(panel).contains("pair"))
            continue;
          int64_t down = llvm::divideCeil(rows, block.rows);
          int64_t across = llvm::divideCeil(cols, block.cols);
          source.addRandom("w.weight", StorageType::F8E4M3, {2, rows, cols});
          source.addRandom("w.weight_scale_inv",
                           rows % 2 ? StorageType::F32 : StorageType::BF16,
                           {2, down, across});
          std::string text =
              formatv("tenon.weight @w \"w.weight\" factors "
                      "[\"w.weight_scale_inv\"] : !tenon.weight<2x{0}x{1}, "
                      "<f8E4M3FN, scale f32 per {2}x{3}>, {4}> at 0",
                      rows, cols, block.rows, block.cols, panel);
          Unpacked w = unpack(pack(text), "w");
          for (int64_t i = 0; i < 2 * rows * cols; ++i) {
            int64_t m = i / (rows * cols), n = i / cols % rows, k = i % cols;
            int64_t scale =
                (m * down + n / block.rows) * across + k / block.cols;
            ASSERT_EQ(w.scales[i], source.getValue("w.weight_scale_inv", scale))
                << text;
            ASSERT_EQ(w.values[i], source.getValue("w.weight", i) * w.scales[i])
                << text;
          }
        }
}

// Two codes in a byte, and powers of two in another tensor, as they are or widened;
// of the rows all, or every other one.
TEST_F(PackTest, MicroscaledTensors) {
  for (const char *format :
       {"f4E2M1FN, scale f8E8M0FNU per 1x32", "f8E4M3FN, scale f32 per 1x32"})
    for (int64_t rows : {2, 15, 16, 34})
      for (int64_t blocks : {1, 3, 4})
        for (const char *panel : {"<16x4>", "<16x1>"}) {
          int64_t cols = 32 * blocks, half = rows / 2;
          source.addRandom("w_blocks", StorageType::F4E2M1, {2, rows, cols});
          source.addRandom("w_scales", StorageType::F8E8M0, {2, rows, blocks});
          std::string text =
              formatv("tenon.weight @w \"w_blocks\" factors [\"w_scales\"] : "
                      "!tenon.weight<2x{0}x{1}, <{2}>, {3}> at 0\n"
                      "tenon.derive @odd = slice_rows [@w] first 1 step 2 : "
                      "!tenon.weight<2x{4}x{1}, <{2}>, {3}> at 1048576",
                      rows, cols, format, panel, half);
          std::vector<uint8_t> data = pack(text);
          Unpacked w = unpack(data, "w"), odd = unpack(data, "odd");
          auto expected = [&](int64_t m, int64_t n, int64_t k) {
            int64_t row = m * rows + n;
            return source.getValue("w_blocks", row * cols + k) *
                   source.getValue("w_scales", row * blocks + k / 32);
          };
          for (int64_t i = 0; i < 2 * rows * cols; ++i)
            ASSERT_EQ(w.values[i],
                      expected(i / (rows * cols), i / cols % rows, i % cols))
                << text << " element " << i;
          for (int64_t i = 0; i < 2 * half * cols; ++i)
            ASSERT_EQ(odd.values[i],
                      expected(i / (half * cols), 2 * (i / cols % half) + 1,
                               i % cols))
                << text << " element " << i;
        }
}

TEST_F(PackTest, EveryBlockTypeOfGguf) {
  for (StorageType type : getStorageTypes()) {
    if (!hasOwnFactors(type))
      continue;
    FormatAttr stored = getStorageFormat(&context, type);
    for (FormatAttr format : {stored, stored.getWidened()})
      for (int64_t rows : kRows)
        for (int64_t blocks : {1, 2, 3})
          for (const char *panel : {"<16x4>", "<16x1>", "<3x2>"}) {
            int64_t cols = blocks * getBlockElements(type);
            source.addRandom("q", type, {rows, cols});
            std::string text = formatv("tenon.weight @w \"q\" : "
                                       "!tenon.weight<{0}x{1}, {2}, {3}> at 0",
                                       rows, cols, printFormat(format), panel);
            Unpacked w = unpack(pack(text), "w");
            for (int64_t i = 0; i < rows * cols; ++i)
              ASSERT_EQ(w.values[i], source.getValue("q", i))
                  << text << " element " << i;
          }
  }
}

/// Bits of a weight in panels.
static double getBits(FormatAttr format) {
  auto type =
      WeightType::get(format.getContext(), {64, 1024}, format,
                      PanelAttr::get(format.getContext(), 16, 4, false));
  return 8.0 * static_cast<double>(type.getPackedBytes()) / (64 * 1024);
}

// The table of docs/StoredFormats.md, which this test prints when it is not there
// word by word.
TEST_F(PackTest, TableOfBlockTypes) {
  std::string table = "| Type | Number | Bits in the file | on CPUs | in "
                      "device code | Format |\n"
                      "|---|---|---|---|---|---|\n";
  for (uint32_t number = 0; number < 256; ++number) {
    std::optional<StorageType> type = getGgufType(number);
    if (!type || !hasOwnFactors(*type))
      continue;
    FormatAttr format = getStorageFormat(&context, *type);
    double stored = 8.0 * static_cast<double>(getBlockBytes(*type)) /
                    static_cast<double>(getBlockElements(*type));
    table +=
        formatv("| {0} | {1} | {2} | {3} | {4} | `{5}` |\n",
                stringifyStorageType(*type), number, stored, getBits(format),
                getBits(format.getWidened()), printFormat(format));
  }
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> page =
      readInputFile(TENON_STORED_FORMATS);
  ASSERT_TRUE(bool(page)) << llvm::toString(page.takeError());
  EXPECT_TRUE((*page)->getBuffer().contains(table)) << table;
}

// Rows of blocks may be moved, and their two halves paired, like any others.
TEST_F(PackTest, DerivedBlocks) {
  for (StorageType type :
       {StorageType::Q4_K, StorageType::Q6_K, StorageType::Q5_0,
        StorageType::Q8_0, StorageType::MXFP4}) {
    std::string format = printFormat(getStorageFormat(&context, type));
    source.addRandom("a", type, {3, 512});
    source.addRandom("b", type, {19, 512});
    std::vector<uint8_t> data = pack(formatv(
        "tenon.weight @a \"a\" : !tenon.weight<3x512, {0}>\n"
        "tenon.weight @b \"b\" : !tenon.weight<19x512, {0}>\n"
        "tenon.derive @ab = concat_rows [@a, @b] : !tenon.weight<22x512, {0}, "
        "<16x4, pair>> at 0\n"
        "tenon.derive @s = slice_rows [@ab] first 2 : !tenon.weight<17x512, "
        "{0}, <16x4>> at 32768\n"
        "tenon.derive @f = cast [@ab] : !tenon.weight<22x512, <f32>, <16x1>> "
        "at 65536\n",
        format));
    Unpacked ab = unpack(data, "ab"), s = unpack(data, "s"),
             f = unpack(data, "f");
    for (int64_t i = 0; i < 22 * 512; ++i) {
      double expected = i < 3 * 512 ? source.getValue("a", i)
                                    : source.getValue("b", i - 3 * 512);
      ASSERT_EQ(ab.values[i], expected);
      ASSERT_EQ(f.values[i], static_cast<float>(expected));
      if (i >= 2 * 512 && i < 19 * 512)
        ASSERT_EQ(s.values[i - 2 * 512], expected);
    }
  }
}

// Every code but the two that are no numbers, through the bits and by value.
TEST_F(PackTest, EveryCodeOfEightBits) {
  std::vector<uint8_t> codes;
  for (int code = 0; code < 256; ++code)
    if ((code & 0x7f) != 0x7f)
      codes.push_back(static_cast<uint8_t>(code));
  source.add("a", StorageType::F8E4M3, {2, 127}, codes);
  std::vector<uint8_t> data = pack(
      "tenon.weight @w \"a\" : !tenon.weight<2x127, <f8E4M3FN>, <16x4>> at 0\n"
      "tenon.derive @wide = cast [@w] : !tenon.weight<2x127, <f32>> at 8192\n"
      "tenon.derive @half = cast [@w] : !tenon.weight<2x127, <f16>> at 16384\n"
      "tenon.derive @back = cast [@wide] : !tenon.weight<2x127, <f8E4M3FN>> at "
      "24576");
  Unpacked w = unpack(data, "w"), wide = unpack(data, "wide");
  Unpacked half = unpack(data, "half"), back = unpack(data, "back");
  for (size_t i = 0; i < codes.size(); ++i) {
    uint32_t code = codes[i], exponent = code >> 3 & 15, mantissa = code & 7;
    double value = exponent ? std::ldexp(8 + mantissa, int(exponent) - 10)
                            : std::ldexp(mantissa, -9);
    EXPECT_EQ(w.codes[i], codes[i]);
    EXPECT_EQ(wide.values[i], code & 0x80 ? -value : value);
    EXPECT_EQ(wide.codes[i] >> 31, code >> 7); // -0 keeps its sign
    EXPECT_EQ(half.values[i], wide.values[i]);
    EXPECT_EQ(back.codes[i], codes[i]);
  }
}

// Every code with the smallest scale, which no normal f32 is, with 1 and with the
// largest that keeps all values finite; and -0.
TEST_F(PackTest, EveryCodeOfFourBits) {
  const double numbers[] = {0,   0.5,  1,  1.5,  2,  3,  4,  6,
                            -0., -0.5, -1, -1.5, -2, -3, -4, -6};
  const uint8_t exponents[] = {0, 127, 251};
  std::vector<uint8_t> blocks;
  for (uint8_t exponent : exponents) {
    blocks.push_back(exponent);
    for (int low = 0; low < 16; ++low)
      blocks.push_back(static_cast<uint8_t>((15 - low) << 4 | low));
  }
  source.add("a", StorageType::MXFP4, {3, 32}, blocks);
  std::vector<uint8_t> data = pack(
      "tenon.weight @w \"a\" : !tenon.weight<3x32, <f4E2M1FN, scale f8E8M0FNU "
      "per 1x32>, <16x4>> at 0\n"
      "tenon.derive @f = cast [@w] : !tenon.weight<3x32, <f32>, <16x1>> at "
      "4096");
  Unpacked w = unpack(data, "w"), f = unpack(data, "f");
  for (int row = 0; row < 3; ++row)
    for (int k = 0; k < 32; ++k) {
      int code = k < 16 ? k : 31 - k;
      double scale = std::ldexp(1.0, exponents[row] - 127);
      EXPECT_EQ(w.codes[row * 32 + k], static_cast<uint32_t>(code));
      EXPECT_EQ(w.values[row * 32 + k], numbers[code] * scale);
      EXPECT_EQ(f.values[row * 32 + k], numbers[code] * scale);
      EXPECT_EQ(f.codes[row * 32 + k] >> 31, static_cast<uint32_t>(code >> 3));
    }
  blocks[17] = 0xff;
  source.add("a", StorageType::MXFP4, {3, 32}, blocks);
  EXPECT_EQ(packError("tenon.weight @w \"a\" : !tenon.weight<3x32, <f4E2M1FN, "
                      "scale f8E8M0FNU per 1x32>, <16x4>> at 0"),
            "tensor 'a' has a scale of nan in row 1, but scales are finite; "
            "convert the model again");
}

TEST_F(PackTest, VectorsAndStacks) {
  source.addRandom("n.0", StorageType::F32, {37});
  source.addRandom("n.4", StorageType::F32, {37});
  source.addRandom("b", StorageType::BF16, {5});
  Unpacked n = unpack(pack("tenon.weight @n \"n.{l}\" layers [0, 4] : "
                           "!tenon.weight<2x37, <f32>> at 0"),
                      "n");
  for (int64_t i = 0; i < 37; ++i) {
    EXPECT_EQ(n.values[i], source.getValue("n.0", i));
    EXPECT_EQ(n.values[37 + i], source.getValue("n.4", i));
  }
  EXPECT_EQ(source.getReleases(), 2); // one matrix, whose rows are two tensors
  // A wider type holds the same values.
  Unpacked b =
      unpack(pack("tenon.weight @b \"b\" : !tenon.weight<5, <f32>> at 0"), "b");
  for (int64_t i = 0; i < 5; ++i)
    EXPECT_EQ(b.values[i], source.getValue("b", i));
}

// One tensor for each expert, and one for all experts of a layer.
TEST_F(PackTest, Experts) {
  for (int layer : {1, 2}) {
    std::string name = "l." + std::to_string(layer);
    source.addRandom(name + ".all", StorageType::BF16, {3, 5, 7});
    for (int expert = 0; expert < 3; ++expert)
      source.addRandom(name + "." + std::to_string(expert), StorageType::BF16,
                       {5, 7});
  }
  std::vector<uint8_t> data =
      pack("tenon.weight @one \"l.{l}.{e}\" layers [1, 2] : "
           "!tenon.weight<2x3x5x7, <bf16>, <4x2>> at 0\n"
           "tenon.weight @all \"l.{l}.all\" layers [1, 2] : "
           "!tenon.weight<2x3x5x7, <bf16>, <4x2>> at 4096");
  Unpacked one = unpack(data, "one"), all = unpack(data, "all");
  for (int64_t i = 0; i < 2 * 3 * 35; ++i) {
    std::string layer = "l." + std::to_string(1 + i / 105);
    EXPECT_EQ(all.values[i], source.getValue(layer + ".all", i % 105));
    EXPECT_EQ(
        one.values[i],
        source.getValue(layer + "." + std::to_string(i / 35 % 3), i % 35));
  }
  EXPECT_EQ(source.getReleases(), 2 * 6);
}

// Panels and rows that are too large for one buffer are packed in parts.
TEST_F(PackTest, LargeMatrices) {
  constexpr int64_t rows = 19, cols = 60001;
  source.addRandom("a", StorageType::F32, {rows, cols});
  source.addRandom("v", StorageType::F32, {rows * cols});
  source.addRandom("q", StorageType::Q4_K, {rows, 60160});
  std::string text = formatv(
      "tenon.weight @p \"a\" : !tenon.weight<{0}x{1}, <f32>, <16x3>> at 64\n"
      "tenon.weight @r \"a\" : !tenon.weight<{0}x{1}, <f32>> at 8388608\n"
      "tenon.weight @v \"v\" : !tenon.weight<{2}, <f32>> at 16777216\n"
      "tenon.weight @q \"q\" : !tenon.weight<{0}x60160, <i8, scale f32 per "
      "1x32, offset>, <16x4>> at 25165824\n",
      rows, cols, rows * cols);
  std::vector<uint8_t> data = pack(text, /*threads=*/1);
  EXPECT_EQ(data, pack(text, /*threads=*/3));
  Unpacked p = unpack(data, "p"), r = unpack(data, "r"), v = unpack(data, "v"),
           q = unpack(data, "q");
  for (int64_t i = 0; i < rows * cols; ++i) {
    ASSERT_EQ(p.values[i], source.getValue("a", i));
    ASSERT_EQ(r.codes[i], p.codes[i]);
    ASSERT_EQ(v.values[i], source.getValue("v", i));
  }
  for (int64_t i = 0; i < rows * 60160; ++i)
    ASSERT_EQ(q.values[i], source.getValue("q", i));
}

TEST_F(PackTest, NothingPlaced) {
  source.addRandom("a", StorageType::F32, {3, 5});
  EXPECT_TRUE(pack("").empty());
  EXPECT_TRUE(
      pack("tenon.weight @a \"a\" : !tenon.weight<3x5, <f32>>").empty());
}

TEST_F(PackTest, ListOfWeights) {
  module = parse(
      "tenon.weight @b \"b.{l}\" layers [0, 2] : !tenon.weight<2x3x5, <f32>>"
      " at 256\n"
      "tenon.derive @c = concat_rows [@b, @b] : !tenon.weight<2x6x5, <f32>, "
      "<4x1>> at 0\n"
      "tenon.weight @unplaced \"u\" : !tenon.weight<3, <f32>>");
  std::vector<PlacedWeight> weights = listPlacedWeights(*module);
  ASSERT_EQ(weights.size(), 2u);
  EXPECT_EQ(weights[0].name, "c");
  EXPECT_EQ(weights[0].source, "concat_rows @b, @b");
  EXPECT_EQ(weights[0].size, 2u * 8 * 5 * 4);
  EXPECT_EQ(weights[1].source, "b.{l} of layers 0, 2");
  EXPECT_EQ(weights[1].offset, 256u);
  EXPECT_EQ(getPackedSize(*module), 256u + 2 * 15 * 4);
}
