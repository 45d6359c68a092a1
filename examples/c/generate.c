/* Continues a prompt with a compiled model: all that a program needs.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

#include "tenon/Runtime/tenon.h"
#include "tenon/Text/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: generate OUT.tenon PROMPT [COUNT [TEMPERATURE [SEED]]]\n"
    "       generate OUT.tenon --tokens=1,2,3 [COUNT [TEMPERATURE [SEED]]]\n"
    "\n"
    "Prints what follows the prompt: at most COUNT tokens (64), greedily, or "
    "drawn\n"
    "at a TEMPERATURE above 0. With --tokens, prints tokens and needs no\n"
    "tokenizer.\n";

/* Everything that has to be closed in the end. */
typedef struct program {
  tenon_model *model;
  tenon_session *session;
  tenon_tokenizer *tokenizer; /* null when the prompt is given as tokens */
  int32_t *prompt;
  uint64_t prompt_size;
  float *logits;
  char *piece; /* text of one more token */
  uint64_t piece_capacity;
} program;

typedef struct arguments {
  const char *artifact;
  const char *prompt;
  long count;
  tenon_sampling sampling;
} arguments;

static int fail(const char *message) {
  fprintf(stderr, "generate: error: %s\n", message);
  return 1;
}

/* Reads `1,2,3`. */
static int read_tokens(program *p, const char *list) {
  p->prompt = calloc(strlen(list) / 2 + 1, sizeof(int32_t));
  if (!p->prompt)
    return fail("cannot allocate memory for the prompt; shorten it");
  while (*list) {
    char *end;
    errno = 0;
    long token = strtol(list, &end, 10);
    if (end == list || (*end && *end != ',') || (*end && !end[1]) || errno ||
        token < 0 || token > INT32_MAX)
      return fail("tokens must be numbers with commas between; write 1,2,3");
    p->prompt[p->prompt_size++] = (int32_t)token;
    list = *end ? end + 1 : end;
  }
  return 0;
}

/* Turns text into tokens with the tokenizer in the artifact. */
static int encode(program *p, const arguments *a) {
  char path[4096];
  uint64_t size = strlen(a->prompt);
  if (snprintf(path, sizeof(path), "%s/tokenizer.bin", a->artifact) >=
      (int)sizeof(path))
    return fail("path of the artifact is too long; move it");
  if (tenon_text_open(path, &p->tokenizer))
    return fail(tenon_text_last_error());
  /* Asked without room, it says how much is needed. */
  tenon_text_status status =
      tenon_text_encode(p->tokenizer, a->prompt, size, TENON_TEXT_ADD_SPECIAL,
                        NULL, 0, &p->prompt_size);
  if (status != TENON_TEXT_OK && status != TENON_TEXT_BUFFER_TOO_SMALL)
    return fail(tenon_text_last_error());
  p->prompt = calloc(p->prompt_size + 1, sizeof(int32_t));
  p->piece_capacity = tenon_text_stream_capacity(p->tokenizer);
  p->piece = malloc(p->piece_capacity + 1);
  if (!p->prompt || !p->piece)
    return fail("cannot allocate memory for the prompt; shorten it");
  if (tenon_text_encode(p->tokenizer, a->prompt, size, TENON_TEXT_ADD_SPECIAL,
                        p->prompt, p->prompt_size, &p->prompt_size))
    return fail(tenon_text_last_error());
  return 0;
}

/* Opens the model and reads the prompt into a session. */
static int begin(program *p, const arguments *a) {
  static const char tokens[] = "--tokens=";
  tenon_model_info info = {sizeof(info)};
  if (tenon_model_open(a->artifact, NULL, &p->model) ||
      tenon_model_get_info(p->model, &info) ||
      tenon_session_create(p->model, NULL, &p->session))
    return fail(tenon_last_error());
  if (strncmp(a->prompt, tokens, strlen(tokens)) == 0) {
    if (read_tokens(p, a->prompt + strlen(tokens)))
      return 1;
  } else if (encode(p, a)) {
    return 1;
  }
  if (p->prompt_size == 0)
    return fail("prompt has no token; write a longer one");
  p->logits = malloc(info.vocabulary * sizeof(float));
  if (!p->logits)
    return fail("cannot allocate memory for logits; free memory");
  if (tenon_session_prefill(p->session, 0, p->prompt_size, p->prompt, 0,
                            p->logits))
    return fail(tenon_last_error());
  return 0;
}

