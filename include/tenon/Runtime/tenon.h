/* Running a compiled model from C: models, sessions, steps, sampling and state.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

#ifndef TENON_RUNTIME_TENON_H
#define TENON_RUNTIME_TENON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A complete program, without its error checks:
 *
 *   tenon_model *model;
 *   tenon_session *session;
 *   tenon_model_open("gemma.tenon", NULL, &model);
 *   tenon_session_create(model, NULL, &session);
 *   tenon_session_prefill(session, 0, num_tokens, tokens, 0, logits);
 *   tenon_sample(session, logits, NULL, 0, &token);
 *   tenon_session_step(session, 1, &token, NULL, NULL, 1, NULL, logits);
 *   ...
 *   tenon_session_destroy(session);
 *   tenon_model_close(model);
 *
 * A *model* is an open artifact. It is immutable: any number of threads and
 * sessions may use one model at the same time.
 *
 * A *session* executes a model. It has a fixed number of *slots*; each slot
 * holds one sequence of tokens and its KV cache. A session must be used by one
 * thread at a time; it owns the worker threads that execute its steps. All of
 * its memory is allocated on creation: a step allocates none.
 *
 * A *step* appends tokens to one or more sequences. Prefill, chunked prefill,
 * decode, ragged batches and the verification of draft tokens (speculative
 * decoding) are all steps. Results are deterministic and batch invariant: for
 * one code variant the logits of a token are bit-exact for any number of
 * threads, any other sequences in the step and any partition of a prompt into
 * steps. The one exception is multi-head latent attention, whose naive and
 * absorbed forms add in different orders; the form depends on the number of
 * tokens of the step unless it is pinned (tenon compile --mla=naive|absorbed).
 *
 * Errors: a function that can fail returns a tenon_status. After a failure
 * tenon_last_error() returns one line that says what was wrong and what to do.
 * A call that fails has no effect unless its description says otherwise.
 *
 * Versioning: structures of options and of information begin with their size,
 * so that later versions can append fields. Set `struct_size` to sizeof of the
 * structure and every unused field to zero. Zero is the default of each option;
 * a NULL pointer to options selects all defaults. */

#if defined(__GNUC__)
#define TENON_API __attribute__((visibility("default")))
#else
#define TENON_API
#endif

typedef enum tenon_status {
  TENON_OK = 0,
  TENON_ERROR_ARGUMENT = 1, /* invalid argument, such as a slot out of range */
  TENON_ERROR_FILE = 2,     /* a file cannot be opened or read */
  TENON_ERROR_ARTIFACT = 3, /* the artifact is damaged or of another version */
  TENON_ERROR_CPU = 4,      /* no code variant runs on this CPU */
  TENON_ERROR_SYSTEM = 5    /* out of memory, or a thread cannot be created */
} tenon_status;

/* Returns the message of the last call of this thread that failed: one line
 * without a newline, at most 1023 bytes, empty if none has failed. Never NULL.
 * Owned by the library; valid until the next failure in the same thread. */
TENON_API const char *tenon_last_error(void);

/* ---- Models ------------------------------------------------------------- */

typedef struct tenon_model tenon_model;

typedef struct tenon_model_options {
  size_t struct_size;
  /* Code variant, with or without the prefix `x86-64-`: "v3". NULL: the value
   * of the environment variable TENON_CPU; if that is not set, the best variant
   * of the artifact that this CPU and operating system can run. */
  const char *cpu;
  /* Nonzero: open for inspection only. Needs neither a variant for this CPU nor
   * weights.bin; sessions cannot be created. */
  uint32_t inspect;
  /* Nonzero: map all pages of the weights now instead of on first use. Opening
   * is slower, the first step faster; needs memory for all weights. */
  uint32_t preload;
} tenon_model_options;

/* Opens an artifact.
 *
 *   path     directory that `tenon compile` wrote
 *   options  may be NULL
 *   model    receives the model; the caller closes it
 *
 * The hash of model.so is verified before any code is mapped for execution,
 * then the manifest (magic number, version, hash, every offset) and the header
 * of weights.bin. Weights are memory-mapped, neither copied nor read; see
 * tenon_model_check. Hashes detect damage, not malice: an artifact must be
 * trusted like any shared library. An artifact that is opened twice is in
 * memory once.
 *
 * Errors: TENON_ERROR_FILE, _ARTIFACT, _CPU, _SYSTEM, _ARGUMENT. */
TENON_API tenon_status tenon_model_open(const char *path,
                                        const tenon_model_options *options,
                                        tenon_model **model);

/* Closes a model; its sessions must have been destroyed. NULL is ignored. */
TENON_API void tenon_model_close(tenon_model *model);

/* Verifies the hashes of all weights, which reads the whole file. The error
 * names the damaged weight. */
TENON_API tenon_status tenon_model_check(const tenon_model *model);

