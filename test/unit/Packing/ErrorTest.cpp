// What is refused when weights are packed, and with which words.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <atomic>
#include <chrono>
#include <thread>
#include "PackFixture.h"

using namespace tenon;
using namespace tenon::test;

TEST_F(PackTest, TensorsThatDoNotFit) {
  source.addRandom("x.1", StorageType::BF16, {4, 6});
  source.addRandom("i", StorageType::I64, {4, 6});
  source.addRandom("q", StorageType::Q8_0, {1, 64});
  source.addRandom("short", StorageType::Q8_0, {2, 16});
  source.add("cut", StorageType::F32, {2, 2}, {1, 2, 3});
  EXPECT_EQ(packError("tenon.weight @w \"x.{l}\" layers [1, 2] : "
                      "!tenon.weight<2x4x6, <bf16>> at 0"),
            "weight @w needs tensor 'x.2', which the model does not have; "
            "complete the model's files");
  EXPECT_EQ(
      packError("tenon.weight @w \"x.1\" : !tenon.weight<6x4, <bf16>> at 0"),
      "weight @w needs tensor 'x.1' of shape [6, 4], but it has [4, 6]; the "
      "model's files disagree with its configuration");
  EXPECT_EQ(
      packError("tenon.weight @w \"x.1\" : !tenon.weight<4x6, <f16>> at 0"),
      "tensor 'x.1' has type BF16, which cannot become #tenon.format<f16> of "
      "weight @w; give the weight the format #tenon.format<bf16> and derive a "
      "cast");
  EXPECT_EQ(packError("tenon.weight @w \"i\" : !tenon.weight<4x6, <f32>> at 0"),
            "tensor 'i' has type I64, which cannot become #tenon.format<f32> "
            "of weight @w; only numbers can be weights");
  EXPECT_EQ(packError("tenon.weight @w \"q\" : !tenon.weight<1x64, <i8, scale "
                      "f32 per 1x16>, <16x4>> at 0"),
            "tensor 'q' has type Q8_0, which cannot become #tenon.format<i8, "
            "scale f32 per 1x16> of weight @w; give the weight the format "
            "#tenon.format<ui8, zero 128, scale f16 per 1x32> and derive a "
            "cast");
  EXPECT_EQ(packError("tenon.weight @w \"short\" : !tenon.weight<2x16, <i8, "
                      "scale f32 per 1x32>, <16x4>> at 0"),
            "tensor 'short' has rows of 16 elements, but blocks of Q8_0 have "
            "32; convert the model again");
  EXPECT_EQ(packError("tenon.weight @w \"cut\" : !tenon.weight<2x2, <f32>> at "
                      "0"),
            "tensor 'cut' has 3 bytes, but its shape and type need 16; load "
            "the model again");
  EXPECT_EQ(packError("tenon.weight @w \"x.{l}.{e}\" layers [1] : "
                      "!tenon.weight<1x4, <f32>> at 0"),
            "weight @w leaves shape [] for each of its tensors, but a tensor "
            "has at least one dimension; correct its type or its source");
}

