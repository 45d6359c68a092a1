// A model written by hand that stands in for an artifact's model.so.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ToyModel.h"

#include <float.h>
#include <stddef.h>
#include <string.h>

struct manifest {
  tenon_manifest head;
  tenon_bucket buckets[TOY_BUCKETS];
  tenon_state states[2];
  tenon_variant variants[TOY_VARIANTS];
  tenon_weight weights[2];
  tenon_kernel kernels[2];
  tenon_image images[2];
  uint64_t chunk_hashes[TOY_CHUNKS];
  char texts[128];
};

// Texts and where they stand in the manifest.
#define TEXTS                                                                  \
  "toy"                                                                        \
  "tenon test"                                                                 \
  "keys"                                                                       \
  "marks"                                                                      \
  "x86-64-v4"                                                                  \
  "x86-64-v3"                                                                  \
  "x86-64"                                                                     \
  "first"                                                                      \
  "second"                                                                     \
  "f32"
#define TEXT(offset, size) {offsetof(struct manifest, texts) + (offset), size}
#define TABLE(name, count) {offsetof(struct manifest, name), count}

// The writer fills in the hashes.
static const struct manifest manifest = {
    {TENON_MANIFEST_MAGIC,
     TENON_FORMAT_VERSION,
     sizeof(struct manifest),
     0,
     TOY_WEIGHTS_BYTES,
     0,
     TOY_VOCABULARY,
     8,
     TOY_LAYERS,
     TOY_MAX_CONTEXT,
     TEXT(0, 3),
     TEXT(3, 10),
     TABLE(buckets, TOY_BUCKETS),
     TABLE(states, 2),
     TABLE(variants, TOY_VARIANTS),
     TABLE(weights, 2),
     TABLE(kernels, 2),
     TABLE(images, 2),
     TABLE(chunk_hashes, TOY_CHUNKS),
     0,
     0,
     0,
     0,
     0},
    {{1, 1, 256, 64}, {4, 3, 512, 100}, {16, 5, 1024, 64}},
    {{TEXT(13, 4), TOY_LAYERS, TOY_WIDTH, TENON_ELEMENT_F32, 0},
     {TEXT(17, 5), 1, 5, TENON_ELEMENT_BF16, 0}},
    {{TEXT(22, 9), TENON_CPU_AVX2 | TENON_CPU_AVX512, 0},
     {TEXT(31, 9), TENON_CPU_AVX2, TOY_BUCKETS},
     {TEXT(40, 6), 0, 2 * TOY_BUCKETS}},
    {{TEXT(46, 5), TEXT(57, 3), TEXT(0, 3), 0, TOY_FIRST_BYTES},
     {TEXT(51, 6), TEXT(57, 3), TEXT(0, 3), TOY_FIRST_BYTES,
      TOY_WEIGHTS_BYTES - TOY_FIRST_BYTES}},
    {{TEXT(46, 5), 1, 2}, {TEXT(51, 6), 0, 1}},
    {{TEXT(0, 3), TEXT(57, 3), offsetof(struct manifest, texts), 4},
     {TEXT(0, 3), TEXT(57, 3), offsetof(struct manifest, texts), 5}},
    {0},
    TEXTS};

// The memory of a bucket as the file has it now: tests change it after the
// compiler has seen it, so it must be read.
static tenon_bucket memoryOf(int32_t bucket) {
  const volatile tenon_bucket *now = &manifest.buckets[bucket];
  return (tenon_bucket){now->max_tokens, now->block_rows, now->arena_bytes,
                        now->scratch_bytes};
}

// Takes the next ticket, as generated code does.
static int64_t takeTicket(const tenon_step_context *context) {
  return __atomic_fetch_add(context->tickets, 1, __ATOMIC_RELAXED);
}

// Where the vector of one token begins in a state.
static float *keyOf(const tenon_step_context *c, int64_t layer, int64_t slot,
                    int64_t position) {
  float *keys = c->states[0];
  return keys + ((layer * c->num_slots + slot) * c->max_context + position) *
                    TOY_WIDTH;
}

