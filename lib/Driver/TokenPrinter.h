// Prints generated tokens as they come.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_TOKENPRINTER_H
#define TENON_LIB_DRIVER_TOKENPRINTER_H

#include "llvm/ADT/ArrayRef.h"
#include "OpenModel.h"

#include <vector>

namespace tenon {

/// As text where there is a tokenizer, else as numbers with commas between.
class TokenPrinter {
public:
  /// What is printed continues the text of `prompt`. When silent, text is only
  /// collected.
  static llvm::Expected<std::unique_ptr<TokenPrinter>>
  create(const tenon_tokenizer *tokenizer, llvm::ArrayRef<int32_t> prompt,
         bool silent);

  llvm::Error print(int32_t token);
  /// Ends the line.
  llvm::Error finish();
  /// All text so far.
  llvm::StringRef getText() const { return text; }

private:
  TokenPrinter(const tenon_tokenizer *tokenizer, bool silent)
      : tokenizer(tokenizer), silent(silent) {}
  llvm::Error write(llvm::StringRef piece);

  const tenon_tokenizer *tokenizer;
  bool silent;
  tenon_text_stream stream = {};
  std::vector<char> piece;
  std::string text;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_TOKENPRINTER_H
