// A file that appears under its name when it is complete.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ReplaceFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <cstdio>

using namespace tenon;
using llvm::Error;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

llvm::Expected<std::unique_ptr<ReplaceFile>>
ReplaceFile::create(StringRef path) {
  llvm::SmallString<256> written(path);
  fs::file_status status;
  bool exists = !fs::status(path, status);
  if (exists && status.type() == fs::file_type::directory_file)
    return makeFileError("create", path, EISDIR);
  if (!exists || status.type() == fs::file_type::regular_file)
    fs::createUniquePath(path + ".%%%%%%%%.tmp", written,
                         /*MakeAbsolute=*/false);
  llvm::Expected<OutputFile> file = OutputFile::create(written);
  if (!file)
    return file.takeError();
  return std::unique_ptr<ReplaceFile>(
      new ReplaceFile(path.str(), written.str().str(), std::move(*file)));
}

ReplaceFile::~ReplaceFile() {
  if (!committed && written != path)
    (void)fs::remove(written);
}

Error ReplaceFile::commit() {
  if (Error error = file.close())
    return error;
  if (written != path && ::rename(written.c_str(), path.c_str()) != 0)
    return makeFileError("create", path, errno);
  committed = true;
  return Error::success();
}

Error tenon::writeOutput(StringRef path, StringRef bytes) {
  if (path.empty() || path == "-") {
    llvm::outs() << bytes;
    llvm::outs().flush();
    if (std::error_code code = llvm::outs().error()) {
      llvm::outs().clear_error();
      return llvm::createStringError("cannot write to the standard output: " +
                                     StringRef(code.message()).lower() +
                                     "; check where it goes");
    }
    return Error::success();
  }
  llvm::Expected<std::unique_ptr<ReplaceFile>> output =
      ReplaceFile::create(path);
  if (!output)
    return output.takeError();
  if (Error error =
          (*output)->getFile().write(0, llvm::arrayRefFromStringRef(bytes)))
    return error;
  return (*output)->commit();
}
