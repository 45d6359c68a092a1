// A tensor and its place in a file, and the rules that all such places obey.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/StoredTensor.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace tenon;

std::optional<uint64_t> tenon::getStoredBytes(StorageType type,
                                              llvm::ArrayRef<int64_t> shape) {
  constexpr uint64_t limit = uint64_t(1) << 60;
  int64_t row = shape.empty() ? 1 : shape.back();
  if (row % getBlockElements(type) != 0)
    return std::nullopt;
  uint64_t elements = 1;
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return std::nullopt;
    if (size == 0)
      empty = true;
    else if (elements > limit / uint64_t(size))
      return std::nullopt;
    else
      elements *= uint64_t(size);
  }
  if (empty)
    return 0;
  // At most 8 bytes an element: this fits.
  return elements / uint64_t(getBlockElements(type)) *
         uint64_t(getBlockBytes(type));
}

std::string tenon::stringifyShape(llvm::ArrayRef<int64_t> shape) {
  std::string result;
  llvm::raw_string_ostream stream(result);
  stream << '[';
  llvm::interleaveComma(shape, stream);
  stream << ']';
  return result;
}

llvm::Error tenon::checkDisjoint(llvm::ArrayRef<StoredTensor> tensors,
                                 llvm::StringRef file) {
  std::vector<const StoredTensor *> order;
  for (const StoredTensor &tensor : tensors)
    order.push_back(&tensor);
  llvm::sort(order, [](const StoredTensor *a, const StoredTensor *b) {
    return a->info.name < b->info.name;
  });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->info.name == order[i]->info.name)
      return makeImportError(file + ": has the tensor " +
                             quote(order[i]->info.name) + " twice");

  llvm::erase_if(order, [](const StoredTensor *t) { return t->size == 0; });
  llvm::sort(order, [](const StoredTensor *a, const StoredTensor *b) {
    return a->begin < b->begin;
  });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->begin + order[i - 1]->size > order[i]->begin)
      return makeImportError(
          file + ": tensors " + quote(order[i - 1]->info.name) + " and " +
          quote(order[i]->info.name) + " overlap: the first ends at byte " +
          llvm::Twine(order[i - 1]->begin + order[i - 1]->size) +
          ", and the second begins at byte " + llvm::Twine(order[i]->begin));
  return llvm::Error::success();
}