typedef struct tenon_model_info {
  size_t struct_size;       /* set by the caller */
  const char *architecture; /* model family: "deepseek_v3" */
  const char *producer;     /* compiler and version: "tenon 0.1.0" */
  const char *variant;      /* code variant in use; "" if only inspected */
  uint32_t vocabulary;      /* token ids are 0 .. vocabulary - 1 */
  uint32_t hidden;          /* hidden size */
  uint32_t layers;
  uint32_t max_context;    /* maximum sequence length, prompt included */
  uint32_t num_buckets;    /* at least 1 */
  const uint32_t *buckets; /* [num_buckets], ascending: maximum number of
                              tokens of each specialized step; the last one
                              limits tenon_session_step */
  uint64_t weights_bytes;  /* size of the packed weights */
  uint32_t segments;       /* kinds of segments of an encoder; 0: a decoder */
  uint32_t pooled;     /* nonzero: tenon_session_encode has pooled outputs */
  uint32_t pooling;    /* how the model makes one vector of a text: 0: the mean
                          of all embeddings, 1: that of the first token, 2: the
                          pooled output of the first token */
  uint32_t normalizes; /* nonzero: and divides it by its length */
} tenon_model_info;

/* Fills in `info`. Its pointers are valid until the model is closed. */
TENON_API tenon_status tenon_model_get_info(const tenon_model *model,
                                            tenon_model_info *info);

struct tenon_manifest;

/* Returns the verified manifest for tools that print it. Its structures are in
 * Format.h, which, unlike this header, changes with the format version. */
TENON_API const struct tenon_manifest *
tenon_model_get_manifest(const tenon_model *model);

/* ---- Sessions ----------------------------------------------------------- */

typedef struct tenon_session tenon_session;

typedef struct tenon_session_options {
  size_t struct_size;
  uint32_t max_context; /* maximum sequence length; 0: that of the model */
  uint32_t slots;       /* number of sequences; 0: 1 */
  uint32_t threads;     /* including the calling thread; 0: one per CPU in the
                           affinity mask of the process; a larger number is
                           reduced to that */
  uint32_t pin;         /* nonzero: pin worker thread t to the t-th CPU of the
                           affinity mask; the calling thread, number 0, is not
                           pinned */
  uint32_t prefault;    /* nonzero: map the whole KV cache now, so that no step
                           has a page fault; otherwise on first use */
} tenon_session_options;

/* Creates a session whose sequences are empty. The KV cache takes
 * slots * max_context * (bytes per position) of address space.
 *
 * Errors: TENON_ERROR_ARGUMENT, _SYSTEM. */
TENON_API tenon_status tenon_session_create(
    const tenon_model *model, const tenon_session_options *options,
    tenon_session **session);

/* Ends the worker threads and frees all memory. NULL is ignored. */
TENON_API void tenon_session_destroy(tenon_session *session);

typedef struct tenon_session_info {
  size_t struct_size; /* set by the caller */
  uint32_t max_context;
  uint32_t slots;
  uint32_t threads;
  uint32_t max_tokens;    /* maximum number of tokens per step */
  uint64_t state_bytes;   /* KV caches of all slots */
  uint64_t arena_bytes;   /* activations of a step */
  uint64_t scratch_bytes; /* thread-private memory of all threads */
} tenon_session_info;

TENON_API tenon_status tenon_session_get_info(const tenon_session *session,
                                              tenon_session_info *info);

/* Appends `num_tokens` tokens to sequences and computes logits.
 *
 *   num_tokens  0 .. max_tokens; 0 has no effect
 *   tokens      [num_tokens] token ids, 0 .. vocabulary - 1
 *   positions   [num_tokens] position of each token in its sequence, or NULL:
 *               after the tokens that the sequence holds
 *   slots       [num_tokens] slot of each token, or NULL: slot 0 for all
 *   num_rows    0 .. num_tokens: number of rows of logits
 *   rows        [num_rows] indices into `tokens` whose logits are wanted, in
 *               any order, or NULL: the last num_rows tokens
 *   logits      [num_rows, vocabulary] output, row-major; any alignment of a
 *               float; may be NULL if num_rows is 0
 *
 * The tokens of a slot must be contiguous and their positions consecutive,
 * beginning at the length of the sequence: `positions` confirms what the
 * session knows (tenon_session_truncate goes back). No sequence may exceed
 * max_context. More tokens than max_tokens: tenon_session_prefill, or several
 * steps. Everything is checked before anything is computed; the arrays are not
 * retained.
 *
 * Errors: TENON_ERROR_ARGUMENT. */
TENON_API tenon_status tenon_session_step(
    tenon_session *session, uint32_t num_tokens, const int32_t *tokens,
    const int32_t *positions, const int32_t *slots, uint32_t num_rows,
    const int32_t *rows, float *logits);

/* Appends any number of tokens to one sequence, in steps of `chunk` tokens
 * (0: max_tokens).
 *
 *   slot        0 .. slots - 1
 *   num_tokens  any number that fits into max_context
 *   tokens      [num_tokens] token ids
 *   chunk       0 .. max_tokens
 *   logits      [vocabulary] output for the last token, or NULL
 *
 * Errors: TENON_ERROR_ARGUMENT, checked before the first step. */
