// The translation from published models.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TOOLS_TENON_TRANSLATE_IMPORTMODELTRANSLATION_H
#define TENON_TOOLS_TENON_TRANSLATE_IMPORTMODELTRANSLATION_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace tenon {

void registerImportModelTranslation();

/// Translations read files. For a folder that holds a model this is its
/// configuration; every other argument stays as it is.
std::string getFileOfModel(llvm::StringRef argument);

} // namespace tenon

#endif // TENON_TOOLS_TENON_TRANSLATE_IMPORTMODELTRANSLATION_H
