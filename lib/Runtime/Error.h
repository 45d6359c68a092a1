// How functions of the runtime fail: one line of text and a status.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_ERROR_H
#define TENON_LIB_RUNTIME_ERROR_H

#include "tenon/Runtime/tenon.h"

namespace tenon::runtime {

/// Sets the message of this thread and returns `status`. Control characters,
/// which may come from names in a damaged file, become question marks.
[[gnu::format(printf, 2, 3)]] tenon_status fail(tenon_status status,
                                                const char *format, ...);

/// Fails because a system call on a file did: `cannot open 'x': no such file or
/// directory; remedy`.
tenon_status failOnFile(const char *verb, const char *path, int error,
                        const char *remedy);

/// Fails because a file of an artifact is not what its writer wrote; the format
/// gives the finding.
[[gnu::format(printf, 2, 3)]] tenon_status failDamaged(const char *path,
                                                       const char *format, ...);

/// The text of an error number as house style has it: beginning in lower case.
class ErrorText {
public:
  explicit ErrorText(int error);
  const char *get() const { return text; }

private:
  char text[128];
};

} // namespace tenon::runtime

#endif // TENON_LIB_RUNTIME_ERROR_H
