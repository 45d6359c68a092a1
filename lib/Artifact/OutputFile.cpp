// A file that is being written, with errors that name it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Artifact/OutputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errno.h"
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace tenon;
using llvm::Error;
using llvm::StringRef;

static StringRef getRemedy(int code) {
  switch (code) {
  case ENOSPC:
  case EDQUOT:
    return "free space or choose another folder";
  case EFBIG:
    return "raise the limit on the size of files or choose another folder";
  case EACCES:
  case EPERM:
  case EROFS:
    return "choose a folder that you may write to";
  case ENOENT:
    return "check that its folder exists";
  case ENOTDIR:
    return "choose a name inside of a folder";
  default:
    return "choose another folder";
  }
}

Error tenon::makeFileError(StringRef action, StringRef path, int code) {
  return llvm::createStringError(
      std::error_code(code, std::generic_category()),
      "cannot " + action + " '" + path +
          "': " + StringRef(llvm::sys::StrError(code)).lower() + "; " +
          getRemedy(code));
}

static llvm::Expected<int> openFile(StringRef path, int flags) {
  int descriptor;
  do
    descriptor = ::open(path.str().c_str(), flags | O_CLOEXEC, 0666);
  while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0)
    return makeFileError(flags & O_CREAT ? "create" : "open", path, errno);
  return descriptor;
}

llvm::Expected<OutputFile> OutputFile::create(StringRef path) {
  llvm::Expected<int> descriptor = openFile(path, O_RDWR | O_CREAT | O_TRUNC);
  if (!descriptor)
    return descriptor.takeError();
  return OutputFile(path, *descriptor);
}

llvm::Expected<OutputFile> OutputFile::open(StringRef path) {
  llvm::Expected<int> descriptor = openFile(path, O_RDWR);
  if (!descriptor)
    return descriptor.takeError();
  return OutputFile(path, *descriptor);
}

OutputFile::OutputFile(OutputFile &&other)
    : path(std::move(other.path)), descriptor(other.descriptor) {
  other.descriptor = -1;
}

OutputFile::~OutputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Error OutputFile::makeError(StringRef action, int code) const {
  return makeFileError(action, path, code);
}

Error OutputFile::reserve(uint64_t size) {
  if (::ftruncate(descriptor, static_cast<off_t>(size)) != 0)
    return makeError("write " + llvm::utostr(size) + " bytes to", errno);
  if (size == 0)
    return Error::success();
  int code;
  do
    code = ::fallocate(descriptor, 0, 0, static_cast<off_t>(size)) ? errno : 0;
  while (code == EINTR);
  // A file system may be unable to reserve; then a full disk shows later.
  if (code == 0 || code == EOPNOTSUPP || code == ENOSYS)
    return Error::success();
  return makeError("write " + llvm::utostr(size) + " bytes to", code);
}

Error OutputFile::write(uint64_t offset, llvm::ArrayRef<uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(),
                               static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return makeError("write", errno);
    offset += written;
    bytes = bytes.drop_front(written);
  }
  return Error::success();
}

Error OutputFile::close() {
  int closed = ::close(descriptor);
  int code = errno;
  descriptor = -1;
  // On Linux the descriptor is gone even after EINTR.
  if (closed != 0 && code != EINTR)
    return makeError("write", code);
  return Error::success();
}
