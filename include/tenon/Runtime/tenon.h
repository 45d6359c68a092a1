/* Running a compiled model from C: models, sessions, steps, sampling and state.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

#ifndef TENON_RUNTIME_TENON_H
#define TENON_RUNTIME_TENON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How it is used, in full:
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
 * A *model* is an opened artifact. It is never written to, so any number of
 * threads and sessions may use one model at the same time.
 *
 * A *session* runs a model. It has a number of *slots*, each of which holds one
 * sequence of tokens with its state (the keys and values of its past). A
 * session is used by one thread at a time; it brings its own threads.
 * Everything it needs is allocated when it is created: no step allocates
 * memory.
 *
 * A *step* appends tokens to one or several sequences. Prefill, decoding, a
 * batch of sequences of different lengths and the check of guessed tokens are
 * all steps. The bits of a result depend neither on the number of threads nor
 * on what else is in a step nor on how tokens are spread over steps, with one
 * exception: latent attention sums in another order in steps with few tokens,
 * unless its form was pinned (tenon compile --mla=naive or --mla=absorbed).
 *
 * Every function that can fail returns a status. After a failure,
 * tenon_last_error() says in one line what was wrong and what to do. A call
 * that fails changes nothing, except where its description says so.
 *
 * Structures of options and of information begin with their size, so that later
 * versions can append fields: set `struct_size` to the sizeof of the structure
 * and all that is not needed to zero. Where options are expected, NULL means
 * that each of them has its default, which is also what zero means. */

#if defined(__GNUC__)
#define TENON_API __attribute__((visibility("default")))
#else
#define TENON_API
#endif

typedef enum tenon_status {
  TENON_OK = 0,
  TENON_ERROR_ARGUMENT =
      1,                /* the call is wrong, for instance a slot too high */
  TENON_ERROR_FILE = 2, /* a file cannot be opened or read */
  TENON_ERROR_ARTIFACT = 3, /* the artifact is damaged or of another version */
  TENON_ERROR_CPU = 4,      /* no code in the artifact suits this CPU */
  TENON_ERROR_SYSTEM = 5    /* the system gives no memory or no thread */
} tenon_status;

/* What the last failed call of this thread complained about, as one line in
 * lower case without a newline, at most 1023 bytes; empty if no call failed so
 * far. The text stays until the next failure in the same thread. Never NULL. */
TENON_API const char *tenon_last_error(void);

/* ---- Models ----------------------------------------------------------------
 */

typedef struct tenon_model tenon_model;

typedef struct tenon_model_options {
  size_t struct_size;
  /* Name of the code variant to run, with or without `x86-64-`: `v3`. NULL is
   * the value of the environment variable TENON_CPU, and without it the first
   * variant of the artifact, best first, that this CPU and system can run. */
  const char *cpu;
  /* Not 0: the model is opened to be looked at. Neither code that suits this
   * CPU nor weights.bin are needed, and sessions are refused. */
  uint32_t inspect;
  /* Not 0: the pages of the weights are mapped now and not when a step reads
   * them first. Slower to open, faster first step; needs as much memory as
   * weights. */
  uint32_t preload;
} tenon_model_options;

/* Opens the artifact in the folder `path`. Before any code in it is mapped for
 * execution, the whole file model.so is compared with the hash at its end; then
 * the manifest is checked (magic, version, hash, every offset in it) and the
 * header of weights.bin. The data of the weights is mapped and neither copied
 * nor read: see tenon_model_check. The code of an artifact is as trusted as any
 * shared library: the hashes find damage and not malice.
 *
 * Opening the same folder twice is fine and costs no second copy. The caller
 * closes what it opens. */
TENON_API tenon_status tenon_model_open(const char *path,
                                        const tenon_model_options *options,
                                        tenon_model **model);

/* Closes a model. All sessions of it must have been destroyed. NULL is ignored.
 */
TENON_API void tenon_model_close(tenon_model *model);

/* Compares all weights with their hashes: reads the file once from end to end,
 * at several GB/s if it is in memory. The error names the damaged weight. */
TENON_API tenon_status tenon_model_check(const tenon_model *model);

typedef struct tenon_model_info {
  size_t struct_size;       /* set by the caller */
  const char *architecture; /* `deepseek_v3` */
  const char *producer;     /* what compiled it: `tenon 0.1.0` */
  const char *variant; /* code variant in use; empty if opened to inspect */
  uint32_t vocabulary; /* tokens are 0 .. vocabulary - 1 */
  uint32_t hidden;     /* width of the residual stream */
  uint32_t layers;
  uint32_t max_context;    /* most tokens of a sequence, prompt included */
  uint32_t num_buckets;    /* at least 1 */
  const uint32_t *buckets; /* most tokens of a step, ascending; the last one is
                              the limit of tenon_session_step */
  uint64_t weights_bytes;  /* data in weights.bin */
} tenon_model_info;

/* Fills in `info`. Its pointers stay valid until the model is closed. */
TENON_API tenon_status tenon_model_get_info(const tenon_model *model,
                                            tenon_model_info *info);

struct tenon_manifest;

/* The whole manifest, checked, for tools that print it: see Format.h, which,
 * unlike this header, changes with the format version. */
TENON_API const struct tenon_manifest *
tenon_model_get_manifest(const tenon_model *model);

/* ---- Sessions --------------------------------------------------------------
 */

typedef struct tenon_session tenon_session;

