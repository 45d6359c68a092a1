// The configuration of a model, under the keys of Hugging Face.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_MODELCONFIG_H
#define TENON_IMPORT_MODELCONFIG_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// The integers that a key may have, both ends included.
struct IntRange {
  int64_t min = 1;
  int64_t max = (int64_t(1) << 31) - 1;

  /// Sizes and counts.
  static constexpr IntRange positive() { return {}; }
  /// Counts that may be zero, and token ids.
  static constexpr IntRange nonNegative() { return {0, positive().max}; }
};

/// The numbers that a key may have. All are finite.
enum class FloatRange { Positive, NonNegative, Any };

/// A view of a configuration. Every container presents the same canonical keys,
/// in one spelling out of the several that were in use over the years:
///
///  * `rope_theta`, `rope_local_base_freq` (sliding layers), and
///    `partial_rotary_factor` at top level; `rope_scaling` with `rope_type`,
///    absent when nothing is scaled. (Newer files: `rope_parameters`, and
///    `rope_scaling.type`.)
///  * `dtype`, not `torch_dtype`.
///  * `sliding_window` is absent when it is 0, null, or switched off by
///    `use_sliding_window`.
///  * `sliding_window_pattern`, not `_sliding_window_pattern`.
///  * keys of `text_config` of a multimodal file are at top level.
///
/// A key with dots goes into objects: `rope_scaling.factor`. A key with null is
/// absent. Every getter has two forms: without `fallback` the key is required,
/// with `fallback` it is optional; a value of a wrong kind or out of its range
/// is an error in both.
class ModelConfig {
public:
  ModelConfig() = default;
  /// `file` is the name to print in messages. `origins` maps a canonical key to
  /// what the file calls it, where that differs.
  ModelConfig(std::string file, llvm::json::Object values,
              llvm::StringMap<std::string> origins = {});

  /// True when the key exists and is not null.
  bool has(llvm::StringRef key) const { return find(key) != nullptr; }

  llvm::Expected<int64_t> getInt(llvm::StringRef key,
                                 std::optional<int64_t> fallback = std::nullopt,
                                 IntRange range = IntRange::positive()) const;
  llvm::Expected<double>
  getFloat(llvm::StringRef key, std::optional<double> fallback = std::nullopt,
           FloatRange range = FloatRange::Positive) const;
  llvm::Expected<bool>
  getBool(llvm::StringRef key,
          std::optional<bool> fallback = std::nullopt) const;
  llvm::Expected<std::string>
  getString(llvm::StringRef key,
            std::optional<llvm::StringRef> fallback = std::nullopt) const;
  /// The fallback of the lists is the empty list, and `required` asks for one.
  llvm::Expected<std::vector<int64_t>>
  getIntList(llvm::StringRef key, bool required = true,
             IntRange range = IntRange::nonNegative()) const;
  llvm::Expected<std::vector<double>>
  getFloatList(llvm::StringRef key, bool required = true,
               FloatRange range = FloatRange::Positive) const;
  llvm::Expected<std::vector<std::string>>
  getStringList(llvm::StringRef key, bool required = true) const;

  /// Gives a key, which may go into objects, a value that the container knows.
  /// `origin` says in messages where it comes from.
  void set(llvm::StringRef key, llvm::json::Value value,
           llvm::StringRef origin);

  /// An error of one line about a key, for rules between several keys:
  /// `config.json: 'num_attention_heads' <text>`.
  llvm::Error makeError(llvm::StringRef key, const llvm::Twine &text) const;

  /// The name of the file in messages: `config.json`.
  llvm::StringRef getFile() const { return file; }
  /// All values, under their canonical keys.
  const llvm::json::Object &getValues() const { return values; }

private:
  const llvm::json::Value *find(llvm::StringRef key) const;
  llvm::Expected<const llvm::json::Array *> getList(llvm::StringRef key,
                                                    bool required) const;
  llvm::Error makeMissing(llvm::StringRef key) const;
  llvm::Error makeKindError(llvm::StringRef key, const llvm::Twine &expected,
                            const llvm::json::Value &value) const;

  std::string file;
  llvm::json::Object values;
  llvm::StringMap<std::string> origins;
};

} // namespace tenon

#endif // TENON_IMPORT_MODELCONFIG_H
