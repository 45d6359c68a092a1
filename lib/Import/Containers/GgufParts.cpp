// Opens the files of a GGUF model, of which there may be several.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace tenon;

/// How a part is named after the name that all have in common.
static std::string getSuffix(int64_t number, int64_t count) {
  return llvm::formatv("-{0,0+5}-of-{1,0+5}.gguf", number + 1, count).str();
}

static llvm::Expected<GgufPart> openPart(llvm::StringRef path,
                                         MappedFile file) {
  llvm::Expected<GgufContents> contents =
      parseGguf(file.getBytes(), llvm::sys::path::filename(path));
  if (!contents)
    return contents.takeError();
  return GgufPart{std::move(file), std::move(*contents)};
}

/// Whether a file is the part that its name says.
static llvm::Error checkPart(const GgufMetadata &metadata, int64_t number,
                             int64_t count) {
  std::optional<int64_t> hasNumber = metadata.getInt("split.no");
  std::optional<int64_t> hasCount = metadata.getInt("split.count");
  if (hasNumber == number && hasCount == count)
    return llvm::Error::success();
  auto print = [](std::optional<int64_t> value) {
    return value ? std::to_string(*value) : std::string("nothing");
  };
  return makeImportError(metadata.getFile() + ": expects 'split.no' to be " +
                         llvm::Twine(number) + " and 'split.count' to be " +
                         llvm::Twine(count) + ", but got " + print(hasNumber) +
                         " and " + print(hasCount));
}

static llvm::Error checkTensorCount(llvm::ArrayRef<GgufPart> parts) {
  const GgufMetadata &metadata = parts.front().contents.metadata;
  std::optional<int64_t> expected = metadata.getInt("split.tensors.count");
  int64_t count = 0;
  for (const GgufPart &part : parts)
    count += int64_t(part.contents.tensors.size());
  if (!expected || *expected == count)
    return llvm::Error::success();
  return makeImportError(metadata.getFile() + ": 'split.tensors.count' is " +
                         llvm::Twine(*expected) + ", but the " +
                         llvm::Twine(parts.size()) + " files have " +
                         llvm::Twine(count) + " tensors");
}

llvm::Expected<std::vector<GgufPart>> tenon::openGgufParts(llvm::StringRef path,
                                                           MappedFile first) {
  llvm::Expected<GgufPart> part = openPart(path, std::move(first));
  if (!part)
    return part.takeError();
  const GgufMetadata &metadata = part->contents.metadata;
  int64_t count = metadata.getInt("split.count").value_or(1);
  std::vector<GgufPart> parts;
  if (count <= 1) {
    parts.push_back(std::move(*part));
    return parts;
  }
  // The format counts parts in 16 bits.
  if (count > UINT16_MAX)
    return makeImportError(metadata.getFile() + ": 'split.count' is " +
                           llvm::Twine(count) +
                           ", but a model has at most 65535 files");
  int64_t number = metadata.getInt("split.no").value_or(0);
  if (number < 0 || number >= count)
    return makeImportError(metadata.getFile() + ": 'split.no' is " +
                           llvm::Twine(number) + ", but 'split.count' is " +
                           llvm::Twine(count));
  llvm::StringRef name = path;
  if (!name.consume_back(getSuffix(number, count)))
    return makeImportError(
        metadata.getFile() + ": is part " + llvm::Twine(number + 1) + " of " +
        llvm::Twine(count) + " of a model, but its name does not end with '" +
        getSuffix(number, count) + "'; restore the names of all parts");
  if (number != 0)
    return makeImportError(
        metadata.getFile() + ": is part " + llvm::Twine(number + 1) + " of " +
        llvm::Twine(count) + " of a model; name the first, '" + name +
        getSuffix(0, count) + "'");
  parts.push_back(std::move(*part));
  for (int64_t i = 1; i < count; ++i) {
    std::string next = (name + getSuffix(i, count)).str();
    llvm::Expected<MappedFile> file = MappedFile::open(next);
    if (!file)
      return file.takeError();
    llvm::Expected<GgufPart> further = openPart(next, std::move(*file));
    if (!further)
      return further.takeError();
    if (llvm::Error error = checkPart(further->contents.metadata, i, count))
      return std::move(error);
    parts.push_back(std::move(*further));
  }
  if (llvm::Error error = checkTensorCount(parts))
    return std::move(error);
  return parts;
}