typedef struct tenon_session_options {
  size_t struct_size;
  uint32_t max_context; /* most tokens of a sequence; 0: that of the model */
  uint32_t slots;       /* number of sequences; 0: 1 */
  uint32_t threads;     /* that of the caller included; 0, and at most: one for
                           each CPU that this process may use */
  uint32_t pin; /* not 0: thread t of the session stays on the t-th of these
                   CPUs. The calling thread is number 0 and is not touched */
  uint32_t prefault; /* not 0: all memory of the state is mapped now, so that no
                        step has a page fault; otherwise as it is used */
} tenon_session_options;

/* Creates a session with empty sequences. Address space for the state is
 * slots * max_context * (bytes of the model for one position). */
TENON_API tenon_status tenon_session_create(
    const tenon_model *model, const tenon_session_options *options,
    tenon_session **session);

/* Ends the threads of a session and frees its memory. NULL is ignored. */
TENON_API void tenon_session_destroy(tenon_session *session);

typedef struct tenon_session_info {
  size_t struct_size; /* set by the caller */
  uint32_t max_context;
  uint32_t slots;
  uint32_t threads;
  uint32_t max_tokens;    /* of a step: the largest bucket */
  uint64_t state_bytes;   /* of all slots */
  uint64_t arena_bytes;   /* intermediate results of a step */
  uint64_t scratch_bytes; /* intermediate results of all threads */
} tenon_session_info;

TENON_API tenon_status tenon_session_get_info(const tenon_session *session,
                                              tenon_session_info *info);

/* Appends `num_tokens` tokens to sequences and returns logits.
 *
 *   tokens     [num_tokens], each less than the vocabulary
 *   positions  [num_tokens], where each token stands in its sequence; NULL:
 * behind what the sequence holds slots      [num_tokens], the sequence of each
 * token; NULL: slot 0 for all rows       [num_rows], indices into `tokens`:
 * whose logits are wanted, in any order; NULL: the last num_rows tokens logits
 * [num_rows, vocabulary], written; any alignment of a float
 *
 * Rules: the tokens of one slot stand next to each other; their positions are
 * consecutive and begin at the length of the sequence, so that `positions` only
 * confirms what the session knows (tenon_session_truncate goes back); no
 * sequence grows beyond max_context; at most as many tokens as the largest
 * bucket holds (tenon_session_prefill takes more); num_rows is at most
 * num_tokens. All of this is checked before anything is computed.
 *
 * num_tokens may be 0, which does nothing, and num_rows may be 0. The arrays
 * are not kept. */
TENON_API tenon_status tenon_session_step(
    tenon_session *session, uint32_t num_tokens, const int32_t *tokens,
    const int32_t *positions, const int32_t *slots, uint32_t num_rows,
    const int32_t *rows, float *logits);

/* Appends any number of tokens to one sequence in steps of `chunk` tokens, or
 * of the largest bucket if chunk is 0, and writes the logits of the last one to
 * `logits` [vocabulary] unless that is NULL. */
TENON_API tenon_status tenon_session_prefill(tenon_session *session,
                                             uint32_t slot, size_t num_tokens,
                                             const int32_t *tokens,
                                             uint32_t chunk, float *logits);

/* ---- Sequences and their state ----------------------------------------------
 */

/* Number of tokens that a sequence holds: the position of its next token. */
TENON_API tenon_status tenon_session_get_length(const tenon_session *session,
                                                uint32_t slot,
                                                uint32_t *length);

/* Empties a sequence. */
TENON_API tenon_status tenon_session_reset(tenon_session *session,
                                           uint32_t slot);

/* Forgets all tokens of a sequence but the first `length`, which is at most its
 * length now. */
TENON_API tenon_status tenon_session_truncate(tenon_session *session,
                                              uint32_t slot, uint32_t length);

/* Bytes that tenon_session_save writes for a sequence as it is now. */
TENON_API tenon_status tenon_session_get_saved_size(
    const tenon_session *session, uint32_t slot, size_t *size);

/* Writes a sequence to `buffer`, which has `size` bytes, at least those of
 * tenon_session_get_saved_size. */
TENON_API tenon_status tenon_session_save(const tenon_session *session,
                                          uint32_t slot, void *buffer,
                                          size_t size);

/* Replaces a sequence by a saved one: of any slot of any session whose model
 * has the same weights and the same state. `size` may be more than what was
 * saved. A damaged buffer is refused. */
TENON_API tenon_status tenon_session_restore(tenon_session *session,
                                             uint32_t slot, const void *buffer,
                                             size_t size);

/* ---- Sampling
 * ---------------------------------------------------------------- */

typedef struct tenon_sampling {
  size_t struct_size;
  float temperature; /* logits are divided by it; 0: the most likely token */
  float top_p; /* keep the fewest likely tokens whose probabilities reach this
                  sum; 0 and 1: all */
  uint32_t top_k;    /* keep this many tokens; 0: all */
  uint32_t reserved; /* 0 */
  uint64_t seed;
} tenon_sampling;

/* Chooses a token from `logits` [vocabulary]. NULL for `sampling` is greedy.
 *
 * Tokens are ordered by logit, of equal ones the lower token first. Greedy
 * takes the first. Otherwise the first top_k are kept; of these, renormalised
 * after the temperature, the shortest beginning whose sum reaches top_p; and
 * one of the kept is drawn with its probability: with u, uniform in [0, 1), it
 * is the lowest token for which the sum of the kept tokens up to it exceeds u
 * times the sum of all kept. Probabilities are computed in double with
 * operations that IEEE 754 defines to the last bit, so the same call returns
 * the same token on every machine.
 *
 * u is a function of `seed` and `counter` alone; there is no hidden state. Give
 * each draw another counter, for instance the position of the token, and each
 * sequence another seed. With mix(x) the finaliser of SplitMix64,
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
