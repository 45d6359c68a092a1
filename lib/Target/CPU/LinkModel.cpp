// Links the objects of all variants into the shared library of an artifact.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/Target.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "LinkObjects.h"

using namespace tenon;

/// Adds a constant that only this module sees.
static llvm::GlobalVariable *
addConstant(llvm::Module &module, llvm::Constant *value, llvm::StringRef name) {
  auto *global =
      new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                               llvm::GlobalValue::InternalLinkage, value, name);
  global->setAlignment(llvm::Align(64));
  return global;
}

/// The export of the library: the manifest and a table of step functions.
static void addExport(llvm::Module &module,
                      llvm::ArrayRef<CompiledVariant> variants,
                      llvm::ArrayRef<uint8_t> manifest) {
  llvm::LLVMContext &context = module.getContext();
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  auto *type = llvm::FunctionType::get(
      llvm::Type::getVoidTy(context),
      {pointer, llvm::Type::getInt64Ty(context)}, /*isVarArg=*/false);
  llvm::SmallVector<llvm::Constant *> steps;
  for (const CompiledVariant &variant : variants)
    for (const CompiledStep &step : variant.steps) {
      auto *function = llvm::Function::Create(
          type, llvm::GlobalValue::ExternalLinkage, step.symbol, module);
      function->setVisibility(llvm::GlobalValue::HiddenVisibility);
      steps.push_back(function);
    }
  auto *tableType = llvm::ArrayType::get(pointer, steps.size());
  auto *table = addConstant(module, llvm::ConstantArray::get(tableType, steps),
                            "tenon_steps");
  auto *bytes =
      addConstant(module, llvm::ConstantDataArray::get(context, manifest),
                  "tenon_manifest_bytes");
  llvm::Constant *count =
      llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), steps.size());
  llvm::Constant *fields = llvm::ConstantStruct::getAnon({bytes, table, count});
  new llvm::GlobalVariable(module, fields->getType(), /*isConstant=*/true,
                           llvm::GlobalValue::ExternalLinkage, fields,
                           "tenon_model");
}

llvm::Error tenon::linkModel(llvm::ArrayRef<CompiledVariant> variants,
                             llvm::ArrayRef<uint8_t> manifest,
                             llvm::StringRef path) {
  llvm::LLVMContext context;
  llvm::Expected<std::unique_ptr<llvm::Module>> module =
      createGlueModule(context);
  if (!module)
    return module.takeError();
  addExport(**module, variants, manifest);
  return linkObjects(**module, variants, path);
}
