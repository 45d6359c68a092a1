// The message of the last failed call of a thread.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_FAILURE_H
#define TENON_LIB_TEXT_FAILURE_H

#include "tenon/Text/text.h"

namespace tenon::text {

/// Keeps the message, in the words of printf, and returns the status.
__attribute__((format(printf, 2, 3))) tenon_text_status
fail(tenon_text_status status, const char *format, ...);

const char *lastMessage();

} // namespace tenon::text

#endif // TENON_LIB_TEXT_FAILURE_H
