// Reads what makes one vector of a text in folders of sentence encoders.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/HuggingFace.h"
#include "tenon/Import/Containers/MappedFile.h"
#include "tenon/Import/Containers/Messages.h"
#include "tenon/Import/JsonScan.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace tenon;
namespace fs = llvm::sys::fs;

static constexpr llvm::StringLiteral modulesName = "modules.json";

static llvm::Expected<llvm::json::Value> parseFile(llvm::StringRef folder,
                                                   llvm::StringRef name) {
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, name);
  llvm::Expected<std::string> text = readTextFile(path, maxJsonBytes);
  if (!text)
    return text.takeError();
  if (llvm::Error error = scanJson(*text, name))
    return std::move(error);
  return llvm::json::parse(*text);
}

/// The one way of pooling that a configuration switches on.
static llvm::Expected<llvm::StringRef>
findPooling(const llvm::json::Object &values, llvm::StringRef file) {
  llvm::StringRef found;
  for (const auto &[key, value] : values) {
    llvm::StringRef mode = key;
    bool isOn = mode.consume_front("pooling_mode_") &&
                value.getAsBoolean().value_or(false);
    if (mode == "pooling_mode") {
      isOn = true;
      mode = value.getAsString().value_or("");
    }
    if (!isOn)
      continue;
    llvm::StringRef known = mode == "mean_tokens" || mode == "mean" ? "mean"
                            : mode == "cls_token" || mode == "cls"  ? "first"
                                                                    : "";
    if (known.empty() || !found.empty())
      return makeImportError(file + ": pools by " + quote(mode) +
                             (found.empty() ? "" : " beside another") +
                             "; known: one of mean_tokens and cls_token");
    found = known;
  }
  if (found.empty())
    return makeImportError(file + ": switches no way of pooling on; known: "
                                  "mean_tokens, cls_token");
  return found;
}

static llvm::Error readPooling(llvm::StringRef folder, llvm::StringRef path,
                               ModelConfig &config) {
  std::string file = (path + "/config.json").str();
  if (path.contains("..") || llvm::sys::path::is_absolute(path))
    return makeImportError(modulesName + ": " + quote(path) +
                           " is not inside of the folder");
  llvm::Expected<llvm::json::Value> parsed = parseFile(folder, file);
  if (!parsed)
    return parsed.takeError();
  const llvm::json::Object *values = parsed->getAsObject();
  if (!values)
    return makeImportError(file + ": expects an object");
  llvm::Expected<llvm::StringRef> pooling = findPooling(*values, file);
  if (!pooling)
    return pooling.takeError();
  config.set("embedding_pooling", pooling->str(), file);
  return llvm::Error::success();
}

llvm::Error tenon::readSentenceModules(llvm::StringRef folder,
                                       ModelConfig &config) {
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, modulesName);
  if (!fs::exists(path))
    return llvm::Error::success();
  llvm::Expected<llvm::json::Value> parsed = parseFile(folder, modulesName);
  if (!parsed)
    return parsed.takeError();
  const llvm::json::Array *modules = parsed->getAsArray();
  if (!modules)
    return makeImportError(modulesName + ": expects a list of modules");
  for (const llvm::json::Value &value : *modules) {
    const llvm::json::Object *module = value.getAsObject();
    llvm::StringRef type = module ? module->getString("type").value_or("") : "";
    llvm::StringRef name = type.rsplit('.').second;
    if (name == "Transformer")
      continue;
    if (name == "Normalize") {
      config.set("embedding_normalize", true, modulesName);
      continue;
    }
    if (name != "Pooling")
      return makeImportError(modulesName + ": unknown module " + quote(type) +
                             "; known modules: Transformer, Pooling, "
                             "Normalize");
    if (llvm::Error error =
            readPooling(folder, module->getString("path").value_or(""), config))
      return error;
  }
  return llvm::Error::success();
}
