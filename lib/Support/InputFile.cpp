// Files that tools read, whoever wrote them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/InputFile.h"

#include "llvm/Support/FileSystem.h"

using namespace tenon;
namespace fs = llvm::sys::fs;

static llvm::Error makeOpenError(llvm::StringRef path, std::error_code code) {
  return llvm::createStringError(
      "cannot open '" + path + "': " + llvm::StringRef(code.message()).lower() +
      "; check the path");
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
tenon::readInputFile(llvm::StringRef path) {
  fs::file_status status;
  if (std::error_code code = fs::status(path, status))
    return makeOpenError(path, code);
  if (status.type() != fs::file_type::regular_file)
    return llvm::createStringError("cannot open '" + path +
                                   "': expects a regular file");
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return makeOpenError(path, buffer.getError());
  return std::move(*buffer);
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
tenon::readModuleFile(llvm::StringRef path) {
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  if (path == "-") {
    llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> input =
        llvm::MemoryBuffer::getSTDIN();
    if (!input)
      return makeOpenError(path, input.getError());
    buffer = std::move(*input);
  } else {
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file =
        readInputFile(path);
    if (!file)
      return file.takeError();
    buffer = std::move(*file);
  }
  // Bytecode begins so, and is no text.
  constexpr llvm::StringLiteral bytecode = "ML\xefR";
  if (!buffer->getBuffer().starts_with(bytecode))
    if (llvm::Error error = checkNesting(buffer->getBuffer(), path))
      return std::move(error);
  return buffer;
}
