// Merges the pair with the highest score first, in n log n steps.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MergeByScore.h"

#include "Utf8.h"

#include <algorithm>

namespace tenon::text {

void MergeByScore::consider(int32_t left) {
  if (left < 0 || symbols[left].next < 0)
    return;
  int32_t right = symbols[left].next;
  // Symbols are neighbors in the text, so both together are a range of it.
  std::string_view text(symbols[left].text.data(),
                        symbols[left].text.size() + symbols[right].text.size());
  int32_t piece = file.findPiece(text);
  if (piece < 0)
    return;
  heap.push_back({file.scores[piece], left, right, uint32_t(text.size())});
  std::push_heap(heap.begin(), heap.end());
  if (file.kinds[piece] == TENON_PIECE_UNUSED)
    unusedSplits[piece] = symbols[left].text.size();
}

void MergeByScore::apply(const Candidate &candidate) {
  Symbol &left = symbols[candidate.left];
  Symbol &right = symbols[candidate.right];
  if (left.text.empty() || right.text.empty() ||
      left.text.size() + right.text.size() != candidate.size)
    return;
  left.text = {left.text.data(), candidate.size};
  right.text = {};
  left.next = right.next;
  if (right.next >= 0)
    symbols[right.next].previous = candidate.left;
  consider(left.previous);
  consider(candidate.left);
}

void MergeByScore::merge(std::string_view text) {
  symbols.clear();
  heap.clear();
  unusedSplits.clear();
  while (!text.empty()) {
    size_t size = readCharacter(text).size;
    int32_t index = symbols.size();
    if (index)
      symbols.back().next = index;
    symbols.push_back({text.substr(0, size), index - 1, -1});
    text.remove_prefix(size);
  }
  for (size_t i = 0; i + 1 < symbols.size(); ++i)
    consider(i);
  while (!heap.empty()) {
    Candidate best = heap.front();
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
    apply(best);
  }
}

bool MergeByScore::reopen(std::string_view part, int32_t piece) {
  if (piece < 0 || file.kinds[piece] != TENON_PIECE_UNUSED)
    return false;
  auto split = unusedSplits.find(piece);
  if (split == unusedSplits.end())
    return false;
  open.push_back(part.substr(split->second));
  open.push_back(part.substr(0, split->second));
  return true;
}

} // namespace tenon::text
