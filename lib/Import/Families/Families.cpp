// The table of families: which class reads a model, by its `model_type`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Family.h"

#include "llvm/ADT/StringExtras.h"

using namespace tenon;

namespace {
struct FamilyEntry {
  llvm::StringLiteral type;
  FamilyCreator *create;
};
} // namespace

static constexpr FamilyEntry families[] = {
#define FAMILY(type, name) {#type, create##name},
#include "Families.def"
};

llvm::Expected<std::unique_ptr<Family>>
tenon::createFamily(mlir::MLIRContext *context, const ModelSource &source) {
  llvm::StringRef type = source.getArchitecture();
  std::string known;
  for (const FamilyEntry &family : families) {
    if (family.type == type)
      return family.create(context, source);
    known += (known.empty() ? "" : ", ") + family.type.str();
  }
  std::string printed;
  llvm::raw_string_ostream stream(printed);
  llvm::printEscapedString(type.take_front(60), stream);
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "'" + source.getPath() + "': model_type '" +
                                     printed +
                                     "' is not known; known: " + known);
}