TENON_API tenon_status tenon_session_prefill(tenon_session *session,
                                             uint32_t slot, size_t num_tokens,
                                             const int32_t *tokens,
                                             uint32_t chunk, float *logits);

/* Computes the embeddings of whole sequences with an encoder, whose tokens attend
 * to all tokens of their sequence. Nothing is kept: every call begins anew.
 *
 *   num_tokens  0 .. max_tokens; 0 has no effect
 *   tokens      [num_tokens] token ids, 0 .. vocabulary - 1
 *   types       [num_tokens] segment of each token, 0 .. segments - 1, or NULL:
 *               0 for all
 *   slots       [num_tokens] slot of each token, or NULL: slot 0 for all. The
 *               tokens of a slot are contiguous, and are one sequence
 *   num_rows    0 .. num_tokens: number of rows of outputs
 *   rows        [num_rows] indices into `tokens` whose outputs are wanted, in
 *               any order, or NULL: the last num_rows tokens
 *   embeddings  [num_rows, hidden] output, row-major; any alignment of a float
 *   pooled      [num_rows, hidden] output of the pooler, which is meant for the
 *               first token of a sequence, or NULL
 *
 * A sequence has at most max_context tokens, and those of a call fit into one
 * step. The outputs of a sequence are bit-exact for any other sequences in the
 * call and any number of threads. A session of an encoder takes no other step.
 *
 * Errors: TENON_ERROR_ARGUMENT. */
TENON_API tenon_status tenon_session_encode(
    tenon_session *session, uint32_t num_tokens, const int32_t *tokens,
    const int32_t *types, const int32_t *slots, uint32_t num_rows,
    const int32_t *rows, float *embeddings, float *pooled);

/* ---- Sequences and their state ------------------------------------------ */

/* Writes the length of a sequence in tokens: the position of its next token. */
TENON_API tenon_status tenon_session_get_length(const tenon_session *session,
                                                uint32_t slot,
                                                uint32_t *length);

/* Empties a sequence. */
TENON_API tenon_status tenon_session_reset(tenon_session *session,
                                           uint32_t slot);

/* Shortens a sequence to its first `length` tokens, at most its length. */
TENON_API tenon_status tenon_session_truncate(tenon_session *session,
                                              uint32_t slot, uint32_t length);

/* Writes the number of bytes that tenon_session_save needs for a sequence. */
TENON_API tenon_status tenon_session_get_saved_size(
    const tenon_session *session, uint32_t slot, size_t *size);

/* Saves a sequence to `buffer` of `size` bytes, at least those of
 * tenon_session_get_saved_size. */
TENON_API tenon_status tenon_session_save(const tenon_session *session,
                                          uint32_t slot, void *buffer,
                                          size_t size);

/* Replaces a sequence by a saved one, from any slot of any session whose model
 * has the same weights and the same KV cache layout. `size` may exceed what was
 * saved. A damaged buffer is an error (TENON_ERROR_ARGUMENT). */
TENON_API tenon_status tenon_session_restore(tenon_session *session,
                                             uint32_t slot, const void *buffer,
                                             size_t size);

/* ---- Sampling ----------------------------------------------------------- */

typedef struct tenon_sampling {
  size_t struct_size;
  float temperature; /* logits are divided by it; 0: greedy */
  float top_p;       /* nucleus: keep the smallest set of most likely tokens
                        whose probabilities add up to it; 0 and 1: all */
  uint32_t top_k;    /* keep the top_k most likely tokens; 0: all */
  uint32_t reserved; /* 0 */
  uint64_t seed;
} tenon_sampling;

/* Chooses a token from `logits` [vocabulary]. NULL for `sampling` is greedy.
 *
 * Tokens are ordered by logit, of equal ones the lower token first. Greedy
 * takes the first. Otherwise the first top_k are kept; of these, renormalized
 * after the temperature, the shortest beginning whose sum reaches top_p; and
 * one of the kept is drawn with its probability: with u, uniform in [0, 1), it
 * is the lowest token for which the sum of the kept tokens up to it exceeds u
 * times the sum of all kept. Probabilities are computed in double with
 * operations that IEEE 754 defines to the last bit, so the same call returns
 * the same token on every machine.
 *
 * u is a function of `seed` and `counter` alone; there is no hidden state. Give
 * each draw another counter, for instance the position of the token, and each
 * sequence another seed. With mix(x) the finalizer of SplitMix64,
 *     x ^= x >> 30;  x *= 0xbf58476d1ce4e5b9;
 *     x ^= x >> 27;  x *= 0x94d049bb133111eb;  x ^= x >> 31;
 * u = (mix(mix(seed) + (counter + 1) * 0x9e3779b97f4a7c15) >> 11) * 2^-53, with
 * all integers modulo 2^64.
 *
 * A logit of minus infinity is never chosen; NaN and plus infinity are errors.
 */
TENON_API tenon_status tenon_sample(tenon_session *session, const float *logits,
                                    const tenon_sampling *sampling,
                                    uint64_t counter, int32_t *token);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // TENON_RUNTIME_TENON_H
