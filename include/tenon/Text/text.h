/* Text into tokens and back: the C API of libtenon-text.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

#ifndef TENON_TEXT_TEXT_H
#define TENON_TEXT_TEXT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Texts are bytes with a size, UTF-8 by intent: bytes that are no UTF-8 are
 * encoded byte by byte, and zero is a character like any other.
 *
 *   decode(encode(text)) == text
 *
 * byte for byte, with these exceptions, which lie in the models themselves: a
 * tokenizer with normal form C gives back that form; one that replaces
 * characters, or drops spaces, gives back what is left; one that writes spaces as
 * U+2581 gives back a space for that character; one without a piece for some
 * byte loses it; one that adds a space before words keeps that; one of word
 * pieces gives back normalized words with a space between them; and special
 * tokens that take the white space around them lose that.
 *
 * A tokenizer does not change once it is open; any number of threads may use it
 * at the same time. A stream belongs to one thread at a time. */

typedef struct tenon_tokenizer tenon_tokenizer;

/* The library exports what is declared here, and nothing else. */
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef enum tenon_text_status {
  TENON_TEXT_OK = 0,
  TENON_TEXT_INVALID_FILE = 1,     /* not a file of this version, or damaged */
  TENON_TEXT_INVALID_ARGUMENT = 2, /* a token out of range, a text too long */
  TENON_TEXT_BUFFER_TOO_SMALL = 3, /* the count says how large it must be */
  TENON_TEXT_MATCH_LIMIT = 4,      /* a split pattern needs too many steps */
} tenon_text_status;

/* The message of the last call of this thread that did not return
 * TENON_TEXT_OK: one line that names what was wrong. Never null. */
const char *tenon_text_last_error(void);

/* Opens OUT.tenon/tokenizer.bin, given as the path of that file, and checks all
 * of it. On failure `*tokenizer` is null. */
tenon_text_status tenon_text_open(const char *path,
                                  tenon_tokenizer **tokenizer);

/* The same for the bytes of such a file, which are copied. */
tenon_text_status tenon_text_open_memory(const void *data, uint64_t size,
                                         tenon_tokenizer **tokenizer);

/* Accepts null. */
void tenon_text_close(tenon_tokenizer *tokenizer);

/* ---- What the tokenizer is ------------------------------------------------
 */

/* One more than the largest token. Some tokens below may have no text. */
int32_t tenon_text_vocabulary(const tenon_tokenizer *tokenizer);

/* The token that begins a text, or -1. */
int32_t tenon_text_bos(const tenon_tokenizer *tokenizer);

/* 1 when TENON_TEXT_ADD_SPECIAL adds that token at the beginning, else 0. */
int tenon_text_add_bos(const tenon_tokenizer *tokenizer);

/* 1 when TENON_TEXT_ADD_SPECIAL puts tokens at the end, else 0. */
int tenon_text_add_eos(const tenon_tokenizer *tokenizer);

/* The tokens that end a generation. Returns their number; `*tokens` points into
 * the tokenizer. */
uint64_t tenon_text_eos(const tenon_tokenizer *tokenizer,
                        const int32_t **tokens);

/* 1 when the token is one that ends a generation, else 0. */
int tenon_text_is_eos(const tenon_tokenizer *tokenizer, int32_t token);

/* 1 when the token is special: it stands for no text. */
int tenon_text_is_special(const tenon_tokenizer *tokenizer, int32_t token);

/* The token whose text this is, special ones included, or -1. */
int32_t tenon_text_find(const tenon_tokenizer *tokenizer, const char *text,
                        uint64_t size);

/* ---- Encoding -------------------------------------------------------------
 */

enum {
  /* Adds at the beginning and at the end what the model was trained with. */
  TENON_TEXT_ADD_SPECIAL = 1 << 0,
  /* Makes special tokens of what looks like them. Without it `<|im_end|>` is
   * text as any other, which is right for untrusted text. */
  TENON_TEXT_PARSE_SPECIAL = 1 << 1,
};

/* Writes the tokens of a text. `*count` is their number; when it exceeds
 * `capacity`, nothing is written and the status is TENON_TEXT_BUFFER_TOO_SMALL.
 * A text may have 2^29 bytes. */
tenon_text_status tenon_text_encode(const tenon_tokenizer *tokenizer,
                                    const char *text, uint64_t size,
                                    uint32_t flags, int32_t *tokens,
                                    uint64_t capacity, uint64_t *count);

/* ---- Decoding -------------------------------------------------------------
 */

enum {
  /* Leaves special tokens out instead of writing their names. */
  TENON_TEXT_SKIP_SPECIAL = 1 << 2,
};

/* Writes the text of tokens, without a zero at the end. A token that the
 * tokenizer does not have, at or beyond tenon_text_vocabulary or between two
 * that it has, stands for no text: models have more rows for tokens than
 * tokenizers have tokens. A negative token is refused. `*size` is the number of
 * bytes of the text; when it exceeds `capacity`, nothing is written and the status is
 * TENON_TEXT_BUFFER_TOO_SMALL. */
tenon_text_status tenon_text_decode(const tenon_tokenizer *tokenizer,
                                    const int32_t *tokens, uint64_t count,
                                    uint32_t flags, char *text,
                                    uint64_t capacity, uint64_t *size);

/* Most bytes that one call of tenon_text_stream_next writes. */
uint64_t tenon_text_stream_capacity(const tenon_tokenizer *tokenizer);

/* Decodes token by token. A character whose bytes are not complete yet is held
 * back, so every output is whole characters, except where the tokens spell
 * bytes that are no UTF-8. All outputs one after another, that of `finish`
 * included, are the result of tenon_text_decode. The fields are private. */
typedef struct tenon_text_stream {
  const tenon_tokenizer *tokenizer;
  uint32_t flags;
  uint32_t at_start;
  uint32_t num_held;
  char held[4];
} tenon_text_stream;

/* Starts a stream; `flags` as for tenon_text_decode. */
void tenon_text_stream_begin(const tenon_tokenizer *tokenizer, uint32_t flags,
                             tenon_text_stream *stream);

/* Starts a stream after tokens whose text is written already, such as a prompt:
 * that text and all outputs of the stream are together what tenon_text_decode
 * makes of all tokens. A new stream would take the space away with which a
 * vocabulary of words begins its first one. */
tenon_text_status tenon_text_stream_continue(const tenon_tokenizer *tokenizer,
                                             uint32_t flags,
                                             const int32_t *tokens,
                                             uint64_t count,
                                             tenon_text_stream *stream);

/* Writes what a further token makes complete: `*size` bytes, possibly none. A
 * call that fails leaves the stream as it was. */
tenon_text_status tenon_text_stream_next(tenon_text_stream *stream,
                                         int32_t token, char *text,
                                         uint64_t capacity, uint64_t *size);

/* Writes what is still held back, at most 3 bytes, and starts anew. */
tenon_text_status tenon_text_stream_finish(tenon_text_stream *stream,
                                           char *text, uint64_t capacity,
                                           uint64_t *size);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
} // extern "C"
#endif

#endif // TENON_TEXT_TEXT_H
