/* The structures inside tokenizer.bin.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

#ifndef TENON_RUNTIME_TOKENIZERFORMAT_H
#define TENON_RUNTIME_TOKENIZERFORMAT_H

#include "tenon/Runtime/Format.h"

#ifdef __cplusplus
extern "C" {
#endif

/* tokenizer.bin is one header followed by tables; it is used in place, as a
 * mapped file. All numbers are little endian. A tenon_table counts entries from
 * an offset in the file, which is a multiple of 8. */

#define TENON_TOKENIZER_MAGIC "TENONTK1"
#define TENON_TOKENIZER_VERSION 3u

/* How a word becomes pieces. */
enum {
  /* Starts from characters; of all neighbors whose text together is a piece,
   * the pair with the highest score merges first, the leftmost among equals.
   * What is no piece in the end becomes pieces of single bytes. */
  TENON_TOKENIZER_SCORES = 0,
  /* Starts from bytes; the pair with the lowest rank merges first. */
  TENON_TOKENIZER_BYTE_MERGES = 1,
  /* Starts from characters, and from bytes for characters that are no piece;
   * the pair with the lowest rank merges first. */
  TENON_TOKENIZER_CHARACTER_MERGES = 2,
  /* Takes the longest piece at each place of a word; after the first one,
   * pieces begin with `##`. A word with a place that no piece fits, or longer
   * than longest_word, is unknown. */
  TENON_TOKENIZER_WORD_PIECES = 3,
  /* Of all ways to cut the word into pieces, the one with the highest sum of
   * scores; a character that is no piece counts the lowest score less 10, and
   * becomes pieces of single bytes where those exist. */
  TENON_TOKENIZER_UNIGRAM = 4,
};

/* Bits of tenon_tokenizer_header.flags. */
enum {
  TENON_TOKENIZER_NFC = 1 << 0, /* text is brought to normal form C first */
  TENON_TOKENIZER_SPACE_MARK = 1 << 1,   /* spaces are written as U+2581 */
  TENON_TOKENIZER_SPACE_PREFIX = 1 << 2, /* text gets a space in front */
  TENON_TOKENIZER_IGNORE_MERGES = 1
                                  << 3, /* a word that is a piece stays whole */
  TENON_TOKENIZER_FUSE_UNKNOWN = 1
                                 << 4, /* unknown neighbors become one token */
  /* A text between added tokens gets a U+2581 in front unless it begins with
   * one: each of them, or only the one that begins the whole text. */
  TENON_TOKENIZER_MARK_PARTS = 1 << 5,
  TENON_TOKENIZER_MARK_FIRST = 1 << 6,
  /* Characters are replaced by the map before anything else: as sentencepiece
   * does, or as the tokenizers library does, which reads less of the map. */
  TENON_TOKENIZER_MAP_PREFIXES = 1 << 7,
  TENON_TOKENIZER_MAP_GRAPHEMES = 1 << 8,
  /* With MAP_PREFIXES: no spaces at the ends, and no two in a row. */
  TENON_TOKENIZER_SINGLE_SPACES = 1 << 9,
  /* Then white space goes at either end, and spaces in a row become one. */
  TENON_TOKENIZER_STRIP_LEFT = 1 << 10,
  TENON_TOKENIZER_STRIP_RIGHT = 1 << 11,
  TENON_TOKENIZER_JOIN_SPACES = 1 << 12,
  /* A split puts a U+2581 in front of words; it stands for a space. */
  TENON_TOKENIZER_MARK_WORDS = 1 << 13,
  /* What BERT does to a text, in this order: drops control characters and writes
   * every white space as a space, puts spaces around ideographs, drops accents
   * (nonspacing marks of normal form D), writes lower case. */
  TENON_TOKENIZER_CLEAN = 1 << 16,
  TENON_TOKENIZER_SPACE_IDEOGRAPHS = 1 << 17,
  TENON_TOKENIZER_STRIP_ACCENTS = 1 << 18,
  TENON_TOKENIZER_LOWERCASE = 1 << 19,
};

/* What a piece is. */
enum {
  TENON_PIECE_ABSENT = 0, /* an identifier without a piece; its text is empty */
  TENON_PIECE_NORMAL = 1,
  TENON_PIECE_UNKNOWN = 2,
  TENON_PIECE_CONTROL = 3, /* a special token */
  TENON_PIECE_ADDED =
      4, /* cut out of the text before anything else, but text */
  TENON_PIECE_UNUSED = 5, /* may be an intermediate result, never a token */
  TENON_PIECE_BYTE = 6,   /* its text is one byte, which is no text by itself */
};

/* Bits of tenon_added_token.flags. */
enum {
  TENON_ADDED_NORMALIZED = 1 << 0,  /* is looked for in normalized text */
  TENON_ADDED_STRIP_LEFT = 1 << 1,  /* takes the white space in front of it */
  TENON_ADDED_STRIP_RIGHT = 1 << 2, /* takes the white space after it */
  TENON_ADDED_SINGLE_WORD =
      1 << 3, /* only where no letter or digit is next to it */
  TENON_ADDED_SPECIAL = 1 << 4, /* only when special tokens are asked for */
};

