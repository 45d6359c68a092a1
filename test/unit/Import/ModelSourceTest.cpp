// Opens folders and files on disk, right ones and wrong ones.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/ModelSource.h"
#include "tenon/Import/Tokenizer.h"

#include "Expect.h"
#include "Images.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace tenon;
namespace fs = llvm::sys::fs;

namespace {
/// A folder of its own for each test, removed at the end.
class ModelSourceTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(fs::createUniqueDirectory("tenon-import", folder));
  }
  void TearDown() override { fs::remove_directories(folder); }

  std::string getPath(llvm::StringRef name) const {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }
  void write(llvm::StringRef name, llvm::StringRef bytes) const {
    std::error_code code;
    llvm::raw_fd_ostream stream(getPath(name), code);
    ASSERT_FALSE(code) << code.message();
    stream << bytes;
  }
  void writeConfig() const {
    write("config.json", R"({"model_type": "llama", "hidden_size": 8})");
  }
  std::string complain(bool skipWeights = false) const {
    return takeMessage(openModelSource(folder, skipWeights));
  }
  /// What `quote` makes of the folder in messages.
  std::string quoted() const { return "'" + folder.str().str() + "'"; }

  llvm::SmallString<128> folder;
};
} // namespace

/// A file with one tensor of `size` bytes.
static std::string makeOne(const std::string &name, unsigned size) {
  std::string text = std::to_string(size);
  return makeSafetensors("{\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[" +
                             text + "],\"data_offsets\":[0," + text + "]}}",
                         size);
}

TEST_F(ModelSourceTest, OpensOneFile) {
  writeConfig();
  // More than a page, so that there is something to release.
  write("model.safetensors", makeOne("model.norm.weight", 20000));
  std::unique_ptr<ModelSource> source = takeValue(openModelSource(folder));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->getPath(), folder);
  EXPECT_EQ(source->getArchitecture(), "llama");
  EXPECT_TRUE(source->knowsTensors());
  EXPECT_FALSE(source->normsIncludeOne());
  EXPECT_EQ(source->queryKeyRows(), RowOrder::HalfSplit);
  EXPECT_EQ(source->getEmbeddedMetadata(), nullptr);
  EXPECT_EQ(takeValue(source->getConfig().getInt("hidden_size")), 8);

  const TensorSource &tensors = source->getTensors();
  ASSERT_EQ(tensors.getTensors().size(), 1u);
  const TensorInfo *tensor = tensors.find("model.norm.weight");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensors.find("model.norm.bias"), nullptr);
  // Released data comes back.
  for (int round = 0; round < 2; ++round) {
    llvm::ArrayRef<uint8_t> bytes = takeValue(tensors.read(*tensor));
    ASSERT_EQ(bytes.size(), 20000u);
    for (unsigned i = 0; i < bytes.size(); ++i)
      ASSERT_EQ(bytes[i], uint8_t(i * 7 + 1)) << i;
    tensors.release(*tensor);
  }
  EXPECT_EQ(takeMessage(tensors.read({"x", StorageType::F32, {}})),
            "cannot read tensor 'x': no file of the model has it");
}

TEST_F(ModelSourceTest, ChecksRequiredTensors) {
  writeConfig();
  write("model.safetensors", makeOne("a", 6));
  std::unique_ptr<ModelSource> source = takeValue(openModelSource(folder));
  ASSERT_TRUE(source);
  EXPECT_EQ(takeValue(source->requireTensor("a", {6})),
            source->getTensors().find("a"));
  EXPECT_EQ(takeMessage(source->requireTensor("b", {6})),
            quoted() + ": tensor 'b' is missing; a model of type 'llama' "
                       "needs it");
  EXPECT_EQ(takeMessage(source->requireTensor("a", {2, 3})),
            quoted() + ": tensor 'a' expects shape [2, 3] by the "
                       "configuration, but has [6]");
  EXPECT_EQ(takeMessage(source->requireTensor(
                "a", {6}, {StorageType::F32, StorageType::BF16})),
            quoted() + ": tensor 'a' expects type F32 or BF16, but has U8");
}

TEST_F(ModelSourceTest, OpensShards) {
  writeConfig();
  write("1.safetensors", makeOne("a", 3));
  write("2.safetensors", makeOne("b", 5));
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}})");
  std::unique_ptr<ModelSource> source = takeValue(openModelSource(folder));
  ASSERT_TRUE(source);
  const TensorInfo *tensor = source->getTensors().find("b");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(takeValue(source->getTensors().read(*tensor)).size(), 5u);
}

