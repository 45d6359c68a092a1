// Packs modules given as text, from memory, and reads the result back.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_PACKING_PACKFIXTURE_H
#define TENON_TEST_UNIT_PACKING_PACKFIXTURE_H

#include "dialects/Tenon/Tenon.h"
#include "tenon/Packing/Packer.h"
#include "mlir/IR/OwningOpRef.h"
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include "gtest/gtest.h"

namespace tenon::test {

/// Tensors in memory.
class MemorySource : public TensorSource {
public:
  /// Adds a tensor with these bytes.
  void add(const std::string &name, StorageType type,
           llvm::ArrayRef<int64_t> shape, std::vector<uint8_t> bytes);
  /// Adds a tensor with random finite values.
  void addRandom(const std::string &name, StorageType type,
                 llvm::ArrayRef<int64_t> shape);

  /// The value of an element, decoded slowly; scales of 8-bit tensors are not
  /// multiplied.
  double getValue(const std::string &name, int64_t element) const;
  /// How often tensors were released since `forgetReleases`.
  int64_t getReleases() const { return releases; }
  void forgetReleases() { releases = 0; }

  const TensorInfo *find(llvm::StringRef name) const override;
  llvm::ArrayRef<TensorInfo> getTensors() const override { return {}; }
  llvm::Expected<llvm::ArrayRef<uint8_t>>
  read(const TensorInfo &tensor) const override;
  void release(const TensorInfo &tensor) const override;

private:
  struct Tensor {
    TensorInfo info;
    std::vector<uint8_t> bytes;
  };
  std::map<std::string, Tensor> tensors;
  std::mt19937 random{7};
  mutable std::mutex mutex;
  mutable int64_t releases = 0;
};

/// A weight that was read back: codes as they are, scales and offsets for each
/// element; `[m * rows * cols + n * cols + k]`.
struct Unpacked {
  std::vector<uint32_t> codes;
  std::vector<float> scales;
  std::vector<float> offsets;
  /// `code * scale + offset`.
  std::vector<double> values;
};

class PackTest : public testing::Test {
protected:
  PackTest();

  /// Parses and packs, in tiles of many sizes, which must not change a byte.
  /// Returns the data section.
  std::vector<uint8_t> pack(const std::string &text, unsigned threads = 2);
  /// The message of the error that packing gives.
  std::string packError(const std::string &text);
  /// Reads a weight of the module that was packed last. Reads the bytes front
  /// to back and checks that all padding is zero.
  Unpacked unpack(const std::vector<uint8_t> &data, const std::string &name);

  mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text);

  MemorySource source;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;

private:
  /// Packs `module`; checks that each byte of each weight was written once and
  /// no other byte.
  std::vector<uint8_t> packInTiles(unsigned threads, int64_t tileBytes);
};

/// Decodes one element of a stored tensor, literally after the descriptions of
/// the formats.
double decodeSlowly(StorageType type, const uint8_t *bytes, int64_t element);

/// The bits of a code as a number.
double decodeCode(mlir::Type code, uint32_t bits);

} // namespace tenon::test

#endif // TENON_TEST_UNIT_PACKING_PACKFIXTURE_H
