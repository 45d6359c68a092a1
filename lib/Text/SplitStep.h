// One step of cutting text into words.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_SPLITSTEP_H
#define TENON_LIB_TEXT_SPLITSTEP_H

#include "tenon/Text/text.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

namespace tenon::text {

struct PatternDeleter {
  void operator()(pcre2_real_code_8 *code) const;
  void operator()(pcre2_real_match_data_8 *data) const;
  void operator()(pcre2_real_match_context_8 *context) const;
};

/// What a caller of split needs for itself while it works on one text.
class SplitScratch {
public:
  explicit SplitScratch(size_t textSize);

private:
  friend class SplitStep;
  struct Segment {
    size_t begin;
    size_t end;
    bool isMatch;
  };

  std::unique_ptr<pcre2_real_match_data_8, PatternDeleter> data;
  std::unique_ptr<pcre2_real_match_context_8, PatternDeleter> context;
  std::vector<Segment> segments;
  std::deque<std::string> prefixed; // parts that got something in front
};

class SplitStep {
public:
  /// `behavior` is TENON_SPLIT_*.
  tenon_text_status compile(std::string_view pattern, uint32_t behavior,
                            bool invert);

  /// Appends the parts of a text of whole characters.
  tenon_text_status split(std::string_view text, SplitScratch &scratch,
                          std::vector<std::string_view> &parts) const;

private:
  tenon_text_status findSegments(std::string_view text,
                                 SplitScratch &scratch) const;

  std::unique_ptr<pcre2_real_code_8, PatternDeleter> code;
  std::string_view prefix; // what a part gets in front; empty for a pattern
  uint32_t behavior = 0;
  bool invert = false;
};

} // namespace tenon::text

#endif // TENON_LIB_TEXT_SPLITSTEP_H
