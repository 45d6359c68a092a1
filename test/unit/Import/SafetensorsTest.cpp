// Headers of safetensors files, right ones and every kind of wrong one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Safetensors.h"
#include "tenon/Import/Containers/HuggingFace.h"

#include "Expect.h"
#include "Images.h"

using namespace tenon;

static std::string parse(const std::string &header, uint64_t dataSize) {
  return takeMessage(
      parseSafetensors(makeSafetensors(header, dataSize), "m.safetensors"));
}

/// A header with one tensor.
static std::string makeOne(const std::string &type, const std::string &shape,
                           const std::string &offsets) {
  return "{\"a\":{\"dtype\":\"" + type + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}}";
}

TEST(Safetensors, ReadsEveryType) {
  struct Row {
    const char *name;
    StorageType type;
    uint64_t bytes;
  };
  for (Row row : {Row{"F32", StorageType::F32, 4},
                  {"F16", StorageType::F16, 2},
                  {"BF16", StorageType::BF16, 2},
                  {"F8_E4M3", StorageType::F8E4M3, 1},
                  {"I8", StorageType::I8, 1},
                  {"U8", StorageType::U8, 1},
                  {"I32", StorageType::I32, 4},
                  {"I64", StorageType::I64, 8},
                  {"BOOL", StorageType::Bool, 1}}) {
    uint64_t size = 15 * row.bytes;
    std::string bytes = makeSafetensors(
        makeOne(row.name, "[3,5]", "[0," + std::to_string(size) + "]"), size);
    std::vector<StoredTensor> tensors =
        takeValue(parseSafetensors(bytes, "m.safetensors"));
    ASSERT_EQ(tensors.size(), 1u);
    EXPECT_EQ(tensors[0].info.name, "a");
    EXPECT_EQ(tensors[0].info.type, row.type);
    EXPECT_EQ(llvm::ArrayRef(tensors[0].info.shape),
              llvm::ArrayRef<int64_t>({3, 5}));
    EXPECT_EQ(tensors[0].begin, bytes.size() - size);
    EXPECT_EQ(tensors[0].size, size);
  }
}

TEST(Safetensors, ReadsOddOnes) {
  // Spaces at the end, metadata, a scalar, an empty tensor.
  std::string header =
      "{\"__metadata__\":{\"format\":\"pt\",\"x\":\"y\"},"
      "\"s\":{\"data_offsets\":[0,4],\"shape\":[],\"dtype\":\"F32\"},"
      "\"e\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[4,4]}}   ";
  std::vector<StoredTensor> tensors =
      takeValue(parseSafetensors(makeSafetensors(header, 4), "m.safetensors"));
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_TRUE(tensors[0].info.shape.empty());
  EXPECT_EQ(tensors[0].size, 4u);
  EXPECT_EQ(tensors[1].size, 0u);
  EXPECT_EQ(parse("{}", 0), "no error");
}

TEST(Safetensors, StopsTruncatedFiles) {
  std::string bytes = makeSafetensors(makeOne("F32", "[2,3]", "[0,24]"), 24);
  ASSERT_EQ(takeMessage(parseSafetensors(bytes, "m")), "no error");
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(takeMessage(parseSafetensors(bytes.substr(0, size), "m")),
              "no error")
        << size;
  EXPECT_EQ(takeMessage(parseSafetensors(bytes.substr(0, 5), "m")),
            "m: has 5 bytes, but a safetensors file begins with 8 bytes of "
            "header length");
  EXPECT_EQ(takeMessage(parseSafetensors(bytes.substr(0, 9), "m")),
            "m: says that its header has 57 bytes, but only 1 follow; the "
            "file is truncated or no safetensors");
}

TEST(Safetensors, StopsLyingLength) {
  for (uint64_t length : {UINT64_MAX, UINT64_MAX - 7, uint64_t(1) << 63}) {
    std::string bytes;
    append(bytes, length);
    bytes += "{}";
    EXPECT_EQ(takeMessage(parseSafetensors(bytes, "m")),
              "m: says that its header has " + std::to_string(length) +
                  " bytes, but only 2 follow; the file is truncated or no "
                  "safetensors");
  }
}

TEST(Safetensors, StopsLengthThatCountsItself) {
  for (uint64_t length = 3; length <= 11; ++length) {
    std::string bytes;
    append(bytes, length);
    bytes += "{}";
    EXPECT_EQ(takeMessage(parseSafetensors(bytes, "m")),
              "m: says that its header has " + std::to_string(length) +
                  " bytes, but only 2 follow; the file is truncated or no "
                  "safetensors");
  }
}

