// Packs modules given as text, from memory, and reads the result back.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PackFixture.h"
#include "mlir/Parser/Parser.h"
#include <cmath>
#include <cstring>
#include <numeric>

using namespace tenon;
using namespace tenon::test;

// What bytes that nobody wrote look like.
static constexpr uint8_t kUntouched = 0xcd;

// Tiles that begin and end inside of blocks of scales, pairs and panels, in
// rows and in columns, down to one step; and how many of them are worth the
// time.
static constexpr int64_t kTileBytes[] = {1, 100, 300, 700, 1600, 4000};
static constexpr uint64_t kMostTiles = 20000;

void MemorySource::add(const std::string &name, StorageType type,
                       llvm::ArrayRef<int64_t> shape,
                       std::vector<uint8_t> bytes) {
  tensors[name] = {{name, type, llvm::SmallVector<int64_t, 4>(shape)},
                   std::move(bytes)};
}

/// Makes the f16 at a place finite.
static void makeFinite(uint8_t *half) {
  if ((half[1] & 0x7c) == 0x7c)
    half[1] &= ~0x40;
}

/// Where the f16 that multiplies a block, or is all of it, begins; its second byte
/// has the exponent.
static std::optional<int64_t> getScaleByte(StorageType type) {
  switch (type) {
  case StorageType::F32:
  case StorageType::BF16:
  case StorageType::F8E4M3:
  case StorageType::MXFP4:
  case StorageType::IQ1_M:
    return std::nullopt;
  case StorageType::Q2_K:
    return 80;
  case StorageType::Q3_K:
    return 108;
  case StorageType::Q6_K:
    return 208;
  case StorageType::TQ1_0:
    return 52;
  case StorageType::TQ2_0:
    return 64;
  default:
    return 0;
  }
}

void MemorySource::addRandom(const std::string &name, StorageType type,
                             llvm::ArrayRef<int64_t> shape) {
  int64_t elements = std::accumulate(shape.begin(), shape.end(), int64_t(1),
                                     std::multiplies<>());
  int64_t size = getBlockBytes(type);
  std::vector<uint8_t> bytes(elements / getBlockElements(type) * size);
  for (uint8_t &byte : bytes)
    byte = static_cast<uint8_t>(random());
  for (size_t at = 0; at < bytes.size(); at += size) {
    uint8_t *b = &bytes[at];
    bool isK = type == StorageType::Q4_K || type == StorageType::Q5_K;
    if (type == StorageType::Q2_K)
      makeFinite(b + 82);
    if (std::optional<int64_t> half = getScaleByte(type))
      makeFinite(b + *half);
    else if (type == StorageType::F32 || type == StorageType::BF16)
      b[size - 1] &= 0xbf; // below 2
    else if (type == StorageType::F8E4M3)
      *b = (*b & 0x7f) == 0x7f ? 0x7e : *b;
    else if (type == StorageType::MXFP4 || type == StorageType::F8E8M0)
      *b %= 252; // values are numbers of f32
    else if (type == StorageType::IQ1_M)
      b[55] &= ~0x40; // the upper bits of an f16 of which words have four each
    if (isK || type == StorageType::Q4_1 || type == StorageType::Q5_1)
      makeFinite(b + 2);
  }
  add(name, type, shape, std::move(bytes));
}

double MemorySource::getValue(const std::string &name, int64_t element) const {
  const Tensor &tensor = tensors.at(name);
  return decodeSlowly(tensor.info.type, tensor.bytes.data(), element);
}

const TensorInfo *MemorySource::find(llvm::StringRef name) const {
  auto entry = tensors.find(name.str());
  return entry == tensors.end() ? nullptr : &entry->second.info;
}

llvm::Expected<llvm::ArrayRef<uint8_t>>
MemorySource::read(const TensorInfo &tensor) const {
  return llvm::ArrayRef<uint8_t>(tensors.at(tensor.name).bytes);
}

void MemorySource::release(const TensorInfo &tensor) const {
  std::lock_guard<std::mutex> lock(mutex);
  ++releases;
}

PackTest::PackTest() { context.loadDialect<TenonDialect>(); }

mlir::OwningOpRef<mlir::ModuleOp> PackTest::parse(const std::string &text) {
  return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
}

std::vector<uint8_t> PackTest::pack(const std::string &text, unsigned threads) {
  module = parse(text);
  if (!module) {
    ADD_FAILURE() << text;
    return {};
  }
  std::vector<std::vector<uint8_t>> packed;
  for (int64_t tileBytes : kTileBytes)
    if (getPackedSize(*module) / tileBytes <= kMostTiles)
      packed.push_back(packInTiles(threads, tileBytes));
  source.forgetReleases();
  std::vector<uint8_t> data = packInTiles(threads, PackOptions().tileBytes);
  for (const std::vector<uint8_t> &other : packed)
    EXPECT_EQ(other, data) << text;
  return data;
}

