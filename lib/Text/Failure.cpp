// Keeps the message of the last failed call in a buffer of the thread.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Failure.h"

#include <cstdarg>
#include <cstdio>

namespace tenon::text {

static thread_local char message[512];

tenon_text_status fail(tenon_text_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  return status;
}

const char *lastMessage() { return message; }

} // namespace tenon::text
