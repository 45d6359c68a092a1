// Cuts text at the matches of a pattern, which PCRE2 finds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#define PCRE2_CODE_UNIT_WIDTH 8

#include "SplitStep.h"

#include "tenon/Runtime/TokenizerFormat.h"
#include "Failure.h"
#include "Utf8.h"

#include <algorithm>
#include <pcre2.h>

namespace tenon::text {

void PatternDeleter::operator()(pcre2_code *code) const {
  pcre2_code_free(code);
}
void PatternDeleter::operator()(pcre2_match_data *data) const {
  pcre2_match_data_free(data);
}
void PatternDeleter::operator()(pcre2_match_context *context) const {
  pcre2_match_context_free(context);
}

SplitScratch::SplitScratch(size_t textSize)
    : data(pcre2_match_data_create(/*ovecsize=*/1, nullptr)),
      context(pcre2_match_context_create(nullptr)) {
  // A sane pattern gives back at most each character of the text once, so the
  // limit grows with the text; a pattern that exceeds it is not sane.
  size_t limit = std::min<size_t>(10'000'000 + 64 * textSize, UINT32_MAX);
  if (context)
    pcre2_set_match_limit(context.get(), limit);
}

tenon_text_status SplitStep::compile(std::string_view pattern,
                                     uint32_t withBehavior, bool withInvert) {
  behavior = withBehavior;
  invert = withInvert;
  if (behavior == TENON_SPLIT_PREFIX_SPACE)
    prefix = " ";
  if (behavior == TENON_SPLIT_PREFIX_MARK)
    prefix = spaceMark;
  if (!prefix.empty())
    return TENON_TEXT_OK;

  int error = 0;
  size_t offset = 0;
  code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()),
                           pattern.size(), PCRE2_UTF | PCRE2_UCP, &error,
                           &offset, nullptr));
  if (!code) {
    char reason[128] = "";
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR *>(reason),
                            sizeof(reason));
    return fail(TENON_TEXT_INVALID_FILE,
                "split pattern '%.*s' is wrong at byte %zu: %s; compile the "
                "model again",
                int(std::min<size_t>(pattern.size(), 200)), pattern.data(),
                offset, reason);
  }
  // Where no executable memory can be had, PCRE2 interprets the pattern.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return TENON_TEXT_OK;
}

tenon_text_status SplitStep::findSegments(std::string_view text,
                                          SplitScratch &scratch) const {
  std::vector<SplitScratch::Segment> &segments = scratch.segments;
  segments.clear();
  size_t from = 0, done = 0;
  bool isBehindMatch = false;
  while (from <= text.size()) {
    int found = pcre2_match(
        code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
        from, PCRE2_NO_UTF_CHECK, scratch.data.get(), scratch.context.get());
    if (found == PCRE2_ERROR_NOMATCH)
      break;
    if (found < 0) {
      char reason[128] = "";
      pcre2_get_error_message(found, reinterpret_cast<PCRE2_UCHAR *>(reason),
                              sizeof(reason));
      return fail(TENON_TEXT_MATCH_LIMIT,
                  "cannot split a text of %zu bytes at byte %zu: %s; give it "
                  "in shorter parts",
                  text.size(), from, reason);
    }
    size_t *ends = pcre2_get_ovector_pointer(scratch.data.get());
    // A lookbehind with \K could end before it begins; nothing else can.
    size_t begin = std::max(ends[0], done), end = std::max(ends[1], begin);
    if (done != begin)
      segments.push_back({done, begin, invert});
    // An empty match right after another one is none.
    if (begin != end || begin != done || !isBehindMatch)
      segments.push_back({begin, end, !invert});
    isBehindMatch = true;
    done = from = end;
    // An empty match would be found again for ever.
    if (begin == end)
      from += end < text.size() ? readCharacter(text.substr(end)).size : 1;
  }
  if (done != text.size())
    segments.push_back({done, text.size(), invert});
  return TENON_TEXT_OK;
}

/// Returns whether the part that a segment begins or continues is the same as
/// that of the segment in front of it.
static bool continues(uint32_t behavior, bool isMatch, bool wasMatch) {
  switch (behavior) {
  case TENON_SPLIT_MERGED_WITH_PREVIOUS:
    return isMatch && !wasMatch;
  case TENON_SPLIT_MERGED_WITH_NEXT:
    return wasMatch && !isMatch;
  case TENON_SPLIT_CONTIGUOUS:
    return isMatch == wasMatch;
  default:
    return false;
  }
}

tenon_text_status SplitStep::split(std::string_view text, SplitScratch &scratch,
                                   std::vector<std::string_view> &parts) const {
  if (text.empty())
    return TENON_TEXT_OK;
  if (!prefix.empty()) {
    if (text.substr(0, prefix.size()) != prefix)
      text = scratch.prefixed.emplace_back(prefix).append(text);
    parts.push_back(text);
    return TENON_TEXT_OK;
  }
  if (!scratch.data || !scratch.context)
    return fail(TENON_TEXT_MATCH_LIMIT,
                "cannot split a text of %zu bytes: out of memory", text.size());
  if (tenon_text_status status = findSegments(text, scratch))
    return status;

  size_t begin = 0, end = 0;
  auto flush = [&] {
    if (begin != end)
      parts.push_back(text.substr(begin, end - begin));
  };
  bool wasMatch = false;
  for (const SplitScratch::Segment &segment : scratch.segments) {
    bool isFirst = &segment == scratch.segments.data();
    if (isFirst || !continues(behavior, segment.isMatch, wasMatch)) {
      flush();
      begin = segment.begin;
    }
    end = segment.end;
    wasMatch = segment.isMatch;
    if (behavior == TENON_SPLIT_REMOVED && segment.isMatch)
      begin = end;
  }
  flush();
  return TENON_TEXT_OK;
}

} // namespace tenon::text
