// Byte pair encoding by the scores of the pieces.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_MERGEBYSCORE_H
#define TENON_LIB_TEXT_MERGEBYSCORE_H

#include "TokenizerFile.h"

#include <unordered_map>
#include <vector>

namespace tenon::text {

/// Merges the characters of a text; keeps its memory between texts.
///
///   while the text of some neighbors together is a piece:
///     the pair whose piece has the highest score, leftmost among equals,
///     becomes one symbol
class MergeByScore {
public:
  explicit MergeByScore(const TokenizerFile &file) : file(file) {}

  /// Calls `emit(text, piece)` for each symbol that the text, which is whole
  /// characters, becomes; the piece is -1 where there is none. An unused piece
  /// is given back as the two symbols it was made of.
  template <typename Emit>
  void run(std::string_view text, Emit emit) {
    merge(text);
    for (const Symbol &symbol : symbols) {
      if (!symbol.text.empty())
        open.push_back(symbol.text);
      while (!open.empty()) {
        std::string_view part = open.back();
        open.pop_back();
        int32_t piece = file.findPiece(part);
        if (!reopen(part, piece))
          emit(part, piece);
      }
    }
  }

private:
  struct Symbol {
    std::string_view text; // empty: merged into the symbol in front
    int32_t previous;
    int32_t next; // -1 at the end
  };
  struct Candidate {
    float score;
    int32_t left;
    int32_t right;
    uint32_t size; // bytes of both; tells whether one has changed since
    // The worst first, as the heap wants it.
    bool operator<(const Candidate &other) const {
      return score != other.score ? score < other.score : left > other.left;
    }
  };
  void merge(std::string_view text);
  void consider(int32_t left);
  void apply(const Candidate &candidate);
  bool reopen(std::string_view part, int32_t piece);

  const TokenizerFile &file;
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
  std::vector<std::string_view> open;
  std::unordered_map<int32_t, size_t> unusedSplits;
};

} // namespace tenon::text

#endif // TENON_LIB_TEXT_MERGEBYSCORE_H
