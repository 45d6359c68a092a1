// Headers of GGUF files, right ones and every kind of wrong one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"

#include "Expect.h"
#include "Images.h"

using namespace tenon;

static std::string parse(const std::string &bytes) {
  return takeMessage(parseGguf(bytes, "m.gguf"));
}

static std::string parse(const GgufImage &image) {
  return parse(image.build());
}

TEST(Gguf, ReadsEveryTypeOfTensor) {
  struct Row {
    uint32_t code;
    StorageType type;
    uint64_t elements;
    uint64_t bytes;
  };
  for (Row row : {Row{0, StorageType::F32, 1, 4},
                  {1, StorageType::F16, 1, 2},
                  {2, StorageType::Q4_0, 32, 18},
                  {3, StorageType::Q4_1, 32, 20},
                  {6, StorageType::Q5_0, 32, 22},
                  {7, StorageType::Q5_1, 32, 24},
                  {8, StorageType::Q8_0, 32, 34},
                  {12, StorageType::Q4_K, 256, 144},
                  {13, StorageType::Q5_K, 256, 176},
                  {14, StorageType::Q6_K, 256, 210},
                  {30, StorageType::BF16, 1, 2},
                  {10, StorageType::Q2_K, 256, 84},
                  {11, StorageType::Q3_K, 256, 110},
                  {16, StorageType::IQ2_XXS, 256, 66},
                  {17, StorageType::IQ2_XS, 256, 74},
                  {18, StorageType::IQ3_XXS, 256, 98},
                  {19, StorageType::IQ1_S, 256, 50},
                  {20, StorageType::IQ4_NL, 32, 18},
                  {21, StorageType::IQ3_S, 256, 110},
                  {22, StorageType::IQ2_S, 256, 82},
                  {23, StorageType::IQ4_XS, 256, 136},
                  {29, StorageType::IQ1_M, 256, 56},
                  {34, StorageType::TQ1_0, 256, 54},
                  {35, StorageType::TQ2_0, 256, 66},
                  {39, StorageType::MXFP4, 32, 17}})
    for (uint32_t version : {2, 3}) {
      std::string bytes = GgufImage(version)
                              .addTensor("first", {1}, 0, 4)
                              .addTensor("a", {3 * row.elements, 5, 7},
                                         row.code, 3 * 5 * 7 * row.bytes)
                              .build();
      llvm::Expected<GgufContents> contents = parseGguf(bytes, "m.gguf");
      ASSERT_TRUE(bool(contents)) << llvm::toString(contents.takeError());
      const StoredTensor &tensor = contents->tensors.at(1);
      EXPECT_EQ(tensor.info.name, "a");
      EXPECT_EQ(tensor.info.type, row.type);
      // Outermost first, as everywhere but in the file.
      EXPECT_EQ(llvm::ArrayRef(tensor.info.shape),
                llvm::ArrayRef<int64_t>({7, 5, int64_t(3 * row.elements)}));
      EXPECT_EQ(tensor.size, 3 * 5 * 7 * row.bytes);
      EXPECT_EQ(tensor.begin % 32, 0u);
      // The images write i * 5 + 3.
      EXPECT_EQ(uint8_t(bytes[tensor.begin]), 3);
      EXPECT_EQ(uint8_t(bytes[tensor.begin + tensor.size - 1]),
                uint8_t((tensor.size - 1) * 5 + 3));
    }
}

