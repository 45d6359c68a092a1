// Calls smooth(x, y) on x = 0, 1, ... and y = 0.5: ROWS WORKERS RESULT.npy
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "functions.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int64_t rows = atoi(argv[1]), count = atoi(argv[argc - 2]);
  size_t bytes = rows * 75 * sizeof(float);
  float *x = malloc(bytes), *y = malloc(bytes), *result = malloc(bytes);
  for (int64_t i = 0; i < rows * 75; ++i) {
    x[i] = i;
    y[i] = 0.5f;
  }
  void *memory = aligned_alloc(64, functions_memory_bytes(count));
  struct worker pool[8];
  struct tenon_workers workers = {count, memory, parallel, pool};
  if (smooth(&workers, rows, x, y, result) != TENON_CALL_DONE)
    return 1;
  FILE *file = fopen(argv[3], "wb");
  fwrite("\x93NUMPY\x01\0v\0", 1, 10, file);
  int text = fprintf(file, "{'descr': '<f4', 'fortran_order': False, ");
  text += fprintf(file, "'shape': (%d, 75), }", (int)rows);
  fprintf(file, "%*s\n", 117 - text, "");
  return fwrite(result, 1, bytes, file) != bytes || fclose(file) != 0;
}
