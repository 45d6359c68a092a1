// The numbers of the hand-written model, for its code and for its tests.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_RUNTIME_TOYMODEL_H
#define TENON_TEST_UNIT_RUNTIME_TOYMODEL_H

#include "tenon/Runtime/Format.h"

enum {
  TOY_VOCABULARY = 37,
  TOY_LAYERS = 2,
  TOY_WIDTH = 3,
  TOY_MAX_CONTEXT = 101,
  TOY_BUCKETS = 3,  // of 1, 4 and 16 tokens, with blocks of 1, 3 and 5 rows
  TOY_VARIANTS = 3, // x86-64-v4, x86-64-v3 and x86-64, which runs everywhere
  // More than one chunk, and not a multiple of one.
  TOY_WEIGHTS_BYTES = (16 << 20) + 12345,
  TOY_FIRST_BYTES = 4096,
  TOY_CHUNKS = 2,
  // What a step leaves in the arena, in words of 32 bits.
  TOY_ARENA_BUCKET = 0,
  TOY_ARENA_VARIANT = 1,
  TOY_ARENA_OVERWRITTEN = 2, // bytes of scratch that another thread wrote
  TOY_ARENA_TOKENS = 16,
};

#endif // TENON_TEST_UNIT_RUNTIME_TOYMODEL_H