TEST(Gguf, ReadsEveryTypeOfValue) {
  std::string bytes = GgufImage()
                          .addNumber<uint8_t>("u8", 0, 200)
                          .addNumber<int8_t>("i8", 1, -3)
                          .addNumber<uint16_t>("u16", 2, 60000)
                          .addNumber<int16_t>("i16", 3, -300)
                          .addNumber<uint32_t>("u32", 4, 4000000000u)
                          .addNumber<int32_t>("i32", 5, -70000)
                          .addFloat("f32", 0.25f)
                          .addNumber<uint8_t>("bool", 7, 1)
                          .addString("text", "t\xff")
                          .addStrings("texts", {"a", "", "bc"})
                          .addInts("ints", {1, 2, 3})
                          .addRaw("floats", 9,
                                  std::string("\6\0\0\0\1\0\0\0\0\0\0\0"
                                              "\0\0\x80\x3f",
                                              16))
                          .addNumber<uint64_t>("u64", 10, UINT64_MAX)
                          .addNumber<int64_t>("i64", 11, INT64_MIN)
                          .addNumber<double>("f64", 12, 0.125)
                          .build();
  llvm::Expected<GgufContents> contents = parseGguf(bytes, "m.gguf");
  ASSERT_TRUE(bool(contents)) << llvm::toString(contents.takeError());
  const GgufMetadata &view = contents->metadata;
  EXPECT_EQ(view.getInt("u8"), 200);
  EXPECT_EQ(view.getInt("i8"), -3);
  EXPECT_EQ(view.getInt("u16"), 60000);
  EXPECT_EQ(view.getInt("i16"), -300);
  EXPECT_EQ(view.getInt("u32"), 4000000000);
  EXPECT_EQ(view.getInt("i32"), -70000);
  EXPECT_EQ(view.getInt("i64"), INT64_MIN);
  EXPECT_EQ(view.getInt("u64"), std::nullopt);
  EXPECT_EQ(view.getFloat("f32"), 0.25);
  EXPECT_EQ(view.getFloat("f64"), 0.125);
  EXPECT_EQ(view.getBool("bool"), true);
  EXPECT_EQ(view.getString("text"), llvm::StringRef("t\xff"));
  EXPECT_EQ(view.getStringArray("texts"),
            (std::vector<llvm::StringRef>{"a", "", "bc"}));
  EXPECT_EQ(view.getIntArray("ints"), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(view.getFloatArray("floats"), (std::vector<float>{1.0f}));
  // Absent, or of another type.
  EXPECT_EQ(view.getInt("none"), std::nullopt);
  EXPECT_EQ(view.getInt("f32"), std::nullopt);
  EXPECT_EQ(view.getFloat("u8"), std::nullopt);
  EXPECT_EQ(view.getBool("u8"), std::nullopt);
  EXPECT_EQ(view.getString("texts"), std::nullopt);
  EXPECT_EQ(view.getStringArray("ints"), std::nullopt);
  EXPECT_EQ(view.getIntArray("floats"), std::nullopt);
  EXPECT_EQ(view.getFloatArray("ints"), std::nullopt);
}

TEST(Gguf, StopsTruncatedFiles) {
  std::string bytes = GgufImage()
                          .addStrings("texts", {"a", "bc"})
                          .addInt("int", 3)
                          .addTensor("a", {3}, 0, 12)
                          .build();
  ASSERT_EQ(parse(bytes), "no error");
  // Padding behind the last tensor may be missing.
  for (size_t size = 0; size < bytes.size() - 20; ++size)
    EXPECT_NE(parse(bytes.substr(0, size)), "no error") << size;
  EXPECT_EQ(parse(bytes.substr(0, 20)),
            "m.gguf: ends inside of its first 24 bytes after 20 bytes; the "
            "file is truncated or damaged");
  EXPECT_EQ(parse(bytes.substr(0, bytes.size() - 25)),
            "m.gguf: tensor 'a' has 12 bytes at byte 0 of the data, which has "
            "7 bytes; the file is truncated or damaged");
}

TEST(Gguf, StopsOtherFilesAndVersions) {
  EXPECT_EQ(parse("GGML" + std::string(40, '\0')),
            "m.gguf: expects a GGUF file, but it begins with 'GGML'");
  for (uint32_t version : {0u, 1u, 4u})
    EXPECT_EQ(parse(GgufImage(version)), "m.gguf: has version " +
                                             std::to_string(version) +
                                             " of GGUF; known versions: 2, 3");
  EXPECT_EQ(parse(GgufImage(3u << 24)),
            "m.gguf: is big endian; convert it to little endian");
}

TEST(Gguf, StopsLyingCounts) {
  EXPECT_EQ(parse(GgufImage().addInt("a", 1).sayEntries(uint64_t(1) << 60)),
            "m.gguf: says that it has 1152921504606846976 metadata entries "
            "and 0 tensors, but only 17 bytes follow; the file is truncated "
            "or damaged");
  EXPECT_EQ(parse(GgufImage().sayTensors(UINT64_MAX)),
            "m.gguf: says that it has 0 metadata entries and "
            "18446744073709551615 tensors, but only 0 bytes follow; the file "
            "is truncated or damaged");
  std::string huge;
  append<uint64_t>(huge, UINT64_MAX - 3);
  std::string end = " after 63 bytes; the file is truncated or damaged";
  EXPECT_EQ(parse(GgufImage().addRaw("texts", 8, huge + std::string(14, 'x'))),
            "m.gguf: ends inside of the metadata entry 'texts'" + end);
  // Each type of element, with a count that overflows when multiplied.
  for (uint32_t type = 0; type <= 12; ++type) {
    std::string array;
    append(array, type);
    append<uint64_t>(array, (uint64_t(1) << 62) + 1);
    array += std::string(10, '\0');
    std::string message = parse(GgufImage().addRaw("texts", 9, array));
    EXPECT_NE(message, "no error") << type;
  }
}

TEST(Gguf, StopsUnknownValues) {
  EXPECT_EQ(parse(GgufImage().addRaw("x", 13, "abcdefgh")),
            "m.gguf: metadata entry 'x' has the unknown type 13; known types: "
            "0 to 12");
  EXPECT_EQ(parse(GgufImage().addRaw(
                "x", 9, std::string("\x63\0\0\0\0\0\0\0\0\0\0\0", 12))),
            "m.gguf: metadata entry 'x' has the unknown type 99; known types: "
            "0 to 12");
}

/// Arrays in one another; the innermost one has one byte.
static std::string makeNested(unsigned depth) {
  std::string value;
  for (unsigned i = 0; i < depth; ++i) {
    append<uint32_t>(value, i + 1 < depth ? 9 : 0);
    append<uint64_t>(value, 1);
  }
  return value + "v";
}

TEST(Gguf, BoundsNestedArrays) {
  EXPECT_EQ(parse(GgufImage().addRaw("x", 9, makeNested(1)).addInt("y", 1)),
            "no error");
  EXPECT_EQ(parse(GgufImage().addRaw("x", 9, makeNested(5)).addInt("y", 1)),
            "no error");
  for (unsigned depth : {6, 100000})
    EXPECT_EQ(parse(GgufImage().addRaw("x", 9, makeNested(depth))),
              "m.gguf: metadata entry 'x' nests arrays more than 4 deep");
}

TEST(Gguf, StopsDuplicates) {
  EXPECT_EQ(parse(GgufImage().addInt("a", 1).addInt("a", 1)),
            "m.gguf: has the metadata entry 'a' twice");
  EXPECT_EQ(
      parse(GgufImage().addTensor("a", {1}, 0, 4).addTensor("a", {1}, 0, 4)),
      "m.gguf: has the tensor 'a' twice");
}

TEST(Gguf, StopsWrongOffsets) {
  EXPECT_EQ(parse(GgufImage().addTensorAt(16, "a", {1}, 0).addData(64)),
            "m.gguf: tensor 'a' begins at byte 16 of the data, but the file "
            "aligns tensors to 32 bytes");
  EXPECT_EQ(parse(GgufImage().addTensorAt(64, "a", {1}, 0).addData(64)),
            "m.gguf: tensor 'a' has 4 bytes at byte 64 of the data, which has "
            "64 bytes; the file is truncated or damaged");
  uint64_t last = UINT64_MAX - 31;
  EXPECT_EQ(parse(GgufImage().addTensorAt(last, "a", {16}, 0).addData(64)),
            "m.gguf: tensor 'a' has 64 bytes at byte " + std::to_string(last) +
                " of the data, which has 64 bytes; the file is truncated or "
                "damaged");
  EXPECT_NE(parse(GgufImage()
                      .addTensorAt(0, "a", {9}, 0)
                      .addTensorAt(32, "b", {2}, 0)
                      .addData(64))
                .find("tensors 'a' and 'b' overlap: the first ends at byte "),
            std::string::npos);
}

TEST(Gguf, ChecksAlignment) {
  GgufImage image;
  image.addInt("general.alignment", 8);
  EXPECT_EQ(parse(image.addTensorAt(8, "a", {1}, 0).addData(16)), "no error");
  for (uint32_t alignment : {0u, 3u, 48u, 1u << 21})
    EXPECT_EQ(parse(GgufImage().addInt("general.alignment", alignment)),
              "m.gguf: 'general.alignment' expects a power of two from 1 to "
              "1048576, but got " +
                  std::to_string(alignment));
  EXPECT_EQ(parse(GgufImage().addString("general.alignment", "32")),
            "m.gguf: 'general.alignment' expects a power of two from 1 to "
            "1048576, but got a value of another type");
}

TEST(Gguf, StopsHugeShapes) {
  std::string end = ", which has more than 2^60 elements";
  uint64_t half = uint64_t(1) << 32;
  EXPECT_EQ(parse(GgufImage().addTensorAt(0, "a", {half, half}, 0)),
            "m.gguf: tensor 'a' has the shape [4294967296, 4294967296]" + end);
  EXPECT_EQ(parse(GgufImage().addTensorAt(0, "a", {half, half, 0}, 0)),
            "m.gguf: tensor 'a' has the shape [0, 4294967296, 4294967296]" +
                end);
  EXPECT_EQ(parse(GgufImage().addTensorAt(0, "a", {UINT64_MAX}, 0)),
            "m.gguf: tensor 'a' has a dimension of 18446744073709551615, but "
            "at most 2^63 - 1 are possible");
  EXPECT_EQ(parse(GgufImage().addTensorAt(0, "a", {1, 1, 1, 1, 1}, 0)),
            "m.gguf: tensor 'a' has 5 dimensions, but GGUF has at most 4");
  EXPECT_EQ(parse(GgufImage().addTensorAt(0, "a", {0, 7}, 12)), "no error");
  EXPECT_EQ(parse(GgufImage().addTensor("a", {}, 0, 4)), "no error");
}

// Tensors of types that no weight can have are known by that type; how large
// they are is not.
TEST(Gguf, KeepsForeignTypes) {
  for (auto [number, name] :
       {std::pair<uint32_t, const char *>{31, "number 31"},
        {99, "number 99"}}) {
    std::string bytes = GgufImage()
                            .addTensor("a", {256}, number, 7)
                            .addTensor("b", {3}, 0, 12)
                            .build();
    llvm::Expected<GgufContents> contents = parseGguf(bytes, "m.gguf");
    ASSERT_TRUE(bool(contents)) << takeMessage(contents.takeError());
    const std::vector<StoredTensor> &tensors = contents->tensors;
    ASSERT_EQ(tensors.size(), 2u);
    EXPECT_EQ(tensors[0].foreignType, name);
    EXPECT_EQ(tensors[1].foreignType, "");
    EXPECT_EQ(tensors[1].size, 12u);
  }
  EXPECT_NE(parse(GgufImage().addTensorAt(4096, "a", {256}, 99)), "no error");
}

TEST(Gguf, StopsRowsOfPartsOfBlocks) {
  EXPECT_EQ(parse(GgufImage().addTensorAt(0, "a", {96, 2}, 12)),
            "m.gguf: tensor 'a' of type Q4_K expects rows of a multiple of "
            "256 elements, but got 96");
}

static std::string canonicalize(const char *architecture,
                                llvm::StringRef name) {
  std::string bytes = makeGgufModel(architecture).build();
  llvm::Expected<GgufContents> contents = parseGguf(bytes, "m.gguf");
  if (!contents)
    return takeMessage(contents.takeError());
  return getCanonicalGgufName(
      name, *takeValue(getGgufArchitecture(contents->metadata)));
}

TEST(GgufNames, AreThoseOfTheCheckpoint) {
  EXPECT_EQ(canonicalize("llama", "token_embd.weight"),
            "model.embed_tokens.weight");
  EXPECT_EQ(canonicalize("llama", "output_norm.weight"), "model.norm.weight");
  EXPECT_EQ(canonicalize("llama", "output.weight"), "lm_head.weight");
  EXPECT_EQ(canonicalize("qwen2", "blk.17.attn_q.bias"),
            "model.layers.17.self_attn.q_proj.bias");
  EXPECT_EQ(canonicalize("llama", "blk.0.ffn_norm.weight"),
            "model.layers.0.post_attention_layernorm.weight");
  EXPECT_EQ(canonicalize("gemma3", "blk.0.ffn_norm.weight"),
            "model.layers.0.pre_feedforward_layernorm.weight");
  EXPECT_EQ(canonicalize("gemma3", "blk.0.post_attention_norm.weight"),
            "model.layers.0.post_attention_layernorm.weight");
  // No canonical form: kept, and not confused with another name.
  for (const char *name :
       {"blk.00.attn_q.weight", "blk.x.attn_q.weight", "blk..attn_q.weight",
        "blk.0.attn_q", "blk.0.attn_qkv.weight", "other.weight", "", "weight",
        "blk.99999999999.attn_q.weight", "blk.0.attn_q.scale",
        "blk..output.weight", "blk.0.exp_probs_b.bias"})
    EXPECT_EQ(canonicalize("llama", name), name);
  // A whole name, and one of a single architecture.
  EXPECT_EQ(canonicalize("deepseek2", "blk.3.exp_probs_b.bias"),
            "model.layers.3.mlp.gate.e_score_correction_bias");
  EXPECT_EQ(canonicalize("deepseek32", "blk.3.indexer.k_norm.bias"),
            "model.layers.3.self_attn.indexer.k_norm.bias");
  EXPECT_EQ(canonicalize("deepseek32", "blk.3.indexer.proj.weight"),
            "model.layers.3.self_attn.indexer.weights_proj.weight");
  EXPECT_EQ(canonicalize("deepseek2", "blk.3.exp_probs_b.weight"),
            "blk.3.exp_probs_b.weight");
  EXPECT_EQ(canonicalize("glm4moe", "blk.3.post_attention_norm.weight"),
            "model.layers.3.post_attention_layernorm.weight");
  EXPECT_EQ(canonicalize("gpt-oss", "blk.3.attn_sinks.weight"),
            "model.layers.3.self_attn.sinks");
  EXPECT_EQ(canonicalize("gpt-oss", "blk.3.ffn_gate_exps.bias"),
            "model.layers.3.mlp.experts.gate_proj.bias");
  EXPECT_EQ(canonicalize("qwen2moe", "blk.3.ffn_gate_shexp.weight"),
            "model.layers.3.mlp.shared_expert.gate_proj.weight");
}

static std::string findArchitecture(const GgufImage &image) {
  std::string bytes = image.build();
  llvm::Expected<GgufContents> contents = parseGguf(bytes, "m.gguf");
  if (!contents)
    return takeMessage(contents.takeError());
  return takeMessage(getGgufArchitecture(contents->metadata));
}

TEST(GgufNames, ChecksTheArchitecture) {
  EXPECT_EQ(findArchitecture(makeGgufModel("rwkv")),
            "m.gguf: unknown architecture 'rwkv'; known architectures: llama, "
            "qwen2, qwen2moe, qwen3, qwen3moe, olmoe, smollm3, "
            "llama4, granite, phi3, gemma2, gemma3, gpt2, bert, gpt-oss, "
            "glm4moe, deepseek2, deepseek32");
  EXPECT_EQ(findArchitecture(GgufImage()),
            "m.gguf: the string 'general.architecture' is missing");
}
