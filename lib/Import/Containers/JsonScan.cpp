// Checks JSON text before it is parsed: depth, size, syntax, duplicates.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/JsonScan.h"
#include "tenon/Import/Containers/JsonCursor.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/StringSaver.h"

using namespace tenon;
using Token = JsonCursor::Token;

/// The keys are sorted, not hashed, so that no choice of keys makes this slow.
static llvm::Error checkDistinct(llvm::MutableArrayRef<llvm::StringRef> keys,
                                 const JsonCursor &cursor) {
  llvm::sort(keys);
  auto *twice = llvm::adjacent_find(keys);
  if (twice == keys.end())
    return llvm::Error::success();
  return cursor.makeError("has the key " + quote(*twice) +
                          " twice in the object that ends here");
}

static llvm::Error scanTokens(llvm::StringRef text, llvm::StringRef file) {
  JsonCursor cursor(text, file);
  llvm::BumpPtrAllocator allocator;
  llvm::StringSaver saver(allocator);
  // The keys of the open objects, and where those of each one begin.
  std::vector<llvm::StringRef> keys;
  llvm::SmallVector<size_t, 64> begins;
  while (true) {
    llvm::Expected<Token> token = cursor.next();
    if (!token)
      return token.takeError();
    switch (*token) {
    case Token::End:
      return llvm::Error::success();
    case Token::ObjectBegin:
      begins.push_back(keys.size());
      break;
    case Token::Key: {
      llvm::StringRef key = cursor.getText();
      bool inText = key.data() >= text.begin() && key.data() <= text.end();
      keys.push_back(inText ? key : saver.save(key));
      break;
    }
    case Token::ObjectEnd: {
      size_t begin = begins.pop_back_val();
      llvm::MutableArrayRef<llvm::StringRef> own(keys);
      if (llvm::Error error = checkDistinct(own.drop_front(begin), cursor))
        return error;
      keys.resize(begin);
      break;
    }
    default:
      break;
    }
  }
}

llvm::Error tenon::scanJson(llvm::StringRef text, llvm::StringRef file) {
  if (text.size() > maxJsonBytes)
    return makeImportError(file + ": has " + llvm::Twine(text.size()) +
                           " bytes of JSON, but at most " +
                           llvm::Twine(maxJsonBytes) + " are read");
  size_t badByte = 0;
  if (!llvm::json::isUTF8(text, &badByte))
    return makeImportError(file + ": byte " + llvm::Twine(badByte) +
                           ": expects JSON in UTF-8");
  return scanTokens(text, file);
}
