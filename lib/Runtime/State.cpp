// The state of sequences: lengths, and copies that outlive a session.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Error.h"
#include "Session.h"

#include <cstring>

using namespace tenon::runtime;

namespace {

/// The beginning of a saved sequence. It is followed by the positions of each
/// layer of each state.
struct SavedHeader {
  char magic[8];
  uint32_t version;
  uint32_t length;
  uint64_t weightsId;
  uint64_t layout; // hash of the shapes of the states
  uint64_t size;   // bytes after the header
  uint64_t hash;   // of the header, with the hash of what follows it here
};

} // namespace

static constexpr char kSavedMagic[] = "TENONSQ1";
static constexpr uint32_t kSavedVersion = 1;

/// A number that models share if one can read the state of the other.
static uint64_t hashLayout(const tenon_model &model) {
  uint64_t hash = 0;
  for (const tenon_state &state : model.states()) {
    uint64_t shape[] = {hash, state.layers, state.width, state.element};
    hash = tenon_hash(shape, sizeof(shape));
  }
  return hash;
}

static uint64_t bytesOfLength(const tenon_session &session, uint32_t length) {
  uint64_t bytes = 0;
  for (const tenon_state &state : session.model->states())
    bytes += bytesOfPosition(state) * state.layers * length;
  return bytes;
}

/// Calls `copy(positions, bytes)` for the first `length` positions of a slot in
/// each layer of each state, in order.
template <typename Copy>
static void forEachLayer(const tenon_session &session, uint32_t slot,
                         uint32_t length, Copy copy) {
  Entries<tenon_state> states = session.model->states();
  for (uint32_t index = 0; index != states.count; ++index) {
    uint64_t position = bytesOfPosition(states[index]);
    uint64_t sequence = position * session.maxContext;
    uint8_t *at = session.states[index].data() + slot * sequence;
    for (uint32_t layer = 0; layer != states[index].layers; ++layer)
      copy(at + layer * session.numSlots * sequence, position * length);
  }
}

static uint64_t hashOfHeader(SavedHeader header, const uint8_t *data) {
  header.hash = tenon_hash(data, header.size);
  return tenon_hash(&header, sizeof(header));
}

tenon_status tenon_session_get_length(const tenon_session *session,
                                      uint32_t slot, uint32_t *length) {
  if (tenon_status status =
          checkSlot("tenon_session_get_length", session, slot))
    return status;
  if (!length)
    return fail(TENON_ERROR_ARGUMENT,
                "length must not be null in tenon_session_get_length");
  *length = session->lengths[slot];
  return TENON_OK;
}

tenon_status tenon_session_reset(tenon_session *session, uint32_t slot) {
  return tenon_session_truncate(session, slot, 0);
}

tenon_status tenon_session_truncate(tenon_session *session, uint32_t slot,
                                    uint32_t length) {
  if (tenon_status status = checkSlot("tenon_session_truncate", session, slot))
    return status;
  if (length > session->lengths[slot])
    return fail(
        TENON_ERROR_ARGUMENT,
        "cannot truncate slot %u to %u tokens: it holds %u; append tokens "
        "with a step",
        slot, length, session->lengths[slot]);
  // What lies beyond the length is never read again before it is written.
  session->lengths[slot] = length;
  return TENON_OK;
}

tenon_status tenon_session_get_saved_size(const tenon_session *session,
                                          uint32_t slot, size_t *size) {
  if (tenon_status status =
          checkSlot("tenon_session_get_saved_size", session, slot))
    return status;
  if (!size)
    return fail(TENON_ERROR_ARGUMENT,
                "size must not be null in tenon_session_get_saved_size");
  *size = sizeof(SavedHeader) + bytesOfLength(*session, session->lengths[slot]);
  return TENON_OK;
}

tenon_status tenon_session_save(const tenon_session *session, uint32_t slot,
                                void *buffer, size_t size) {
  if (tenon_status status = checkSlot("tenon_session_save", session, slot))
    return status;
  uint32_t length = session->lengths[slot];
  SavedHeader header = {};
  memcpy(header.magic, kSavedMagic, sizeof(header.magic));
  header.version = kSavedVersion;
  header.length = length;
  header.weightsId = session->model->manifest->weights_id;
  header.layout = hashLayout(*session->model);
  header.size = bytesOfLength(*session, length);
  if (!buffer || size < sizeof(header) || size - sizeof(header) < header.size)
    return fail(
        TENON_ERROR_ARGUMENT,
        "buffer of %zu bytes is too small for slot %u, which needs %llu; "
        "ask tenon_session_get_saved_size",
        buffer ? size : 0, slot,
        static_cast<unsigned long long>(sizeof(header) + header.size));
  uint8_t *data = static_cast<uint8_t *>(buffer) + sizeof(header);
  uint8_t *at = data;
  forEachLayer(*session, slot, length, [&](uint8_t *positions, uint64_t bytes) {
    memcpy(at, positions, bytes);
    at += bytes;
  });
  header.hash = hashOfHeader(header, data);
  memcpy(buffer, &header, sizeof(header));
  return TENON_OK;
}

/// Checks a saved sequence against its hash and against the session.
static tenon_status checkSaved(const tenon_session &session,
                               const SavedHeader &header, const uint8_t *data,
                               uint64_t available) {
  if (memcmp(header.magic, kSavedMagic, sizeof(header.magic)))
    return fail(TENON_ERROR_ARGUMENT,
                "buffer does not begin with '%s'; restore what "
                "tenon_session_save wrote",
                kSavedMagic);
  if (header.version != kSavedVersion)
    return fail(TENON_ERROR_ARGUMENT,
                "saved sequence has version %u, but this runtime reads version "
                "%u; restore it with the runtime that saved it",
                header.version, kSavedVersion);
  if (header.size > available || hashOfHeader(header, data) != header.hash)
    return fail(TENON_ERROR_ARGUMENT,
                "saved sequence is damaged: its bytes do not have their hash; "
                "save it again");
  if (header.weightsId != session.model->manifest->weights_id ||
      header.layout != hashLayout(*session.model) ||
      header.size != bytesOfLength(session, header.length))
    return fail(
        TENON_ERROR_ARGUMENT,
        "saved sequence belongs to another model than '%s'; restore it in "
        "a session of the model that saved it",
        session.model->path);
  if (header.length > session.maxContext)
    return fail(
        TENON_ERROR_ARGUMENT,
        "saved sequence of %u tokens exceeds the max_context of %u; create "
        "a session with more",
        header.length, session.maxContext);
  return TENON_OK;
}

tenon_status tenon_session_restore(tenon_session *session, uint32_t slot,
                                   const void *buffer, size_t size) {
  if (tenon_status status = checkSlot("tenon_session_restore", session, slot))
    return status;
  SavedHeader header;
  if (!buffer || size < sizeof(header))
    return fail(
        TENON_ERROR_ARGUMENT,
        "buffer of %zu bytes is too small for a saved sequence; restore "
        "what tenon_session_save wrote",
        buffer ? size : 0);
  memcpy(&header, buffer, sizeof(header));
  const uint8_t *at = static_cast<const uint8_t *>(buffer) + sizeof(header);
  if (tenon_status status =
          checkSaved(*session, header, at, size - sizeof(header)))
    return status;
  forEachLayer(*session, slot, header.length,
               [&](uint8_t *positions, uint64_t bytes) {
                 memcpy(positions, at, bytes);
                 at += bytes;
               });
  session->lengths[slot] = header.length;
  return TENON_OK;
}
