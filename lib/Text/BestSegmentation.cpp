// The segmentation of a text with the highest sum of scores.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "BestSegmentation.h"

#include "tenon/Runtime/TokenizerFormat.h"
#include "Utf8.h"

#include <algorithm>

namespace tenon::text {

/// What an unknown character is worth less than the worst piece.
static constexpr double unknownPenalty = 10;

BestSegmentation::BestSegmentation(const TokenizerFile &file,
                                   size_t longestPiece, double lowestScore)
    : file(file), longestPiece(longestPiece),
      unknownScore(lowestScore - unknownPenalty) {}

void BestSegmentation::offer(size_t begin, size_t end, double score,
                             int32_t piece) {
  Step &step = steps[end];
  double sum = steps[begin].score + score;
  if (!step.isThere || sum > step.score)
    step = {sum, uint32_t(begin), piece, true};
}

void BestSegmentation::segment(std::string_view text) {
  parts.clear();
  steps.assign(text.size() + 1, {0, 0, -1, false});
  for (size_t at = 0; at < text.size();) {
    size_t first = at + readCharacter(text.substr(at)).size;
    bool hasCharacter = false;
    size_t limit = std::min(text.size(), at + longestPiece);
    for (size_t end = first; end <= limit;) {
      int32_t piece = file.findPiece(text.substr(at, end - at));
      if (piece >= 0) {
        offer(at, end, file.scores[piece], piece);
        hasCharacter |= end == first;
      }
      if (end == text.size())
        break;
      end += readCharacter(text.substr(end)).size;
    }
    if (!hasCharacter)
      offer(at, first, unknownScore, -1);
    at = first;
  }
  bool fuses = file.has(TENON_TOKENIZER_FUSE_UNKNOWN);
  for (size_t end = text.size(); end > 0; end = steps[end].begin) {
    bool continues = fuses && !parts.empty() && steps[end].piece < 0 &&
                     parts.back().piece < 0;
    if (!continues)
      parts.push_back({end, steps[end].piece});
  }
}

} // namespace tenon::text