std::vector<uint8_t> PackTest::packInTiles(unsigned threads,
                                           int64_t tileBytes) {
  std::vector<uint8_t> data(getPackedSize(*module), kUntouched);
  std::vector<uint8_t> writes(data.size());
  uint64_t last = 0, total = 0;
  PackOptions options;
  options.threads = threads;
  options.tileBytes = tileBytes;
  options.progress = [&](uint64_t done, uint64_t all) {
    EXPECT_GT(done, last);
    last = done;
    total = all;
  };
  llvm::Error error = packWeights(
      *module, source,
      [&](uint64_t offset, llvm::ArrayRef<uint8_t> bytes) {
        EXPECT_LE(offset + bytes.size(), data.size());
        memcpy(data.data() + offset, bytes.data(), bytes.size());
        for (size_t i = 0; i < bytes.size(); ++i)
          ++writes[offset + i];
        return llvm::Error::success();
      },
      options);
  if (error)
    ADD_FAILURE() << llvm::toString(std::move(error));
  EXPECT_EQ(last, total);

  std::vector<uint8_t> expected(data.size());
  for (const PlacedWeight &weight : listPlacedWeights(*module))
    std::fill_n(expected.begin() + weight.offset, weight.size, 1);
  EXPECT_EQ(writes, expected) << "in tiles of " << tileBytes << " bytes";
  return data;
}

std::string PackTest::packError(const std::string &text) {
  module = parse(text);
  if (!module)
    return "does not parse";
  llvm::Error error =
      packWeights(*module, source, [](uint64_t, llvm::ArrayRef<uint8_t>) {
        return llvm::Error::success();
      });
  return error ? llvm::toString(std::move(error)) : "no error";
}

namespace {

/// Reads packed bytes front to back, as the description of the layout tells.
class Reader {
public:
  Reader(WeightType type, const uint8_t *at)
      : format(type.getFormat()), panel(type.getLayout()),
        rows(type.getRank() == 1 ? 1 : type.getRows()), cols(type.getCols()),
        at(at) {
    size_t elements = type.getMatrices() * rows * cols;
    result.codes.resize(elements);
    result.scales.resize(elements, 1);
    result.offsets.resize(elements, format.hasOffset() ? 1 : 0);
  }

  Unpacked read(int64_t matrices) {
    for (matrix = 0; matrix < matrices; ++matrix) {
      if (panel)
        readPanels();
      else
        for (int64_t n = 0; n < rows; ++n)
          for (int64_t k = 0; k < cols; ++k)
            result.codes[index(n, k)] = next(format.getCodeBytes());
    }
    for (size_t i = 0; i < result.codes.size(); ++i)
      result.values.push_back(decodeValue(result.codes[i]) * result.scales[i] +
                              result.offsets[i]);
    return std::move(result);
  }

  const uint8_t *getEnd() const { return at; }

private:
  uint32_t next(int64_t bytes) {
    uint32_t value = 0;
    memcpy(&value, at, bytes);
    at += bytes;
    return value;
  }

  int64_t index(int64_t n, int64_t k) const {
    return (matrix * rows + n) * cols + k;
  }

  double decodeValue(uint32_t code) const {
    if (!format.getValues().empty())
      return format.getValues()[code];
    return decodeCode(format.getCode(), code) - format.getZero();
  }

  /// The row in a place of a panel; one that is not there is `rows`.
  int64_t rowOf(int64_t number, int64_t place) const {
    int64_t height = panel.getRows();
    if (!panel.getPair())
      return std::min(rows, number * height + place);
    int64_t inHalf = number * height / 2 + place % (height / 2);
    if (inHalf >= rows / 2)
      return rows;
    return place < height / 2 ? inHalf : rows / 2 + inHalf;
  }

  void readPanels() {
    int64_t seen = 0;
    for (int64_t number = 0; seen < rows; ++number) {
      int64_t block = getBlockCols();
      for (int64_t begin = 0; begin < cols; begin += block)
        readBlock(number, begin, block);
      for (int64_t place = 0; place < panel.getRows(); ++place)
        seen += rowOf(number, place) < rows;
    }
  }

  int64_t getLineBytes() const {
    return panel.getRows() * panel.getDepth() * format.getCodeBytes();
  }

