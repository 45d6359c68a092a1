// Zeroed buffers and mapped files, by mmap.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Memory.h"
#include "Error.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Of Linux 5.14; older headers lack the names, and older kernels refuse the
// advice.
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace tenon::runtime {

static constexpr uint64_t kHugePage = 2 << 20;
static constexpr const char *kArtifactRemedy =
    "name a folder that 'tenon compile' wrote";

tenon_status Buffer::allocate(uint64_t size, bool prefault, const char *what,
                              const char *remedy) {
  release();
  uint64_t wanted = size ? size : 1;
  void *memory = mmap(nullptr, wanted, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return fail(TENON_ERROR_SYSTEM, "cannot allocate %llu bytes for %s: %s; %s",
                static_cast<unsigned long long>(size), what,
                ErrorText(errno).get(), remedy);
  bytes = static_cast<uint8_t *>(memory);
  length = wanted;
  // Large pages are a wish: the system may not have them.
  if (length >= kHugePage)
    madvise(memory, length, MADV_HUGEPAGE);
  if (!prefault || madvise(memory, length, MADV_POPULATE_WRITE) == 0)
    return TENON_OK;
  for (uint64_t at = 0; at < length; at += 4096)
    static_cast<volatile uint8_t *>(bytes)[at] = 0;
  return TENON_OK;
}

void Buffer::release() {
  if (bytes)
    munmap(bytes, length);
  bytes = nullptr;
  length = 0;
}

static tenon_status mapDescriptor(int file, const char *path, uint64_t least,
                                  const uint8_t *&bytes, uint64_t &length) {
  struct stat status;
  if (fstat(file, &status) != 0)
    return failOnFile("read", path, errno, kArtifactRemedy);
  if (!S_ISREG(status.st_mode))
    return fail(TENON_ERROR_FILE, "cannot read '%s': not a regular file; %s",
                path, kArtifactRemedy);
  uint64_t size = static_cast<uint64_t>(status.st_size);
  if (size < least)
    return failDamaged(path, "it has %llu bytes and must have at least %llu",
                       static_cast<unsigned long long>(size),
                       static_cast<unsigned long long>(least));
  void *memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    return failOnFile("map", path, errno, "free address space or memory");
  bytes = static_cast<const uint8_t *>(memory);
  length = size;
  return TENON_OK;
}

tenon_status MappedFile::open(const char *path, uint64_t least) {
  // A pipe, which is refused below, must not wait for a writer.
  int file = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return failOnFile("open", path, errno, kArtifactRemedy);
  tenon_status status = mapDescriptor(file, path, least, bytes, length);
  ::close(file);
  // Large pages for files need a file system and a kernel that have them.
  // Reading ahead is left to the kernel: weights may be larger than memory.
  if (status == TENON_OK && length >= kHugePage)
    madvise(const_cast<uint8_t *>(bytes), length, MADV_HUGEPAGE);
  return status;
}

void MappedFile::preload() const {
  if (madvise(const_cast<uint8_t *>(bytes), length, MADV_POPULATE_READ) == 0)
    return;
  for (uint64_t at = 0; at < length; at += 4096)
    (void)static_cast<const volatile uint8_t *>(bytes)[at];
}

MappedFile::~MappedFile() {
  if (bytes)
    munmap(const_cast<uint8_t *>(bytes), length);
}

} // namespace tenon::runtime
