// Byte pair encoding by a list of merges.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_MERGEBYRANK_H
#define TENON_LIB_TEXT_MERGEBYRANK_H

#include "TokenizerFile.h"

#include <vector>

namespace tenon::text {

/// Merges the symbols of one word at a time; keeps its memory between words.
///
///   while some neighbors have a merge:
///     the pair with the lowest rank, leftmost among equals, becomes its result
class MergeByRank {
public:
  explicit MergeByRank(const TokenizerFile &file) : file(file) {}

  /// Starts a word.
  void clear() { symbols.clear(); }
  /// Appends a symbol to the word.
  void push(uint32_t id);
  /// Appends the pieces that the word becomes.
  void finish(std::vector<int32_t> &tokens);

private:
  struct Symbol {
    uint32_t id;
    int32_t previous;
    int32_t next; // -1 at the end
    bool merged;  // into the symbol in front
  };
  struct Candidate {
    uint32_t rank;
    int32_t left;
    // The worst first, as the heap wants it.
    bool operator<(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  void consider(int32_t left);
  void apply(const Candidate &candidate);

  const TokenizerFile &file;
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
};

} // namespace tenon::text

#endif // TENON_LIB_TEXT_MERGEBYRANK_H
