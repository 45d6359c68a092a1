// What happens to the spelling of a text before it is cut into words.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_NORMALIZER_H
#define TENON_LIB_TEXT_NORMALIZER_H

#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::text {

/// Returns a text as the flags TENON_TOKENIZER_* ask for it: without white space
/// at its ends or spaces in a row, what BERT does to one, normal form C, then a space in front if `prefix`, then U+2581 for every space. The text is
/// whole characters. Takes linear time, but for runs of combining marks, which
/// are sorted.
std::string normalize(std::string_view text, uint32_t flags, bool prefix);

} // namespace tenon::text

#endif // TENON_LIB_TEXT_NORMALIZER_H