/* A piece that is cut out of the text wherever it occurs, leftmost first and
 * the longest at each place. */
typedef struct tenon_added_token {
  uint32_t id;
  uint32_t flags;
} tenon_added_token;

/* `left` and `right` make `result`. The rank of a merge is its index. */
typedef struct tenon_merge {
  uint32_t left;
  uint32_t right;
  uint32_t result;
} tenon_merge;

/* What happens to the matches of a pattern and to the text between them. */
enum {
  TENON_SPLIT_ISOLATED = 0, /* each match is a part, what lies between too */
  TENON_SPLIT_REMOVED = 1,  /* matches are dropped */
  TENON_SPLIT_MERGED_WITH_PREVIOUS = 2,
  TENON_SPLIT_MERGED_WITH_NEXT = 3,
  TENON_SPLIT_CONTIGUOUS = 4,   /* neighboring matches are one part */
  TENON_SPLIT_PREFIX_SPACE = 5, /* no pattern: parts get a space in front unless
                                   they begin with one */
  TENON_SPLIT_PREFIX_MARK = 6,  /* the same with U+2581 */
};

/* One step of cutting text into words. A pattern has the syntax of PCRE2 with
 * the options UTF and UCP. */
typedef struct tenon_split {
  uint32_t behavior; /* TENON_SPLIT_* */
  uint32_t
      invert; /* 1: what lies between matches counts as match, and reverse */
  uint32_t offset; /* of the pattern in the table of texts */
  uint32_t size;
} tenon_split;

/* Tables of slots are open hash tables: the number of slots is a power of two,
 * a value is an index plus 1, 0 is an empty slot, and a search goes on to the
 * next slot, around the end, until an empty one. */
typedef struct tenon_tokenizer_header {
  char magic[8];
  uint32_t version;
  uint32_t model; /* TENON_TOKENIZER_SCORES, ... */
  uint64_t size;  /* bytes of the file */
  /* tenon_hash of two hashes: that of the header with this field 0, and that of
   * all that follows the header. */
  uint64_t hash;
  uint32_t flags;
  int32_t bos;           /* -1: none */
  int32_t unknown;       /* -1: none */
  uint32_t longest_word; /* characters; WORD_PIECES alone */
  /* Bit b says that some piece has a U+2581 after a byte b. Where no such piece
   * exists, text is cut before the mark, because no merge can cross it. */
  uint8_t joins_mark[32];
  tenon_table piece_offsets; /* uint32_t, one more than there are pieces */
  tenon_table piece_bytes;   /* char: texts of all pieces */
  tenon_table piece_kinds;   /* uint8_t: TENON_PIECE_* */
  tenon_table piece_slots;   /* uint32_t: pieces by tenon_hash of their text */
  tenon_table byte_pieces;   /* int32_t[256]: the piece of a byte; -1: none */
  tenon_table scores;        /* float, one for each piece; SCORES, UNIGRAM */
  tenon_table merges;        /* tenon_merge */
  tenon_table merge_slots;   /* uint32_t: merges by tenon_hash_merge */
  tenon_table added;         /* tenon_added_token */
  tenon_table splits;        /* tenon_split */
  tenon_table texts;         /* char: patterns */
  tenon_table
      prefix; /* uint32_t: tokens in front, when special ones are added */
  tenon_table suffix;    /* uint32_t: tokens at the end */
  tenon_table ends;      /* uint32_t: tokens that end a generation */
  tenon_table map_units; /* uint32_t: a double array over bytes of UTF-8 */
  tenon_table map_texts; /* char: replacements, each with a zero at its end */
} tenon_tokenizer_header;

/* The units of the map are those of Darts. The children of unit 0, the root,
 * are at its offset, each at `offset ^ byte`; the children of the unit at index
 * i are at `(i ^ offset) ^ byte`, and its value, an index into map_texts, is in
 * the unit at `i ^ offset`. */
static inline uint32_t tenon_map_children(uint32_t unit) {
  return (unit >> 10) << ((unit >> 6) & 8);
}
static inline int tenon_map_is_reached(uint32_t unit, uint8_t byte) {
  return (unit & 0x800000ffu) == byte;
}
static inline int tenon_map_has_value(uint32_t unit) { return unit >> 8 & 1; }
static inline uint32_t tenon_map_value(uint32_t unit) {
  return unit & 0x7fffffffu;
}

/* Spreads a pair of pieces over the slots. */
static inline uint64_t tenon_hash_merge(uint32_t left, uint32_t right) {
  uint64_t pair = (uint64_t)left << 32 | right;
  pair = (pair ^ pair >> 29) * 0x9e3779b97f4a7c15u;
  return pair ^ pair >> 32;
}

#ifdef __cplusplus
} // extern "C"
#endif

#endif // TENON_RUNTIME_TOKENIZERFORMAT_H
