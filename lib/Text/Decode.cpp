// Turns tokens into text, and holds back what is not a whole character yet.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Failure.h"
#include "Tokenizer.h"
#include "Utf8.h"

#include <cstring>
#include <string>

using namespace tenon::text;

static tenon_text_status checkToken(const tenon_tokenizer &tokenizer,
                                    int32_t token) {
  if (token >= 0)
    return TENON_TEXT_OK;
  return fail(TENON_TEXT_INVALID_ARGUMENT,
              "token %d does not exist: the tokenizer has tokens 0 to %u",
              token, tokenizer.file.numPieces() - 1);
}

/// Whether a token stands for something; a row of the model beyond the
/// vocabulary does not.
static bool hasPiece(const TokenizerFile &file, int32_t token) {
  return uint32_t(token) < file.numPieces() &&
         file.kinds[token] != TENON_PIECE_ABSENT;
}

/// Appends the text of a token. `atStart` says whether the space that encoding
/// puts in front of a text would be at this place; it is updated.
static void appendToken(const tenon_tokenizer &tokenizer, int32_t token,
                        uint32_t flags, uint32_t &atStart, std::string &text) {
  const TokenizerFile &file = tokenizer.file;
  if (!hasPiece(file, token))
    return;
  bool isFirst = atStart;
  bool hasPrefix =
      atStart &&
      file.has(TENON_TOKENIZER_SPACE_PREFIX | TENON_TOKENIZER_MARK_PARTS |
               TENON_TOKENIZER_MARK_WORDS | TENON_TOKENIZER_MARK_FIRST);
  // Where only the beginning of a text is marked, no token makes another one.
  bool onlyFirst = file.has(TENON_TOKENIZER_MARK_FIRST);
  if (tokenizer.isSpecial(token)) {
    if (!(flags & TENON_TEXT_SKIP_SPECIAL))
      text.append(file.piece(token));
    atStart = onlyFirst ? atStart : 1;
    return;
  }
  atStart = onlyFirst ? 0 : tokenizer.beginsAnew[token];
  std::string_view piece = file.piece(token);
  if (file.header().model == TENON_TOKENIZER_WORD_PIECES) {
    bool continues = piece.substr(0, wordMark.size()) == wordMark;
    if (continues)
      piece.remove_prefix(wordMark.size());
    else if (!isFirst)
      text.push_back(' ');
    text.append(piece);
    return;
  }
  if (!file.has(TENON_TOKENIZER_SPACE_MARK | TENON_TOKENIZER_MARK_WORDS) ||
      tokenizer.beginsAnew[token]) {
    text.append(piece);
    return;
  }
  auto startsWithMark = [&] {
    return piece.substr(0, spaceMark.size()) == spaceMark;
  };
  if (hasPrefix && startsWithMark())
    piece.remove_prefix(spaceMark.size());
  while (!piece.empty()) {
    size_t at = piece.find(spaceMark);
    text.append(piece.substr(0, at));
    if (at == std::string_view::npos)
      return;
    text.push_back(' ');
    piece.remove_prefix(at + spaceMark.size());
  }
}

/// Returns how many bytes from the beginning can be given out: all but a
/// character at the end that further bytes may complete.
static size_t countReadyBytes(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    Character character = readCharacter(text.substr(at));
    if (character.kind == Character::Kind::Incomplete)
      break;
    at += character.kind == Character::Kind::Whole ? character.size : 1;
  }
  return at;
}

static tenon_text_status write(std::string_view text, char *buffer,
                               uint64_t capacity, uint64_t *size) {
  *size = text.size();
  if (text.size() > capacity)
    return fail(TENON_TEXT_BUFFER_TOO_SMALL,
                "the text has %zu bytes, but the buffer has %llu", text.size(),
                static_cast<unsigned long long>(capacity));
  if (!text.empty())
    memcpy(buffer, text.data(), text.size());
  return TENON_TEXT_OK;
}

tenon_text_status tenon_text_decode(const tenon_tokenizer *tokenizer,
                                    const int32_t *tokens, uint64_t count,
                                    uint32_t flags, char *text,
                                    uint64_t capacity, uint64_t *size) {
  *size = 0;
  std::string result;
  uint32_t atStart = 1;
  for (uint64_t i = 0; i < count; ++i) {
    if (tenon_text_status status = checkToken(*tokenizer, tokens[i]))
      return status;
    appendToken(*tokenizer, tokens[i], flags, atStart, result);
  }
  return write(result, text, capacity, size);
}

uint64_t tenon_text_stream_capacity(const tenon_tokenizer *tokenizer) {
  return tokenizer->longestPiece + sizeof(tenon_text_stream::held);
}

void tenon_text_stream_begin(const tenon_tokenizer *tokenizer, uint32_t flags,
                             tenon_text_stream *stream) {
  *stream = {tokenizer, flags, /*at_start=*/1, /*num_held=*/0, {}};
}

tenon_text_status tenon_text_stream_continue(const tenon_tokenizer *tokenizer,
                                             uint32_t flags,
                                             const int32_t *tokens,
                                             uint64_t count,
                                             tenon_text_stream *stream) {
  tenon_text_stream_begin(tokenizer, flags, stream);
  uint32_t atStart = 1;
  std::string out;
  for (uint64_t i = 0; i < count; ++i) {
    if (tenon_text_status status = checkToken(*tokenizer, tokens[i]))
      return status;
    out.clear();
    appendToken(*tokenizer, tokens[i], flags, atStart, out);
  }
  // Bytes that begin a character are out, so those that end it follow alone.
  stream->at_start = atStart;
  return TENON_TEXT_OK;
}

tenon_text_status tenon_text_stream_next(tenon_text_stream *stream,
                                         int32_t token, char *text,
                                         uint64_t capacity, uint64_t *size) {
  *size = 0;
  if (tenon_text_status status = checkToken(*stream->tokenizer, token))
    return status;
  std::string bytes(stream->held, stream->num_held);
  uint32_t atStart = stream->at_start;
  appendToken(*stream->tokenizer, token, stream->flags, atStart, bytes);
  size_t ready = countReadyBytes(bytes);
  tenon_text_status status =
      write(std::string_view(bytes).substr(0, ready), text, capacity, size);
  if (status)
    return status;
  stream->at_start = atStart;
  stream->num_held = bytes.size() - ready;
  memcpy(stream->held, bytes.data() + ready, stream->num_held);
  return TENON_TEXT_OK;
}

tenon_text_status tenon_text_stream_finish(tenon_text_stream *stream,
                                           char *text, uint64_t capacity,
                                           uint64_t *size) {
  tenon_text_status status =
      write({stream->held, stream->num_held}, text, capacity, size);
  if (!status)
    tenon_text_stream_begin(stream->tokenizer, stream->flags, stream);
  return status;
}
