// Creates sessions with all the memory they will ever need.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Session.h"
#include "Error.h"
#include "Options.h"

#include <cstdio>
#include <cstdlib>

using namespace tenon::runtime;

static constexpr uint32_t kMostThreads = 4096;
static constexpr const char *kLessContext =
    "ask for a smaller max_context or fewer slots";

tenon_session::~tenon_session() {
  pool.stop();
  for (uint32_t i = 0; states && i != model->manifest->states.count; ++i)
    states[i].~Buffer();
  free(states);
}

namespace {

/// Hands out parts of the tables of a session; without a base, adds up their
/// sizes.
class Carver {
public:
  explicit Carver(uint8_t *base) : base(base) {}

  template <typename Entry>
  void carve(Entry *&part, uint64_t count) {
    // On lines of their own, so that vector loads of one do not fetch another.
    offset = (offset + 63) / 64 * 64;
    if (base)
      part = reinterpret_cast<Entry *>(base + offset);
    offset += count * sizeof(Entry);
  }
  uint64_t size() const { return offset; }

private:
  uint8_t *base;
  uint64_t offset = 0;
};

} // namespace

/// Lays the tables out from `base` on and returns their size.
static uint64_t layOutTables(tenon_session &session, uint8_t *base) {
  const tenon_manifest &manifest = *session.model->manifest;
  Carver carver(base);
  carver.carve(session.stateData, manifest.states.count);
  carver.carve(session.lengths, session.numSlots);
  carver.carve(session.lastCall, session.numSlots);
  carver.carve(session.tokens, session.maxTokens);
  carver.carve(session.positions, session.maxTokens);
  carver.carve(session.slots, session.maxTokens);
  carver.carve(session.rows, session.maxTokens);
  carver.carve(session.blocks, session.maxTokens);
  carver.carve(session.types, manifest.segments ? session.maxTokens : 0);
  carver.carve(session.pooled,
               manifest.pooled ? uint64_t(session.maxTokens) * manifest.hidden
                               : 0);
  carver.carve(session.probabilities, manifest.vocabulary);
  carver.carve(session.bins, kSamplingBins);
  carver.carve(session.order, manifest.vocabulary);
  return carver.size();
}

static tenon_status allocateTables(tenon_session &session) {
  uint64_t size = layOutTables(session, nullptr);
  // Written by every step and every draw: mapped now.
  if (tenon_status status = session.tables.allocate(size, true, "a session",
                                                    "ask for fewer slots"))
    return status;
  layOutTables(session, session.tables.data());
  for (uint32_t slot = 0; slot != session.numSlots; ++slot)
    session.lengths[slot] = session.lastCall[slot] = 0;
  return TENON_OK;
}

static tenon_status allocateWork(tenon_session &session, uint32_t threads) {
  uint64_t arena = 0, stride = 0;
  for (const tenon_bucket &bucket : session.model->buckets()) {
    arena = bucket.arena_bytes > arena ? bucket.arena_bytes : arena;
    stride = bucket.scratch_bytes > stride ? bucket.scratch_bytes : stride;
  }
  // Threads write their scratch all the time: none shares a pair of lines.
  stride = (stride + 127) / 128 * 128;
  if (tenon_status status =
          session.arena.allocate(arena, true, "the arena", "free memory"))
    return status;
  if (tenon_status status =
          session.scratch.allocate(stride * threads, true, "scratch memory",
                                   "free memory or ask for fewer threads"))
    return status;
  session.context.arena = session.arena.data();
  session.context.scratch = session.scratch.data();
  session.context.scratch_stride = static_cast<int64_t>(stride);
  return TENON_OK;
}

static tenon_status allocateState(tenon_session &session, uint32_t index,
                                  bool prefault) {
  const tenon_manifest *manifest = session.model->manifest;
  const tenon_state &state = session.model->states()[index];
  char what[128];
  snprintf(what, sizeof(what), "state '%.*s'",
           static_cast<int>(state.name.size), charsOf(manifest, state.name));
  uint64_t size = bytesOfPosition(state);
  bool overflows = __builtin_mul_overflow(size, state.layers, &size) ||
                   __builtin_mul_overflow(size, session.numSlots, &size) ||
                   __builtin_mul_overflow(size, session.maxContext, &size);
  if (overflows)
    return fail(TENON_ERROR_SYSTEM,
                "%s with %u slots and a context of %u exceeds 2^64 bytes; %s",
                what, session.numSlots, session.maxContext, kLessContext);
  if (tenon_status status =
          session.states[index].allocate(size, prefault, what, kLessContext))
    return status;
  session.stateData[index] = session.states[index].data();
  return TENON_OK;
}

static tenon_status allocateStates(tenon_session &session, bool prefault) {
  uint32_t count = session.model->manifest->states.count;
  if (!count)
    return TENON_OK;
  session.states = static_cast<Buffer *>(calloc(count, sizeof(Buffer)));
  if (!session.states)
    return fail(TENON_ERROR_SYSTEM,
                "cannot allocate memory for %u states; free memory", count);
  for (uint32_t i = 0; i != count; ++i)
    new (&session.states[i]) Buffer();
  for (uint32_t i = 0; i != count; ++i)
    if (tenon_status status = allocateState(session, i, prefault))
      return status;
  return TENON_OK;
}

