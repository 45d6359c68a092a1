// Prints what an artifact says about itself.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Inspect.h"
#include "tenon/Runtime/Format.h"
#include "tenon/Support/Targets.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include "OpenModel.h"
#include "ReplaceFile.h"

using namespace tenon;
namespace json = llvm::json;

namespace {
/// Reads tables of a manifest that the runtime has checked.
class ManifestPrinter {
public:
  explicit ManifestPrinter(const tenon_manifest &manifest)
      : manifest(manifest), bytes(reinterpret_cast<const char *>(&manifest)) {}

  json::Object print() const;

private:
  std::string text(tenon_text text) const {
    return std::string(bytes + text.offset, text.size);
  }
  template <typename Entry>
  llvm::ArrayRef<Entry> table(tenon_table table) const {
    return {reinterpret_cast<const Entry *>(bytes + table.offset), table.count};
  }

  json::Array printBuckets() const;
  json::Array printStates() const;
  json::Array printVariants() const;
  json::Array printKernels(uint32_t variant, uint32_t bucket) const;
  json::Array printWeights() const;
  json::Array printFormats() const;
  json::Array printImages() const;

  const tenon_manifest &manifest;
  const char *bytes;
};
} // namespace

json::Array ManifestPrinter::printBuckets() const {
  json::Array buckets;
  for (const tenon_bucket &bucket : table<tenon_bucket>(manifest.buckets))
    buckets.push_back(json::Object{{"max_tokens", bucket.max_tokens},
                                   {"block_rows", bucket.block_rows},
                                   {"arena_bytes", bucket.arena_bytes},
                                   {"scratch_bytes", bucket.scratch_bytes}});
  return buckets;
}

json::Array ManifestPrinter::printStates() const {
  json::Array states;
  for (const tenon_state &state : table<tenon_state>(manifest.states))
    states.push_back(json::Object{
        {"name", text(state.name)},
        {"layers", state.layers},
        {"width", state.width},
        {"element", state.element == TENON_ELEMENT_BF16 ? "bf16" : "f32"}});
  return states;
}

json::Array ManifestPrinter::printKernels(uint32_t variant,
                                          uint32_t bucket) const {
  json::Array kernels;
  for (const tenon_kernel &kernel : table<tenon_kernel>(manifest.kernels))
    if (kernel.variant == variant && kernel.bucket == bucket)
      kernels.push_back(text(kernel.name));
  return kernels;
}

json::Array ManifestPrinter::printVariants() const {
  json::Array variants;
  for (const tenon_variant &variant : table<tenon_variant>(manifest.variants)) {
    json::Array steps;
    llvm::ArrayRef<tenon_bucket> buckets =
        table<tenon_bucket>(manifest.buckets);
    for (uint32_t b = 0; b < buckets.size(); ++b)
      steps.push_back(json::Object{
          {"max_tokens", buckets[b].max_tokens},
          {"kernels", printKernels(uint32_t(variants.size()), b)}});
    variants.push_back(json::Object{
        {"name", text(variant.name)},
        {"features", json::Array(nameCpuFeatures(variant.features))},
        {"steps", std::move(steps)}});
  }
  return variants;
}

json::Array ManifestPrinter::printWeights() const {
  json::Array weights;
  for (const tenon_weight &weight : table<tenon_weight>(manifest.weights))
    weights.push_back(json::Object{{"name", text(weight.name)},
                                   {"type", text(weight.type)},
                                   {"source", text(weight.source)},
                                   {"offset", weight.offset},
                                   {"size", weight.size}});
  return weights;
}

/// The number of elements and the format of `!tenon.weight<8x16, <f32>, ...>`.
static std::pair<uint64_t, llvm::StringRef> splitType(llvm::StringRef type) {
  type.consume_front("!tenon.weight<");
  auto [shape, rest] = type.split(", <");
  uint64_t elements = 1;
  for (llvm::StringRef size : llvm::split(shape, 'x')) {
    uint64_t number = 0;
    size.getAsInteger(10, number);
    elements *= number;
  }
  return {elements, rest.take_until([](char c) { return c == '>'; })};
}

/// Packed bytes by format.
json::Array ManifestPrinter::printFormats() const {
  struct Total {
    uint64_t elements = 0, bytes = 0;
  };
  std::map<std::string, Total> totals;
  for (const tenon_weight &weight : table<tenon_weight>(manifest.weights)) {
    std::string type = text(weight.type);
    auto [elements, format] = splitType(type);
    Total &total = totals[format.str()];
    total.elements += elements;
    total.bytes += weight.size;
  }
  json::Array formats;
  for (const auto &[format, total] : totals)
    formats.push_back(
        json::Object{{"format", format},
                     {"elements", total.elements},
                     {"bytes", total.bytes},
                     {"bits_per_element",
                      8.0 * double(total.bytes) /
                          double(std::max<uint64_t>(total.elements, 1))}});
  return formats;
}

json::Array ManifestPrinter::printImages() const {
  json::Array images;
  for (const tenon_image &image : table<tenon_image>(manifest.images))
    images.push_back(json::Object{{"target", text(image.target)},
                                  {"kind", text(image.kind)},
                                  {"size", image.size}});
  return images;
}

json::Object ManifestPrinter::print() const {
  return json::Object{
      {"architecture", text(manifest.architecture)},
      {"producer", text(manifest.producer)},
      {"format", manifest.version},
      {"vocabulary", manifest.vocabulary},
      {"hidden", manifest.hidden},
      {"layers", manifest.layers},
      {"max_context", manifest.max_context},
      {"weights_bytes", manifest.weights_size},
      {"weights_id", llvm::utohexstr(manifest.weights_id, true)},
      {"token_bytes", manifest.token_bytes},
      {"segments", manifest.segments},
      {"buckets", printBuckets()},
      {"states", printStates()},
      {"variants", printVariants()},
      {"weights", printWeights()},
      {"weight_formats", printFormats()},
      {"images", printImages()}};
}

/// Sizes of the files that are there.
static json::Object printFiles(const std::string &artifact) {
  json::Object files;
  for (llvm::StringRef name :
       {"model.so", "weights.bin", "tokenizer.bin", "chat.json"}) {
    uint64_t size = 0;
    if (!llvm::sys::fs::file_size(artifact + "/" + name, size))
      files[name] = size;
  }
  return files;
}

llvm::Error tenon::inspectModel(const InspectOptions &options) {
  llvm::Expected<OwnedModel> model =
      openModel(options.artifact, /*inspect=*/true);
  if (!model)
    return model.takeError();
  if (options.check)
    if (llvm::Error error = check(tenon_model_check(model->get())))
      return error;
  json::Object result =
      ManifestPrinter(*tenon_model_get_manifest(model->get())).print();
  result["files"] = printFiles(options.artifact);
  if (options.check)
    result["check"] = "passed";
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::formatv("{0:2}\n", json::Value(std::move(result)));
  return writeOutput("-", text);
}
