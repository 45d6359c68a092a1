// Getters that keep the first error.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ConfigReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace tenon;

void ConfigReader::keep(llvm::Error found) {
  if (hasError) {
    llvm::consumeError(std::move(found));
    return;
  }
  hasError = true;
  llvm::consumeError(std::move(error));
  error = std::move(found);
}

template <typename T>
T ConfigReader::take(llvm::Expected<T> value, T harmless) {
  if (value)
    return std::move(*value);
  keep(value.takeError());
  return harmless;
}

int64_t ConfigReader::getInt(llvm::StringRef key,
                             std::optional<int64_t> fallback, IntRange range) {
  return take<int64_t>(config.getInt(key, fallback, range),
                       fallback.value_or(1));
}

double ConfigReader::getFloat(llvm::StringRef key,
                              std::optional<double> fallback,
                              FloatRange range) {
  return take<double>(config.getFloat(key, fallback, range),
                      fallback.value_or(1));
}

double ConfigReader::getF32(llvm::StringRef key,
                            std::optional<double> fallback) {
  double value = getFloat(key, fallback);
  if (std::isnormal(static_cast<float>(value)) &&
      std::isnormal(static_cast<float>(1 / value)))
    return value;
  complain(key, "expects a number that is normal in f32, as its reciprocal is, "
                "but got " +
                    print(value));
  return 1;
}

bool ConfigReader::getBool(llvm::StringRef key, std::optional<bool> fallback) {
  return take<bool>(config.getBool(key, fallback), fallback.value_or(false));
}

std::string ConfigReader::getString(llvm::StringRef key,
                                    std::optional<llvm::StringRef> fallback) {
  return take<std::string>(config.getString(key, fallback), "");
}

size_t ConfigReader::getChoice(llvm::StringRef key,
                               std::optional<llvm::StringRef> fallback,
                               llvm::ArrayRef<llvm::StringRef> known) {
  std::string value = getString(key, fallback);
  const llvm::StringRef *found = llvm::find(known, value);
  if (found != known.end())
    return found - known.begin();
  std::string printed;
  llvm::raw_string_ostream stream(printed);
  llvm::printEscapedString(llvm::StringRef(value).take_front(60), stream);
  complain(key, "is '" + printed + "'; known: " + llvm::join(known, ", "));
  return 0;
}

std::vector<std::string> ConfigReader::getStringList(llvm::StringRef key) {
  return take<std::vector<std::string>>(
      config.getStringList(key, /*required=*/false), {});
}

std::vector<int64_t> ConfigReader::getIntList(llvm::StringRef key,
                                              IntRange range) {
  return take<std::vector<int64_t>>(
      config.getIntList(key, /*required=*/true, range), {});
}

std::vector<double> ConfigReader::getFloatList(llvm::StringRef key) {
  return take<std::vector<double>>(
      config.getFloatList(key, /*required=*/true, FloatRange::Positive), {});
}

std::string ConfigReader::print(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", value);
  return text;
}

void ConfigReader::complain(llvm::StringRef key, const llvm::Twine &text) {
  keep(config.makeError(key, text));
}

void ConfigReader::expectFalse(llvm::StringRef key) {
  if (getBool(key, false))
    complain(key, "is true, but models of this family have no such thing; "
                  "expects false");
}
