/* Runs three sequences alone and together, and compares the bits of logits.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* SequenceInvariance ARTIFACT: sequences of unequal length, each alone on one
 * thread and in one step; then all three in the same steps, whole and cut in
 * different places, on 1, 2, 3 and 7 threads; then a token more for each. */

#include "tenon/Runtime/tenon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kSequences = 3, kMostTokens = 64 };
static const uint32_t kLengths[kSequences] = {5, 23, 31};
static const uint32_t kThreads[] = {1, 2, 3, 7};
/* Tokens of each sequence that the first of two steps takes; the whole ones
 * need no second step. */
static const uint32_t kCuts[][kSequences] = {
    {5, 23, 31}, {1, 7, 16}, {0, 1, 30}, {4, 22, 0}};

static uint32_t vocabulary;
static int32_t tokens[kSequences][kMostTokens];

static void check(tenon_status status) {
  if (status == TENON_OK)
    return;
  fprintf(stderr, "error: %s\n", tenon_last_error());
  exit(2);
}

static tenon_session *createSession(const tenon_model *model, uint32_t slots,
                                    uint32_t threads) {
  tenon_session *session;
  tenon_session_options options;
  memset(&options, 0, sizeof(options));
  options.struct_size = sizeof(options);
  options.slots = slots;
  options.threads = threads;
  check(tenon_session_create(model, &options, &session));
  return session;
}

/* Logits of all tokens of all sequences, those of a sequence together. */
static float *createLogits(void) {
  float *logits =
      calloc((size_t)kSequences * kMostTokens * vocabulary, sizeof(float));
  if (!logits)
    exit(2);
  return logits;
}

static float *rowOf(float *logits, uint32_t sequence, uint32_t position) {
  return logits + (size_t)(sequence * kMostTokens + position) * vocabulary;
}

/* One step with the tokens of each sequence from `from` up to `to`. */
static void stepTogether(tenon_session *session, const uint32_t *from,
                         const uint32_t *to, float *logits) {
  int32_t step[kSequences * kMostTokens], slots[kSequences * kMostTokens];
  uint32_t count = 0;
  for (uint32_t s = 0; s != kSequences; ++s)
    for (uint32_t i = from[s]; i != to[s]; ++i, ++count) {
      step[count] = tokens[s][i];
      slots[count] = (int32_t)s;
    }
  float *rows = createLogits();
  check(
      tenon_session_step(session, count, step, NULL, slots, count, NULL, rows));
  count = 0;
  for (uint32_t s = 0; s != kSequences; ++s)
    for (uint32_t i = from[s]; i != to[s]; ++i, ++count)
      memcpy(rowOf(logits, s, i), rows + (size_t)count * vocabulary,
             vocabulary * sizeof(float));
  free(rows);
}

static void runAlone(const tenon_model *model, float *logits) {
  for (uint32_t s = 0; s != kSequences; ++s) {
    tenon_session *session = createSession(model, 1, 1);
    check(tenon_session_step(session, kLengths[s], tokens[s], NULL, NULL,
                             kLengths[s], NULL, rowOf(logits, s, 0)));
    check(tenon_session_step(session, 1, &tokens[s][kLengths[s]], NULL, NULL, 1,
                             NULL, rowOf(logits, s, kLengths[s])));
    tenon_session_destroy(session);
  }
}

static void runTogether(const tenon_model *model, uint32_t threads,
                        const uint32_t *cut, float *logits) {
  static const uint32_t kNone[kSequences] = {0, 0, 0};
  uint32_t more[kSequences];
  for (uint32_t s = 0; s != kSequences; ++s)
    more[s] = kLengths[s] + 1;
  tenon_session *session = createSession(model, kSequences, threads);
  stepTogether(session, kNone, cut, logits);
  stepTogether(session, cut, kLengths, logits);
  stepTogether(session, kLengths, more, logits);
  tenon_session_destroy(session);
}

static void drawTokens(void) {
  uint64_t random = 1;
  for (uint32_t s = 0; s != kSequences; ++s)
    for (uint32_t i = 0; i != kMostTokens; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      tokens[s][i] = (int32_t)((random >> 33) % vocabulary);
    }
}

int main(int argc, char **argv) {
  tenon_model *model;
  tenon_model_info info;
  memset(&info, 0, sizeof(info));
  info.struct_size = sizeof(info);
  check(tenon_model_open(argc > 1 ? argv[1] : "", NULL, &model));
  check(tenon_model_get_info(model, &info));
  vocabulary = info.vocabulary;
  drawTokens();
  float *expected = createLogits();
  runAlone(model, expected);

  uint32_t ways = 0;
  for (size_t t = 0; t != sizeof(kThreads) / sizeof(kThreads[0]); ++t)
    for (size_t c = 0; c != sizeof(kCuts) / sizeof(kCuts[0]); ++c, ++ways) {
      float *logits = createLogits();
      runTogether(model, kThreads[t], kCuts[c], logits);
      for (uint32_t s = 0; s != kSequences; ++s)
        for (uint32_t i = 0; i <= kLengths[s]; ++i)
          if (memcmp(rowOf(logits, s, i), rowOf(expected, s, i),
                     vocabulary * sizeof(float)) != 0) {
            fprintf(stderr,
                    "error: with %u threads and %u, %u and %u tokens in the "
                    "first step, token %u of sequence %u has other logits\n",
                    kThreads[t], kCuts[c][0], kCuts[c][1], kCuts[c][2], i, s);
            return 1;
          }
      free(logits);
    }
  free(expected);
  tenon_model_close(model);
  printf("%u sequences, %u ways, the same bits\n", kSequences, ways);
  return 0;
}
