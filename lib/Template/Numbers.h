// Numbers as Python writes and reads them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEMPLATE_NUMBERS_H
#define TENON_LIB_TEMPLATE_NUMBERS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::jinja {

/// The fewest digits that read back as the same number, as `repr` writes them.
std::string printReal(double value);

/// Reads all of a text as a decimal integer of 64 bits, with white space around
/// it and underscores between digits.
std::optional<int64_t> parseInteger(std::string_view text);

/// Reads all of a text as a number, with white space around it.
std::optional<double> parseReal(std::string_view text);

} // namespace tenon::jinja

#endif // TENON_LIB_TEMPLATE_NUMBERS_H
