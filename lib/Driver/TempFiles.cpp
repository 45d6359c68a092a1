// Keeps what the phases of a compilation leave, one file each.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TempFiles.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "ReplaceFile.h"

#include <cerrno>

using namespace mlir;
using namespace tenon;

llvm::Expected<TempFiles> TempFiles::create(StringRef folder) {
  namespace fs = llvm::sys::fs;
  if (folder.empty())
    return TempFiles(folder);
  if (std::error_code code = fs::create_directories(folder))
    return makeFileError("create", folder, code.value());
  if (!fs::is_directory(folder))
    return makeFileError("create", folder, EEXIST);
  return TempFiles(folder);
}

llvm::Error TempFiles::write(Phase phase, StringRef level, StringRef suffix,
                             StringRef bytes) const {
  std::string name;
  llvm::raw_string_ostream(name)
      << llvm::format("%02u-", unsigned(phase)) << getName(phase)
      << (level.empty() ? "" : ".") << level << suffix;
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, name);
  return writeOutput(path, bytes);
}

llvm::Error TempFiles::save(ModuleOp module, Phase phase,
                            StringRef level) const {
  if (folder.empty() || phase == Phase::Codegen)
    return llvm::Error::success();
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return write(phase, level, ".mlir", text);
}

/// None for what is no text.
static StringRef getSuffix(EmitKind kind) {
  switch (kind) {
  case EmitKind::MLIR:
    return ".mlir";
  case EmitKind::LLVM:
    return ".ll";
  case EmitKind::Assembly:
    return ".s";
  case EmitKind::PTX:
    return ".ptx";
  case EmitKind::Object:
    break;
  }
  return "";
}

llvm::Error TempFiles::saveCode(ModuleOp module, const TargetName &target,
                                EntryKind entries) const {
  if (folder.empty())
    return llvm::Error::success();
  for (EmitKind kind : target.backend->getEmitKinds()) {
    if (getSuffix(kind).empty())
      continue;
    // Code generation consumes its module. Warnings are those of the code that
    // was asked for.
    OwningOpRef<ModuleOp> copy = module.clone();
    llvm::Expected<EmittedCode> code =
        target.backend->emit(*copy, kind, entries);
    if (!code)
      return code.takeError();
    if (llvm::Error error =
            write(Phase::Codegen, target.machine, getSuffix(kind), code->bytes))
      return error;
  }
  return llvm::Error::success();
}
