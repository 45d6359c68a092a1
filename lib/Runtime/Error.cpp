// The error message of each thread.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Error.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace tenon::runtime {

static thread_local char lastError[1024];

/// Writes the message, cut at the size of the buffer, and returns its length.
static size_t write(size_t from, const char *format, va_list arguments) {
  size_t room = sizeof(lastError) - from;
  int length = vsnprintf(lastError + from, room, format, arguments);
  if (length < 0)
    return from;
  return from + (static_cast<size_t>(length) < room ? length : room - 1);
}

static void makeOneLine() {
  for (char *at = lastError; *at; ++at)
    if (static_cast<unsigned char>(*at) < ' ' || *at == 0x7f)
      *at = '?';
}

tenon_status fail(tenon_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write(0, format, arguments);
  va_end(arguments);
  makeOneLine();
  return status;
}

tenon_status failOnFile(const char *verb, const char *path, int error,
                        const char *remedy) {
  return fail(TENON_ERROR_FILE, "cannot %s '%s': %s; %s", verb, path,
              ErrorText(error).get(), remedy);
}

tenon_status failDamaged(const char *path, const char *format, ...) {
  fail(TENON_ERROR_ARTIFACT, "'%s' is damaged: ", path);
  va_list arguments;
  va_start(arguments, format);
  size_t length = write(strlen(lastError), format, arguments);
  va_end(arguments);
  snprintf(lastError + length, sizeof(lastError) - length,
           "; copy the artifact again, or compile the model again");
  makeOneLine();
  return TENON_ERROR_ARTIFACT;
}

ErrorText::ErrorText(int error) {
  // This is the GNU form of strerror_r, which returns its text.
  char buffer[sizeof(text)];
  snprintf(text, sizeof(text), "%s", strerror_r(error, buffer, sizeof(buffer)));
  if (text[0] >= 'A' && text[0] <= 'Z')
    text[0] += 'a' - 'A';
}

} // namespace tenon::runtime

const char *tenon_last_error() { return tenon::runtime::lastError; }
