// A session: sequences of a model, and what a step uses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_SESSION_H
#define TENON_LIB_RUNTIME_SESSION_H

#include "Model.h"
#include "Pool.h"

namespace tenon::runtime {
/// Tokens fall into bins by the upper 16 bits of their logits.
inline constexpr uint32_t kSamplingBins = 1 << 16;
} // namespace tenon::runtime

struct tenon_session {
  const tenon_model *model = nullptr;
  uint32_t maxContext = 0;
  uint32_t numSlots = 0;
  uint32_t maxTokens = 0; // of a step

  tenon::runtime::Pool pool;
  tenon::runtime::Buffer arena;
  tenon::runtime::Buffer scratch;
  tenon::runtime::Buffer tables; // everything below that is a pointer
  tenon::runtime::Buffer *states = nullptr; // [states of the manifest]
  void **stateData = nullptr;               // the same, as a step wants it

  /// Of each slot: its length, and the last call that had tokens for it.
  uint32_t *lengths = nullptr;
  uint64_t *lastCall = nullptr;
  uint64_t calls = 0;

  /// What a step reads. The caller's arrays are copied before they are checked,
  /// so that nothing can change them afterwards.
  int32_t *tokens = nullptr;     // [maxTokens]
  int32_t *positions = nullptr;  // [maxTokens]
  int32_t *slots = nullptr;      // [maxTokens]
  int32_t *rows = nullptr;       // [maxTokens]
  int32_t *types = nullptr;      // [maxTokens] of an encoder
  float *pooled = nullptr;       // [maxTokens, hidden], where nobody wants them
  tenon_block *blocks = nullptr; // [maxTokens]
  tenon_step_context context = {};
  tenon_step_fn step = nullptr; // of the bucket that is being run

  /// For tenon_sample.
  double *probabilities = nullptr; // [vocabulary]
  double *bins = nullptr;          // [kSamplingBins]
  uint32_t *order = nullptr;       // [vocabulary]

  ~tenon_session();
};

namespace tenon::runtime {

/// Bytes of one position of a state in one layer.
inline uint64_t bytesOfPosition(const tenon_state &state) {
  return uint64_t(state.width) * (state.element == TENON_ELEMENT_F32 ? 4 : 2);
}

/// Fails unless the session has the slot; `function` is for the message.
tenon_status checkSlot(const char *function, const tenon_session *session,
                       uint32_t slot);

} // namespace tenon::runtime

#endif // TENON_LIB_RUNTIME_SESSION_H
