// The segmentation of a text with the highest sum of scores.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_BESTSEGMENTATION_H
#define TENON_LIB_TEXT_BESTSEGMENTATION_H

#include "TokenizerFile.h"

#include <vector>

namespace tenon::text {

/// Cuts a text into pieces; keeps its memory between texts.
///
///   best[0] = 0
///   for each place, in order:
///     for each piece that begins there:
///       best[end] = max(best[end], best[place] + score of the piece)
///     if no piece is the one character there:
///       best[end] = max(best[end], best[place] + lowest score - 10)
///
/// Of equal sums the one that was found first stays.
class BestSegmentation {
public:
  /// `longestPiece` is in bytes.
  BestSegmentation(const TokenizerFile &file, size_t longestPiece,
                   double lowestScore);

  /// Calls `emit(text, piece)` for each part of a text, which is whole
  /// characters; the piece is -1 for characters that no piece covers, neighbors
  /// of which are one part where the tokenizer fuses unknown ones.
  template <typename Emit>
  void run(std::string_view text, Emit emit) {
    segment(text);
    size_t begin = 0;
    for (size_t i = parts.size(); i-- > 0;) {
      emit(text.substr(begin, parts[i].end - begin), parts[i].piece);
      begin = parts[i].end;
    }
  }

private:
  struct Step {
    double score;
    uint32_t begin;
    int32_t piece; // -1: unknown
    bool isThere;
  };
  struct Part {
    size_t end;
    int32_t piece;
  };
  void segment(std::string_view text);
  void offer(size_t begin, size_t end, double score, int32_t piece);

  const TokenizerFile &file;
  size_t longestPiece;
  double unknownScore;
  std::vector<Step> steps; // by the place where they end
  std::vector<Part> parts; // from the last to the first
};

} // namespace tenon::text

#endif // TENON_LIB_TEXT_BESTSEGMENTATION_H