TEST_F(PackTest, Scales) {
  std::string type =
      " : !tenon.weight<4x6, <f8E4M3FN, scale f32 per 4x4>, <16x4>> at 0";
  std::string text = "tenon.weight @w \"w\" factors [\"w_scale_inv\"]" + type;
  source.addRandom("w", StorageType::F8E4M3, {4, 6});
  EXPECT_EQ(packError(text),
            "weight @w needs tensor 'w_scale_inv', which the model does not "
            "have; complete the model's files");
  EXPECT_EQ(packError("tenon.weight @w \"w\"" + type),
            "tensor 'w' has type F8_E4M3, which has no scales, but weight @w "
            "names no tensors of factors; name them");
  source.addRandom("w_scale_inv", StorageType::F32, {1, 1});
  EXPECT_EQ(packError(text),
            "weight @w needs tensor 'w_scale_inv' of shape [1, 2], but it has "
            "[1, 1]; the model's files disagree with its configuration");
  source.addRandom("w_scale_inv", StorageType::I64, {1, 2});
  EXPECT_EQ(packError(text),
            "tensor 'w_scale_inv' has type I64, but scales are F32, F16 or "
            "BF16; convert the model again");
  source.add("w_scale_inv", StorageType::BF16, {1, 2}, {0, 0, 0xc0, 0x7f});
  EXPECT_EQ(packError(text),
            "tensor 'w_scale_inv' has a scale of nan in row 0, but scales are "
            "finite; convert the model again");
  std::string halves =
      "tenon.weight @x \"x\" factors [\"x_scales\"] : !tenon.weight<1x32, "
      "<f4E2M1FN, scale f8E8M0FNU per 1x32>, <16x4>> at 0";
  source.addRandom("x", StorageType::F4E2M1, {1, 32});
  source.addRandom("x_scales", StorageType::F32, {1, 1});
  EXPECT_EQ(packError(halves), "tensor 'x_scales' has type F32, but scales are "
                               "F8_E8M0; convert the model again");
  source.add("x_scales", StorageType::F8E8M0, {1, 1}, {255});
  EXPECT_EQ(packError(halves),
            "tensor 'x_scales' has a scale of nan in row 0, but scales are "
            "finite; convert the model again");
  std::vector<uint8_t> block(18);
  block[1] = 0x7c;
  source.add("q", StorageType::Q4_0, {1, 32}, block);
  EXPECT_EQ(packError("tenon.weight @w \"q\" : !tenon.weight<1x32, <i8, scale "
                      "f32 per 1x32>, <16x4>> at 0"),
            "tensor 'q' has a scale of infinity in row 0, but scales are "
            "finite; convert the model again");
  EXPECT_EQ(packError("tenon.weight @w \"q\" factors [\"s\"] : "
                      "!tenon.weight<1x32, <ui4, zero 8, scale f16 per 1x32>, "
                      "<16x4>> at 0"),
            "tensor 'q' has type Q4_0, which has its scales, but weight @w "
            "names tensors of factors; remove the names");
  // The minimum of the second row, whose scale is finite.
  std::vector<uint8_t> blocks(40);
  blocks[23] = 0xfc;
  source.add("m", StorageType::Q4_1, {2, 32}, blocks);
  EXPECT_EQ(packError("tenon.weight @w \"m\" : !tenon.weight<2x32, <i8, scale "
                      "f32 per 1x32, offset>, <16x4>> at 0"),
            "tensor 'm' has a scale of infinity in row 1, but scales are "
            "finite; convert the model again");
}

TEST_F(PackTest, CodesThatAreNoNumbers) {
  for (uint8_t code : {0x7f, 0xff}) {
    std::vector<uint8_t> codes(2 * 37, 0x7e);
    codes[37 + 35] = code;
    source.add("w", StorageType::F8E4M3, {2, 37}, codes);
    for (const char *layout : {"", ", <16x4>"})
      EXPECT_EQ(packError("tenon.weight @w \"w\" : !tenon.weight<2x37, "
                          "<f8E4M3FN>" +
                          std::string(layout) + "> at 0"),
                "tensor 'w' is not a number at element 72, but weights are "
                "finite; convert the model again");
  }
}