TEST(Safetensors, StopsWrongOffsets) {
  std::string start = "m.safetensors: tensor 'a' ";
  EXPECT_EQ(parse(makeOne("F32", "[6]", "[4,28]"), 24),
            start + "has data_offsets [4, 28], but the data of the file has "
                    "24 bytes; the file is truncated or damaged");
  EXPECT_EQ(parse(makeOne("F32", "[0]", "[8,4]"), 24),
            start + "has data_offsets [8, 4], but the data of the file has "
                    "24 bytes; the file is truncated or damaged");
  EXPECT_EQ(parse(makeOne("F32", "[6]", "[0,20]"), 24),
            start + "of type F32 and shape [6] needs 24 bytes, but its "
                    "data_offsets cover 20");
  EXPECT_EQ(parse(makeOne("F32", "[6]", "[0]"), 24),
            start + "expects a dtype, a shape and two data_offsets");
  std::string rule = "expects 'data_offsets' to be a list of at most 2 "
                     "integers from 0 to 2^63 - 1";
  for (const char *offsets : {"[0,1,2]", "[-1,3]", "[0,18446744073709551615]",
                              "[0,1.5]", "[0,\"1\"]", "3"})
    EXPECT_NE(parse(makeOne("F32", "[6]", offsets), 24).find(rule),
              std::string::npos)
        << offsets;
}

TEST(Safetensors, StopsOverlap) {
  std::string header =
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[4,10]},"
      "\"b\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[0,5]}}";
  size_t dataBegin = 8 + header.size();
  EXPECT_EQ(parse(header, 10),
            "m.safetensors: tensors 'b' and 'a' overlap: the first ends at "
            "byte " +
                std::to_string(dataBegin + 5) +
                ", and the second begins at byte " +
                std::to_string(dataBegin + 4));
}

TEST(Safetensors, TakesEmptyOnesAnywhere) {
  EXPECT_EQ(parse(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
                      "b":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})",
                  4),
            "no error");
}

TEST(Safetensors, StopsHugeShapes) {
  std::string end = ", which has more than 2^60 elements";
  std::string start = "m.safetensors: tensor 'a' has the shape ";
  EXPECT_EQ(parse(makeOne("U8", "[9223372036854775807]", "[0,0]"), 0),
            start + "[9223372036854775807]" + end);
  // The product of 64 bits is 0.
  EXPECT_EQ(parse(makeOne("U8", "[4294967296,4294967296]", "[0,0]"), 0),
            start + "[4294967296, 4294967296]" + end);
  // Empty, but a stride would overflow.
  EXPECT_EQ(parse(makeOne("U8", "[0,4294967296,4294967296]", "[0,0]"), 0),
            start + "[0, 4294967296, 4294967296]" + end);
  EXPECT_NE(parse(makeOne("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1)
                .find("expects 'shape' to be a list of at most 8 integers"),
            std::string::npos);
}

TEST(Safetensors, StopsDuplicates) {
  std::string tensor =
      "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
  EXPECT_NE(parse("{\"a\":" + tensor + ",\"a\":" + tensor + "}", 0)
                .find("has the key 'a' twice"),
            std::string::npos);
  EXPECT_NE(parse("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"F32\"}}", 0)
                .find("has the key 'dtype' twice"),
            std::string::npos);
}

TEST(Safetensors, StopsOtherTypesAndFields) {
  EXPECT_EQ(parse("{\"a\":{\"stride\":[1]}}", 0),
            "m.safetensors: tensor 'a' has an unknown field 'stride'; known: "
            "dtype, shape, data_offsets");
  EXPECT_EQ(parse("{\"a\":{\"dtype\":\"F32\"}}", 0),
            "m.safetensors: tensor 'a' expects a dtype, a shape and two "
            "data_offsets");
  // What one tensor says is not said of the next one.
  std::string whole =
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{)";
  for (const char *fields : {R"("shape":[1],"data_offsets":[4,8])",
                             R"("dtype":"F32","data_offsets":[4,8])",
                             R"("dtype":"F32","shape":[1])"})
    EXPECT_EQ(parse(whole + fields + "}}", 8),
              "m.safetensors: tensor 'b' expects a dtype, a shape and two "
              "data_offsets");
  for (const char *fields : {"\"shape\":[1],\"data_offsets\":[0,4]",
                             "\"dtype\":\"F32\",\"data_offsets\":[0,4]",
                             "\"dtype\":\"F32\",\"shape\":[1]"})
    EXPECT_EQ(parse("{\"a\":{" + std::string(fields) + "}}", 4),
              "m.safetensors: tensor 'a' expects a dtype, a shape and two "
              "data_offsets");
  EXPECT_EQ(parse("{\"a\":{\"dtype\":3}}", 0),
            "m.safetensors: line 1, column 15: expects 'dtype' to be a string");
  EXPECT_EQ(parse("{\"a\":3}", 0), "m.safetensors: line 1, column 6: expects "
                                   "an object for each tensor of the header");
  EXPECT_EQ(parse("[]", 0),
            "m.safetensors: line 1, column 1: expects an object");
  EXPECT_EQ(parse("{\"__metadata__\":{\"a\":1}}", 0),
            "m.safetensors: line 1, column 22: expects strings only under "
            "'__metadata__'");
}

// Tensors of types that no weight can have are known by that type. Their sizes
// are checked where the format says them.
TEST(Safetensors, KeepsForeignTypes) {
  struct Row {
    const char *type;
    const char *shape;
    uint64_t bytes;
    bool isRight;
  };
  for (Row row : {Row{"F64", "[3]", 24, true},
                  {"F64", "[3]", 16, false},
                  {"U16", "[3]", 6, true},
                  {"U32", "[3]", 6, false},
                  {"C64", "[2]", 16, true},
                  {"F8_E5M2", "[3,5]", 15, true},
                  {"F8_E8M0", "[3,5]", 14, false},
                  {"F6_E2M3", "[4]", 3, true},
                  {"F4", "[8]", 4, true},
                  {"F4", "[8]", 8, false},
                  {"F7_E9", "[3]", 11, true}}) {
    std::string header =
        makeOne(row.type, row.shape, "[0," + std::to_string(row.bytes) + "]");
    std::string message = parse(header, row.bytes);
    EXPECT_EQ(message == "no error", row.isRight) << row.type << message;
    if (!row.isRight)
      continue;
    std::vector<StoredTensor> tensors = takeValue(
        parseSafetensors(makeSafetensors(header, row.bytes), "m.safetensors"));
    ASSERT_EQ(tensors.size(), 1u);
    EXPECT_EQ(tensors[0].foreignType, row.type);
    EXPECT_EQ(tensors[0].size, row.bytes);
  }
  EXPECT_EQ(parse(makeOne("F64", "[288230376151711744]", "[0,8]"), 8),
            "m.safetensors: tensor 'a' has the shape [288230376151711744], "
            "which has more than 2^57 elements");
}

// As in the published library: tensors cover the file, in whatever order.
TEST(Safetensors, StopsUncoveredBytes) {
  auto rest = [](uint64_t from) {
    return "m.safetensors: the bytes from " + std::to_string(from) +
           " on belong to no tensor, but tensors cover a safetensors file "
           "without gaps; the file is damaged";
  };
  std::string one = makeOne("F32", "[2]", "[0,8]");
  EXPECT_EQ(parse(one, 8), "no error");
  EXPECT_EQ(parse(one, 9), rest(8 + one.size() + 8));
  std::string late = makeOne("F32", "[2]", "[4,12]");
  EXPECT_EQ(parse(late, 12), rest(8 + late.size()));
  std::string two = R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[6,9]},)"
                    R"("a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}})";
  EXPECT_EQ(parse(two, 9), rest(8 + two.size() + 5));
  two.replace(two.find("[5]"), 3, "[6]").replace(two.find("[0,5]"), 5, "[0,6]");
  EXPECT_EQ(parse(two, 9), "no error");
  EXPECT_EQ(parse("{}", 3), rest(10));
}

