// A file that is being written, with errors that name it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_ARTIFACT_OUTPUTFILE_H
#define TENON_ARTIFACT_OUTPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace tenon {

/// An open file; closed at the end of its life, without a report.
class OutputFile {
public:
  /// Creates a file, or empties the one that is there.
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  /// Opens a file that is there, for reading as well.
  static llvm::Expected<OutputFile> open(llvm::StringRef path);

  OutputFile(OutputFile &&other);
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

  /// Takes space for that many bytes and makes the file so long.
  llvm::Error reserve(uint64_t size);
  llvm::Error write(uint64_t offset, llvm::ArrayRef<uint8_t> bytes);
  /// Closes the file and reports errors that came late.
  llvm::Error close();

  llvm::StringRef getPath() const { return path; }
  int getDescriptor() const { return descriptor; }
  /// An error of the operating system, `errno`, on this file.
  llvm::Error makeError(llvm::StringRef action, int code) const;

private:
  OutputFile(llvm::StringRef path, int descriptor)
      : path(path), descriptor(descriptor) {}

  std::string path;
  int descriptor;
};

/// `cannot <action> '<path>': <reason>; <remedy>`.
llvm::Error makeFileError(llvm::StringRef action, llvm::StringRef path,
                          int code);

} // namespace tenon

#endif // TENON_ARTIFACT_OUTPUTFILE_H