TEST_F(PackTest, PlacesAndLayouts) {
  source.addRandom("a", StorageType::F32, {3, 4});
  source.addRandom("q", StorageType::Q8_0, {2, 32});
  std::string q = "tenon.weight @w \"q\" : !tenon.weight<2x32, <i8, scale f32 "
                  "per 1x32>";
  EXPECT_EQ(packError("tenon.weight @a \"a\" : !tenon.weight<3x4, <f32>> at 0\n"
                      "tenon.weight @b \"a\" : !tenon.weight<3x4, <f32>> at "
                      "47"),
            "@b lies at offset 47, inside of @a, which ends at 48; place the "
            "weights again");
  EXPECT_EQ(packError("tenon.weight @a \"a\" : !tenon.weight<3x4, <f32>> at 0\n"
                      "tenon.weight @b \"a\" : !tenon.weight<3x4, <f32>> at "
                      "48"),
            "no error");
  EXPECT_EQ(
      packError("tenon.weight @a \"a\" : !tenon.weight<3x4, <f32>> at -8"),
      "@a lies at offset -8; place it at 0 or above");
  EXPECT_EQ(packError(q + "> at 0"),
            "@w has a format with scales but no layout, and scales lie inside "
            "of panels; give its type a panel");
  EXPECT_EQ(packError(q + ", <16x3>> at 0"),
            "@w shares scales between 32 columns, which is no multiple of the "
            "panel's period of 3; choose another depth");
  EXPECT_EQ(packError("tenon.weight @a \"a\" : !tenon.weight<3x4, <f32>, "
                      "<16x1, pair>> at 0"),
            "@a pairs the halves of 3 rows, whose number must be even; pack it "
            "without pair");
}

TEST_F(PackTest, Derivations) {
  std::vector<uint8_t> bytes(16);
  float large = 1e30f;
  memcpy(bytes.data() + 12, &large, 4);
  source.add("a", StorageType::F32, {2, 2}, bytes);
  std::string a = "tenon.weight @a \"a\" : !tenon.weight<2x2, <f32>>\n";
  EXPECT_EQ(packError(a + "tenon.derive @c = cast [@a] : !tenon.weight<2x2, "
                          "<f16>> at 0"),
            "@c casts 1e+30 in row 1, column 1 of matrix 0, which exceeds the "
            "largest f16; cast to a wider format");
  EXPECT_EQ(packError(a + "tenon.derive @c = cast [@a] : !tenon.weight<2x2, "
                          "<i8, scale f32 per 1x32>, <16x4>> at 0"),
            "@c casts to a format with scales, which nothing says how to "
            "choose; cast to f32, f16 or bf16");
}

// Of two tiles that fail at once, the lower one is reported, though it fails
// first.
TEST_F(PackTest, ErrorOfTheLowerTile) {
  source.addRandom("a", StorageType::F32, {2, 16});
  module = parse("tenon.weight @a \"a\" : !tenon.weight<2x16, <f32>> at 0");
  std::atomic<bool> isUpperThere = false, hasLowerFailed = false;
  PackOptions options;
  options.threads = 2;
  options.tileBytes = 64;
  llvm::Error error = packWeights(
      *module, source,
      [&](uint64_t offset, llvm::ArrayRef<uint8_t>) -> llvm::Error {
        std::atomic<bool> &own = offset ? isUpperThere : hasLowerFailed;
        std::atomic<bool> &other = offset ? hasLowerFailed : isUpperThere;
        if (offset)
          own = true;
        while (!other)
          std::this_thread::yield();
        own = true;
        // The lower one has time to be reported before the upper one.
        if (offset)
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return llvm::createStringError("full at %d", int(offset));
      },
      options);
  EXPECT_EQ(llvm::toString(std::move(error)), "full at 0");
}

// The error does not depend on the threads: it is that of the first bytes.
TEST_F(PackTest, ErrorsOfTheSink) {
  source.addRandom("a", StorageType::F32, {512, 4096});
  module = parse(
      "tenon.weight @a \"a\" : !tenon.weight<512x4096, <f32>, <16x1>> at 0");
  for (unsigned threads : {1, 2, 4}) {
    PackOptions options;
    options.threads = threads;
    llvm::Error error = packWeights(
        *module, source,
        [](uint64_t offset, llvm::ArrayRef<uint8_t>) -> llvm::Error {
          if (offset < (2 << 20))
            return llvm::Error::success();
          return llvm::createStringError("full at %d", int(offset));
        },
        options);
    EXPECT_EQ(llvm::toString(std::move(error)), "full at 2097152");
  }
}
