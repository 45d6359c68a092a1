// Checks the tokens of a step, cuts them into blocks and runs generated code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Error.h"
#include "Session.h"

#include <cstring>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using namespace tenon::runtime;

namespace {

/// The rounding and exceptions of a new process, for as long as this lives:
/// results must not depend on what else the program has switched on, such as
/// flushing small numbers to zero.
class DefaultFloatMode {
#if defined(__x86_64__)
public:
  DefaultFloatMode() : before(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~DefaultFloatMode() { _mm_setcsr(before); }

private:
  unsigned before;
#endif
};

/// The tokens of a step as the caller gave them.
struct Request {
  uint32_t numTokens;
  const int32_t *tokens;
  const int32_t *positions; // or null
  const int32_t *slots;     // or null
  uint32_t numRows;
  const int32_t *rows;            // or null
  float *logits;                  // or embeddings
  const int32_t *types = nullptr; // or null
  float *pooled = nullptr;        // or null
};

} // namespace

/// Fails unless the model is an encoder, or unless it is none.
static tenon_status checkKind(const tenon_session &session, bool isEncoder) {
  const tenon_model &model = *session.model;
  if ((model.manifest->segments != 0) == isEncoder)
    return TENON_OK;
  return fail(TENON_ERROR_ARGUMENT,
              isEncoder ? "'%s' is a decoder, which has no embeddings; use "
                          "tenon_session_step"
                        : "'%s' is an encoder, which continues no text; use "
                          "tenon_session_encode, or tenon embed",
              model.path);
}

static tenon_status checkPointers(const tenon_session *session,
                                  const Request &request) {
  if (!session)
    return fail(TENON_ERROR_ARGUMENT,
                "session must not be null in tenon_session_step");
  if (request.numTokens && !request.tokens)
    return fail(TENON_ERROR_ARGUMENT, "tokens must not be null for %u tokens",
                request.numTokens);
  if (request.numRows && !request.logits)
    return fail(TENON_ERROR_ARGUMENT, "logits must not be null for %u rows",
                request.numRows);
  if (request.numTokens > session->maxTokens)
    return fail(TENON_ERROR_ARGUMENT,
                "%u tokens exceed the %u of the largest bucket; use "
                "tenon_session_prefill, or several steps",
                request.numTokens, session->maxTokens);
  if (request.numRows > request.numTokens)
    return fail(
        TENON_ERROR_ARGUMENT,
        "%u rows of logits exceed the %u tokens of the step; ask for each "
        "row once",
        request.numRows, request.numTokens);
  return TENON_OK;
}

static tenon_status checkToken(const tenon_session &session, uint32_t index,
                               int32_t token) {
  uint32_t vocabulary = session.model->manifest->vocabulary;
  if (static_cast<uint32_t>(token) < vocabulary)
    return TENON_OK;
  return fail(
      TENON_ERROR_ARGUMENT,
      "token %u is %d, but the vocabulary is 0 to %u; use the tokenizer "
      "of this model",
      index, token, vocabulary - 1);
}

/// Begins the tokens of a slot at token `index` and gives the position it has.
static tenon_status beginSlot(tenon_session &session, uint32_t index,
                              int32_t slot, uint32_t &position) {
  if (static_cast<uint32_t>(slot) >= session.numSlots)
    return fail(TENON_ERROR_ARGUMENT,
                "token %u is for slot %d, but the session has slots 0 to %u; "
                "create it with more slots",
                index, slot, session.numSlots - 1);
  if (session.lastCall[slot] == session.calls)
    return fail(
        TENON_ERROR_ARGUMENT,
        "token %u returns to slot %d after another slot; put the tokens "
        "of a slot next to each other",
        index, slot);
  session.lastCall[slot] = session.calls;
  position = session.lengths[slot];
  return TENON_OK;
}

static tenon_status checkPosition(const tenon_session &session, uint32_t index,
                                  int32_t slot, uint32_t position,
                                  const int32_t *positions) {
  if (positions && positions[index] != static_cast<int64_t>(position))
    return fail(
        TENON_ERROR_ARGUMENT,
        "token %u of slot %d has position %d, but its sequence continues "
        "at %u; truncate or reset the slot to go back",
        index, slot, positions[index], position);
  if (position >= session.maxContext)
    return fail(
        TENON_ERROR_ARGUMENT,
        "token %u has no room in slot %d: its sequence would exceed the "
        "max_context of %u; reset it, or create a session with more",
        index, slot, session.maxContext);
  return TENON_OK;
}

/// Copies the tokens into the session and checks the copies.
static tenon_status readTokens(tenon_session &session, const Request &request) {
  ++session.calls;
  uint32_t position = 0;
  for (uint32_t i = 0; i != request.numTokens; ++i) {
    int32_t token = request.tokens[i];
    int32_t slot = request.slots ? request.slots[i] : 0;
    if (tenon_status status = checkToken(session, i, token))
      return status;
    if (i == 0 || slot != session.slots[i - 1])
      if (tenon_status status = beginSlot(session, i, slot, position))
        return status;
    if (tenon_status status =
            checkPosition(session, i, slot, position, request.positions))
      return status;
    session.tokens[i] = token;
    session.slots[i] = slot;
    session.positions[i] = static_cast<int32_t>(position++);
  }
  return TENON_OK;
}

static tenon_status readRows(tenon_session &session, const Request &request) {
  for (uint32_t i = 0; i != request.numRows; ++i) {
    int32_t row = request.rows
                      ? request.rows[i]
                      : int32_t(request.numTokens - request.numRows + i);
    if (static_cast<uint32_t>(row) >= request.numTokens)
      return fail(TENON_ERROR_ARGUMENT,
                  "row %u is token %d, but the step has tokens 0 to %u; rows "
                  "count the tokens of this step",
                  i, row, request.numTokens - 1);
    session.rows[i] = row;
  }
  return TENON_OK;
}

/// The index of the smallest bucket for a number of tokens that has one.
static uint32_t chooseBucket(const tenon_session &session, uint32_t numTokens) {
  uint32_t index = 0;
  while (session.model->buckets()[index].max_tokens < numTokens)
    ++index;
  return index;
}

/// Cuts the tokens into blocks of one slot and at most `most` rows; returns how
/// many there are.
static uint32_t cutBlocks(tenon_session &session, uint32_t numTokens,
                          uint32_t most) {
  uint32_t numBlocks = 0;
  for (uint32_t row = 0; row != numTokens;) {
    uint32_t end = row + 1;
    while (end != numTokens && end - row != most &&
           session.slots[end] == session.slots[row])
      ++end;
    session.blocks[numBlocks++] = {static_cast<int32_t>(row),
                                   static_cast<int32_t>(end - row),
                                   session.slots[row], session.positions[row]};
    row = end;
  }
  return numBlocks;
}

static void runOnThread(void *argument, int64_t thread) {
  const tenon_session &session = *static_cast<tenon_session *>(argument);
  DefaultFloatMode mode;
  session.step(&session.context, thread);
}

/// Runs the step that was read into the session, and lengthens its sequences.
static void runStep(tenon_session &session, const Request &request) {
  uint32_t bucket = chooseBucket(session, request.numTokens);
  uint32_t numBlocks = cutBlocks(session, request.numTokens,
                                 session.model->buckets()[bucket].block_rows);
  session.context.num_tokens = request.numTokens;
  session.context.num_rows = request.numRows;
  session.context.num_blocks = numBlocks;
  session.context.logits = request.logits;
  session.context.pooled = request.pooled ? request.pooled : session.pooled;
  session.step =
      session.model->code->steps[session.model->variant->first_step + bucket];
  session.pool.run(runOnThread, &session);
  for (uint32_t i = 0; i != numBlocks; ++i)
    session.lengths[session.blocks[i].slot] += session.blocks[i].count;
}

tenon_status tenon_session_step(tenon_session *session, uint32_t numTokens,
                                const int32_t *tokens, const int32_t *positions,
                                const int32_t *slots, uint32_t numRows,
                                const int32_t *rows, float *logits) {
  Request request = {numTokens, tokens, positions, slots,
                     numRows,   rows,   logits};
  if (tenon_status status = checkPointers(session, request))
    return status;
  if (tenon_status status = checkKind(*session, /*isEncoder=*/false))
    return status;
  if (tenon_status status = readTokens(*session, request))
    return status;
  if (tenon_status status = readRows(*session, request))
    return status;
  if (numTokens)
    runStep(*session, request);
  return TENON_OK;
}

/// Checks a whole prompt, so that no chunk of it fails after others have run.
static tenon_status checkPrompt(const tenon_session &session, uint32_t slot,
                                size_t numTokens, const int32_t *tokens) {
  if (numTokens && !tokens)
    return fail(TENON_ERROR_ARGUMENT, "tokens must not be null for %zu tokens",
                numTokens);
  if (numTokens > session.maxContext - session.lengths[slot])
    return fail(
        TENON_ERROR_ARGUMENT,
        "%zu tokens have no room in slot %u: it holds %u, and max_context "
        "is %u; shorten the prompt, or create a session with more",
        numTokens, slot, session.lengths[slot], session.maxContext);
  for (size_t i = 0; i != numTokens; ++i)
    if (tenon_status status = checkToken(session, i, tokens[i]))
      return status;
  return TENON_OK;
}

tenon_status tenon_session_prefill(tenon_session *session, uint32_t slot,
                                   size_t numTokens, const int32_t *tokens,
                                   uint32_t chunk, float *logits) {
  if (tenon_status status = checkSlot("tenon_session_prefill", session, slot))
    return status;
  if (tenon_status status = checkKind(*session, /*isEncoder=*/false))
    return status;
  if (tenon_status status = checkPrompt(*session, slot, numTokens, tokens))
    return status;
  if (chunk > session->maxTokens)
    return fail(
        TENON_ERROR_ARGUMENT,
        "chunk of %u tokens exceeds the %u of the largest bucket; ask for "
        "less, or for 0",
        chunk, session->maxTokens);
  uint32_t step = chunk ? chunk : session->maxTokens;
  for (size_t done = 0; done != numTokens;) {
    size_t left = numTokens - done;
    uint32_t count = left < step ? static_cast<uint32_t>(left) : step;
    for (uint32_t i = 0; i != count; ++i) {
      session->tokens[i] = tokens[done + i];
      session->slots[i] = static_cast<int32_t>(slot);
      session->positions[i] = static_cast<int32_t>(session->lengths[slot] + i);
    }
    bool wanted = logits && count == left;
    session->rows[0] = static_cast<int32_t>(count - 1);
    runStep(*session, {count, nullptr, nullptr, nullptr, wanted, nullptr,
                       wanted ? logits : nullptr});
    done += count;
  }
  return TENON_OK;
}

/// What only an encoder can get wrong.
static tenon_status checkEncoding(const tenon_session *session,
                                  const Request &request) {
  if (!session)
    return fail(TENON_ERROR_ARGUMENT,
                "session must not be null in tenon_session_encode");
  if (tenon_status status = checkKind(*session, /*isEncoder=*/true))
    return status;
  if (request.numTokens > session->maxTokens)
    return fail(TENON_ERROR_ARGUMENT,
                "%u tokens exceed the %u of the largest bucket, and a sequence "
                "of an encoder is not cut; encode fewer at once, or compile "
                "with a larger one of --buckets",
                request.numTokens, session->maxTokens);
  if (request.numRows && !request.logits)
    return fail(TENON_ERROR_ARGUMENT, "embeddings must not be null for %u rows",
                request.numRows);
  if (request.pooled && !session->model->manifest->pooled)
    return fail(TENON_ERROR_ARGUMENT, "pooled must be null: '%s' has no pooler",
                session->model->path);
  return checkPointers(session, request);
}

static tenon_status readTypes(tenon_session &session, const Request &request) {
  uint32_t segments = session.model->manifest->segments;
  for (uint32_t i = 0; i != request.numTokens; ++i) {
    int32_t type = request.types ? request.types[i] : 0;
    if (static_cast<uint32_t>(type) >= segments)
      return fail(TENON_ERROR_ARGUMENT,
                  "token %u has segment %d, but the model has 0 to %u", i, type,
                  segments - 1);
    session.types[i] = type;
  }
  return TENON_OK;
}

tenon_status tenon_session_encode(tenon_session *session, uint32_t numTokens,
                                  const int32_t *tokens, const int32_t *types,
                                  const int32_t *slots, uint32_t numRows,
                                  const int32_t *rows, float *embeddings,
                                  float *pooled) {
  Request request = {numTokens, tokens,     nullptr, slots, numRows,
                     rows,      embeddings, types,   pooled};
  if (tenon_status status = checkEncoding(session, request))
    return status;
  if (tenon_status status = readTokens(*session, request))
    return status;
  if (tenon_status status = readTypes(*session, request))
    return status;
  if (tenon_status status = readRows(*session, request))
    return status;
  if (!numTokens)
    return TENON_OK;
  runStep(*session, request);
  // Nothing continues a sequence.
  for (uint32_t i = 0; i != numTokens; ++i)
    session->lengths[session->slots[i]] = 0;
  return TENON_OK;
}
