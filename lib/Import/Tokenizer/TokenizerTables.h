// A tokenizer on its way into tokenizer.bin.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_TOKENIZER_TOKENIZERTABLES_H
#define TENON_LIB_IMPORT_TOKENIZER_TOKENIZERTABLES_H

#include "tenon/Runtime/TokenizerFormat.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tenon {

/// What a reader of some file format fills. See TokenizerFormat.h for what the
/// parts mean.
class TokenizerTables {
public:
  /// `file` is for messages.
  explicit TokenizerTables(llvm::StringRef file) : file(file) {
    bytePieces.fill(-1);
  }

  struct Piece {
    std::string text;
    uint8_t kind = TENON_PIECE_ABSENT;
    bool isSearchable = false;
  };
  struct Split {
    uint32_t behavior;
    bool invert;
    std::string pattern;
  };

  /// Gives an identifier its piece. A searchable piece is found by its text.
  llvm::Error addPiece(int64_t id, std::string text, uint8_t kind,
                       bool isSearchable);
  /// Appends the merge of two pieces by their texts, which must be those of
  /// searchable pieces, like their concatenation. `spelling` is for messages.
  llvm::Error addMerge(llvm::StringRef left, llvm::StringRef right,
                       llvm::StringRef spelling);
  /// Appends a split by a pattern in the syntax of tokenizer.json.
  llvm::Error addSplit(uint32_t behavior, bool invert, llvm::StringRef pattern);
  /// Appends the splits of BERT: white space goes, and every punctuation is a
  /// word.
  llvm::Error addBertSplits();
  /// Adds a token that ends a generation, unless it is known or -1.
  void addEnd(int64_t id);
  /// Adds the tokens, special or added ones, whose texts are names under which
  /// models end a turn or a text. Files name one end most often, while models of
  /// conversations produce several.
  void addNamedEnds();

  /// Returns the identifier of a searchable piece, or -1.
  int64_t find(llvm::StringRef text) const;

  /// Whether an identifier has a piece.
  bool hasToken(int64_t id) const {
    return id >= 0 && id < int64_t(pieces.size()) &&
           pieces[id].kind != TENON_PIECE_ABSENT;
  }

  /// Returns an error unless an identifier has a piece. `what` is for messages.
  llvm::Error checkToken(int64_t id, llvm::StringRef what) const;

  /// Returns the bytes of tokenizer.bin.
  llvm::Expected<std::vector<uint8_t>> write() const;

  std::string file;
  uint32_t model = TENON_TOKENIZER_BYTE_MERGES;
  uint32_t flags = 0;
  int32_t bos = -1;
  int32_t unknown = -1;
  uint32_t longestWord = 0;
  std::vector<Piece> pieces;
  std::array<int32_t, 256> bytePieces;
  std::vector<float> scores;
  std::vector<tenon_added_token> added;
  std::vector<uint32_t> prefix;
  std::vector<uint32_t> suffix;
  std::vector<uint32_t> mapUnits;
  std::string mapTexts;
  /// What was left out: lines for the user.
  std::vector<std::string> warnings;

private:
  llvm::Error check() const;

  std::vector<tenon_merge> merges;
  std::vector<Split> splits;
  std::vector<uint32_t> ends;
  llvm::StringMap<uint32_t> idOfText;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_TOKENIZER_TOKENIZERTABLES_H