// What the files hold counts, wherever an index looks for it.
TEST_F(ModelSourceTest, BelievesFilesMoreThanTheirIndex) {
  writeConfig();
  write("1.safetensors", makeOne("a", 3));
  write("2.safetensors", makeOne("b", 5));
  auto open = [&](llvm::StringRef map) {
    write("model.safetensors.index.json",
          ("{\"weight_map\": {" + map + "}}").str());
    return takeValue(openModelSource(folder));
  };
  std::unique_ptr<ModelSource> source =
      open(R"("a": "2.safetensors", "b": "1.safetensors")");
  ASSERT_TRUE(source);
  EXPECT_EQ(source->getTensors().find("a")->shape[0], 3);
  EXPECT_EQ(source->getTensors().find("b")->shape[0], 5);
  EXPECT_TRUE(source->getWarnings().empty());

  source = open(R"("a": "1.safetensors", "c": "1.safetensors")");
  ASSERT_TRUE(source);
  EXPECT_TRUE(source->getTensors().find("a"));
  EXPECT_FALSE(source->getTensors().find("b"));
  ASSERT_EQ(source->getWarnings().size(), 1u);
  EXPECT_EQ(source->getWarnings()[0],
            "model.safetensors.index.json: lists 1 tensor that no file has, "
            "first 'c'");
  EXPECT_EQ(takeMessage(source->requireTensor("c", {3})),
            quoted() + ": tensor 'c' is missing; a model of type 'llama' needs "
                       "it");
}

// Nobody may ask for a tensor of a type that no weight can have.
TEST_F(ModelSourceTest, ForeignTypesStopWhereTheyAreNeeded) {
  writeConfig();
  write("model.safetensors",
        makeSafetensors(R"({"model.norm.weight":{"dtype":"F64","shape":[1],)"
                        R"("data_offsets":[0,8]}})",
                        8));
  std::unique_ptr<ModelSource> source = takeValue(openModelSource(folder));
  ASSERT_TRUE(source);
  EXPECT_TRUE(source->getTensors().getTensors().empty());
  EXPECT_EQ(takeMessage(source->requireTensor("model.norm.weight", {1})),
            quoted() + ": tensor 'model.norm.weight' has type 'F64', which "
                       "cannot be imported; convert it to F32, F16, BF16 or "
                       "F8_E4M3");
}

// The same of GGUF files, whose types are numbers.
TEST_F(ModelSourceTest, ForeignTypesOfGguf) {
  GgufImage image = makeGgufModel("llama");
  image.addTensor("blk.0.attn_q.weight", {32, 3}, 31, 7)
      .addTensor("blk.0.attn_k.weight", {32, 3}, 0, 384);
  write("m.gguf", image.build());
  std::unique_ptr<ModelSource> source =
      takeValue(openModelSource(getPath("m.gguf")));
  ASSERT_TRUE(source);
  EXPECT_EQ(takeMessage(source->requireTensor(
                "model.layers.0.self_attn.q_proj.weight", {3, 32})),
            "'" + getPath("m.gguf") +
                "': tensor 'model.layers.0.self_attn.q_proj.weight' has type "
                "'number 31', which cannot be imported; convert it to Q4_K or "
                "Q8_0");
  EXPECT_TRUE(source->getTensors().find("model.layers.0.self_attn.k_proj."
                                        "weight"));
}

// One file beside an index is read alone.
TEST_F(ModelSourceTest, PrefersOneFileToAnIndex) {
  writeConfig();
  write("model.safetensors", makeOne("a", 3));
  write("2.safetensors", makeOne("b", 5));
  write("model.safetensors.index.json",
        R"({"weight_map": {"b": "2.safetensors"}})");
  std::unique_ptr<ModelSource> source = takeValue(openModelSource(folder));
  ASSERT_TRUE(source);
  EXPECT_TRUE(source->getTensors().find("a"));
  EXPECT_FALSE(source->getTensors().find("b"));
}

/// What a folder says of its quantization, or that it says nothing.
static std::string getMethod(const ModelSource &source) {
  return takeValue(source.getConfig().getString(
      "quantization_config.quant_method", llvm::StringRef("none")));
}

