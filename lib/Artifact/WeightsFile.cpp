// Writes weights.bin: its header, its data in any order, and its hashes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Artifact/WeightsFile.h"
#include "tenon/Runtime/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

using namespace tenon;
using llvm::ArrayRef;
using llvm::Error;
using llvm::StringRef;

WeightsFile::WeightsFile(OutputFile opened, uint64_t size)
    : file(std::move(opened)), size(size),
      missing(llvm::divideCeil(size, uint64_t(TENON_HASH_CHUNK_BYTES))),
      hashes(missing.size()) {
  for (uint64_t chunk = 0; chunk < missing.size(); ++chunk)
    missing[chunk].store(static_cast<uint32_t>(getChunkSize(chunk)),
                         std::memory_order_relaxed);
}

llvm::Expected<std::unique_ptr<WeightsFile>>
WeightsFile::create(StringRef path, uint64_t size) {
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (Error error = file->reserve(TENON_WEIGHTS_HEADER_BYTES + size))
    return error;
  return std::unique_ptr<WeightsFile>(new WeightsFile(std::move(*file), size));
}

uint64_t WeightsFile::getChunkSize(uint64_t chunk) const {
  return std::min<uint64_t>(TENON_HASH_CHUNK_BYTES,
                            size - chunk * TENON_HASH_CHUNK_BYTES);
}

Error WeightsFile::hashChunk(uint64_t chunk) {
  uint64_t begin = TENON_WEIGHTS_HEADER_BYTES + chunk * TENON_HASH_CHUNK_BYTES;
  uint64_t bytes = getChunkSize(chunk);
  // Mapped where it lies in the cache of the file, and not copied.
  void *mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED,
                        file.getDescriptor(), static_cast<off_t>(begin));
  if (mapped == MAP_FAILED)
    return file.makeError("map", errno);
  hashes[chunk] =
      llvm::xxHash64(ArrayRef(static_cast<const uint8_t *>(mapped), bytes));
  ::munmap(mapped, bytes);
  return Error::success();
}

Error WeightsFile::write(uint64_t offset, ArrayRef<uint8_t> bytes) {
  assert(offset <= size && bytes.size() <= size - offset &&
         "the data is as long as was said");
  if (Error error = file.write(TENON_WEIGHTS_HEADER_BYTES + offset, bytes))
    return error;
  uint64_t end = offset + bytes.size();
  while (offset < end) {
    uint64_t chunk = offset / TENON_HASH_CHUNK_BYTES;
    uint64_t next =
        std::min(end, (chunk + 1) * uint64_t(TENON_HASH_CHUNK_BYTES));
    uint32_t count = static_cast<uint32_t>(next - offset);
    // Publishes these bytes to the thread that writes the last ones of the
    // chunk and hashes it; acquired there through the same counter.
    uint32_t before =
        missing[chunk].fetch_sub(count, std::memory_order_acq_rel);
    if (before == count)
      if (Error error = hashChunk(chunk))
        return error;
    offset = next;
  }
  return Error::success();
}

llvm::Expected<std::vector<uint64_t>> WeightsFile::finish() {
  // Chunks with gaps between weights, where nothing was written.
  for (uint64_t chunk = 0; chunk < missing.size(); ++chunk)
    if (missing[chunk].load(std::memory_order_acquire) != 0)
      if (Error error = hashChunk(chunk))
        return error;
  tenon_weights_header header = {};
  memcpy(header.magic, TENON_WEIGHTS_MAGIC, sizeof(header.magic));
  header.version = TENON_FORMAT_VERSION;
  header.size = size;
  header.id =
      llvm::xxHash64(ArrayRef(reinterpret_cast<const uint8_t *>(hashes.data()),
                              hashes.size() * sizeof(uint64_t)));
  if (Error error =
          file.write(0, ArrayRef(reinterpret_cast<const uint8_t *>(&header),
                                 sizeof(header))))
    return error;
  if (Error error = file.close())
    return error;
  return hashes;
}