TEST(Safetensors, StopsDeepHeader) {
  EXPECT_EQ(parse(std::string(1000000, '['), 0),
            "m.safetensors: line 1, column 65: nests objects and arrays more "
            "than 64 deep");
}

TEST(Safetensors, MessagesStayOneLine) {
  std::string message = parse("{\"a\\nb\":{\"dtype\":\"F\\u0007\"}}", 0);
  EXPECT_EQ(message, "m.safetensors: tensor 'a\\0Ab' expects a dtype, a shape "
                     "and two data_offsets");
}

static std::string parseIndex(const std::string &text) {
  return takeMessage(parseSafetensorsIndex(text, "i.json"));
}

TEST(SafetensorsIndex, ReadsEntries) {
  auto entries = takeValue(parseSafetensorsIndex(
      "{\"metadata\":{\"weight_map\":1},\"weight_map\":{\"a\":\"x.safetensors\""
      ",\"b\":\"sub/y.safetensors\"},\"more\":[{}]}",
      "i.json"));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0],
            std::make_pair(std::string("a"), std::string("x.safetensors")));
  EXPECT_EQ(entries[1],
            std::make_pair(std::string("b"), std::string("sub/y.safetensors")));
}

TEST(SafetensorsIndex, StopsFilesOutside) {
  for (const char *name :
       {"/etc/passwd", "../x", "a/../../x", "..", "", "a\\\\x", "x\\u0000y"})
    EXPECT_NE(
        parseIndex(std::string("{\"weight_map\":{\"a\":\"") + name + "\"}}")
            .find("but only files inside of the folder are read"),
        std::string::npos)
        << name;
  EXPECT_EQ(parseIndex("{\"weight_map\":{\"a\":\"../x\"}}"),
            "i.json: tensor 'a' is in '../x', but only files inside of the "
            "folder are read; use a relative name without '..'");
}

TEST(SafetensorsIndex, StopsOtherShapes) {
  EXPECT_EQ(parseIndex("{}"), "i.json: 'weight_map' is missing");
  EXPECT_EQ(parseIndex("{\"weight_map\":[]}"),
            "i.json: line 1, column 15: expects an object under 'weight_map'");
  EXPECT_EQ(parseIndex("{\"weight_map\":{\"a\":1}}"),
            "i.json: line 1, column 20: expects the name of a file for each "
            "tensor");
  EXPECT_NE(parseIndex("{\"weight_map\":{\"a\":\"x\",\"a\":\"y\"}}")
                .find("has the key 'a' twice"),
            std::string::npos);
}
