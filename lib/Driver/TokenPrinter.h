// Prints generated tokens as they come.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_TOKENPRINTER_H
#define TENON_LIB_DRIVER_TOKENPRINTER_H

#include <vector>
#include "OpenModel.h"

namespace tenon {

/// As text where there is a tokenizer, else as numbers with commas between.
class TokenPrinter {
public:
  /// When silent, text is only collected.
  TokenPrinter(const tenon_tokenizer *tokenizer, bool silent);

  llvm::Error print(int32_t token);
  /// Ends the line.
  llvm::Error finish();
  /// All text so far.
  llvm::StringRef getText() const { return text; }

private:
  llvm::Error write(llvm::StringRef piece);

  const tenon_tokenizer *tokenizer;
  bool silent;
  tenon_text_stream stream = {};
  std::vector<char> piece;
  std::string text;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_TOKENPRINTER_H
