// The code of a variant in this process.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TESTING_LOADEDCODE_H
#define TENON_LIB_TESTING_LOADEDCODE_H

#include "tenon/Runtime/Format.h"
#include "tenon/Target/Target.h"

namespace tenon {

/// Links the code of one variant into a temporary library, which stays loaded as
/// long as this lives.
class LoadedCode {
public:
  LoadedCode() = default;
  LoadedCode(const LoadedCode &) = delete;
  ~LoadedCode();

  /// `what` is the code of, for errors.
  llvm::Error load(const CompiledVariant &variant, llvm::StringRef what);

  /// That of a step of the variant.
  tenon_step_fn getStep(size_t index) const { return model->steps[index]; }

private:
  void *library = nullptr;
  const tenon_model_export *model = nullptr;
};

} // namespace tenon

#endif // TENON_LIB_TESTING_LOADEDCODE_H
