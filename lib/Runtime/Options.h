// Structures of options and information that grow with the versions of the API.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_OPTIONS_H
#define TENON_LIB_RUNTIME_OPTIONS_H

#include "Error.h"

#include <cstring>

namespace tenon::runtime {

/// Larger sizes come from memory that no one has set.
inline constexpr size_t kLargestStruct = 4096;

inline tenon_status checkStructSize(const char *name, size_t size) {
  if (size >= sizeof(size_t) && size <= kLargestStruct)
    return TENON_OK;
  return fail(TENON_ERROR_ARGUMENT,
              "struct_size of %s is %zu; set it to the size of the structure",
              name, size);
}

/// Copies what a caller gave into a zeroed structure of this version. The
/// caller's may be shorter, and longer if all that this version does not know
/// is zero.
template <typename Struct>
tenon_status readOptions(const char *name, const Struct *given, Struct &known) {
  if (!given)
    return TENON_OK;
  size_t size = given->struct_size;
  if (tenon_status status = checkStructSize(name, size))
    return status;
  memcpy(&known, given, size < sizeof(Struct) ? size : sizeof(Struct));
  const char *bytes = reinterpret_cast<const char *>(given);
  for (size_t at = sizeof(Struct); at < size; ++at)
    if (bytes[at])
      return fail(
          TENON_ERROR_ARGUMENT,
          "%s sets a field at byte %zu that this runtime does not know; "
          "install a newer runtime",
          name, at);
  return TENON_OK;
}

/// Copies as much of `known` as fits into the caller's structure, and zeroes
/// what this version does not know.
template <typename Struct>
tenon_status writeInfo(const char *name, const Struct &known, Struct &given) {
  size_t size = given.struct_size;
  if (tenon_status status = checkStructSize(name, size))
    return status;
  void *bytes = &given;
  memset(bytes, 0, size);
  memcpy(bytes, &known, size < sizeof(Struct) ? size : sizeof(Struct));
  given.struct_size = size;
  return TENON_OK;
}

} // namespace tenon::runtime

#endif // TENON_LIB_RUNTIME_OPTIONS_H
