// The C API of runtime and text, with owners and errors of C++.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "OpenModel.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace tenon;

llvm::Error tenon::check(tenon_status status) {
  if (status == TENON_OK)
    return llvm::Error::success();
  return llvm::createStringError(llvm::StringRef(tenon_last_error()));
}

llvm::Error tenon::check(tenon_text_status status) {
  if (status == TENON_TEXT_OK)
    return llvm::Error::success();
  return llvm::createStringError(llvm::StringRef(tenon_text_last_error()));
}

llvm::Expected<OwnedModel> tenon::openModel(const std::string &path,
                                            bool inspect) {
  tenon_model_options options = {};
  options.struct_size = sizeof(options);
  options.inspect = inspect;
  tenon_model *model = nullptr;
  if (llvm::Error error =
          check(tenon_model_open(path.c_str(), &options, &model)))
    return std::move(error);
  return OwnedModel(model);
}

tenon_model_info tenon::getInfo(const OwnedModel &model) {
  tenon_model_info info = {};
  info.struct_size = sizeof(info);
  // Fails only without a model.
  (void)tenon_model_get_info(model.get(), &info);
  return info;
}

llvm::Expected<OwnedSession>
tenon::createSession(const OwnedModel &model,
                     const tenon_session_options &options) {
  tenon_session *session = nullptr;
  if (llvm::Error error =
          check(tenon_session_create(model.get(), &options, &session)))
    return std::move(error);
  return OwnedSession(session);
}

tenon_session_info tenon::getInfo(const OwnedSession &session) {
  tenon_session_info info = {};
  info.struct_size = sizeof(info);
  (void)tenon_session_get_info(session.get(), &info);
  return info;
}

llvm::Expected<OwnedTokenizer> tenon::openTokenizer(llvm::StringRef artifact) {
  llvm::SmallString<256> path(artifact);
  llvm::sys::path::append(path, "tokenizer.bin");
  if (!llvm::sys::fs::exists(path))
    return OwnedTokenizer();
  tenon_tokenizer *tokenizer = nullptr;
  if (llvm::Error error = check(tenon_text_open(path.c_str(), &tokenizer)))
    return std::move(error);
  return OwnedTokenizer(tokenizer);
}
