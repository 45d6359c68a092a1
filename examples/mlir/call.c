// Feeds one token to the attention of attention.mlir: it sees its own value alone.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attention.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLOTS = 1, CONTEXT = 16 };

int main(void) {
  static float query[8 * 64], key[2 * 64], value[2 * 64], result[8 * 64];
  static float keys[SLOTS * CONTEXT * 2 * 64], values[SLOTS * CONTEXT * 2 * 64];
  for (int i = 0; i < 2 * 64; ++i)
    value[i] = i / 64 + 1;
  int32_t position = 0, slot = 0;
  int32_t block[] = {0, 1, slot,
                     position}; /* first row, rows, slot, position */

  void *memory = aligned_alloc(64, attention_memory_bytes(1));
  struct tenon_workers workers = {1, memory, NULL, NULL};
  int outcome = attention(&workers, 1, 1, SLOTS, CONTEXT, query, key, value,
                          &position, &slot, block, keys, values, result);
  printf("returned %d; heads see %g and %g\n", outcome, result[0],
         result[7 * 64]);
  free(memory);
  return outcome;
}
