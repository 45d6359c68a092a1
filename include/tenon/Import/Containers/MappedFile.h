// A file that is mapped into memory for reading.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CONTAINERS_MAPPEDFILE_H
#define TENON_IMPORT_CONTAINERS_MAPPEDFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

namespace tenon {

class MappedFile {
public:
  /// Maps a regular file; an empty one has no bytes.
  static llvm::Expected<MappedFile> open(llvm::StringRef path);

  llvm::StringRef getBytes() const;
  /// Hints that a range of the bytes will not be read again soon.
  void release(uint64_t begin, uint64_t size) const;

private:
  llvm::sys::fs::mapped_file_region region;
};

/// Reads a small text file of at most `limit` bytes.
llvm::Expected<std::string> readTextFile(llvm::StringRef path, uint64_t limit);

} // namespace tenon

#endif // TENON_IMPORT_CONTAINERS_MAPPEDFILE_H