// Under its own name, wherever that is said.
TEST_F(ModelSourceTest, NamesQuantizations) {
  auto method = [&](const std::string &config, const std::string &tensor) {
    write("config.json", R"({"model_type": "llama")" + config + "}");
    write("model.safetensors", makeOne(tensor, 3));
    std::unique_ptr<ModelSource> source = takeValue(openModelSource(folder));
    return source ? getMethod(*source) : "";
  };
  const std::string plain = "model.layers.0.mlp.up_proj.weight";
  const std::string layer = "model.layers.0.mlp.up_proj";
  EXPECT_EQ(method("", plain), "none");
  EXPECT_EQ(method(R"(, "quantization_config": {"quant_method": "eetq"})",
                   layer + ".qweight"),
            "eetq");
  EXPECT_EQ(method(R"(, "quantization_config": {"load_in_8bit": true})", plain),
            "bitsandbytes");
  EXPECT_EQ(
      method(R"(, "quantization_config": {"quant_algo": "NVFP4"})", plain),
      "modelopt NVFP4");
  EXPECT_EQ(method(R"(, "quantization": {"bits": 4, "group_size": 64})", plain),
            "mlx");
  EXPECT_EQ(method("", layer + ".qweight"), "gptq or awq");
  EXPECT_EQ(method("", layer + ".weight.absmax"), "bitsandbytes");
  EXPECT_EQ(method("", layer + ".W_q"), "hqq");
  write("quantize_config.json", R"({"bits": 4, "group_size": 128})");
  EXPECT_EQ(method("", plain), "gptq");
  fs::remove(getPath("quantize_config.json"));
  write("hf_quant_config.json", R"({"quantization": {"quant_algo": "FP8"}})");
  EXPECT_EQ(method("", plain), "modelopt FP8");
  write("hf_quant_config.json", "{");
  EXPECT_NE(complain(), "no error");
}

TEST_F(ModelSourceTest, StopsWrongIndex) {
  writeConfig();
  write("1.safetensors", makeOne("a", 3));

  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "1.safetensors", "b": "3.safetensors"}})");
  EXPECT_EQ(complain(), "cannot open '" + getPath("3.safetensors") +
                            "': no such file or directory; "
                            "model.safetensors.index.json says that it holds "
                            "weights");

  write("2.safetensors", makeOne("a", 3));
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}})");
  EXPECT_EQ(complain(), "tensor 'a' is in '1.safetensors' and again in "
                        "'2.safetensors'; remove one of the two");

  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "../1.safetensors"}})");
  EXPECT_EQ(complain(), "model.safetensors.index.json: tensor 'a' is in "
                        "'../1.safetensors', but only files inside of the "
                        "folder are read; use a relative name without '..'");
}

TEST_F(ModelSourceTest, MapsNamesOfWrappers) {
  writeConfig();
  for (auto [name, canonical] :
       {std::pair<const char *, const char *>{
            "language_model.model.norm.weight", "model.norm.weight"},
        {"model.language_model.norm.weight", "model.norm.weight"},
        {"language_model.lm_head.weight", "lm_head.weight"},
        {"vision_tower.x", "vision_tower.x"}}) {
    write("model.safetensors", makeOne(name, 1));
    std::unique_ptr<ModelSource> source = takeValue(openModelSource(folder));
    ASSERT_TRUE(source);
    EXPECT_EQ(source->getTensors().getTensors()[0].name, canonical);
  }
  // Two names that become one.
  std::string tensor = "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,"
                       "0]}";
  write("model.safetensors",
        makeSafetensors("{\"model.x" + tensor + ",\"model.language_model.x" +
                            tensor + "}",
                        0));
  EXPECT_EQ(complain(), "tensor 'model.x' is in 'model.safetensors' and again "
                        "in 'model.safetensors'; remove one of the two");
}

TEST_F(ModelSourceTest, SkipsWeights) {
  writeConfig();
  std::unique_ptr<ModelSource> source =
      takeValue(openModelSource(folder, /*skipWeights=*/true));
  ASSERT_TRUE(source);
  EXPECT_FALSE(source->knowsTensors());
  EXPECT_EQ(source->getTensors().find("a"), nullptr);
  EXPECT_TRUE(source->getTensors().getTensors().empty());
  EXPECT_EQ(takeValue(source->requireTensor("a", {6})), nullptr);
  EXPECT_EQ(complain(),
            "folder " + quoted() +
                " has neither model.safetensors nor "
                "model.safetensors.index.json; convert its weights to "
                "safetensors or pass --skip-weights");
}

