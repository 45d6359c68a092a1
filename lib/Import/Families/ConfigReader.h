// Reads a configuration value by value and keeps the first error for the end.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_CONFIGREADER_H
#define TENON_LIB_IMPORT_FAMILIES_CONFIGREADER_H

#include "tenon/Import/ModelConfig.h"

namespace tenon {

/// A family reads dozens of values, and each may be wrong. After the first
/// error every getter still returns a value that is harmless to compute with
/// (1 where there is nothing better), and `takeError` reports it.
class ConfigReader {
public:
  explicit ConfigReader(const ModelConfig &config) : config(config) {}
  ~ConfigReader() { llvm::consumeError(std::move(error)); }

  bool has(llvm::StringRef key) const { return config.has(key); }

  /// A width: rows or columns of a matrix, or a part of them.
  int64_t getSize(llvm::StringRef key,
                  std::optional<int64_t> fallback = std::nullopt) {
    return getInt(key, fallback, {1, maxSize});
  }
  /// A number of layers, heads or experts.
  int64_t getCount(llvm::StringRef key,
                   std::optional<int64_t> fallback = std::nullopt) {
    return getInt(key, fallback, {1, maxCount});
  }
  int64_t getInt(llvm::StringRef key, std::optional<int64_t> fallback,
                 IntRange range);
  double getFloat(llvm::StringRef key,
                  std::optional<double> fallback = std::nullopt,
                  FloatRange range = FloatRange::Positive);
  /// A positive number that an `f32` holds, and its reciprocal as well.
  double getF32(llvm::StringRef key,
                std::optional<double> fallback = std::nullopt);
  bool getBool(llvm::StringRef key,
               std::optional<bool> fallback = std::nullopt);
  std::string getString(llvm::StringRef key,
                        std::optional<llvm::StringRef> fallback = std::nullopt);
  /// One of the strings in `known`; its index.
  size_t getChoice(llvm::StringRef key, std::optional<llvm::StringRef> fallback,
                   llvm::ArrayRef<llvm::StringRef> known);
  std::vector<std::string> getStringList(llvm::StringRef key);
  std::vector<int64_t> getIntList(llvm::StringRef key, IntRange range);
  /// Positive numbers.
  std::vector<double> getFloatList(llvm::StringRef key);

  /// Reports a rule between several values.
  void complain(llvm::StringRef key, const llvm::Twine &text);
  /// Reports that a switch is on which this family does not have.
  void expectFalse(llvm::StringRef key);

  /// A number in a message: the digits that matter.
  static std::string print(double value);

  bool failed() const { return hasError; }
  llvm::Error takeError() { return std::move(error); }

  /// Products of these fit into 64 bits.
  static constexpr int64_t maxSize = int64_t(1) << 24;
  static constexpr int64_t maxCount = int64_t(1) << 16;

private:
  template <typename T>
  T take(llvm::Expected<T> value, T harmless);
  void keep(llvm::Error found);

  const ModelConfig &config;
  llvm::Error error = llvm::Error::success();
  bool hasError = false;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_CONFIGREADER_H
