// The C API of runtime and text, with owners and errors of C++.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_OPENMODEL_H
#define TENON_LIB_DRIVER_OPENMODEL_H

#include "tenon/Runtime/tenon.h"
#include "tenon/Text/text.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace tenon {

struct ModelCloser {
  void operator()(tenon_model *model) const { tenon_model_close(model); }
};
struct SessionCloser {
  void operator()(tenon_session *session) const {
    tenon_session_destroy(session);
  }
};
struct TokenizerCloser {
  void operator()(tenon_tokenizer *tokenizer) const {
    tenon_text_close(tokenizer);
  }
};
using OwnedModel = std::unique_ptr<tenon_model, ModelCloser>;
using OwnedSession = std::unique_ptr<tenon_session, SessionCloser>;
using OwnedTokenizer = std::unique_ptr<tenon_tokenizer, TokenizerCloser>;

/// What the runtime complains about.
llvm::Error check(tenon_status status);
/// What the text library complains about.
llvm::Error check(tenon_text_status status);

llvm::Expected<OwnedModel> openModel(const std::string &path,
                                     bool inspect = false);
tenon_model_info getInfo(const OwnedModel &model);

llvm::Expected<OwnedSession>
createSession(const OwnedModel &model, const tenon_session_options &options);
tenon_session_info getInfo(const OwnedSession &session);

/// Null when the artifact has none.
llvm::Expected<OwnedTokenizer> openTokenizer(llvm::StringRef artifact);

} // namespace tenon

#endif // TENON_LIB_DRIVER_OPENMODEL_H
