// Writes rows of logits as a NumPy array.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LogitsFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"

using namespace tenon;

/// The header is written last, when the number of rows is known; its space has
/// room for any number.
static constexpr size_t kHeaderBytes = 128;

llvm::Expected<std::unique_ptr<LogitsFile>>
LogitsFile::create(llvm::StringRef path, uint64_t vocabulary) {
  llvm::Expected<std::unique_ptr<ReplaceFile>> file = ReplaceFile::create(path);
  if (!file)
    return file.takeError();
  return std::unique_ptr<LogitsFile>(
      new LogitsFile(std::move(*file), vocabulary));
}

llvm::Error LogitsFile::append(llvm::ArrayRef<float> logits) {
  uint64_t offset = kHeaderBytes + numRows * vocabulary * sizeof(float);
  numRows += logits.size() / vocabulary;
  return file->getFile().write(
      offset, llvm::ArrayRef(reinterpret_cast<const uint8_t *>(logits.data()),
                             logits.size() * sizeof(float)));
}

llvm::Error LogitsFile::commit() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "{'descr': '<f4', 'fortran_order': False, 'shape': (" << numRows
         << ", " << vocabulary << "), }";
  std::string header("\x93NUMPY\x01\x00\x00\x00", 10);
  text.resize(kHeaderBytes - header.size() - 1, ' ');
  text += '\n';
  llvm::support::endian::write16le(&header[8], uint16_t(text.size()));
  header += text;
  if (llvm::Error error =
          file->getFile().write(0, llvm::arrayRefFromStringRef(header)))
    return error;
  return file->commit();
}
