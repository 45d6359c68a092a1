// Conversations as the text that a model continues.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ChatFormat.h"
#include "tenon/Import/Containers/MappedFile.h"
#include "tenon/Import/JsonScan.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

#include <ctime>

using namespace tenon;
using jinja::Value;

std::string tenon::writeChatFormat(const ChatTemplate &chat,
                                   std::vector<std::string> &warnings) {
  if (chat.source.empty())
    return "";
  std::string error;
  if (!jinja::Template::parse(chat.source, error))
    warnings.push_back("the chat template cannot be used, so that tenon run "
                       "--chat refuses this model: " +
                       error);
  llvm::json::Object tokens;
  for (const auto &[name, text] : chat.tokens)
    tokens[name] = llvm::json::fixUTF8(text);
  llvm::json::Object root{{"template", llvm::json::fixUTF8(chat.source)},
                          {"tokens", std::move(tokens)}};
  return llvm::formatv("{0:2}\n", llvm::json::Value(std::move(root))).str();
}

llvm::Expected<ChatFormat> ChatFormat::open(llvm::StringRef artifact) {
  llvm::SmallString<256> path(artifact);
  llvm::sys::path::append(path, "chat.json");
  if (!llvm::sys::fs::exists(path))
    return llvm::createStringError(
        "'" + artifact +
        "' has no chat template, because its model has none; "
        "leave out --chat");
  llvm::Expected<std::string> text = readTextFile(path, maxJsonBytes);
  if (!text)
    return text.takeError();
  if (llvm::Error error = scanJson(*text, path))
    return std::move(error);
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(*text);
  if (!value)
    return value.takeError();
  const llvm::json::Object *root = value->getAsObject();
  std::optional<llvm::StringRef> source;
  if (root)
    source = root->getString("template");
  if (!source)
    return llvm::createStringError("'" + path +
                                   "' is damaged: it has no template; compile "
                                   "the model again");
  ChatFormat format;
  format.artifact = artifact.str();
  std::string error;
  format.parsed = jinja::Template::parse(*source, error);
  if (!format.parsed)
    return llvm::createStringError("'" + path +
                                   "': the chat template cannot "
                                   "be used: " +
                                   error);
  if (const llvm::json::Object *tokens = root->getObject("tokens"))
    for (const auto &[name, token] : *tokens)
      if (std::optional<llvm::StringRef> text = token.getAsString())
        format.tokens.emplace_back(Value::string(name.str()),
                                   Value::string(text->str()));
  return format;
}

llvm::Expected<std::string>
ChatFormat::render(llvm::ArrayRef<ChatMessage> messages) const {
  jinja::List list;
  for (const ChatMessage &message : messages)
    list.push_back(Value::dict(
        {{Value::string("role"), Value::string(message.role)},
         {Value::string("content"), Value::string(message.content)}}));
  jinja::Dict variables = {
      {Value::string("messages"), Value::list(std::move(list))},
      {Value::string("tools"), Value::none()},
      {Value::string("documents"), Value::none()},
      {Value::string("add_generation_prompt"), Value::boolean(true)},
  };
  variables.insert(variables.end(), tokens.begin(), tokens.end());
  jinja::Template::Options options;
  options.now = std::time(nullptr);
  std::string text, error;
  if (!parsed->render(variables, options, text, error))
    return llvm::createStringError(
        "the chat template of '" + artifact +
        "' cannot render this conversation: " + error);
  return text;
}
