// Compiles the tokenizer of a model into the tables of tokenizer.bin.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_TOKENIZER_H
#define TENON_IMPORT_TOKENIZER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// The metadata of a GGUF file, by key. A getter returns nothing when the key
/// is absent or its value has another type; integers and floats of every width
/// count as one type each. Strings live as long as the view.
class GgufMetadataView {
public:
  virtual ~GgufMetadataView() = default;

  /// The name of the file, for messages.
  virtual llvm::StringRef getFile() const = 0;

  /// Whether there is a value, of whatever type.
  virtual bool has(llvm::StringRef key) const = 0;
  virtual std::optional<llvm::StringRef>
  getString(llvm::StringRef key) const = 0;
  virtual std::optional<int64_t> getInt(llvm::StringRef key) const = 0;
  virtual std::optional<bool> getBool(llvm::StringRef key) const = 0;
  virtual std::optional<std::vector<llvm::StringRef>>
  getStringArray(llvm::StringRef key) const = 0;
  virtual std::optional<std::vector<float>>
  getFloatArray(llvm::StringRef key) const = 0;
  virtual std::optional<std::vector<int64_t>>
  getIntArray(llvm::StringRef key) const = 0;
};

/// Whether a folder has the files of a tokenizer.
bool hasTokenizer(llvm::StringRef folder);

/// Compiles `tokenizer.json` of a folder, else `tokenizer.model`, else
/// `vocab.json` with `merges.txt`, with the added tokens of
/// `tokenizer_config.json` or `added_tokens.json`, and the ids of special tokens
/// from `tokenizer_config.json`, `special_tokens_map.json`,
/// `generation_config.json` and `config.json`, where they exist. Returns the
/// bytes of tokenizer.bin. `warnings`, unless null, gets a line for each thing
/// that was left out.
llvm::Expected<std::vector<uint8_t>>
compileTokenizerJson(llvm::StringRef folder,
                     std::vector<std::string> *warnings = nullptr);

/// Compiles what the keys `tokenizer.ggml.*` describe. Returns the bytes of
/// tokenizer.bin.
llvm::Expected<std::vector<uint8_t>>
compileTokenizerGguf(const GgufMetadataView &metadata,
                     std::vector<std::string> *warnings = nullptr);

} // namespace tenon

#endif // TENON_IMPORT_TOKENIZER_H
