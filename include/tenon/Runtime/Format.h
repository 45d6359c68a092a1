/* The structures of an artifact, for generated code, writer and runtime.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

#ifndef TENON_RUNTIME_FORMAT_H
#define TENON_RUNTIME_FORMAT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An artifact is a directory with at most four files:
 *
 *   model.so       generated code and the manifest
 *   weights.bin    packed weights, the same for every code variant; absent when
 *                  the artifact was compiled without them
 *   tokenizer.bin  tables of the tokenizer; absent when the source has none
 *   chat.json      the template of conversations, which the runtime does not
 *                  read; absent when the source has none
 *
 * model.so exports one symbol, `tenon_model`, of type `tenon_model_export`.
 * All numbers are little endian, and all structures have the layout that the
 * C ABI of x86-64 gives them. */

#define TENON_FORMAT_VERSION 2u
#define TENON_MANIFEST_MAGIC "TENONMF1"
#define TENON_WEIGHTS_MAGIC "TENONWT1"
/* weights.bin: one page of header (tenon_weights_header), then data. Offsets in
 * the manifest count from the beginning of the data. */
#define TENON_WEIGHTS_HEADER_BYTES 4096u
#define TENON_HASH_CHUNK_BYTES (16u << 20)

/* ---- What generated code is given ---------------------------------------- */

struct tenon_step_context;

/* Returns when every thread of the step has called it. */
typedef void (*tenon_barrier_fn)(const struct tenon_step_context *context,
                                 int64_t thread);

/* A consecutive run of tokens of one sequence: what one block of attention
 * rows covers. The runtime cuts the tokens of a step into blocks; no block
 * crosses a sequence, and none has more rows than tenon_bucket.block_rows. */
typedef struct tenon_block {
  int32_t first_row;      /* row of the block's first token in the step */
  int32_t count;          /* number of tokens, at least 1 */
  int32_t slot;           /* which sequence */
  int32_t first_position; /* position of the first token; the others follow */
} tenon_block;

/* Everything a step reads and writes. The generated function reads the fields
 * by their offsets, so their order is part of the format. */
typedef struct tenon_step_context {
  const uint8_t *weights;    /* data of weights.bin, 4 KiB aligned */
  uint8_t *arena;            /* tenon_bucket.arena_bytes, 64-byte aligned */
  uint8_t *scratch;          /* thread t owns scratch + t * scratch_stride */
  int64_t scratch_stride;    /* at least tenon_bucket.scratch_bytes */
  const int32_t *tokens;     /* [num_tokens] */
  const int32_t *positions;  /* [num_tokens] */
  const int32_t *slots;      /* [num_tokens] */
  const int32_t *rows;       /* [num_rows]: tokens whose outputs are wanted */
  const tenon_block *blocks; /* [num_blocks] */
  float *logits;             /* [num_rows, vocabulary]; of an encoder
                                [num_rows, hidden]: embeddings */
  int64_t num_tokens;
  int64_t num_rows;
  int64_t num_blocks;
  int64_t num_slots;   /* second dimension of every state */
  int64_t max_context; /* third dimension of every state */
  void *const *states; /* one buffer for each tenon_state of the manifest */
  int64_t num_threads;
  tenon_barrier_fn barrier;
  int64_t *tickets; /* shared counter of ticketed loops; a barrier zeroes it */
  void *runtime;    /* for the barrier alone */
  const int32_t *types; /* [num_tokens]: segments; for an encoder alone */
  float *pooled; /* [num_rows, hidden]; for an encoder with a pooler alone */
} tenon_step_context;

/* One step, run by each of num_threads threads with its own number. */
typedef void (*tenon_step_fn)(const tenon_step_context *context,
                              int64_t thread);

/* ---- The manifest -------------------------------------------------------- */

/* A table inside the manifest: `count` entries from `offset`, which counts from
 * the manifest's first byte and is a multiple of 8. */
typedef struct tenon_table {
  uint32_t offset;
  uint32_t count;
} tenon_table;

/* A text inside the manifest: not terminated, UTF-8. */
typedef struct tenon_text {
  uint32_t offset;
  uint32_t size;
} tenon_text;

/* One compiled upper bound of the number of tokens in a step. */
typedef struct tenon_bucket {
  uint32_t max_tokens;
  uint32_t block_rows;    /* most tokens of a tenon_block */
  uint64_t arena_bytes;   /* maximum over the code variants */
  uint64_t scratch_bytes; /* of one thread, maximum over the code variants */
} tenon_bucket;

enum { TENON_ELEMENT_F32 = 0, TENON_ELEMENT_BF16 = 1 };

