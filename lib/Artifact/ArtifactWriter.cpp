// Writes the folder OUT.tenon: complete, or not at all.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Artifact/ArtifactWriter.h"
#include "tenon/Runtime/Format.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

using namespace tenon;
using llvm::ArrayRef;
using llvm::Error;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

static constexpr StringRef kCode = "model.so";
static constexpr StringRef kWeights = "weights.bin";
static constexpr StringRef kTokenizer = "tokenizer.bin";
static constexpr StringRef kChat = "chat.json";

static constexpr StringRef kFiles[] = {kCode, kWeights, kTokenizer, kChat};

static bool isFileOfArtifact(StringRef name) {
  return llvm::is_contained(kFiles, name);
}

/// Fails if what lies at a path may not be replaced.
static Error checkReplaceable(StringRef path) {
  fs::file_status status;
  std::error_code code = fs::status(path, status, /*Follow=*/false);
  if (status.type() == fs::file_type::file_not_found)
    return Error::success();
  if (code)
    return makeFileError("create", path, code.value());
  std::string found;
  if (status.type() != fs::file_type::directory_file) {
    found = "is no folder";
  } else {
    for (fs::directory_iterator entry(path, code), end; entry != end && !code;
         entry.increment(code)) {
      StringRef name = llvm::sys::path::filename(entry->path());
      if (!isFileOfArtifact(name) && found.empty())
        found = ("holds '" + name + "'").str();
    }
    if (code)
      return makeFileError("replace", path, code.value());
  }
  if (found.empty())
    return Error::success();
  return llvm::createStringError(
      std::error_code(EEXIST, std::generic_category()),
      "cannot replace '" + path + "': it is no artifact, because it " + found +
          "; remove it or choose another name");
}

/// Removes an artifact, and nothing else that may have come into its folder.
/// What cannot be removed stays: there is no one left to tell.
static void removeArtifact(StringRef folder) {
  for (StringRef file : kFiles)
    (void)fs::remove(folder + "/" + file);
  (void)fs::remove(folder);
}

/// Opens a folder and locks it as its writer. Returns -1 if another one does.
static int lockFolder(StringRef folder) {
  int descriptor =
      ::open(folder.str().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    return descriptor;
  if (descriptor >= 0)
    ::close(descriptor);
  return -1;
}

/// What ends the name of a folder until it is complete.
static constexpr StringRef kUnfinished = ".tmp";

/// Removes what writers of the same artifact left that were killed: theirs is
/// locked no longer. One that begins has no file yet.
static void removeUnfinished(StringRef path) {
  StringRef name = llvm::sys::path::filename(path);
  StringRef parent = llvm::sys::path::parent_path(path);
  std::error_code code;
  std::vector<std::string> left;
  for (fs::directory_iterator entry(parent.empty() ? "." : parent, code), end;
       entry != end && !code; entry.increment(code)) {
    StringRef found = llvm::sys::path::filename(entry->path());
    if (found.consume_front(name) && found.consume_front(".") &&
        found.consume_back(kUnfinished) && found.size() == 8 &&
        llvm::all_of(found, llvm::isHexDigit))
      left.push_back(entry->path());
  }
  for (const std::string &folder : left) {
    bool isEmpty =
        fs::directory_iterator(folder, code) == fs::directory_iterator();
    int lock = isEmpty ? -1 : lockFolder(folder);
    if (lock < 0)
      continue;
    removeArtifact(folder);
    ::close(lock);
  }
}

llvm::Expected<std::unique_ptr<ArtifactWriter>>
ArtifactWriter::create(StringRef path) {
  while (path.size() > 1 && llvm::sys::path::is_separator(path.back()))
    path = path.drop_back();
  if (Error error = checkReplaceable(path))
    return error;
  removeUnfinished(path);
  // Beside the final folder, so that it can be renamed.
  llvm::SmallString<256> folder;
  std::error_code code;
  do {
    fs::createUniquePath(path + ".%%%%%%%%" + kUnfinished, folder,
                         /*MakeAbsolute=*/false);
    code = fs::create_directory(folder, /*IgnoreExisting=*/false,
                                fs::perms::all_all);
  } while (code == std::errc::file_exists);
  if (code)
    return makeFileError("create", path, code.value());
  return std::unique_ptr<ArtifactWriter>(
      new ArtifactWriter(path.str(), folder.str().str(), lockFolder(folder)));
}

ArtifactWriter::~ArtifactWriter() {
  if (!folder.empty())
    removeArtifact(folder);
  if (lock >= 0)
    ::close(lock);
}

std::string ArtifactWriter::getPath(StringRef file) const {
  return folder + "/" + file.str();
}

std::string ArtifactWriter::getCodePath() const { return getPath(kCode); }

llvm::Expected<std::unique_ptr<WeightsFile>>
ArtifactWriter::createWeights(uint64_t size) {
  return WeightsFile::create(getPath(kWeights), size);
}

static Error writeFile(StringRef path, ArrayRef<uint8_t> bytes) {
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (Error error = file->write(0, bytes))
    return error;
  return file->close();
}

Error ArtifactWriter::writeTokenizer(ArrayRef<uint8_t> bytes) {
  return writeFile(getPath(kTokenizer), bytes);
}

Error ArtifactWriter::writeChat(StringRef json) {
  return writeFile(getPath(kChat), ArrayRef(json.bytes_begin(), json.size()));
}

Error ArtifactWriter::sealCode() {
  std::string code = getCodePath();
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> linked =
      llvm::MemoryBuffer::getFile(code, /*IsText=*/false,
                                  /*RequiresNullTerminator=*/false);
  if (!linked)
    return makeFileError("read", code, linked.getError().value());
  llvm::StringRef bytes = (*linked)->getBuffer();
  tenon_code_trailer trailer = {};
  memcpy(trailer.magic, TENON_CODE_MAGIC, sizeof(trailer.magic));
  trailer.size = bytes.size();
  trailer.hash = llvm::xxHash64(bytes);
  llvm::Expected<OutputFile> file = OutputFile::open(code);
  if (!file)
    return file.takeError();
  if (Error error = file->write(
          trailer.size, ArrayRef(reinterpret_cast<const uint8_t *>(&trailer),
                                 sizeof(trailer))))
    return error;
  return file->close();
}

Error ArtifactWriter::writeCode(ArrayRef<uint8_t> bytes) {
  if (Error error = writeFile(getCodePath(), bytes))
    return error;
  return sealCode();
}

/// Swaps two folders in one step, or in two where the file system cannot.
static Error swapFolders(const std::string &folder, const std::string &path) {
  if (::renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, path.c_str(),
                  RENAME_EXCHANGE) == 0)
    return Error::success();
  if (errno != EINVAL && errno != ENOSYS)
    return makeFileError("replace", path, errno);
  std::string old = folder + ".old";
  if (::rename(path.c_str(), old.c_str()) != 0)
    return makeFileError("replace", path, errno);
  if (::rename(folder.c_str(), path.c_str()) != 0) {
    int code = errno;
    ::rename(old.c_str(), path.c_str());
    return makeFileError("replace", path, code);
  }
  if (::rename(old.c_str(), folder.c_str()) != 0)
    return makeFileError("remove", old, errno);
  return Error::success();
}

Error ArtifactWriter::commit() {
  // What was no artifact may have come there since.
  if (Error error = checkReplaceable(path))
    return error;
  if (fs::exists(path)) {
    if (Error error = swapFolders(folder, path))
      return error;
    removeArtifact(folder);
  } else if (::rename(folder.c_str(), path.c_str()) != 0) {
    return makeFileError("create", path, errno);
  }
  folder.clear();
  return Error::success();
}
