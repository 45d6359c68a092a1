// The table of a normalizer of sentencepiece, `precompiled_charsmap`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_TOKENIZER_CHARACTERMAP_H
#define TENON_LIB_IMPORT_TOKENIZER_CHARACTERMAP_H

#include "TokenizerTables.h"

namespace tenon {

/// Reads the size of a double array, its units, and the replacements that they
/// name. `flag` is TENON_TOKENIZER_MAP_*: how the map is used. A map that is
/// damaged is an error that begins with `what`, which names the file and the
/// key.
llvm::Error readCharacterMap(TokenizerTables &tables, llvm::StringRef bytes,
                             uint32_t flag, const llvm::Twine &what);

} // namespace tenon

#endif // TENON_LIB_IMPORT_TOKENIZER_CHARACTERMAP_H