/// What generated code calls to wait for the other threads of a step.
static void waitAtBarrier(const tenon_step_context *context, int64_t) {
  static_cast<Pool *>(context->runtime)->barrier();
}

static void fillContext(tenon_session &session, uint32_t threads) {
  tenon_step_context &context = session.context;
  context.weights = session.model->weights.data() + TENON_WEIGHTS_HEADER_BYTES;
  context.tokens = session.tokens;
  context.positions = session.positions;
  context.slots = session.slots;
  context.rows = session.rows;
  context.blocks = session.blocks;
  context.types = session.types;
  context.num_slots = session.numSlots;
  context.max_context = session.maxContext;
  context.states = session.stateData;
  context.num_threads = threads;
  context.barrier = waitAtBarrier;
  context.tickets = session.pool.tickets();
  context.runtime = &session.pool;
}

/// Threads beyond the CPUs change no result and cost a change of threads at
/// each barrier, several times the work of a small kernel. Tests of what
/// threads do set the variable.
static uint32_t chooseThreads(uint32_t wanted) {
  uint32_t cpus = countUsableCpus();
  if (wanted && (wanted <= cpus || getenv("TENON_OVERSUBSCRIBE")))
    return wanted;
  return cpus < kMostThreads ? cpus : kMostThreads;
}

static tenon_status readSizes(tenon_session &session,
                              tenon_session_options &options) {
  const tenon_manifest &manifest = *session.model->manifest;
  if (!session.model->variant)
    return fail(TENON_ERROR_ARGUMENT,
                "'%s' was opened to be inspected; open it without 'inspect' to "
                "create a session",
                session.model->path);
  if (options.max_context > manifest.max_context)
    return fail(
        TENON_ERROR_ARGUMENT,
        "max_context of %u exceeds the %u that '%s' was compiled for; ask "
        "for less, or compile with a larger --max-context",
        options.max_context, manifest.max_context, session.model->path);
  if (options.slots > INT32_MAX)
    return fail(TENON_ERROR_ARGUMENT,
                "%u slots exceed the limit of %d; ask for "
                "fewer",
                options.slots, INT32_MAX);
  if (options.threads > kMostThreads)
    return fail(TENON_ERROR_ARGUMENT,
                "%u threads exceed the limit of %u; ask for fewer",
                options.threads, kMostThreads);
  options.threads = chooseThreads(options.threads);
  session.maxContext =
      options.max_context ? options.max_context : manifest.max_context;
  session.numSlots = options.slots ? options.slots : 1;
  Entries<tenon_bucket> buckets = session.model->buckets();
  session.maxTokens = buckets[buckets.count - 1].max_tokens;
  return TENON_OK;
}

static tenon_status build(tenon_session &session,
                          tenon_session_options &options) {
  if (tenon_status status = readSizes(session, options))
    return status;
  if (tenon_status status = allocateTables(session))
    return status;
  if (tenon_status status = allocateWork(session, options.threads))
    return status;
  if (tenon_status status = allocateStates(session, options.prefault))
    return status;
  if (tenon_status status = session.pool.start(options.threads, options.pin))
    return status;
  fillContext(session, options.threads);
  return TENON_OK;
}

tenon_status tenon_session_create(const tenon_model *model,
                                  const tenon_session_options *options,
                                  tenon_session **session) {
  if (!model || !session)
    return fail(TENON_ERROR_ARGUMENT,
                "model and session must not be null in tenon_session_create");
  tenon_session_options known = {};
  if (tenon_status status =
          readOptions("tenon_session_options", options, known))
    return status;
  tenon_session *created = create<tenon_session>();
  if (!created)
    return fail(TENON_ERROR_SYSTEM,
                "cannot allocate memory for a session; free memory");
  created->model = model;
  if (tenon_status status = build(*created, known)) {
    destroy(created);
    return status;
  }
  *session = created;
  return TENON_OK;
}

void tenon_session_destroy(tenon_session *session) { destroy(session); }

tenon_status tenon_session_get_info(const tenon_session *session,
                                    tenon_session_info *info) {
  if (!session || !info)
    return fail(TENON_ERROR_ARGUMENT,
                "session and info must not be null in tenon_session_get_info");
  tenon_session_info all = {};
  all.max_context = session->maxContext;
  all.slots = session->numSlots;
  all.threads = session->pool.size();
  all.max_tokens = session->maxTokens;
  for (const tenon_state &state : session->model->states())
    all.state_bytes += bytesOfPosition(state) * state.layers *
                       session->numSlots * session->maxContext;
  all.arena_bytes = session->arena.size();
  all.scratch_bytes = session->scratch.size();
  return writeInfo("tenon_session_info", all, *info);
}

tenon_status tenon::runtime::checkSlot(const char *function,
                                       const tenon_session *session,
                                       uint32_t slot) {
  if (!session)
    return fail(TENON_ERROR_ARGUMENT, "session must not be null in %s",
                function);
  if (slot >= session->numSlots)
    return fail(
        TENON_ERROR_ARGUMENT,
        "slot %u does not exist: the session has %u; create it with more", slot,
        session->numSlots);
  return TENON_OK;
}
