// Prints generated tokens as they come.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TokenPrinter.h"
#include "ReplaceFile.h"

using namespace tenon;

llvm::Expected<std::unique_ptr<TokenPrinter>>
TokenPrinter::create(const tenon_tokenizer *tokenizer,
                     llvm::ArrayRef<int32_t> prompt, bool silent) {
  std::unique_ptr<TokenPrinter> printer(new TokenPrinter(tokenizer, silent));
  if (!tokenizer)
    return printer;
  if (llvm::Error error = check(tenon_text_stream_continue(
          tokenizer, TENON_TEXT_SKIP_SPECIAL, prompt.data(), prompt.size(),
          &printer->stream)))
    return std::move(error);
  printer->piece.resize(tenon_text_stream_capacity(tokenizer));
  return printer;
}

llvm::Error TokenPrinter::write(llvm::StringRef piece) {
  text += piece;
  if (silent)
    return llvm::Error::success();
  return writeOutput("-", piece);
}

llvm::Error TokenPrinter::print(int32_t token) {
  if (!tokenizer)
    return write((text.empty() ? "" : ",") + std::to_string(token));
  uint64_t size = 0;
  if (llvm::Error error = check(tenon_text_stream_next(
          &stream, token, piece.data(), piece.size(), &size)))
    return error;
  return write({piece.data(), size});
}

llvm::Error TokenPrinter::finish() {
  uint64_t size = 0;
  if (tokenizer)
    if (llvm::Error error = check(tenon_text_stream_finish(
            &stream, piece.data(), piece.size(), &size)))
      return error;
  if (llvm::Error error = write({piece.data(), size}))
    return error;
  // The end of the line is no part of the text.
  return silent ? llvm::Error::success() : writeOutput("-", "\n");
}