static void writeBlock(const tenon_step_context *c, const tenon_block *block) {
  int32_t *arena = (int32_t *)c->arena;
  for (int32_t i = 0; i < block->count; ++i) {
    int32_t row = block->first_row + i, position = block->first_position + i;
    arena[TOY_ARENA_TOKENS + row] = c->tokens[row];
    for (int64_t layer = 0; layer < TOY_LAYERS; ++layer)
      for (int64_t w = 0; w < TOY_WIDTH; ++w)
        keyOf(c, layer, block->slot, position)[w] =
            (float)(c->tokens[row] + layer + w);
    uint16_t *marks = c->states[1];
    for (int64_t w = 0; w < 5; ++w)
      marks[(block->slot * c->max_context + position) * 5 + w] =
          (uint16_t)c->tokens[row];
  }
}

// The logits of a row: a sum over the past of its sequence, in order.
static void writeLogits(const tenon_step_context *c, int64_t index) {
  const int32_t *arena = (const int32_t *)c->arena;
  // Half of the smallest normal number: 0 where such numbers are flushed, and
  // then every result is wrong.
  volatile float small = FLT_MIN;
  float flushed = small * 0.5f == 0 ? 1e6f : 0;
  int32_t row = c->rows[index], slot = c->slots[row];
  const uint16_t *marks = c->states[1];
  float sum = flushed + (float)arena[TOY_ARENA_TOKENS + row];
  for (int32_t p = 0; p <= c->positions[row]; ++p)
    sum += keyOf(c, TOY_LAYERS - 1, slot, p)[TOY_WIDTH - 1] * (float)(p + 1) +
           (float)marks[(slot * c->max_context + p) * 5 + 4];
  for (int64_t v = 0; v < TOY_VOCABULARY; ++v)
    c->logits[index * TOY_VOCABULARY + v] =
        sum + (float)c->weights[v] * (float)v;
}

// Writes all of the memory that the bucket asks for.
static void fillMemory(const tenon_step_context *c, int64_t thread,
                       int32_t bucket, int32_t variant) {
  tenon_bucket memory = memoryOf(bucket);
  memset(c->scratch + thread * c->scratch_stride, (int)thread + 1,
         memory.scratch_bytes);
  if (thread != 0)
    return;
  memset(c->arena, 0, memory.arena_bytes);
  ((int32_t *)c->arena)[TOY_ARENA_BUCKET] = bucket;
  ((int32_t *)c->arena)[TOY_ARENA_VARIANT] = variant;
}

// Counts bytes of this thread's scratch that another thread has overwritten.
static void checkScratch(const tenon_step_context *c, int64_t thread,
                         int32_t bucket) {
  const uint8_t *mine = c->scratch + thread * c->scratch_stride;
  int32_t foreign = 0;
  for (uint64_t i = 0; i != memoryOf(bucket).scratch_bytes; ++i)
    foreign += mine[i] != thread + 1;
  __atomic_fetch_add((int32_t *)c->arena + TOY_ARENA_OVERWRITTEN, foreign,
                     __ATOMIC_RELAXED);
}

static void run(const tenon_step_context *c, int64_t thread, int32_t bucket,
                int32_t variant) {
  fillMemory(c, thread, bucket, variant);
  c->barrier(c, thread);
  checkScratch(c, thread, bucket);
  for (int64_t block; (block = takeTicket(c)) < c->num_blocks;)
    writeBlock(c, &c->blocks[block]);
  c->barrier(c, thread);
  for (int64_t row; (row = takeTicket(c)) < c->num_rows;)
    writeLogits(c, row);
}

#define STEP(variant, bucket)                                                  \
  static void step##variant##bucket(const tenon_step_context *c, int64_t t) {  \
    run(c, t, bucket, variant);                                                \
  }
STEP(0, 0)
STEP(0, 1)
STEP(0, 2)
STEP(1, 0)
STEP(1, 1)
STEP(1, 2)
STEP(2, 0)
STEP(2, 1)
#ifndef TOY_LAST
STEP(2, 2)
#endif

// TenonToyMissingStep has none for the largest bucket of the last variant.
#ifndef TOY_LAST
#define TOY_LAST step22
#endif

static const tenon_step_fn steps[TOY_VARIANTS * TOY_BUCKETS] = {
    step00, step01, step02, step10, step11, step12, step20, step21, TOY_LAST};

// How many functions the export claims to have. TenonToyLongTable claims more.
#ifndef TOY_NUM_STEPS
#define TOY_NUM_STEPS TOY_VARIANTS *TOY_BUCKETS
#endif
// TenonToyHidden exports nothing.
#ifndef TOY_VISIBILITY
#define TOY_VISIBILITY "default"
#endif

__attribute__((visibility(TOY_VISIBILITY), used))
const tenon_model_export tenon_model = {&manifest.head, steps, TOY_NUM_STEPS};
