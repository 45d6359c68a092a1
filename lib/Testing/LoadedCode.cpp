// The code of a variant in this process.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LoadedCode.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include <dlfcn.h>

using namespace tenon;

LoadedCode::~LoadedCode() {
  if (library)
    dlclose(library);
}

llvm::Error LoadedCode::load(const CompiledVariant &variant,
                             llvm::StringRef what) {
  llvm::SmallString<128> path;
  if (std::error_code failure =
          llvm::sys::fs::createTemporaryFile("tenon", "so", path))
    return llvm::createStringError(
        failure, "cannot create a temporary library: " + failure.message());
  llvm::FileRemover remover(path);
  if (llvm::Error error = linkModel(variant, {}, path.str()))
    return error;
  library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library)
    model =
        static_cast<const tenon_model_export *>(dlsym(library, "tenon_model"));
  if (model)
    return llvm::Error::success();
  return llvm::createStringError("cannot load the code of " + what + ": " +
                                 llvm::Twine(dlerror()));
}
