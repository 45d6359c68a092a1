// Numbers as Python writes and reads them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Numbers.h"

#include "Characters.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace tenon::jinja {

std::string printReal(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value,
                           std::chars_format::scientific)
                 .ptr;
  std::string_view text(buffer, size_t(end - buffer));
  std::string sign = text.front() == '-' ? "-" : "";
  text.remove_prefix(sign.size());
  size_t e = text.find('e');
  int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  std::string digits(text.substr(0, 1));
  if (e > 2)
    digits += text.substr(2, e - 2);
  if (exponent < -4 || exponent >= 16) {
    std::string result = sign + digits.substr(0, 1);
    if (digits.size() > 1)
      result += "." + digits.substr(1);
    std::string power = std::to_string(std::abs(exponent));
    return result + (exponent < 0 ? "e-" : "e+") +
           (power.size() < 2 ? "0" : "") + power;
  }
  if (exponent < 0)
    return sign + "0." + std::string(size_t(-exponent - 1), '0') + digits;
  size_t whole = size_t(exponent) + 1;
  if (digits.size() <= whole)
    return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

/// Drops underscores between digits; nothing where one is elsewhere.
static std::optional<std::string> joinDigits(std::string_view text) {
  auto isDigitAt = [&](size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '9';
  };
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_')
      result += text[i];
    else if (!i || !isDigitAt(i - 1) || !isDigitAt(i + 1))
      return std::nullopt;
  }
  return result;
}

std::optional<int64_t> parseInteger(std::string_view text) {
  std::optional<std::string> digits =
      joinDigits(strip(text, /*left=*/true, /*right=*/true));
  if (!digits)
    return std::nullopt;
  std::string_view rest = *digits;
  if (!rest.empty() && rest.front() == '+')
    rest.remove_prefix(1);
  if (rest.substr(0, 1) != "-" && rest.size() != digits->size() &&
      (rest.empty() || rest.front() < '0' || rest.front() > '9'))
    return std::nullopt;
  int64_t value = 0;
  auto [end, error] =
      std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc() || end != rest.data() + rest.size())
    return std::nullopt;
  return value;
}

std::optional<double> parseReal(std::string_view text) {
  std::optional<std::string> digits =
      joinDigits(strip(text, /*left=*/true, /*right=*/true));
  // strtod also reads hexadecimal numbers and names, of which Python knows other
  // spellings.
  if (!digits || digits->empty() ||
      digits->find_first_not_of("0123456789+-.eE") != std::string::npos)
    return std::nullopt;
  char *end = nullptr;
  double value = std::strtod(digits->c_str(), &end);
  if (end != digits->c_str() + digits->size())
    return std::nullopt;
  return value;
}

} // namespace tenon::jinja