/* Prints one more token, as text where there is a tokenizer. */
static int print_token(program *p, tenon_text_stream *stream, int32_t token) {
  uint64_t size = 0;
  if (!p->tokenizer)
    return printf("%d\n", token) < 0;
  if (tenon_text_stream_next(stream, token, p->piece, p->piece_capacity, &size))
    return fail(tenon_text_last_error());
  fwrite(p->piece, 1, size, stdout);
  fflush(stdout);
  return 0;
}

/* Chooses token after token until the model ends the text or there is no room.
 */
static int generate(program *p, const arguments *a) {
  tenon_text_stream stream;
  tenon_session_info info = {sizeof(info)};
  uint32_t length;
  int32_t token;
  /* What is printed continues the prompt. */
  if (p->tokenizer &&
      tenon_text_stream_continue(p->tokenizer, TENON_TEXT_SKIP_SPECIAL,
                                 p->prompt, p->prompt_size, &stream))
    return fail(tenon_text_last_error());
  if (tenon_session_get_info(p->session, &info) ||
      tenon_session_get_length(p->session, 0, &length))
    return fail(tenon_last_error());
  for (long i = 0; i < a->count; ++i) {
    /* The position is another number for each draw. */
    if (tenon_sample(p->session, p->logits, &a->sampling, length, &token))
      return fail(tenon_last_error());
    if (p->tokenizer && tenon_text_is_eos(p->tokenizer, token))
      break;
    if (print_token(p, &stream, token))
      return 1;
    if (i + 1 == a->count || length++ == info.max_context)
      break;
    if (tenon_session_step(p->session, 1, &token, NULL, NULL, 1, NULL,
                           p->logits))
      return fail(tenon_last_error());
  }
  if (p->tokenizer) {
    uint64_t size = 0;
    if (tenon_text_stream_finish(&stream, p->piece, p->piece_capacity, &size))
      return fail(tenon_text_last_error());
    fwrite(p->piece, 1, size, stdout);
    putchar('\n');
  }
  return fflush(stdout) == 0 ? 0 : fail("cannot write to standard output");
}

static void end(program *p) {
  tenon_session_destroy(p->session);
  tenon_model_close(p->model);
  tenon_text_close(p->tokenizer);
  free(p->prompt);
  free(p->logits);
  free(p->piece);
}

static int read_number(const char *text, double least, double most,
                       double *number) {
  char *rest;
  *number = strtod(text, &rest);
  return rest != text && !*rest && *number >= least && *number <= most;
}

static int read_arguments(int argc, char **argv, arguments *a) {
  double count = 64, temperature = 0, seed = 0;
  if (argc < 3 || argc > 6)
    return 0;
  if ((argc > 3 && !read_number(argv[3], 0, 1e9, &count)) ||
      (argc > 4 && !read_number(argv[4], 0, 1e3, &temperature)) ||
      (argc > 5 && !read_number(argv[5], 0, 1e15, &seed)))
    return 0;
  a->artifact = argv[1];
  a->prompt = argv[2];
  a->count = (long)count;
  a->sampling.struct_size = sizeof(a->sampling);
  a->sampling.temperature = (float)temperature;
  a->sampling.seed = (uint64_t)seed;
  return 1;
}

int main(int argc, char **argv) {
  arguments a = {0};
  program p = {0};
  if (!read_arguments(argc, argv, &a)) {
    fputs(usage, stderr);
    return 2;
  }
  int failed = begin(&p, &a) || generate(&p, &a);
  end(&p);
  return failed;
}