  /// The columns of the widest factor, or two to four times as many if only then
  /// factors fill whole lines; all columns without factors.
  int64_t getBlockCols() const {
    int64_t block = 0, bytes = 0;
    for (const FormatFactor &factor : format.getFactors())
      block = std::max(block, factor.cols);
    for (const FormatFactor &factor : format.getFactors())
      bytes += block / factor.cols * panel.getRows() *
               factor.type.getIntOrFloatBitWidth() / 8;
    int64_t times = 1;
    while (times <= 4 && times * bytes % getLineBytes() != 0)
      ++times;
    return block == 0 ? cols : times <= 4 ? times * block : block;
  }

  static float decodeFactor(mlir::Type type, uint32_t bits) {
    if (type.isUnsignedInteger())
      return static_cast<float>(bits);
    return static_cast<float>(decodeCode(type, bits));
  }

  /// The numbers of a factor for a block, which are zero without columns.
  void readFactor(const FormatFactor &factor, int64_t number, int64_t begin,
                  int64_t end) {
    std::vector<float> &factors =
        factor.role == FactorRole::Scale ? result.scales : result.offsets;
    for (; begin < end; begin += factor.cols)
      for (int64_t place = 0; place < panel.getRows(); ++place) {
        uint32_t bits = next(factor.type.getIntOrFloatBitWidth() / 8);
        int64_t row = rowOf(number, place);
        int64_t last = std::min(begin + factor.cols, cols);
        if (row == rows || begin >= cols)
          EXPECT_EQ(bits, 0u);
        for (int64_t k = begin; row < rows && k < last; ++k)
          factors[index(row, k)] *= decodeFactor(factor.type, bits);
      }
  }

  void readBlock(int64_t number, int64_t begin, int64_t size) {
    const uint8_t *start = at;
    for (const FormatFactor &factor : format.getFactors())
      readFactor(factor, number, begin, begin + size);
    while ((at - start) % getLineBytes() != 0)
      EXPECT_EQ(next(1), 0u);
    int64_t end = std::min(begin + size, cols);
    if (format.getCodeBits() >= 8)
      for (int64_t step = begin; step < end; step += panel.getDepth())
        readLine(number, step, end, format.getCodeBits(), 0);
    else
      readPlanes(number, begin, end);
  }

  /// Lines of the bits above the lowest four of as many columns as fit into
  /// one, then lines of those four. Codes of 3 bits have two lowest ones, and
  /// others of less than 4 are whole.
  void readPlanes(int64_t number, int64_t begin, int64_t end) {
    int64_t bits = format.getCodeBits(), depth = panel.getDepth();
    int64_t low = bits >= 4 ? 4 : bits >= 2 ? 2 : 1, high = bits - low;
    int64_t period = depth * 8 / (high ? high : low);
    for (; begin < end; begin += period) {
      if (high)
        readLine(number, begin, end, high, low);
      for (int64_t k = begin; k < begin + period; k += 8 / low * depth)
        readLine(number, k, end, low, 0);
    }
  }

  /// `depth` bytes or codes of each place. A byte has columns that are `depth`
  /// apart.
  void readLine(int64_t number, int64_t begin, int64_t end, int64_t bits,
                int64_t shift) {
    int64_t depth = panel.getDepth();
    for (int64_t place = 0; place < panel.getRows(); ++place)
      for (int64_t i = begin; i < begin + depth; ++i) {
        uint32_t byte = next(format.getCodeBytes());
        int64_t row = rowOf(number, place);
        for (int64_t k = i, left = 0; left < 8 && left * bits < 8;
             k += depth, left += 1) {
          uint32_t code =
              bits < 8 ? byte >> left * bits & ((1u << bits) - 1) : byte;
          if (row < rows && k < end)
            result.codes[index(row, k)] |= code << shift;
          else
            EXPECT_EQ(code, 0u);
        }
      }
  }

  FormatAttr format;
  PanelAttr panel;
  int64_t rows, cols;
  const uint8_t *at;
  int64_t matrix = 0;
  Unpacked result;
};

} // namespace

Unpacked PackTest::unpack(const std::vector<uint8_t> &data,
                          const std::string &name) {
  mlir::Operation *op = module->lookupSymbol(name);
  auto type = mlir::cast<WeightType>(
      op->getAttrOfType<mlir::TypeAttr>("type").getValue());
  int64_t offset = op->getAttrOfType<mlir::IntegerAttr>("offset").getInt();
  Reader reader(type, data.data() + offset);
  Unpacked result = reader.read(type.getMatrices());
  EXPECT_EQ(reader.getEnd(), data.data() + offset + type.getPackedBytes());
  return result;
}
