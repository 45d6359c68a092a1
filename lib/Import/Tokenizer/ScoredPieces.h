// Pieces with the types that sentencepiece gives them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_TOKENIZER_SCOREDPIECES_H
#define TENON_LIB_IMPORT_TOKENIZER_SCOREDPIECES_H

#include "TokenizerTables.h"

namespace tenon {

/// Types of pieces in `tokenizer.model` and in `tokenizer.ggml.token_type`; those
/// of tokenizer.bin are the same.
enum PieceType : int64_t {
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6,
};

/// Reads the name of a byte, <0x00> to <0xFF>.
llvm::Expected<uint8_t> readByteName(const TokenizerTables &tables, size_t id,
                                     llvm::StringRef text);

/// Adds a piece of a vocabulary of words; control, unknown and user-defined ones
/// are added tokens as well.
llvm::Error addScoredPiece(TokenizerTables &tables, size_t id,
                           llvm::StringRef text, int64_t type);

} // namespace tenon

#endif // TENON_LIB_IMPORT_TOKENIZER_SCOREDPIECES_H
