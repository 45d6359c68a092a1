// Writes weights.bin: its header, its data in any order, and its hashes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_ARTIFACT_WEIGHTSFILE_H
#define TENON_ARTIFACT_WEIGHTSFILE_H

#include "tenon/Artifact/OutputFile.h"
#include <atomic>
#include <memory>
#include <vector>

namespace tenon {

/// Space for all of the file is taken when it is created, so that a disk that
/// is too small is found out before hours of packing. Bytes that are never
/// written are zero.
class WeightsFile {
public:
  /// `size` is that of the data.
  static llvm::Expected<std::unique_ptr<WeightsFile>>
  create(llvm::StringRef path, uint64_t size);

  /// Writes bytes of the data; no byte is written twice. Several threads may
  /// call it at the same time. A chunk of which every byte is written is hashed
  /// at once, while it is in memory.
  llvm::Error write(uint64_t offset, llvm::ArrayRef<uint8_t> bytes);

  /// Hashes what is left, writes the header and closes the file. Returns the
  /// hashes of the chunks.
  llvm::Expected<std::vector<uint64_t>> finish();

private:
  WeightsFile(OutputFile file, uint64_t size);

  uint64_t getChunkSize(uint64_t chunk) const;
  llvm::Error hashChunk(uint64_t chunk);

  OutputFile file;
  uint64_t size;
  /// Bytes of each chunk that are still to be written.
  std::vector<std::atomic<uint32_t>> missing;
  std::vector<uint64_t> hashes;
};

} // namespace tenon

#endif // TENON_ARTIFACT_WEIGHTSFILE_H
