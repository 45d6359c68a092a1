// From lowered device functions to PTX text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_NVPTX_EMITPTX_H
#define TENON_TARGET_NVPTX_EMITPTX_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace tenon {
/// An entry point of the PTX text and how it is launched.
///
/// Its parameters are those of the `tile.kernel`, `ins` before `outs`:
///
///   tensor   pointer to its elements, row-major, aligned to 16 bytes; then its
///            dynamic sizes in order, as `i64`
///   weight   pointer to the packed bytes of the one weight that is meant (a
///            layer of a stack), as its type describes them, aligned to 64
///            bytes
///   index    `i64`
///
/// Results are written over `outs`. Every kernel shares its work among as many
/// blocks as it is launched with, in one dimension, and gives the same bits for
/// any number of them; more than `blocks` have nothing to do.
struct PtxKernel {
  /// The symbol in the text, where a `.` of a name is a `$`, and the name of the
  /// kernel. Kernels whose code is equal have the symbol of the first of them.
  std::string symbol, name;
  int64_t threads = 0;
  /// Dynamic shared memory.
  int64_t sharedBytes = 0;
  /// Pieces of work in the largest step of the kernel's bucket.
  int64_t blocks = 0;
};

/// A kernel that there is no device code for, and why.
struct SkippedKernel {
  std::string name, reason;
};

struct PtxModule {
  std::string text;
  std::vector<PtxKernel> kernels;
  std::vector<SkippedKernel> skipped;

  /// Writes the text after a line for each kernel:
  ///
  /// ```
  /// // kernel SYMBOL: NAME threads N shared BYTES blocks N
  /// // skipped: NAME: REASON
  /// ```
  void print(llvm::raw_ostream &os) const;
};

/// Writes PTX of the device functions of a module whose kernels were converted
/// and lowered by the pipelines of `Pipeline.h`. Kernels are named as
/// `tile-outline-kernels` names them.
llvm::Expected<PtxModule> emitPtx(mlir::ModuleOp module);

/// Registers `--gpu-module-to-ptx`.
void registerPtxTranslation();

} // namespace tenon

#endif // TENON_TARGET_NVPTX_EMITPTX_H