TEST_F(ModelSourceTest, StopsOtherPaths) {
  std::string rule = ": expects a folder with config.json or a GGUF file, but ";
  EXPECT_EQ(complain(), "cannot import " + quoted() + rule +
                            "the folder has no config.json");
  EXPECT_EQ(takeMessage(openModelSource(getPath("none"))),
            "cannot open '" + getPath("none") + "': no such file or directory");
  write("empty", "");
  EXPECT_EQ(takeMessage(openModelSource(getPath("empty"))),
            "cannot import '" + getPath("empty") + "'" + rule +
                "the file begins with ''; for a safetensors file, name its "
                "folder");
  write("model.safetensors", makeOne("a", 1));
  EXPECT_EQ(takeMessage(openModelSource(getPath("model.safetensors"))),
            "cannot import '" + getPath("model.safetensors") + "'" + rule +
                "the file begins with '5\\00\\00\\00'; for a safetensors "
                "file, name its folder");
}

TEST_F(ModelSourceTest, StopsWrongConfigs) {
  write("config.json", "{}");
  EXPECT_EQ(complain(true),
            "config.json: 'model_type' is missing; add it, or check that the "
            "file is complete and of a known model type");
  write("config.json", R"({"model_type": 3})");
  EXPECT_EQ(complain(true),
            "config.json: 'model_type' expects a string, but got 3");
  write("config.json", "");
  EXPECT_EQ(complain(true), "config.json: line 1, column 1: expects a value, "
                            "but the text ends");
}

TEST_F(ModelSourceTest, OpensGguf) {
  GgufImage image = makeGgufModel("llama");
  image.addString("tokenizer.ggml.model", "gpt2")
      .addFloats("rope_freqs.weight", {1.0f, 4.0f})
      .addTensor("blk.0.attn_q.weight", {32, 3}, 8, 102);
  write("m.gguf", image.build());
  std::unique_ptr<ModelSource> source =
      takeValue(openModelSource(getPath("m.gguf")));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->getArchitecture(), "llama");
  EXPECT_EQ(source->queryKeyRows(), RowOrder::Interleaved);
  EXPECT_FALSE(source->normsIncludeOne());
  EXPECT_EQ(source->getRopeDivisors(), llvm::ArrayRef<double>({1.0, 4.0}));
  ASSERT_TRUE(source->getEmbeddedMetadata());
  EXPECT_EQ(source->getEmbeddedMetadata()->getFile(), "m.gguf");
  EXPECT_EQ(source->getEmbeddedMetadata()->getString("tokenizer.ggml.model"),
            llvm::StringRef("gpt2"));
  const TensorInfo *tensor = takeValue(source->requireTensor(
      "model.layers.0.self_attn.q_proj.weight", {3, 32}, {StorageType::Q8_0}));
  ASSERT_TRUE(tensor);
  llvm::ArrayRef<uint8_t> bytes = takeValue(source->getTensors().read(*tensor));
  ASSERT_EQ(bytes.size(), 102u);
  for (unsigned i = 0; i < bytes.size(); ++i)
    ASSERT_EQ(bytes[i], uint8_t(i * 5 + 3)) << i;

  source = takeValue(openModelSource(getPath("m.gguf"), /*skipWeights=*/true));
  ASSERT_TRUE(source);
  EXPECT_TRUE(source->knowsTensors());
  tensor = source->getTensors().find("model.layers.0.self_attn.q_proj.weight");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(takeMessage(source->getTensors().read(*tensor)),
            "cannot read tensor 'model.layers.0.self_attn.q_proj.weight': the "
            "model was opened without its weights");

  write("m.gguf", makeGgufModel("gemma3").build());
  source = takeValue(openModelSource(getPath("m.gguf")));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->getArchitecture(), "gemma3_text");
  EXPECT_TRUE(source->normsIncludeOne());
  EXPECT_EQ(source->queryKeyRows(), RowOrder::HalfSplit);
}

/// A part of a model of the architecture llama.
static GgufImage makePart(bool isFirst, uint16_t number, uint16_t count) {
  GgufImage image = isFirst ? makeGgufModel("llama") : GgufImage();
  image.addNumber<uint16_t>("split.no", 2, number);
  return image.addNumber<uint16_t>("split.count", 2, count);
}

