// Vectors of texts with a compiled encoder.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DRIVER_EMBED_H
#define TENON_DRIVER_EMBED_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// What makes one vector of the outputs of a text.
enum class Pooling { Mean, First, Pooler };

/// Texts are those of `texts`, then the one of `promptFile`, then the lines of
/// `linesFile`; or else `tokensFile` is given.
struct EmbedOptions {
  std::string artifact;
  std::vector<std::string> texts;
  /// A file that holds a text and nothing else; `-` is the standard input.
  std::string promptFile;
  /// A file with a text on each line.
  std::string linesFile;
  /// A JSON list of tokens.
  std::string tokensFile;
  /// As the model says, unless given.
  std::optional<Pooling> pooling;
  std::optional<bool> normalize;
  /// Cuts texts that are too long instead of refusing them.
  bool truncate = false;
  /// 0 for one per CPU that the process may use.
  uint32_t threads = 0;
  /// Receives float32 [tokens, hidden]: a row for each token of all texts.
  std::string dumpEmbeddings;
  bool verify = false;
  bool json = false;
};

/// Writes a line of numbers for each text to the standard output, or one JSON
/// object, and tokens per second to the standard error.
llvm::Error embedTexts(const EmbedOptions &options);

} // namespace tenon

#endif // TENON_DRIVER_EMBED_H
