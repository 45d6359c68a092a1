// Merges the pair with the lowest rank first, in n log n steps.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MergeByRank.h"

#include <algorithm>

namespace tenon::text {

void MergeByRank::push(uint32_t id) {
  int32_t index = symbols.size();
  if (index)
    symbols.back().next = index;
  symbols.push_back({id, index - 1, -1, false});
}

void MergeByRank::consider(int32_t left) {
  if (left < 0 || symbols[left].next < 0)
    return;
  const tenon_merge *merge =
      file.findMerge(symbols[left].id, symbols[symbols[left].next].id);
  if (!merge)
    return;
  heap.push_back({uint32_t(merge - file.merges.begin()), left});
  std::push_heap(heap.begin(), heap.end());
}

void MergeByRank::apply(const Candidate &candidate) {
  Symbol &left = symbols[candidate.left];
  if (left.merged || left.next < 0)
    return;
  Symbol &right = symbols[left.next];
  // An entry may be stale: other merges have changed the pair since. It counts
  // all the same when the pair there has the same result now, for that is how
  // the tables were trained to be used.
  const tenon_merge *merge = file.findMerge(left.id, right.id);
  uint32_t result = file.merges[candidate.rank].result;
  if (!merge || merge->result != result)
    return;

  left.id = result;
  right.merged = true;
  left.next = right.next;
  if (right.next >= 0)
    symbols[right.next].previous = candidate.left;
  consider(left.previous);
  consider(candidate.left);
}

void MergeByRank::finish(std::vector<int32_t> &tokens) {
  heap.clear();
  for (size_t i = 0; i + 1 < symbols.size(); ++i)
    consider(i);
  while (!heap.empty()) {
    Candidate best = heap.front();
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
    apply(best);
  }
  for (const Symbol &symbol : symbols)
    if (!symbol.merged)
      tokens.push_back(symbol.id);
}

} // namespace tenon::text