/* A state tensor [layers, slots, context, width], such as a cache of keys. */
typedef struct tenon_state {
  tenon_text name;
  uint32_t layers;
  uint32_t width;   /* elements of one position */
  uint32_t element; /* TENON_ELEMENT_* */
  uint32_t reserved;
} tenon_state;

/* CPU features that a variant needs, as bits: TENON_CPU_AVX2, TENON_CPU_AVX512
 * and so on. The table of targets says what each of them stands for. */
enum {
#define TENON_CPU_FEATURE(id, bit, name, base, llvm, text)                     \
  TENON_CPU_##id = 1 << (bit),
#include "tenon/Support/Targets.def"
};

/* The TENON_CPU_* bits that this CPU and its operating system have. */
uint32_t tenon_cpu_features(void);

/* A code variant: the same functions for another set of instructions. */
typedef struct tenon_variant {
  tenon_text name; /* `x86-64-v3`: what TENON_CPU may be set to, with or
                      without the prefix `x86-64-` */
  uint32_t features;
  uint32_t first_step; /* index into tenon_model_export.steps: one function for
                          each bucket from there */
} tenon_variant;

/* One packed weight. */
typedef struct tenon_weight {
  tenon_text name;
  tenon_text type;   /* as the IR prints it */
  tenon_text source; /* where its values come from */
  uint64_t offset;   /* from the beginning of the data of weights.bin */
  uint64_t size;
} tenon_weight;

/* One kernel of one bucket and variant. */
typedef struct tenon_kernel {
  tenon_text name;
  uint32_t bucket;
  uint32_t variant;
} tenon_kernel;

/* An image for another device, as data inside the manifest. */
typedef struct tenon_image {
  tenon_text target; /* `cuda:sm_90a` */
  tenon_text kind;   /* `ptx` or `cubin` */
  uint32_t offset;
  uint32_t size;
} tenon_image;

/* What makes one vector of the outputs of a text. */
enum {
  TENON_POOLING_MEAN = 0,   /* the mean of all embeddings */
  TENON_POOLING_FIRST = 1,  /* the embedding of the first token */
  TENON_POOLING_POOLER = 2, /* the pooled output of the first token */
};

typedef struct tenon_manifest {
  char magic[8];
  uint32_t version;
  uint32_t size;         /* bytes of the whole manifest */
  uint64_t hash;         /* tenon_hash of the manifest with this field 0 */
  uint64_t weights_size; /* bytes of the data of weights.bin */
  uint64_t weights_id;   /* equals tenon_weights_header.id */
  uint32_t vocabulary;
  uint32_t hidden;
  uint32_t layers;
  uint32_t max_context;     /* longest context the model was compiled for */
  tenon_text architecture;  /* `deepseek_v3` */
  tenon_text producer;      /* `tenon 0.1.0` */
  tenon_table buckets;      /* tenon_bucket, ascending max_tokens */
  tenon_table states;       /* tenon_state */
  tenon_table variants;     /* tenon_variant, best first */
  tenon_table weights;      /* tenon_weight */
  tenon_table kernels;      /* tenon_kernel */
  tenon_table images;       /* tenon_image */
  tenon_table chunk_hashes; /* uint64_t: tenon_hash of each 16 MiB of the data.
                               None, though weights_size is not 0, when compiled
                               without weights: weights_size is what they would
                               have, and the artifact can only be inspected */
  uint64_t token_bytes; /* of weights that a step of one token reads; 0 when it
                           is not known */
  uint32_t segments;    /* kinds of segments of an encoder; 0: a decoder */
  uint32_t pooled;      /* 1: an encoder whose steps have pooled outputs, too */
  uint32_t pooling;    /* TENON_POOLING_*: one vector of an encoder's outputs */
  uint32_t normalizes; /* 1: that vector is divided by its length */
} tenon_manifest;

/* The last bytes of the file model.so, appended after linking, so that the code
 * is checked before any of it is mapped for execution. */
#define TENON_CODE_MAGIC "TENONSO1"
typedef struct tenon_code_trailer {
  char magic[8];
  uint64_t size; /* bytes of the file before the trailer */
  uint64_t hash; /* tenon_hash of these bytes */
} tenon_code_trailer;

/* First page of weights.bin. */
typedef struct tenon_weights_header {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t size; /* bytes of the data */
  uint64_t id;   /* tenon_hash over the chunk hashes */
} tenon_weights_header;

/* What model.so exports as `tenon_model`. */
typedef struct tenon_model_export {
  const tenon_manifest *manifest;
  const tenon_step_fn *steps; /* num_steps functions, see tenon_variant */
  uint64_t num_steps;
} tenon_model_export;

/* The hash of the format: XXH64 with seed 0, as llvm::xxHash64 computes it. */
uint64_t tenon_hash(const void *data, uint64_t size);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // TENON_RUNTIME_FORMAT_H