TEST_F(ModelSourceTest, ReadsAllPartsOfGguf) {
  GgufImage first = makePart(true, 0, 3);
  first.addNumber<int32_t>("split.tensors.count", 5, 3);
  write("m-00001-of-00003.gguf", first.build());
  GgufImage second = makePart(false, 1, 3);
  second.addTensor("blk.0.attn_q.weight", {32, 3}, 8, 102)
      .addFloats("rope_freqs.weight", {1.0f, 4.0f});
  write("m-00002-of-00003.gguf", second.build());
  GgufImage third = makePart(false, 2, 3);
  write("m-00003-of-00003.gguf",
        third.addTensor("blk.0.attn_k.weight", {32, 3}, 0, 384).build());
  std::unique_ptr<ModelSource> source =
      takeValue(openModelSource(getPath("m-00001-of-00003.gguf")));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->getRopeDivisors(), llvm::ArrayRef<double>({1.0, 4.0}));
  const TensorInfo *tensor =
      source->getTensors().find("model.layers.0.self_attn.q_proj.weight");
  ASSERT_TRUE(tensor);
  llvm::ArrayRef<uint8_t> bytes = takeValue(source->getTensors().read(*tensor));
  ASSERT_EQ(bytes.size(), 102u);
  EXPECT_EQ(bytes[7], uint8_t(7 * 5 + 3));
  EXPECT_EQ(source->getStoredName(tensor->name), "blk.0.attn_q.weight");
  EXPECT_TRUE(
      source->getTensors().find("model.layers.0.self_attn.k_proj.weight"));
}

TEST_F(ModelSourceTest, StopsAtPartsOfGgufThatDoNotFit) {
  auto open = [&](const std::string &name) {
    return takeMessage(openModelSource(getPath(name)));
  };
  write("m.gguf", makePart(true, 0, 2).build());
  EXPECT_EQ(open("m.gguf"),
            "m.gguf: is part 1 of 2 of a model, but its name does not end with "
            "'-00001-of-00002.gguf'; restore the names of all parts");
  write("m-00001-of-00002.gguf", makePart(true, 0, 2).build());
  EXPECT_EQ(open("m-00001-of-00002.gguf"),
            "cannot open '" + getPath("m-00002-of-00002.gguf") +
                "': no such file or directory");
  write("m-00002-of-00002.gguf", makePart(false, 1, 2).build());
  EXPECT_EQ(open("m-00002-of-00002.gguf"),
            "m-00002-of-00002.gguf: is part 2 of 2 of a model; name the first, "
            "'" +
                getPath("m-00001-of-00002.gguf") + "'");
  write("m-00002-of-00002.gguf", makePart(false, 1, 3).build());
  EXPECT_EQ(open("m-00001-of-00002.gguf"),
            "m-00002-of-00002.gguf: expects 'split.no' to be 1 and "
            "'split.count' to be 2, but got 1 and 3");
  GgufImage second = makePart(false, 1, 2);
  second.addTensor("blk.0.attn_k.weight", {32, 3}, 0, 384);
  write("m-00002-of-00002.gguf", second.build());
  GgufImage first = makePart(true, 0, 2);
  first.addNumber<int32_t>("split.tensors.count", 5, 7);
  write("m-00001-of-00002.gguf", first.build());
  EXPECT_EQ(open("m-00001-of-00002.gguf"),
            "m-00001-of-00002.gguf: 'split.tensors.count' is 7, but the 2 "
            "files have 1 tensors");
  first = makePart(true, 0, 2);
  first.addTensor("blk.0.attn_k.weight", {32, 3}, 0, 384);
  write("m-00001-of-00002.gguf", first.build());
  EXPECT_EQ(open("m-00001-of-00002.gguf"),
            "tensor 'model.layers.0.self_attn.k_proj.weight' is in "
            "'m-00001-of-00002.gguf' and again in 'm-00002-of-00002.gguf'; "
            "remove one of the two");
  first = makePart(true, 7, 2);
  write("m-00001-of-00002.gguf", first.build());
  EXPECT_EQ(open("m-00001-of-00002.gguf"),
            "m-00001-of-00002.gguf: 'split.no' is 7, but 'split.count' is 2");
  // Of one part, the file is the whole.
  GgufImage image = makeGgufModel("llama");
  write("m.gguf", image.addNumber<uint16_t>("split.count", 2, 1).build());
  EXPECT_TRUE(takeValue(openModelSource(getPath("m.gguf"))));
}
