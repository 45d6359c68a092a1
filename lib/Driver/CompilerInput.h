// What is compiled: the module of one step, and where its weights come from.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_COMPILERINPUT_H
#define TENON_LIB_DRIVER_COMPILERINPUT_H

#include "tenon/Artifact/ManifestBuilder.h"
#include "tenon/Driver/Compile.h"
#include "tenon/Target/Library.h"
#include "tenon/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tenon {

struct CompilerInput {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Null when the input is a module without `--model`, which has no values of
  /// weights.
  std::unique_ptr<ModelSource> source;
  ModelFacts facts;
  /// With entries.
  std::optional<Library> library;

  EntryKind getEntryKind() const {
    return library ? EntryKind::Functions : EntryKind::Steps;
  }
};

/// Whether `source` is the text of a module, by its name.
bool isModuleFile(llvm::StringRef source);

/// Reads a module; fails unless it is what `compileFrom` leaves.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
parseModule(mlir::MLIRContext &context, const CompileOptions &options);

/// Imports a folder or a GGUF file, or reads a module. Without its sizes, which only an
/// imported module says, from `Form` on.
llvm::Expected<CompilerInput> openInput(mlir::MLIRContext &context,
                                        const CompileOptions &options);

/// The bytes of tokenizer.bin; empty when the model has no tokenizer.
llvm::Expected<std::vector<uint8_t>>
compileTokenizer(const CompilerInput &input);

/// The text of chat.json; empty when the model has no chat template.
llvm::Expected<std::string> compileChatFormat(const CompilerInput &input);

} // namespace tenon

#endif // TENON_LIB_DRIVER_COMPILERINPUT_H
