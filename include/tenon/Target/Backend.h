// What the compiler asks of a back end.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_BACKEND_H
#define TENON_TARGET_BACKEND_H

#include "tenon/Target/Phase.h"
#include "tenon/Target/Target.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace tenon {

/// Code as text or as bytes.
struct EmittedCode {
  std::string bytes;
  /// What is missing, for the user: one line each.
  std::vector<std::string> warnings;
};

/// Makes code for the levels of one kind of machine. A module reaches it laid
/// out, with the level as `machine.target`. It has no state, and is used by
/// several threads at once.
class Backend {
public:
  virtual ~Backend() = default;

  /// What `--target` names before a colon: `cpu`, `cuda`.
  virtual llvm::StringRef getName() const = 0;
  /// Names of its levels in the table of targets, best first.
  virtual llvm::SmallVector<llvm::StringRef> getLevels() const = 0;
  /// Whether `--target` may name it without a level, which is then the best one
  /// that the machine of this process runs.
  virtual bool canDetectLevel() const { return false; }
  /// That level; none if the machine runs none of them.
  virtual std::optional<llvm::StringRef> detectLevel() const { return {}; }
  /// Writes tables that describe the levels, in Markdown.
  virtual void printLevels(llvm::raw_ostream &os) const = 0;

  /// Whether activations and caches are `bf16` unless the user chooses.
  virtual bool prefersBF16() const { return false; }

  /// The phases from `Form` on that it has, of which `Codegen` is the last.
  virtual llvm::ArrayRef<Phase> getPhases() const = 0;
  /// Adds the passes of one of these phases, but for `Codegen`.
  virtual void addPasses(Phase phase, mlir::OpPassManager &pm) const = 0;

  /// Makes its own passes known by their flags.
  virtual void registerPasses() const = 0;

  /// What `emit` can make, `MLIR` among them.
  virtual llvm::ArrayRef<EmitKind> getEmitKinds() const = 0;
  /// Generates code from what the phase before `Codegen` leaves, which it
  /// consumes.
  virtual llvm::Expected<EmittedCode> emit(mlir::ModuleOp module, EmitKind kind,
                                           EntryKind entries) const = 0;

  /// Whether an artifact, or a library, can hold its code.
  virtual bool makesVariants() const { return false; }
  /// Generates the code of an artifact, or of a library, from what `emit` takes;
  /// fails unless `makesVariants`.
  virtual llvm::Expected<CompiledVariant> compile(mlir::ModuleOp module,
                                                  EntryKind entries) const;
};

/// All back ends, in the order in which targets are listed.
llvm::ArrayRef<const Backend *> getBackends();

} // namespace tenon

#endif // TENON_TARGET_BACKEND_H
