// Memory that comes from the system in pages: zeroed buffers and mapped files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_RUNTIME_MEMORY_H
#define TENON_LIB_RUNTIME_MEMORY_H

#include "tenon/Runtime/tenon.h"

#include <cstdlib>
#include <new>

namespace tenon::runtime {

/// Makes an object on the heap, or returns null. The library does without the
/// operators new and delete, which would make it depend on a C++ library.
template <typename Object>
Object *create() {
  void *memory = aligned_alloc(alignof(Object), sizeof(Object));
  return memory ? new (memory) Object() : nullptr;
}

template <typename Object>
void destroy(Object *object) {
  if (!object)
    return;
  object->~Object();
  free(object);
}

/// Pages filled with zeros. Physical memory is taken when a page is first
/// written, unless `prefault` asks for all of it at once.
class Buffer {
public:
  Buffer() = default;
  Buffer(const Buffer &) = delete;
  ~Buffer() { release(); }

  /// `what` and `remedy` are for the message: `cannot allocate 8 bytes for
  /// <what>`.
  tenon_status allocate(uint64_t size, bool prefault, const char *what,
                        const char *remedy);
  void release();

  uint8_t *data() const { return bytes; }
  uint64_t size() const { return length; }

private:
  uint8_t *bytes = nullptr;
  uint64_t length = 0;
};

/// A whole file, mapped for reading and shared with all who map it.
class MappedFile {
public:
  MappedFile() = default;
  MappedFile(const MappedFile &) = delete;
  ~MappedFile();

  /// Fails on what is not a regular file, and on one with less than `least`
  /// bytes.
  tenon_status open(const char *path, uint64_t least);
  /// Maps all pages now, as far as the system knows how.
  void preload() const;

  const uint8_t *data() const { return bytes; }
  uint64_t size() const { return length; }

private:
  const uint8_t *bytes = nullptr;
  uint64_t length = 0;
};

} // namespace tenon::runtime

#endif // TENON_LIB_RUNTIME_MEMORY_H
