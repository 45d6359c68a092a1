// A file that appears under its name when it is complete.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_REPLACEFILE_H
#define TENON_LIB_DRIVER_REPLACEFILE_H

#include "tenon/Artifact/OutputFile.h"
#include <memory>

namespace tenon {

/// Written to the same directory under another name. `commit` puts it there, over an
/// older file; without that nothing remains. What is no regular file, such as
/// `/dev/null`, is written directly.
class ReplaceFile {
public:
  static llvm::Expected<std::unique_ptr<ReplaceFile>>
  create(llvm::StringRef path);

  ReplaceFile(const ReplaceFile &) = delete;
  ~ReplaceFile();

  OutputFile &getFile() { return file; }
  llvm::Error commit();

private:
  ReplaceFile(std::string path, std::string written, OutputFile file)
      : path(std::move(path)), written(std::move(written)),
        file(std::move(file)) {}

  std::string path;
  /// Where the bytes are until then.
  std::string written;
  OutputFile file;
  bool committed = false;
};

/// Writes all of a file, or to the standard output if the path is empty or `-`.
llvm::Error writeOutput(llvm::StringRef path, llvm::StringRef bytes);

} // namespace tenon

#endif // TENON_LIB_DRIVER_REPLACEFILE_H
