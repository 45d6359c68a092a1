// Writes rows of logits as a NumPy array.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_LOGITSFILE_H
#define TENON_LIB_DRIVER_LOGITSFILE_H

#include "ReplaceFile.h"

namespace tenon {

/// A file of float32 [rows, vocabulary] that grows row by row.
class LogitsFile {
public:
  static llvm::Expected<std::unique_ptr<LogitsFile>>
  create(llvm::StringRef path, uint64_t vocabulary);

  /// `logits` are whole rows.
  llvm::Error append(llvm::ArrayRef<float> logits);
  llvm::Error commit();

private:
  LogitsFile(std::unique_ptr<ReplaceFile> file, uint64_t vocabulary)
      : file(std::move(file)), vocabulary(vocabulary) {}

  std::unique_ptr<ReplaceFile> file;
  uint64_t vocabulary;
  uint64_t numRows = 0;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_LOGITSFILE_H
