// A file that is mapped into memory for reading.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/MappedFile.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Process.h"
#include <sys/mman.h>

using namespace tenon;
namespace fs = llvm::sys::fs;

static llvm::Error makeOpenError(llvm::StringRef path, std::error_code code) {
  std::string reason = code.message();
  if (!reason.empty())
    reason[0] = llvm::StringRef(reason).lower()[0];
  return makeImportError("cannot open " + quote(path) + ": " + reason);
}

llvm::Expected<MappedFile> MappedFile::open(llvm::StringRef path) {
  // Before it is opened: a pipe waits for a writer, and opening a device may do
  // something to it.
  fs::file_status kind;
  std::error_code unknown = fs::status(path, kind);
  if (!unknown && kind.type() == fs::file_type::directory_file)
    return makeOpenError(path, std::make_error_code(std::errc::is_a_directory));
  if (!unknown && kind.type() != fs::file_type::regular_file)
    return makeImportError("cannot open " + quote(path) +
                           ": expects a regular file");
  llvm::Expected<fs::file_t> handle = fs::openNativeFileForRead(path);
  if (!handle)
    return makeOpenError(path, llvm::errorToErrorCode(handle.takeError()));
  // Nothing is lost when closing a file fails that was only read.
  llvm::scope_exit close([&] { (void)fs::closeFile(*handle); });

  fs::file_status status;
  if (std::error_code code = fs::status(*handle, status))
    return makeOpenError(path, code);
  if (status.type() != fs::file_type::regular_file)
    return makeImportError("cannot open " + quote(path) +
                           ": expects a regular file");
  MappedFile file;
  if (status.getSize() == 0)
    return std::move(file);
  std::error_code code;
  file.region = fs::mapped_file_region(
      *handle, fs::mapped_file_region::readonly, status.getSize(), 0, code);
  if (code)
    return makeOpenError(path, code);
  return std::move(file);
}

llvm::StringRef MappedFile::getBytes() const {
  if (!region)
    return {};
  return llvm::StringRef(region.const_data(), region.size());
}

void MappedFile::release(uint64_t begin, uint64_t size) const {
  // Only whole pages: those at the ends belong to the neighbors too.
  uint64_t page = llvm::sys::Process::getPageSizeEstimate();
  uint64_t first = llvm::alignTo(begin, page);
  uint64_t last = llvm::alignDown(begin + size, page);
  if (first < last)
    ::madvise(const_cast<char *>(region.const_data()) + first, last - first,
              MADV_DONTNEED);
}

llvm::Expected<std::string> tenon::readTextFile(llvm::StringRef path,
                                                uint64_t limit) {
  llvm::Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  if (file->getBytes().size() > limit)
    return makeImportError("cannot read " + quote(path) + ": has " +
                           llvm::Twine(file->getBytes().size()) +
                           " bytes, but at most " + llvm::Twine(limit) +
                           " are expected");
  return file->getBytes().str();
}
