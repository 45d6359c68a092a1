// The calls of the C API that open, query and encode.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Text/text.h"

#include "Failure.h"
#include "Tokenizer.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

using namespace tenon::text;

const char *tenon_text_last_error(void) { return lastMessage(); }

/// Opens with `open(file)`, then builds the rest.
template <typename Open>
static tenon_text_status openWith(tenon_tokenizer **tokenizer, Open open) {
  *tokenizer = nullptr;
  std::unique_ptr<tenon_tokenizer> result(new (std::nothrow) tenon_tokenizer);
  if (!result)
    return fail(TENON_TEXT_INVALID_ARGUMENT,
                "cannot open a tokenizer: out of memory");
  if (tenon_text_status status = open(result->file))
    return status;
  if (tenon_text_status status = result->build())
    return status;
  *tokenizer = result.release();
  return TENON_TEXT_OK;
}

tenon_text_status tenon_text_open(const char *path,
                                  tenon_tokenizer **tokenizer) {
  return openWith(tokenizer,
                  [&](TokenizerFile &file) { return file.open(path); });
}

tenon_text_status tenon_text_open_memory(const void *data, uint64_t size,
                                         tenon_tokenizer **tokenizer) {
  return openWith(tokenizer, [&](TokenizerFile &file) {
    return file.openMemory(data, size);
  });
}

void tenon_text_close(tenon_tokenizer *tokenizer) { delete tokenizer; }

int32_t tenon_text_vocabulary(const tenon_tokenizer *tokenizer) {
  return tokenizer->file.numPieces();
}

int32_t tenon_text_bos(const tenon_tokenizer *tokenizer) {
  return tokenizer->file.header().bos;
}

int tenon_text_add_bos(const tenon_tokenizer *tokenizer) {
  const Table<int32_t> &prefix = tokenizer->file.prefix;
  return std::find(prefix.begin(), prefix.end(), tenon_text_bos(tokenizer)) !=
         prefix.end();
}

int tenon_text_add_eos(const tenon_tokenizer *tokenizer) {
  return tokenizer->file.suffix.size != 0;
}

uint64_t tenon_text_eos(const tenon_tokenizer *tokenizer,
                        const int32_t **tokens) {
  *tokens = tokenizer->file.ends.begin();
  return tokenizer->file.ends.size;
}

int tenon_text_is_eos(const tenon_tokenizer *tokenizer, int32_t token) {
  const Table<int32_t> &ends = tokenizer->file.ends;
  return std::find(ends.begin(), ends.end(), token) != ends.end();
}

int tenon_text_is_special(const tenon_tokenizer *tokenizer, int32_t token) {
  return token >= 0 && token < tenon_text_vocabulary(tokenizer) &&
         tokenizer->isSpecial(token);
}

int32_t tenon_text_find(const tenon_tokenizer *tokenizer, const char *text,
                        uint64_t size) {
  std::string_view view(text, size);
  for (const AddedTokens *tokens :
       {&tokenizer->rawTokens, &tokenizer->normalizedTokens}) {
    int32_t token = tokens->find(view);
    if (token >= 0)
      return token;
  }
  return tokenizer->file.findPiece(view);
}

tenon_text_status tenon_text_encode(const tenon_tokenizer *tokenizer,
                                    const char *text, uint64_t size,
                                    uint32_t flags, int32_t *tokens,
                                    uint64_t capacity, uint64_t *count) {
  *count = 0;
  std::vector<int32_t> result;
  if (tenon_text_status status =
          encode(*tokenizer, {text, size}, flags, result))
    return status;
  *count = result.size();
  if (result.size() > capacity)
    return fail(TENON_TEXT_BUFFER_TOO_SMALL,
                "the text has %zu tokens, but the buffer has room for %llu",
                result.size(), static_cast<unsigned long long>(capacity));
  if (!result.empty())
    memcpy(tokens, result.data(), result.size() * sizeof(int32_t));
  return TENON_TEXT_OK;
}
